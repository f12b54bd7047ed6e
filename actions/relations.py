"""What a patient calls somebody: the relation that the hospital keeps, the sex that the word says, and how it is
said back ("您妈妈")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from actions.wording import Wording
from integrations.hospital.models import Relation, Sex
from integrations.hospital.patients import PatientView

_F, _M = Sex.FEMALE, Sex.MALE


@dataclass(frozen=True, slots=True)
class Kin:
    """Somebody as they are called. `name` is how the catalogue knows them (word_your_mother); `sex` is None where the
    word does not say it (孩子)."""

    name: str
    relation: Relation
    sex: Sex | None
    words: str

    def may_be(self, one: PatientView) -> bool:
        return one.relation is self.relation and self.sex in (None, one.sex)


_KIN = (
    Kin("mother", Relation.PARENT, _F, "妈 妈妈 老妈 母亲 娘 mom mum mother"),
    Kin("father", Relation.PARENT, _M, "爸 爸爸 老爸 父亲 爹 dad father"),
    Kin("parent", Relation.PARENT, None, "父母 爸妈 parent parents"),
    Kin("husband", Relation.SPOUSE, _M, "老公 丈夫 husband"),
    Kin("wife", Relation.SPOUSE, _F, "老婆 妻子 媳妇 wife"),
    Kin("spouse", Relation.SPOUSE, None, "爱人 老伴 配偶 spouse partner"),
    Kin("son", Relation.CHILD, _M, "儿子 son"),
    Kin("daughter", Relation.CHILD, _F, "女儿 闺女 daughter"),
    Kin("child", Relation.CHILD, None, "孩子 小孩 宝宝 娃 child kid kids baby"),
    Kin("grandmother", Relation.GRANDPARENT, _F, "奶奶 grandmother grandma"),
    Kin("grandfather", Relation.GRANDPARENT, _M, "爷爷 grandfather grandpa"),
    Kin("maternal_grandmother", Relation.GRANDPARENT, _F, "外婆 姥姥"),
    Kin("maternal_grandfather", Relation.GRANDPARENT, _M, "外公 姥爷"),
    Kin("grandparent", Relation.GRANDPARENT, None, "grandparent"),
    Kin("grandson", Relation.GRANDCHILD, _M, "孙子 外孙 grandson"),
    Kin("granddaughter", Relation.GRANDCHILD, _F, "孙女 外孙女 granddaughter"),
    Kin("grandchild", Relation.GRANDCHILD, None, "grandchild"),
    Kin("older_brother", Relation.SIBLING, _M, "哥 哥哥"),
    Kin("younger_brother", Relation.SIBLING, _M, "弟 弟弟"),
    Kin("brother", Relation.SIBLING, _M, "brother"),
    Kin("older_sister", Relation.SIBLING, _F, "姐 姐姐"),
    Kin("younger_sister", Relation.SIBLING, _F, "妹 妹妹"),
    Kin("sister", Relation.SIBLING, _F, "sister"),
    Kin("mother_in_law", Relation.OTHER, _F, "婆婆"),
    Kin("father_in_law", Relation.OTHER, _M, "公公"),
    Kin("wifes_mother", Relation.OTHER, _F, "岳母 丈母娘"),
    Kin("wifes_father", Relation.OTHER, _M, "岳父"),
    Kin("aunt", Relation.OTHER, _F, "姑姑 姑妈 大姑 小姑 姨妈 大姨 小姨 阿姨 舅妈 婶婶 伯母 aunt"),
    Kin("uncle", Relation.OTHER, _M, "叔叔 伯伯 伯父 大伯 舅舅 姑父 姨父 uncle"),
    Kin("daughter_in_law", Relation.OTHER, _F, "儿媳 儿媳妇"),
    Kin("son_in_law", Relation.OTHER, _M, "女婿"),
    Kin("nephew", Relation.OTHER, _M, "侄子 外甥 nephew"),
    Kin("niece", Relation.OTHER, _F, "侄女 外甥女 niece"),
    Kin("cousin", Relation.OTHER, None, "表哥 表姐 表弟 表妹 堂哥 堂姐 堂弟 堂妹 cousin"),
    Kin("friend", Relation.OTHER, None, "朋友 friend"),
    Kin("colleague", Relation.OTHER, None, "同事 colleague"),
)
_CALLED = {word: kin for kin in _KIN for word in kin.words.split()}
_NAMED = {kin.name: kin for kin in _KIN}


def kin_of(words: str) -> Kin | None:
    """Who is meant by 妈, 老公, "son", …; None for 家人, 老人 and the like, who may be anybody."""
    return _CALLED.get(words)


def kin_named(name: str) -> Kin | None:
    return _NAMED.get(name)


def related(people: Iterable[PatientView], words: str) -> list[PatientView]:
    """Whom of those an account acts for a patient can mean by 我妈, 孩子, 家人."""
    kin = kin_of(words)
    return [one for one in people if (kin.may_be(one) if kin else one.relation is not Relation.SELF)]


def yours(words: Wording, kin: Kin | None, relation: str = "") -> str:
    """您妈妈; by the relation alone 您的父母, and 您的家人 while even that is not known."""
    if kin:
        return words.texts.text(f"word_your_{kin.name}")
    return words.texts.text("word_yours", who=words.texts.text(f"word_relation_{relation or 'family'}"))
