from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from actions.facts import Days, Facts, read_facts

WED, THU, FRI = date(2026, 11, 25), date(2026, 11, 26), date(2026, 11, 27)


def entity(kind: str, value: Any, start: int = 0) -> dict[str, Any]:
    return {"entity": kind, "value": value, "start": start}


@pytest.mark.parametrize(
    ("entities", "last_wins", "expected"),
    [
        ([], False, Facts()),
        ([entity("date", "2026-11-25")], False, Facts(days=Days(WED, WED))),
        ([entity("date", {"first": "2026-11-25", "last": "2026-11-27"})], False, Facts(days=Days(WED, FRI))),
        (
            [entity("date", "2026-11-25"), entity("date", "2026-11-27", 5)],
            False,
            Facts(days=Days(WED, FRI, (WED, FRI))),
        ),
        ([entity("date", "2026-11-25"), entity("date", "2026-11-26", 5)], False, Facts(days=Days(WED, THU))),
        (
            [entity("date", {"days": ["2026-11-25", "2026-11-27"]})],
            False,
            Facts(days=Days(WED, FRI, (WED, FRI))),
        ),
        ([entity("period", "morning"), entity("period", "afternoon", 4)], False, Facts()),
        ([entity("date", "2026-11-25"), entity("date", "2026-11-27", 5)], True, Facts(days=Days(FRI, FRI))),
        ([entity("period", "morning"), entity("period", "afternoon", 4)], True, Facts(period="afternoon")),
        ([entity("practitioner", "a"), entity("practitioner", "b")], False, Facts(practitioners=("a", "b"))),
        ([entity("department", "a"), entity("department", "b", 4)], False, Facts(departments=("a",))),
        ([entity("department", "a"), entity("department", "b", 4)], True, Facts(departments=("b",))),
        ([entity("ordinal", 2), entity("any", "都可以")], False, Facts(ordinal=2, any=True)),
        (
            [entity("topic", "pharmacy"), entity("topic", "address", 2)],
            False,
            Facts(topics=("pharmacy", "address")),
        ),
        ([{"entity": "schedule", "value": "s", "start": None}], False, Facts(schedule="s")),
    ],
)
def test_reads_entities(entities: list[dict[str, Any]], last_wins: bool, expected: Facts) -> None:
    assert read_facts(entities, last_wins=last_wins) == expected
