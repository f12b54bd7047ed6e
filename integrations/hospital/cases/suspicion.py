"""Words that may tell of harm through care (不良事件). Staff decide; a word too many costs them a look."""

from __future__ import annotations

import re

from integrations.language.script import normalise

_SUSPECTED = re.compile(
    r"(?:用|吃|服|喝|涂|换)[了完过]?(?:你们|医院|医生)?[^，。,.;；]{0,6}药(?:以?后|之后|完)"
    r"|(?:打|输|挂|注射)[了完过]?(?:针|液|水|点滴|疫苗)(?:以?后|之后|完)?[^。]{0,12}(?:过敏|肿|晕|痛|疼|疹|发烧|发热|难受|不舒服|不良)"
    r"|(?:打|输|发|拿|开|配|给|用|抽|做|切|拔|挂)错(?:了)?[^，。]{0,6}(?:针|药|液|血|人|牙|部位|边|剂量|检查|手术)"
    r"|(?:针|药|血|液|手术|部位|剂量)[^，。]{0,3}(?:打|输|发|拿|开|配|给|用|抽|做)?(?:错|反)了"
    r"|摔(?:倒|伤|了|下|跤|断)|跌(?:倒|伤|下|落|了)|坠床|滑倒|烫伤|压疮|褥疮|药物?过敏|过敏反应|不良反应|副作用|输血反应"
    r"|(?:手术|术后)[^，。]{0,10}(?:感染|遗留|留在|出血不止|错)|纱布[^，。]{0,6}(?:留|忘)|过期(?:的)?(?:药|针|疫苗)"
    r"|(?:after|since) (?:i )?(?:taking|took|using|the|that|your|an?)? ?(?:the |your |that )?"
    r"(?:\w+ )?(?:medicine|medication|drug|pills?|tablets?|injection|shot|infusion|vaccine)"
    r"|\bwrong (?:drug|medicine|medication|dose|dosage|injection|blood|patient|side|tooth|limb|pills?)\b"
    r"|\b(?:i|he|she|mother|father|son|daughter) (?:fell|slipped|tripped)\b|\bfell (?:down|off|out)\b"
    r"|\ballergic (?:reaction|to)\b|\bside effects?\b|\bscald|\bexpired (?:drug|medicine|vaccine)",
    re.IGNORECASE,
)


def suspected(text: str) -> bool:
    """Whether the words may tell of harm through care."""
    return bool(_SUSPECTED.search(normalise(text)))
