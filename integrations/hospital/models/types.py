"""Columns that hold one of a few words: plain text with a CHECK, so that a new word is a small migration."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, Enum

LONGEST_WORD = 24


def word(words: type[StrEnum]) -> Enum:
    """The column type; pair it with `one_of` in the table's arguments."""
    return Enum(
        words, native_enum=False, length=LONGEST_WORD, values_callable=lambda found: [w.value for w in found]
    )


def one_of(column: str, words: type[StrEnum]) -> CheckConstraint:
    allowed = ", ".join(f"'{member.value}'" for member in words)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)
