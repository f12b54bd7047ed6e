from __future__ import annotations

from datetime import date

import pytest
from stdnum.cn import ric

from integrations.hospital.documents import (
    InvalidBirthDate,
    InvalidDocument,
    looks_foreign,
    read_identity,
    read_number,
)
from integrations.hospital.models import DocumentKind, Sex
from integrations.hospital.reading import InvalidIdNumber, mask_name, read_person_name

TODAY = date(2026, 11, 22)
BORN = date(1985, 4, 1)


def permit(region: str) -> str:
    body = f"{region}000019900307013"
    return body + ric.calc_check_digit(body + "0")


@pytest.mark.parametrize(
    ("kind", "typed", "number"),
    [
        ("passport", "e1234 5678", "E12345678"),
        ("passport", "C01X00T47", "C01X00T47"),
        ("passport", "533380006", "533380006"),
        ("hk_macau_permit", "Ｈ01234567", "H01234567"),
        ("hk_macau_permit", "M0123456701", "M01234567"),  # the last two count the issues
        ("taiwan_permit", "0123-4567", "01234567"),
        ("residence_permit", permit("81"), permit("81")),
        ("residence_permit", permit("83").lower(), permit("83")),
    ],
)
def test_numbers_as_they_are_kept(kind: str, typed: str, number: str) -> None:
    assert read_number(DocumentKind(kind), typed, TODAY) == number


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("passport", "ABCDEFG"),
        ("passport", "E12"),
        ("passport", "E1234567890123"),
        ("hk_macau_permit", "A01234567"),
        ("hk_macau_permit", "H0123456"),
        ("hk_macau_permit", "H012345670"),
        ("taiwan_permit", "0123456"),
        ("taiwan_permit", "T01234567"),
    ],
)
def test_other_shapes_are_refused_without_the_value(kind: str, typed: str) -> None:
    with pytest.raises(InvalidDocument) as refused:
        read_number(DocumentKind(kind), typed, TODAY)
    assert typed not in str(refused.value)


def test_a_residence_permit_is_checked_like_an_identity_number() -> None:
    read = read_identity(DocumentKind.RESIDENCE_PERMIT, permit("82"), TODAY)
    assert (read.birth_date, read.sex, read.checkable) == (date(1990, 3, 7), Sex.MALE, False)
    wrong = permit("82")[:-1] + ("0" if permit("82")[-1] != "0" else "1")
    for number, reason in ((wrong, "check_digit"), ("11010519900307013X", "region")):
        with pytest.raises(InvalidIdNumber) as refused:
            read_identity(DocumentKind.RESIDENCE_PERMIT, number, TODAY)
        assert refused.value.reason == reason


def test_birth_date_and_sex_are_told_where_the_number_does_not() -> None:
    read = read_identity(DocumentKind.PASSPORT, "E12345678", TODAY, birth_date=BORN, sex=Sex.FEMALE)
    assert (read.birth_date, read.sex, read.age(TODAY)) == (BORN, Sex.FEMALE, 41)
    assert "E12345678" not in repr(read)
    for born in (None, date(2026, 11, 23), date(1850, 1, 1)):
        with pytest.raises(InvalidBirthDate):
            read_identity(DocumentKind.PASSPORT, "E12345678", TODAY, birth_date=born, sex=Sex.MALE)


@pytest.mark.parametrize(
    ("typed", "foreign"),
    [
        ("E12345678", True),
        ("H01234567", True),
        ("01234567", False),
        ("11010519900307013X", False),
        ("1101", False),
    ],
)
def test_what_is_no_attempt_at_an_identity_number(typed: str, foreign: bool) -> None:
    assert looks_foreign(typed) is foreign


@pytest.mark.parametrize(
    ("typed", "name", "masked"),
    [
        ("SMITH, John Paul", "SMITH, John Paul", "S. J. P."),
        ("  Anne-Marie O'Neill. ", "Anne-Marie O'Neill", "A. O."),
        ("José García", "José García", "J. G."),
    ],
)
def test_names_as_passports_have_them(typed: str, name: str, masked: str) -> None:
    assert read_person_name(typed) == name
    assert mask_name(name) == masked
