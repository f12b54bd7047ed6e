"""What leaves as news may be read by anybody who holds the phone: no department, doctor, illness or medicine in it."""

import re

from integrations.hospital.demo_hospital import DEPARTMENTS

# Illnesses, findings, medicines and situations that nobody else should read, beside what the hospital itself names.
CONDITIONS = [
    "癌",
    "肿瘤",
    "化疗",
    "放疗",
    "艾滋",
    "HIV",
    "梅毒",
    "性病",
    "乙肝",
    "丙肝",
    "结核",
    "新冠",
    "怀孕",
    "妊娠",
    "流产",
    "人流",
    "避孕",
    "不孕",
    "抑郁",
    "焦虑",
    "精神",
    "心理",
    "自杀",
    "成瘾",
    "戒毒",
    "糖尿病",
    "高血压",
    "血糖",
    "血压",
    "阳性",
    "阴性",
    "病理",
    "化验",
    "检验",
    "报告",
    "确诊",
    "诊断",
    "手术",
    "急诊",
    "发热",
    "复诊",
    "处方",
    "药",
    "胰岛素",
    "阿司匹林",
    "二甲双胍",
    "科室",
    "门诊",
    "医生",
    "医师",
    "主任",
    "挂号科",
    "cancer",
    "tumour",
    "tumor",
    "chemo",
    "HIV",
    "AIDS",
    "syphilis",
    "hepatitis",
    "tuberculosis",
    "covid",
    "pregnan",
    "abortion",
    "depress",
    "psychiat",
    "diabet",
    "hypertens",
    "insulin",
    "aspirin",
    "positive",
    "negative",
    "patholog",
    "diagnos",
    "surgery",
    "department",
    "clinic",
    "doctor",
    "prescription",
    "medicine",
]


def forbidden() -> re.Pattern[str]:
    """Every name of the hospital in Chinese and every condition. Names of two characters and more; a doctor's
    speciality is taken apart into its words."""
    words = set(CONDITIONS)
    for department in DEPARTMENTS:
        words |= {department.name, *department.aliases}
        words |= set(re.split(r"[、，。的与和]", department.description))
        for one in department.doctors:
            name, title, speciality = one.split(" ", 2)
            words |= {name, f"{title}医师", *re.split(r"[、与和]", speciality)}
    return re.compile(
        "|".join(re.escape(word) for word in words if len(word) > 1 or word in {"癌", "药"}), re.IGNORECASE
    )


FORBIDDEN = forbidden()


def read_aloud(words: str) -> str | None:
    """What should not stand there, if anything."""
    found = FORBIDDEN.search(re.sub(r"/p/\w+/[\w-]+", "", words))  # a link's token is chance
    return found and found[0]
