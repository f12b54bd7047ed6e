"""Dates as they are read on Tuesday, 24 November 2026, at 10:30."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from integrations.language.dates import find_dates

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=SHANGHAI)


def values(text: str) -> list[tuple[str, object]]:
    return [(span.entity, span.value) for span in find_dates(text, NOW)]
