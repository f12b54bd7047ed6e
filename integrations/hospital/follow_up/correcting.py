"""Whether a message takes back what was said before, and what it says instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from integrations.language.measurements import Measured

# 打错针了 and 说错过了 take back no words.
_WRONG = r"(?:说|写|打|按|点|选|看|记|弄|搞|发|输|填|答|讲|念|读|量|测|称)错(?!过|了?(?:药|针|医生|大夫|医院|科))了?"
# "是不是还高" asks, 不对劲 complains, 不是很疼 answers: none of them takes anything back.
_ASKS = re.compile(r"(?:是不是|会不会|有没有|(?<!不)对不对)[^，,。；;！!？?\d]{0,8}|(?:对|错)[了的]?[吗么]")
# 没看错, "it's no typo": the patient stands by it.
_STANDS_BY = re.compile(
    rf"(?:[没未不]|没有|[不没](?:会|是|可能))(?:把[\u4e00-\u9fff]{{1,4}})?{_WRONG}"
    r"|(?:n['’]?t|\bnot|\bnever) (?:misread|mistyped?|ma[dk]e (?:a|any) mistake)\b"
    r"|(?:n['’]?t an?|\bnot an?|\bno) (?:mistake|typo)\b",
    re.IGNORECASE,
)
_CORRECTS = re.compile(
    rf"不对(?!劲|头|称|付|路)|(?<![没不])(?<!有)错了|应该是|{_WRONG}|(?<!药)改[成为]|更正"
    r"|更改"
    r"|(?:^|(?<=[，,。.；;！!\s啊哦噢呃嗯]))不是(?:的|啊|呀|哦)?(?=[，,。！!\s]*(?:是|我|血|高压|低压|体|空腹|早|今|昨|刚|\d))|不是(?=\s*\d)"
    r"|不是(?![很太每多都]|特别|那么|十分|非常|天天|所有|一直)[\u4e00-\u9fff]{1,8}[，, ]+而?是"
    r"|\b(?:i meant?|mistake|correction|should be|typo|mistyped|misread)\b"
    r"|\bwrong (?:number|button|one|answer|value|reading|key)\b"
    r"|\b(?:that|it|this|number|answer|i)(?:'s| is| was)?(?: all| the)? wrong\b(?! with)|^(?:no,? )?(?:sorry, )?wrong\b"
    r"|^(?:oh,? |no,? )?sorry\b(?!,? (?:for|about|to|but|i\b(?! meant?)))"
    r"|^(?:no,? |oh,? |well,? )?(?:actually|rather)\b"
    r"|\b(?:actually|or rather|rather)(?=,? (?:it'?s|it is|it was)\b)|\bnot(?= \d)"
    r"|^no(?=,? (?:it'?s|it is|it was|that'?s)\b)",
    re.IGNORECASE,
)
# What may stand around the correcting words and corrects nothing yet.
_NOTHING_YET = re.compile(
    r"(?:[，,。.！!？?~～…\s]|我|刚才?|上面|前面|上一?[个题]|那|这|是|了|的|啊|呀|哦|噢|呃|嗯|不好意思|抱歉|应该|改一?下?|答|个|题|回答"
    r"|\b(?:no|oh|it|is|was|that|this|the|i|my|please|sorry|made|a|by|last|answer|one|'s)\b)*",
    re.IGNORECASE,
)
# What stands before a value that is taken back: "不是130/80", "not 130/80"; "不是，130/80" tells it.
_NOT = re.compile(
    r"(?:(?<!是)(?:不是|并非)(?!的)|(?:\bnot|n't|\binstead of|\brather than)\b)"
    r"(?:[ :：]|[今昨]天|早上|早晨|上午|中午|下午|晚上|刚才|空腹|[餐饭][前后]|血压|血糖|体重|体温|测的|量的"
    r"|\b(?:my|the|a|blood|pressure|sugar|weight|temperature|fasting)\b)*$",
    re.IGNORECASE,
)


def corrects(text: str) -> bool:
    """Whether the patient takes back what was said before."""
    return bool(_CORRECTS.search(_STANDS_BY.sub("，", _ASKS.sub("，", text))))


def corrected(text: str) -> str:
    """What a correcting message says instead; empty for a bare "不对"."""
    rest = _CORRECTS.sub("，", _STANDS_BY.sub("，", text))
    return "" if _NOTHING_YET.fullmatch(rest) else rest.strip("，, ")


def not_taken_back(found: Sequence[Measured], text: str) -> list[Measured]:
    """The values that a correcting message stands by: "不是130/80，是190/110" tells the latter. All of them where it
    would be none."""
    left = [one for one in found if not _NOT.search(text[: one.start])]
    return left if left and corrects(text) else list(found)
