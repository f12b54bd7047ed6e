"""What patients prove their identity with: reading the number of each kind of document. Pure functions; no value is
ever in an error."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from integrations.hospital.models.people import DocumentKind, Sex
from integrations.hospital.reading import IdNumber, age_on, read_id_number, read_permit_number

OLDEST = 130  # years
# The documents whose number tells birth date and sex (GB 11643).
TELLS_ALL = frozenset({DocumentKind.RESIDENT_ID, DocumentKind.RESIDENCE_PERMIT})
_BETWEEN = re.compile(r"[\s\u200b-\u200d\ufeff.\-_·]+")
# Mainland travel permits: a letter for the place and eight digits that stay for life; cards of before 2013 add two
# digits that count the issues.
_HK_MACAU = re.compile(r"(?P<number>[HM]\d{8})(?:\d{2})?")
_TAIWAN = re.compile(r"(?P<number>\d{8})")
# ICAO 9303 gives nine places; some countries print longer numbers.
_PASSPORT = re.compile(r"(?P<number>(?=(?:[A-Z]*\d){4})[A-Z0-9]{6,12})")
_SHAPES = {
    DocumentKind.HK_MACAU_PERMIT: _HK_MACAU,
    DocumentKind.TAIWAN_PERMIT: _TAIWAN,
    DocumentKind.PASSPORT: _PASSPORT,
}


class InvalidDocument(ValueError):
    """The number does not have the shape of its kind."""

    def __init__(self, kind: DocumentKind) -> None:
        super().__init__(str(kind))
        self.kind = kind


class InvalidBirthDate(ValueError):
    """`reason`: "missing", "future" or "too_old"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """A document's number and whose it is."""

    kind: DocumentKind
    number: str = field(repr=False)
    birth_date: date
    sex: Sex

    @property
    def checkable(self) -> bool:
        """Whether the named identity check knows such numbers; else staff look at the document."""
        return self.kind is DocumentKind.RESIDENT_ID

    def age(self, today: date) -> int:
        return age_on(self.birth_date, today)


def read_number(kind: DocumentKind, text: str, today: date) -> str:
    """The number in its usual writing. Raises InvalidIdNumber for the kinds of eighteen digits, else
    InvalidDocument."""
    if kind in TELLS_ALL:
        return read_eighteen(kind, text, today).number
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    found = _SHAPES[kind].fullmatch(plain)
    if found is None:
        raise InvalidDocument(kind)
    return found["number"]


def read_eighteen(kind: DocumentKind, text: str, today: date) -> IdNumber:
    """A number that tells birth date and sex. Raises InvalidIdNumber."""
    reads = read_permit_number if kind is DocumentKind.RESIDENCE_PERMIT else read_id_number
    return reads(text, today)


def read_identity(
    kind: DocumentKind, text: str, today: date, *, birth_date: date | None = None, sex: Sex | None = None
) -> Identity:
    """Number, birth date and sex; the latter two as told by the person where the number does not tell them.
    Raises InvalidIdNumber, InvalidDocument, InvalidBirthDate."""
    if kind in TELLS_ALL:
        read = read_eighteen(kind, text, today)
        return Identity(kind, read.number, read.birth_date, read.sex)
    number = read_number(kind, text, today)
    if birth_date is None or sex is None:
        raise InvalidBirthDate("missing")
    check_birth_date(birth_date, today)
    return Identity(kind, number, birth_date, sex)


def check_birth_date(born: date, today: date) -> None:
    """Raises InvalidBirthDate."""
    if born > today:
        raise InvalidBirthDate("future")
    if today.year - born.year > OLDEST:
        raise InvalidBirthDate("too_old")


def looks_foreign(text: str) -> bool:
    """Whether this is no attempt at eighteen digits but the number of another document."""
    plain = _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper()
    return len(plain) <= 12 and any(c.isalpha() for c in plain[:-1]) and bool(_PASSPORT.fullmatch(plain))
