"""Measures the reading of Chinese dates as `daozhen predict dates` gives it: python -m tests.eval.dates_zh FILE

FILE holds one JSON object a line: text, reference_time (ISO, local), type, booking_like, and resolution, the list of
accepted readings. Only our first reading counts, and it is right when it equals one of them. A time of any day
(09:00:00) is right on the day of reference; where a range of days is accepted with the day after its last one as its
end, our last day is right. --wrong lists what is not.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.language.dates.notation import resolutions

Row = dict[str, Any]


def main(path: str, *options: str) -> None:
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    begin = time.perf_counter()
    answers = [resolutions(row["text"], datetime.fromisoformat(row["reference_time"])) for row in rows]
    each = (time.perf_counter() - begin) * 1000 / max(1, len(rows))
    results = [(row, given, is_right(row, given)) for row, given in zip(rows, answers, strict=True)]
    for name, group in (
        ("all", results),
        ("booking_like", [one for one in results if one[0]["booking_like"]]),
    ):
        right = sum(hit for _, _, hit in group)
        print(f"{name:13} {right:4} of {len(group):4} right  {right / max(1, len(group)):.4f}")
    print(f"{each:.3f} ms a text")
    if "--wrong" in options:
        for row, given, hit in results:
            if not hit:
                print(row["booking_like"], row["text"], row["reference_time"], row["resolution"], given[:1])


def is_right(row: Row, given: list[dict[str, str]]) -> bool:
    if not given:
        return False
    ours = given[0]
    return any(one in row["resolution"] for one in (ours, _bare(ours, row), _day_after(ours)) if one)


def _bare(ours: dict[str, str], row: Row) -> dict[str, str] | None:
    """Without its day, where times of any day are accepted."""
    if row["type"] not in ("time", "timerange"):
        return None
    today = row["reference_time"][:10]
    times = {side: value.removeprefix(f"{today} ") for side, value in ours.items()}
    return {**times, "end": times["end"][-8:]} if times.get("end") else times


def _day_after(ours: dict[str, str]) -> dict[str, str] | None:
    if set(ours) != {"start", "end"} or " " in ours["end"]:
        return None
    return {**ours, "end": f"{date.fromisoformat(ours['end']) + timedelta(days=1)}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
