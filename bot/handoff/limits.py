"""How long what may take, and who stands before whom: limits.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("limits.yml")


@dataclass(frozen=True, slots=True)
class Limits:
    """`head_start` in minutes, by reason, and for the elderly, what is urgent, and those who lost their helper."""

    accept: timedelta
    escalate: timedelta
    give_up: timedelta
    absent: timedelta
    away: timedelta
    answer: timedelta
    tell_again: timedelta
    keep: timedelta
    brought: timedelta
    continuity: timedelta
    measured: timedelta
    native_accepts: timedelta
    native_lasts: timedelta
    head_start: Mapping[str, int]
    elder_age: int
    talks_to_measure: int


@cache
def limits() -> Limits:
    said: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    spans = {name: timedelta(seconds=value) for name, value in said.pop("seconds").items()}
    return Limits(**(said | spans))
