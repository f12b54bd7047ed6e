"""All that is understood outside the dialog engine: from a patient's text to the entities of a turn.

Two steps, because tokens are minted in between:

    spans = find_personal(text, expects)
    tokens = [await mint(span.entity, span.value) for span in spans]
    text, personal = put_tokens(text, spans, tokens)
    entities = [span.as_entity() for span in personal] + understand(text, index=…, now=…, expects=…)
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from integrations.language.choices import find_choices
from integrations.language.dates import find_dates
from integrations.language.names import NameIndex
from integrations.language.numerals import SMALL, read_digits, read_number
from integrations.language.people import find_relatives
from integrations.language.script import fold
from integrations.language.spans import Span

_TOKEN = re.compile(r"\[\[\w+:[0-9a-f]{32}\]\]")
_MASK = "\ufffc"  # stands for a character that has been understood already

_DIGIT = r"[\d零〇一二三四五六七八九幺]"
_CODE = re.compile(rf"(?<!{_DIGIT}){_DIGIT}(?:[ \-,.、]?{_DIGIT}){{3,7}}(?![\d点月日号])")
_ORDINAL = re.compile(
    rf"第 ?(?P<nth>{SMALL})(?:(?:个|位|项|条|名|种|号)(?:医生|大夫|选项|时段)?(?![天周次年月日])|(?=吧?[。.!]?$))"
    rf"|(?P<number>{SMALL})号?(?:那[个位名]|这[个位名]|医生|大夫|专家|选项)"
    rf"|(?:^|选择?|要)[ :]?(?P<chosen>{SMALL})号?(?=吧?[。.!]?$)"
    r"|(?P<last>最后(?:一|那)[个位])"
)


def understand(
    text: str, *, index: NameIndex, now: datetime, expects: str | None = None
) -> list[dict[str, Any]]:
    """The entities of a text in which personal values are tokens already, in order of appearance.

    `text` is simplified; `now` is the hospital's local time; `expects` is what the last question asked
    for. Gives department, practitioner, relative, document, sex, date, impossible_date, period, time, ordinal
    (from 1; -1 is the last one), and sms_code when that is expected. Positions are those of `text`.
    """
    masked = _TOKEN.sub(lambda token: _MASK * len(token[0]), fold(text))
    spans = _codes(masked) if expects == "sms_code" else []
    masked = _mask(masked, spans)
    names, dates = _names_and_dates(masked, index, now)
    spans += names + dates + find_relatives(masked, expects) + find_choices(masked, expects)
    spans += [span for span in _ordinals(masked) if not span.overlaps(names)]
    return [span.as_entity() for span in sorted(spans, key=lambda span: (span.start, span.entity))]


def _names_and_dates(text: str, index: NameIndex, now: datetime) -> tuple[list[Span], list[Span]]:
    """周一 is a day, 周一鸣 a doctor: the longer one is meant, and of two as long the day."""
    names, dates = index.find(text), find_dates(text, now)
    names = [
        name
        for name in names
        if not any(name.overlaps([day]) and _length(day) >= _length(name) for day in dates)
    ]
    if any(day.overlaps(names) for day in dates):
        dates = find_dates(_mask(text, names), now)
    return names, dates


def _codes(text: str) -> list[Span]:
    found = [Span("sms_code", *match.span(), _digits(match[0])) for match in _CODE.finditer(text)]
    return [span for span in found if len(span.value) == 6][:1] or found[:1]


def _digits(text: str) -> str:
    return read_digits(re.sub(r"[ \-,.、]", "", text))


def _ordinals(text: str) -> list[Span]:
    spans = []
    for match in _ORDINAL.finditer(text):
        written = match["nth"] or match["number"] or match["chosen"]
        value = read_number(written) if written else -1
        if value:
            spans.append(Span("ordinal", *match.span(), value))
    return spans


def _mask(text: str, spans: list[Span]) -> str:
    for span in spans:
        text = text[: span.start] + _MASK * _length(span) + text[span.end :]
    return text


def _length(span: Span) -> int:
    return span.end - span.start
