from __future__ import annotations

import pytest

from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName
from integrations.language.names import NameIndex

LEXICON = Lexicon(
    departments=(
        DepartmentName("heart", "心血管内科", ("心内科", "心脏科", "看心脏的", "心脏")),
        DepartmentName("bones", "骨科", ("骨头",)),
        DepartmentName("children", "儿科", ("小儿科",)),
        DepartmentName("skin", "皮肤科", ("皮肤",)),
        DepartmentName("nerves", "神经内科", ("神内",)),
        DepartmentName("brain", "神经外科", ("脑外科",)),
        DepartmentName("general", "内科", ()),
        DepartmentName("ear", "耳鼻喉科", ("耳鼻喉",)),
        DepartmentName("urology", "泌尿外科", ()),
        DepartmentName("eyes", "眼科", ("眼睛",)),
        DepartmentName("lungs", "呼吸与危重症医学科", ("呼吸", "呼吸科")),
    ),
    practitioners=(
        PractitionerName("wang-jianguo", "王建国", "主任医师", ("heart",)),
        PractitionerName("wang-li", "王丽", "主治医师", ("bones",)),
        PractitionerName("gao-feng", "高峰", "副主任医师", ("heart",)),
        PractitionerName("ouyang-jing", "欧阳静", "主治医师", ("children",)),
        PractitionerName("zhou-yiming", "周一鸣", "主治医师", ("nerves",)),
        PractitionerName("xiang-qian", "向前", "医师", ("nerves",)),
        PractitionerName("zhang-min", "张敏", "主治医师", ("skin",)),
        PractitionerName("xie-ting", "谢婷", "主治医师", ("eyes",)),
        PractitionerName("zhang-min-2", "张敏", "主治医师", ("eyes",)),
    ),
)
INDEX = NameIndex(LEXICON)

FOUND = {
    # departments, written right
    "心血管内科": [("心血管内科", "heart")],
    "我想挂心内科": [("心内科", "heart")],
    "有看心脏的吗": [("看心脏的", "heart")],
    "骨头疼看哪里": [("骨头", "bones")],
    "小儿科": [("小儿科", "children")],
    # a word of complaints is a name where a name stands
    "挂呼吸": [("呼吸", "lungs")],
    "呼吸还有号吗": [("呼吸", "lungs")],
    "呼吸科": [("呼吸科", "lungs")],
    # a doctor after a change of mind
    "等等，换成张敏": [("张敏", "zhang-min"), ("张敏", "zhang-min-2")],
    "取消王丽的号": [("王丽", "wang-li")],
    "普通内科": [("内科", "general")],
    "神经外科": [("神经外科", "brain")],
    "Ｎ眼科": [("眼科", "eyes")],
    "不看心内科了，看骨科": [("骨科", "bones")],
    "不是骨科是眼科": [("眼科", "eyes")],
    "不看心内科了": [],
    "要不要看骨科": [("骨科", "bones")],
    "是不是该看骨科": [("骨科", "bones")],
    "外科": [("外科", "brain"), ("外科", "urology")],
    # by sound
    "新内科": [("新内科", "heart")],
    "心类科": [("心类科", "heart")],
    "心血官内科": [("心血官内科", "heart")],
    "儿可": [("儿可", "children")],
    "挂个儿可的号": [],
    "看儿可": [("儿可", "children")],
    "耳鼻候科": [("耳鼻候科", "ear")],
    # by letters
    "皮肤料": [("皮肤料", "skin")],
    "心血内科": [("心血内科", "heart")],
    "泌屎外科": [("泌屎外科", "urology")],
    "神经科": [("神经科", "brain"), ("神经科", "nerves")],
    # doctors
    "王建国": [("王建国", "wang-jianguo")],
    "下周三上午王丽": [("王丽", "wang-li")],
    "明天王丽": [("王丽", "wang-li")],
    "不要王建国医生": [],
    "挂钱小二医生的号": [("钱小二医生", "钱小二医生")],
    "想看李时珍教授": [("李时珍教授", "李时珍教授")],
    "孙主任": [("孙主任", "孙主任")],
    "李医生": [("李医生", "李医生")],
    "下周三上午看骨科钱小二医生": [("骨科", "bones"), ("钱小二医生", "钱小二医生")],
    "挂高级医生": [],
    "我要看周三医生": [],
    "看医生": [],
    "挂王建国医生的号": [("王建国医生", "wang-jianguo")],
    "王建国副主任医师": [("王建国副主任医师", "wang-jianguo")],
    "王医生": [("王医生", "wang-jianguo"), ("王医生", "wang-li")],
    "王大夫在吗": [("王大夫", "wang-jianguo"), ("王大夫", "wang-li")],
    "王主任": [("王主任", "wang-jianguo")],
    "姓王的医生": [("姓王的医生", "wang-jianguo"), ("姓王的医生", "wang-li")],
    "心内科王医生": [("心内科", "heart"), ("王医生", "wang-jianguo")],
    "王医生，骨科的": [("王医生", "wang-li"), ("骨科", "bones")],
    "眼科王医生": [("眼科", "eyes"), ("王医生", "wang-jianguo"), ("王医生", "wang-li")],
    "欧阳医生": [("欧阳医生", "ouyang-jing")],
    "张敏": [("张敏", "zhang-min"), ("张敏", "zhang-min-2")],
    "眼科的张敏": [("眼科", "eyes"), ("张敏", "zhang-min-2")],
    "周一鸣": [("周一鸣", "zhou-yiming")],
    "周大夫": [("周大夫", "zhou-yiming")],
    "谢医生": [("谢医生", "xie-ting")],
    "找高峰": [("高峰", "gao-feng")],
    "向医生": [("向医生", "xiang-qian")],
    # doctors, by sound and by letters
    "王剑国": [("王剑国", "wang-jianguo")],
    "汪建国医生": [("汪建国医生", "wang-jianguo")],
    "王建业医生": [("王建业医生", "wang-jianguo")],
    "挂章医生的号": [("章医生", "zhang-min"), ("章医生", "zhang-min-2")],
    "王莉医生": [("王莉医生", "wang-li")],
}

NOTHING = [
    "",
    "我女儿可以挂号吗",
    "顾客您好",
    "呼吸不太顺",
    "最近呼吸有点费劲",
    "呼吸的时候胸口疼",
    "内科学",
    "我的神经可能有问题",
    "血压高峰期",
    "要向前看",
    "向医生咨询一下",
    "有医生吗",
    "找医生",
    "问医生",
    "主任医师",
    "谢谢医生",
    "望医生解答",
    "精神可，食欲差",
    "上海市的医院",
    "严苛",
    "😀" * 50,
]


@pytest.mark.parametrize(("text", "expected"), FOUND.items())
def test_names_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(text[span.start : span.end], span.value) for span in INDEX.find(text)] == expected


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_found_in_ordinary_words(text: str) -> None:
    assert INDEX.find(text) == []


def test_an_empty_hospital_has_no_names() -> None:
    assert NameIndex(Lexicon()).find("心内科王医生") == []


def test_entities_say_what_they_are() -> None:
    assert [span.entity for span in INDEX.find("心内科王建国")] == ["department", "practitioner"]
