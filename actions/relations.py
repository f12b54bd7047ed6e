"""What a patient calls somebody, as the relation that the hospital keeps."""

from __future__ import annotations

from actions.wording import Wording
from integrations.hospital.models import Relation

_WORDS = {
    Relation.PARENT: "妈 妈妈 母亲 爸 爸爸 父亲 爹 娘 mom mum mother dad father parent parents",
    Relation.SPOUSE: "老公 老婆 爱人 老伴 丈夫 妻子 媳妇 husband wife spouse partner",
    Relation.CHILD: "儿子 女儿 孩子 小孩 宝宝 娃 son daughter child kid kids baby",
    Relation.GRANDPARENT: "奶奶 爷爷 外公 外婆 姥姥 姥爷 grandmother grandfather grandma grandpa grandparent",
    Relation.GRANDCHILD: "孙子 孙女 grandson granddaughter grandchild",
    Relation.SIBLING: "弟 弟弟 妹 妹妹 哥 哥哥 姐 姐姐 brother sister",
    Relation.OTHER: "婆婆 公公 岳父 岳母 丈母娘 朋友 同事 friend",
}
_RELATIONS = {word: relation for relation, words in _WORDS.items() for word in words.split()}


def relation_of(words: str) -> str:
    """The relation meant by 妈, 老公, my son's "son", …; "" for 家人, 老人 and the like, who may be anybody."""
    return _RELATIONS.get(words, "")


def relation_word(words: Wording, relation: str) -> str:
    """父母, 子女, …; 家人 while it is not known."""
    return words.texts.text(f"word_relation_{relation}" if relation else "word_relation_family")
