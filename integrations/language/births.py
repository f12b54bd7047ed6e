"""Birth dates as people write them: 1960年3月7日, 60年3月7号, 19600307, 1960/3/7, March 7, 1960."""

from __future__ import annotations

import re
from datetime import date

from integrations.language.numerals import read_digits, read_number
from integrations.language.script import fold, simplify

_D = r"[\d零〇○一二三四五六七八九]"
_N = r"[\d零〇一二三四五六七八九十廿卅]{1,3}"
_CHINESE = re.compile(rf"(?P<year>{_D}{{4}}|{_D}{{2}})\s*年\s*(?P<month>{_N})\s*月\s*(?P<day>{_N})\s*[日号]?")
_DASHED = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)\s*[-/.,、\s]\s*(?P<month>\d{1,2})\s*[-/.,、\s]\s*(?P<day>\d{1,2})(?!\d)"
)
_BLOCK = re.compile(r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)(?!\d)")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NAME = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_ENGLISH = (
    re.compile(rf"{_NAME}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s*,?\s+(?P<year>\d{{4}})", re.IGNORECASE),
    re.compile(
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_NAME}\s*,?\s+(?P<year>\d{{4}})", re.IGNORECASE
    ),
)


def find_birth_date(text: str, today: date) -> tuple[int, int, date] | None:
    """Where it stands and which day it is; two digits of a year mean the last hundred years. None without a whole
    and possible date. Day before month (7/3/1960) is nobody's guess and not read."""
    folded = fold(text)
    for pattern in (_CHINESE, _DASHED, _BLOCK, *_ENGLISH):
        if match := pattern.search(folded):
            try:
                return *match.span(), date(
                    _year(match["year"], today), _small(match["month"]), _small(match["day"])
                )
            except ValueError:
                return None
    return None


def _year(written: str, today: date) -> int:
    year = int(read_digits(simplify(written)))
    if len(written) == 4:
        return year
    century = today.year - today.year % 100
    return century + year if century + year <= today.year else century - 100 + year


def _small(written: str) -> int:
    if written[:3].lower() in _MONTHS:
        return _MONTHS.index(written[:3].lower()) + 1
    return read_number(written) or 0
