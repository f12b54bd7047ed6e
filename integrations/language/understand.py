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
from integrations.language.measurements import Measured, MeasurementKind, find_measurements
from integrations.language.names import NameIndex
from integrations.language.numerals import SMALL, read_digits, read_number
from integrations.language.people import find_oneself, find_relatives
from integrations.language.script import fold
from integrations.language.spans import Span

_TOKEN = re.compile(r"\[\[\w+:[0-9a-f]{32}\]\]")
_MASK = "\ufffc"  # stands for a character that has been understood already

_DIGIT = r"[\d零〇一二三四五六七八九幺]"
_CODE = re.compile(rf"(?<!{_DIGIT}){_DIGIT}(?:[ \-,.、]?{_DIGIT}){{2,7}}(?![\d点月日号])")
_ORDINAL = re.compile(
    rf"第 ?(?P<nth>{SMALL})(?:(?:个|位|项|条|名|种|号)(?:医生|大夫|选项|时段)?(?![天周次年月日])|(?=吧?[。.!]?$))"
    rf"|(?P<number>{SMALL})号?(?:那[个位名]|这[个位名]|医生|大夫|专家|选项)"
    rf"|(?:^|选择?|要)[ :]?(?P<chosen>{SMALL})号?(?=吧?[。.!]?$)"
    r"|(?P<last>最后(?:一|那)[个位])"
)


_NTH = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5,
        "sixth": 6, "6th": 6, "7th": 7, "8th": 8, "9th": 9, "10th": 10}  # fmt: skip
_COUNTED = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_ENGLISH_ORDINAL = re.compile(
    rf"\b(?:the )?(?P<nth>{'|'.join(_NTH)})(?: (?:one|option|choice|doctor|dr|slot|time|appointment|person|item)\b"
    r"|(?=(?:,? (?:please|pls))?[.!]?$))"
    r"|(?:\b(?:option|number|choice|choose|pick|take|no\.|no(?! ?one\b)) ?|# ?)"
    rf"(?P<number>\d{{1,2}}|{'|'.join(_COUNTED)})\b(?![.:]?\d| ?[ap]m\b)"
    r"|(?P<last>\bthe last (?:one|option|doctor|choice|slot)\b|\blast one\b)",
    re.IGNORECASE,
)


_ANY = re.compile(
    r"(?:i'?d like |i want |give me |ok,? )?(?:the )?(?:any(?: ?one)?|either|whichever|whoever|any (?:doctor|time"
    r"|day|of them|will do"
    r"|is fine|works|is ok|slot)|(?:earliest|soonest|first available|next available|first free)(?: one| slot"
    r"| time| possible)?)"
    r"(?:,? (?:please|pls|is fine|works|is ok))?[.!]?",
    re.IGNORECASE,
)

# The same in the middle of a sentence, where only the doctor can be meant.
_ANY_DOCTOR = re.compile(
    r"\b(?:any (?:available |free |good )?(?:doctor|dr|physician|specialist)\b|with any(?:one|body|"
    r" of them)\b"
    r"|who(?:m)?ever\b|whichever (?:doctor|dr|one)\b"
    r"|(?:either|any)(?: one| doctor| of them)? (?:is|are|will be|would be) (?:fine|ok(?:ay)?|good|all right)\b"
    r"|no (?:particular )?preference\b|(?:don'?t|do not) have (?:a|any) preference\b"
    r"|(?:doesn'?t|does not|don'?t|do not) (?:matter|mind|care) (?:who|which)\b)"
    r"(?: (?:on|for|about|of|is|who is|which)(?: the)? (?:doctor|dr|free|available|fine|ok)\b)?",
    re.IGNORECASE,
)
_CHEAPEST = re.compile(
    r"(?:我?(?:就|想|要|选|挂|那就|给我)*(?:选|挂|要)?最便宜的?(?:那[个位]|一[个位]|医生|号)?(?:吧|好了|就行|就好)?"
    r"|(?:i'?d like |i want |give me |ok,? )?(?:the )?(?:cheapest|lowest (?:fee|price))(?: (?:one|doctor|slot|fee))?"
    r"(?: possible)?(?:,? (?:please|pls))?)[。.!！]?",
    re.IGNORECASE,
)
# Of the day that is spoken of: the next one, the one before.
_INSTEAD = r"(?:不要|不是|换|改|那|再|往|要|就|还是|这[天个]|那[天个]|到|成|的|，|,| )*"
_IF_FREE = r"(?:的|呢|吧|行吗|可以吗|有吗|有号吗)*[。.!！?？]?"
_NO_BUT = r"(?:(?:no|not (?:that|this)(?: (?:one|day))?|sorry|actually|what about|how about|maybe|then)[, ]+)*(?:on )?"
_SHIFT = re.compile(
    rf"{_INSTEAD}(?:(?P<on>第二天|(?:推|往|延)?[后迟晚]一天|下一天|隔天)|(?:前一天|(?:提前|往前|早)一天|上一天)){_IF_FREE}"
    rf"|{_NO_BUT}(?:(?P<next>(?:the )?(?:next|following) day|(?:the )?day after(?: that)?|(?:one|a) day later)"
    r"|(?:the )?(?:previous|prior) day|(?:the )?day before(?: that)?|(?:one|a) day earlier)"
    r"(?: instead| then)?(?:,? (?:please|pls))?[.!?]?",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:\b(?:not|never|without|nor)|n't)\b(?: \w+){0,2} ?$|\bthere $|\bjust $", re.IGNORECASE
)


