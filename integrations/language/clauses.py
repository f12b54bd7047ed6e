"""Short answers: yes or no, not now, not this one; and which part of a message answers which question."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CLAUSE_END = re.compile(r"[，,。.；;！!？?\n、](?!\d)|\b(?:and|but)\b|但是?|不过|另外|还有", re.IGNORECASE)
_NO = re.compile(
    r"没|不(?!过|太好|舒服|好|错)|无(?!力)|忘|漏|停了|断了|从来?未"
    r"|\b(?:no|nope|not|never|none|nothing|forgot|missed|skipped|haven'?t|didn'?t|don'?t|isn'?t|wasn'?t|without)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:是|对|嗯|有|好|会|吃|做|按时|都|当然|基本|yes|yeah|yep|yup|sure|ok|right|i (?:do|did|have|am))"
    r"|有(?:点|些)?|了$|的$|按时|每天|坚持|正常"
    r"|\b(?:yes|took|taken|taking|a (?:bit|little)|some|always|every ?day|on time)\b",
    re.IGNORECASE,
)
_DOUBLE_NO = re.compile(
    r"没(?:有)?(?:忘|漏|停|断)|从不忘|不曾漏|\bnever (?:missed|forgot|skipped)|n't (?:miss|forget|skip)"
)
_SKIP = re.compile(
    r"^(?:跳过|略过|下一[个题]|这[个题](?:跳过|不答|不想答)|不(?:想|愿意?)(?:说|答|回答)|不知道|不清楚|没有?量|没测|没称|没秤"
    r"|没有?(?:血压计|血糖仪|体重秤|体温计)|skip(?: (?:it|this(?: one)?))?|pass|next|i don'?t know|no idea|not measured"
    r"|(?:i )?(?:haven'?t|didn'?t|have not|did not) (?:measured?|checked?|weigh(?:ed)?|taken?) ?(?:it)?)"
    r"(?:了|吧|呢|today)?[。.!！ ]*$",
    re.IGNORECASE,
)
_LATER = re.compile(
    r"(?:晚上|晚点|晚些|待会|等会|等一会|过会|一会儿?|回头|明天|明早|下午|过(?:一)?[阵会]|改天|有空)(?:儿|时候?)?"
    r"(?:再|我?再|在|才|吧|说|答|量|测|弄|$)|(?:现在|这会儿?|今天)?(?:没空|没时间|在忙|忙着|不方便|太忙|正忙)"
    r"|\b(?:later|not now|tonight|tomorrow|busy|another time|in a (?:bit|while|moment))\b",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """The parts of a message that each may answer something of their own."""
    return [part.strip() for part in _CLAUSE_END.split(text) if part and part.strip()]


def yes_or_no(clause: str) -> bool | None:
    """What a few words say to a question that is answered by yes or no; None when they say neither."""
    clause = clause.strip()
    if _DOUBLE_NO.search(clause):
        return True
    if _NO.search(clause):
        return False
    return True if _YES.search(clause) else None


def about(text: str, words: Iterable[str]) -> str:
    """The parts of a message that speak of one of these words, put together; empty when none does."""
    lowered = [word.lower() for word in words]
    return "，".join(part for part in clauses(text) if any(word in part.lower() for word in lowered))


def skips(text: str) -> bool:
    """Whether the patient passes this question over."""
    return bool(_SKIP.match(text.strip()))


def puts_off(text: str) -> bool:
    """Whether the patient wants to be left alone for now."""
    return len(text) <= 30 and bool(_LATER.search(text))
