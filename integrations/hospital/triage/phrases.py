"""Short texts made from what is known: patients' words by department (words.yml) and facts (knowledge.tsv), put into
the sentences that questions to a doctor come in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
SEED = 20261122
WORDS_WEIGHT = 0.35
FACTS_WEIGHT = 0.2
ROUNDS = 6  # texts for each of the patients' words
COMMON = 100  # a word written so often is one that patients know


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    department: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Fact:
    """A word and the shares that departments have in it. `frequency`: how often it is written."""

    kind: str
    phrase: str
    departments: Mapping[str, float]
    frequency: int


_SENTENCES = {
    "complaint": (
        "{one}",
        "{one}怎么回事",
        "{one}怎么办",
        "{one}是什么原因",
        "{who}{one}{since}",
        "{who}最近{one}，{other}，{ask}",
        "{one}{since}，{other}",
        "{one}，{other}，{ask}",
        "{who}{one}{since}，吃了{care}不见好，{ask}",
        "{who}{one}，担心是{condition}",
    ),
    "condition": (
        "{one}",
        "{one}怎么治疗",
        "{one}严重吗",
        "{one}吃什么药好",
        "{one}能治好吗",
        "{who}得了{one}，{ask}",
        "{who}查出{one}，{complaint}，{ask}",
        "{one}{since}，{complaint}",
        "{one}平时注意什么",
        "{who}是{one}，现在{complaint}，{ask}",
        "医生说是{one}，{ask}",
    ),
    "care": (
        "{one}",
        "{one}有什么副作用",
        "{one}要注意什么",
        "{who}{complaint}，用{one}可以吗",
        "{condition}用{one}行吗",
        "做了{one}，{complaint}，{ask}",
        "{one}多少钱",
    ),
    "disease": ("{one}怎么治疗", "得了{one}怎么办", "{one}", "{one}严重吗", "查出{one}，吃什么药好"),
    "symptom": ("{one}", "最近{one}是怎么回事", "总是{one}怎么办", "{one}好几天了"),
    "site": ("{one}不舒服", "{one}疼", "{one}"),
    "medicine": ("吃{one}有用吗", "一直在用{one}", "{one}怎么用"),
}
_SINCE = ("", "两天了", "一周了", "半个月了", "一个多月了", "好几年了", "有一段时间了", "反反复复")
_ASK = (
    "怎么治疗",
    "怎么办",
    "严重吗",
    "吃什么药",
    "是什么病",
    "需要做什么检查",
    "请问医生该怎么办",
    "能治好吗",
    "要紧吗",
)
_ANYBODY = (
    "",
    "",
    "",
    "我",
    "我妈",
    "我爸",
    "本人女",
    "男",
    "我老公",
    "家里老人",
    "我今年{age}岁",
    "男，{age}岁，",
    "女，{age}岁，",
    "患者{age}岁，",
)
_WOMEN = ("", "", "我", "女，{age}岁，", "我今年{age}岁", "我老婆", "未婚，", "已婚，")
_MEN = ("", "", "我", "男，{age}岁，", "我今年{age}岁", "我老公")
_CHILDREN = (
    "宝宝",
    "孩子",
    "小孩",
    "我儿子",
    "我女儿",
    "娃",
    "宝宝{months}个月，",
    "孩子{years}岁，",
    "小朋友",
    "婴儿",
    "{years}岁男孩，",
    "{years}岁女孩，",
    "刚出生{days}天的宝宝",
    "",
)
_WHO = {"儿科": _CHILDREN, "妇科": _WOMEN, "产科": _WOMEN, "乳腺外科": _WOMEN, "男科": _MEN}  # fmt: skip


def phrases() -> Iterator[Example]:
    """The same texts every time."""
    dice = random.Random(SEED)  # noqa: S311
    for department, row in words().items():
        for kind, ones in row.items():
            for one in ones:
                for _ in range(ROUNDS):
                    yield Example(_sentence(dice, department, kind, one, row), department, WORDS_WEIGHT)
    for fact in facts():
        for department, share in fact.departments.items():
            text = dice.choice(_SENTENCES[fact.kind]).format(one=fact.phrase)
            yield Example(text, department, FACTS_WEIGHT * share * (1.0 if fact.frequency > COMMON else 0.4))


def _sentence(dice: random.Random, department: str, kind: str, one: str, row: Mapping[str, list[str]]) -> str:
    who = dice.choice(_WHO.get(department, _ANYBODY))
    ages = range(18, 50) if department in {"妇科", "产科", "乳腺外科", "男科"} else range(16, 80)
    return dice.choice(_SENTENCES[kind]).format(
        one=one,
        other=dice.choice(row["complaint"]),
        **{name: dice.choice(ones) for name, ones in row.items()},
        since=dice.choice(_SINCE),
        ask=dice.choice(_ASK),
        who=who.format(
            age=dice.choice(ages),
            months=dice.randint(1, 23),
            years=dice.randint(1, 12),
            days=dice.randint(2, 28),
        ),
    )


def words() -> Mapping[str, Mapping[str, list[str]]]:
    """Patients' words: department → complaint, condition or care → the words."""
    table = yaml.safe_load((HERE / "words.yml").read_text(encoding="utf-8"))
    return {name: {kind: ones.split() for kind, ones in row.items()} for name, row in table.items()}


def facts(file: Path = HERE / "knowledge.tsv") -> Iterator[Fact]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "kind\t")):
            continue
        kind, phrase, departments, frequency = line.split("\t")
        shares = (one.split(":") for one in departments.split())
        yield Fact(kind, phrase, {name: float(share) for name, share in shares}, int(frequency))