def understand(
    text: str, *, index: NameIndex, now: datetime, expects: str | None = None
) -> list[dict[str, Any]]:
    """The entities of a text in which personal values are tokens already, in order of appearance.

    `text` is simplified; `now` is the hospital's local time; `expects` is what the last question asked
    for. Gives department, practitioner, relative, document, sex, date, impossible_date, period, time, ordinal
    (from 1; -1 is the last one), measurement, and sms_code when that is expected. Positions are those of `text`.
    """
    masked = _TOKEN.sub(lambda token: _MASK * len(token[0]), fold(text))
    spans = _codes(masked) if expects == "sms_code" else []
    masked = _mask(masked, spans)
    measured = find_measurements(masked, expects if expects in set(MeasurementKind) else "")
    spans += [_measurement(one) for one in measured]
    masked = _mask(masked, [_measurement(one) for one in measured])
    names, dates = _names_and_dates(masked, index, now)
    spans += (
        names + dates + find_relatives(masked, expects) + find_oneself(masked) + find_choices(masked, expects)
    )
    spans += [span for span in _ordinals(masked) if not span.overlaps(names)]
    spans += [span for span in _in_english(masked) if not span.overlaps(names + dates)]
    return [span.as_entity() for span in sorted(spans, key=lambda span: (span.start, span.entity))]


def _measurement(found: Measured) -> Span:
    """Only its kind: the value is read again by whoever keeps it, and stands in nobody's memory meanwhile."""
    return Span("measurement", found.start, found.end, found.kind.value)


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


def _in_english(text: str) -> list[Span]:
    """The second one, first please, option 3, number two; any of them, the cheapest or the next day as a whole answer,
    any doctor anywhere."""
    if whole := _ANY.fullmatch(text):
        return [Span("any", *whole.span(), "any")]
    if whole := _CHEAPEST.fullmatch(text):
        return [Span("any", *whole.span(), "cheapest")]
    if shifted := _SHIFT.fullmatch(text):
        ahead = shifted["on"] or shifted["next"]
        return [Span("shift", *shifted.span(), 1 if ahead else -1)]
    spans = [
        Span("any", *match.span(), "any")
        for match in _ANY_DOCTOR.finditer(text)
        if not _REFUSED.search(text[: match.start()])
    ][:1]
    for match in _ENGLISH_ORDINAL.finditer(text):
        nth, number = (match["nth"] or "").lower(), (match["number"] or "").lower()
        value = _NTH.get(nth) or _COUNTED.get(number) or int(number or -1)
        spans.append(Span("ordinal", *match.span(), value))
    return spans


def _mask(text: str, spans: list[Span]) -> str:
    for span in spans:
        text = text[: span.start] + _MASK * _length(span) + text[span.end :]
    return text


def _length(span: Span) -> int:
    return span.end - span.start
