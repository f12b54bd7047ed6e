"""Answers to questions with few choices, in words instead of a button: which document, which sex."""

from __future__ import annotations

import re

from integrations.language.spans import Span

_DOCUMENTS = {
    "hk_macau_permit": r"港澳(?:居民)?(?:来往内地)?通行证|回乡[证卡]|home return permit",
    "taiwan_permit": r"台湾(?:居民)?(?:来往大陆)?通行证|台胞证|mainland travel permit",
    "residence_permit": r"(?:港澳台)?(?:居民)?居住证|residence permit",
    "passport": r"护照|passport",
}
_RESIDENT = {"resident_id": r"(?:大陆|居民)?身份证|id card|resident id"}
_SEXES = {"female": r"女性?|\bfemale\b|\bwoman\b|\bgirl\b", "male": r"男性?|\bmale\b|\bman\b|\bboy\b"}

_NO_PHONE = re.compile(
    r"(?:没有?|不用|不会用|不使)(?:自己的?)?(?:手机|电话)"
    r"|没有?(?:中国|大陆|内地|国内)的?(?:手机|电话|号)"
    r"|\b(?:no|not have an?|(?:doesn|don|haven)['’]?t (?:have|got) an?) (?:(?:mainland|chinese|china|local) )*"
    r"(?:mobile|phone|cell|number|sim)\b",
    re.IGNORECASE,
)


def find_choices(text: str, expects: str | None) -> list[Span]:
    """Spans document, sex and, where a phone is asked for, that there is none (field). `text` is simplified. 身份证 is
    understood only where a kind of document is asked: elsewhere it says where a number stands."""
    found = _find("document", _DOCUMENTS | (_RESIDENT if expects == "document" else {}), text)
    found = found[:1] + (_find("sex", _SEXES, text)[:1] if expects == "sex" else [])
    if expects == "phone" and (none := _NO_PHONE.search(text)):
        found.append(Span("field", *none.span(), "no_phone"))
    return found


def _find(entity: str, words: dict[str, str], text: str) -> list[Span]:
    spans = [
        Span(entity, *match.span(), value)
        for value, pattern in words.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
        if not re.search(r"(?:没有?|不是|无|no |not )$", text[: match.start()], re.IGNORECASE)
    ]
    return sorted(spans, key=lambda span: span.start)
