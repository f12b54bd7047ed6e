"""The ages by which the law tells who agrees for whom, and who may be pregnant."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

LEAST_AGE = 14  # younger patients are registered by their guardian (个人信息保护法 31)
ADULT_AGE = 18  # 民法典 17
FERTILE = range(12, 56)  # who is asked whether she is pregnant


class Ages(StrEnum):
    """Whose agreement it takes to register somebody (个人信息保护法 31, 民法典 17)."""

    CHILD = "child"  # under 14: the guardian's
    TEEN = "teen"  # 14 to 17: their own, or the guardian's while they have no phone
    ADULT = "adult"  # their own


def ages_of(age: int) -> Ages:
    return Ages.CHILD if age < LEAST_AGE else Ages.TEEN if age < ADULT_AGE else Ages.ADULT


def of_age_since(today: date) -> date:
    """Who was born then or earlier is of age. Born on February 29: on March 1."""
    if (today.month, today.day) == (2, 29):
        return date(today.year - ADULT_AGE, 2, 28)
    return today.replace(year=today.year - ADULT_AGE)
