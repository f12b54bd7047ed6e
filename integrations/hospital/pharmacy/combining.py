"""Medicines that a patient would take together: two of one kind, or two that the pharmacy's list says do not go
together. It warns; it never says that all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from integrations.hospital.models import Medicine
from integrations.hospital.pharmacy.allergies import Warned, WarningKind, families_in
from integrations.hospital.pharmacy.taking import Taken

_FILE = Path(__file__).with_name("interactions.yml")


@dataclass(frozen=True, slots=True)
class _Rule:
    between: frozenset[str]
    said: dict[str, str]


@cache
def _rules() -> tuple[_Rule, ...]:
    written = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return tuple(_Rule(frozenset(one["between"]), {"zh": one["zh"], "en": one["en"]}) for one in written)


def warnings(lines: Sequence[Medicine], taken: Sequence[Taken]) -> list[Warned]:
    """Of each line, held against what is taken already and against the lines before it."""
    found: list[Warned] = []
    for position, one in enumerate(lines, 1):
        before = [Taken(other.name, other.name_en, other.code) for other in lines[: position - 1]]
        for other in (*taken, *before):
            found += _between(position, one, other)
    return found


def _between(position: int, one: Medicine, other: Taken) -> Iterator[Warned]:
    own, theirs = families_in(f"{one.name} {one.name_en}"), families_in(f"{other.name} {other.name_en}")
    if one.code == other.code:
        if not other.refill:
            yield Warned(position, WarningKind.DUPLICATE, other.name)
    elif own & theirs and not _is_told(one, other):
        yield Warned(position, WarningKind.DUPLICATE, other.name)
    for rule in _rules():
        if any({mine, his} == rule.between for mine in own for his in theirs):
            yield Warned(position, WarningKind.INTERACTION, other.name, rule.said["zh"], rule.said["en"])


def _is_told(one: Medicine, other: Taken) -> bool:
    """The patient named this very medicine as their own: they want more of it."""
    if other.code:
        return False
    told = f"{other.name} {other.name_en}".lower()
    return any(len(name) > 1 and name in told for name in (_plain(one.name), one.name_en.lower()))


def _plain(name: str) -> str:
    """A generic name without its salt and its form, as patients say it."""
    for salt in ("苯磺酸", "盐酸", "马来酸", "酒石酸", "琥珀酸", "注射用"):
        name = name.removeprefix(salt)
    for form in (
        "控释片",
        "缓释片",
        "肠溶片",
        "分散片",
        "钙片",
        "片",
        "胶囊",
        "颗粒",
        "注射液",
        "混悬液",
        "吸入气雾剂",
    ):
        if name.endswith(form):
            return name.removesuffix(form)
    return name
