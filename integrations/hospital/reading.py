"""Reading what patients type about themselves, and showing it masked. Pure functions; no value is ever in an error."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

import phonenumbers
from stdnum import numdb
from stdnum.cn import ric
from stdnum.exceptions import InvalidComponent

from integrations.hospital.models.people import Sex

_ID_LENGTH = 18
_PERMIT_REGIONS = frozenset({"81", "82", "83"})
_OLDEST = 130  # years
_SEPARATORS = re.compile(r"[\s\u200b-\u200d\ufeff.\-_·]+")
_NAME_PREFIX = re.compile(r"^(我的?(名字|姓名)?[是叫]|(姓名|名字)[是叫]?|叫)[:,]?")
_LETTER = "A-Za-zÀ-ÖØ-öø-ɏ"  # without the signs × and ÷
_LATIN_WORD = re.compile(rf"[{_LETTER}]['{_LETTER}-]*")
_LATIN_NAME = re.compile(rf"(?=.{{3,60}}$){_LATIN_WORD.pattern}(?:[ ,./]+{_LATIN_WORD.pattern})*")
_NAME_DOTS = re.compile(r"[•‧・.．]")


class IdNumberFault(StrEnum):
    LENGTH = "length"
    CHARACTERS = "characters"
    REGION = "region"
    DATE = "date"
    CHECK_DIGIT = "check_digit"


class InvalidIdNumber(ValueError):
    """`reason` is the first thing wrong; `detail` says more: for length the number of characters there are,
    for characters the 1-based position of the first bad one, for region "permit" (the residence permit of
    Hong Kong, Macao and Taiwan people), "not_permit" or "unknown", for date "impossible", "future" or "too_old"."""

    def __init__(self, reason: IdNumberFault, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail


class InvalidPhone(ValueError):
    """`reason`: "length", "landline", "foreign" or "unknown"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InvalidName(ValueError):
    """`reason`: "empty", "length" or "characters"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A mainland resident identity number (GB 11643) and what it tells."""

    number: str = field(repr=False)
    birth_date: date
    sex: Sex

    def age(self, today: date) -> int:
        return age_on(self.birth_date, today)


def age_on(born: date, today: date) -> int:
    """In whole years."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def read_id_number(text: str, today: date) -> IdNumber:
    """Reads 18 characters with spaces, hyphens, full-width digits, and x for X. Raises InvalidIdNumber.

    Of the region only the province is judged: county codes changed hundreds of times, people keep the code of
    their first registration, and the check digit finds every single wrong digit anyway.
    """
    number = _eighteen(text)
    _check_region(number)
    return _told_by(number, today)


def read_permit_number(text: str, today: date) -> IdNumber:
    """The residence permit of Hong Kong (81), Macao (82) and Taiwan (83) people, built like an identity number.
    Raises InvalidIdNumber; region "not_permit" when it begins otherwise."""
    number = _eighteen(text)
    if number[:2] not in _PERMIT_REGIONS:
        raise InvalidIdNumber(IdNumberFault.REGION, "not_permit")
    return _told_by(number, today)


def _eighteen(text: str) -> str:
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper().replace("×", "X")
    _check_characters(number)
    return number


def _told_by(number: str, today: date) -> IdNumber:
    birth_date = _birth_date(number, today)
    if number[-1] != ric.calc_check_digit(number):
        raise InvalidIdNumber(IdNumberFault.CHECK_DIGIT)
    return IdNumber(number, birth_date, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def read_phone(text: str) -> str:
    """A mainland mobile number as E.164 ("+8613812345678"). Raises InvalidPhone."""
    try:
        number = phonenumbers.parse(unicodedata.normalize("NFKC", text), "CN")
    except phonenumbers.NumberParseException:
        raise InvalidPhone("unknown") from None
    if number.country_code != 86:
        raise InvalidPhone("foreign")
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        raise InvalidPhone("landline")
    digits = str(number.national_number)
    # Mobile numbers begin with 1 and have 11 digits.
    raise InvalidPhone("length" if digits.startswith("1") and len(digits) != 11 else "unknown")


def read_person_name(text: str) -> str:
    """A name as it stands on a document: 2 to 25 Chinese characters, a dot within (阿依努尔·买买提), or in Latin
    letters as passports have it (SMITH, John). Takes off 我叫 and the like, spaces and a full stop.
    Raises InvalidName."""
    plain = unicodedata.normalize("NFKC", text)
    if _LATIN_NAME.fullmatch(latin := " ".join(_NAME_PREFIX.sub("", plain).split()).strip(" .,;")):
        return latin
    name = re.sub(r"\s+", "", plain).strip("。,;!?~\"'“”")
    name = _NAME_DOTS.sub("·", _NAME_PREFIX.sub("", name).strip("."))
    if not name:
        raise InvalidName("empty")
    if not all(map(_is_han, name.replace("·", ""))) or name != name.strip("·") or "··" in name:
        raise InvalidName("characters")
    if not 2 <= len(name) <= 25:
        raise InvalidName("length")
    return name


def is_latin(name: str) -> bool:
    """Whether a name that was read is in Latin letters."""
    return bool(_LATIN_NAME.fullmatch(name))


def mask_name(name: str) -> str:
    """ "张明" and "欧阳小明" both become "*明", "John Smith" becomes "J. S."."""
    if is_latin(name):
        return " ".join(f"{word[0].upper()[0]}." for word in _LATIN_WORD.findall(name)[:5])
    return f"*{name[-1]}" if name else ""


def mask_id_number(number: str) -> str:
    """The first three and the last two characters: "110*************4X"."""
    return _mask(number, 3, 2)


def mask_phone(phone: str) -> str:
    """ "+8613812345678" becomes "138****5678"."""
    return _mask(phone.removeprefix("+86"), 3, 4)


def _check_characters(number: str) -> None:
    for position, character in enumerate(number, start=1):
        if character == "X" and position == _ID_LENGTH < len(number):  # right up to here
            break
        is_digit = character.isascii() and character.isdigit()
        if not is_digit and not (character == "X" and position == len(number)):
            raise InvalidIdNumber(IdNumberFault.CHARACTERS, str(position))
    if len(number) != _ID_LENGTH:
        raise InvalidIdNumber(IdNumberFault.LENGTH, str(len(number)))


def _check_region(number: str) -> None:
    if number[:2] in _PERMIT_REGIONS:
        raise InvalidIdNumber(IdNumberFault.REGION, "permit")
    _, province = numdb.get("cn/loc").info(number[:6])[0]
    if "province" not in province:
        raise InvalidIdNumber(IdNumberFault.REGION, "unknown")


def _birth_date(number: str, today: date) -> date:
    try:
        born = ric.get_birth_date(number)
    except InvalidComponent:
        raise InvalidIdNumber(IdNumberFault.DATE, "impossible") from None
    if born > today:
        raise InvalidIdNumber(IdNumberFault.DATE, "future")
    if today.year - born.year > _OLDEST:
        raise InvalidIdNumber(IdNumberFault.DATE, "too_old")
    return born


def _is_han(character: str) -> bool:
    return character == "〇" or unicodedata.name(character, "").startswith("CJK UNIFIED IDEOGRAPH")


def _mask(text: str, first: int, last: int) -> str:
    hidden = max(len(text) - first - last, 0)
    return text[:first] + "*" * hidden + text[-last:] if hidden else "*" * len(text)
