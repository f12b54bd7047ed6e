"""Measures the reading of dates: python -m tests.eval.dates FILE

FILE holds one JSON object a line: text, reference_time (ISO, local), type (date, time, datetime or one
of the ranges), booking_like, and resolution, the list of accepted answers: {"value": …} or
{"start": …, "end": …}. An answer is right when it equals one of them. Ends of day ranges may be
given as the last day or as the day after it, as sources differ.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from integrations.language.dates import Lean, Resolution, parse
from integrations.language.script import normalise


def main(path: str, *options: str) -> None:
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    for lean in Lean:
        answers, milliseconds = read_all(rows, lean)
        wrong = [row for row, answer in zip(rows, answers, strict=True) if not is_right(row, answer)]
        print(f"completed as {lean.value}: {milliseconds:.3f} ms a text")
        for name, group in (("all", rows), ("booking_like", [row for row in rows if row["booking_like"]])):
            right = sum(row not in wrong for row in group)
            print(f"  {name:13} {right:4} of {len(group):4} right  {right / max(1, len(group)):.4f}")
        if "--wrong" in options:
            for row in wrong:
                print("   ", row["booking_like"], row["text"], row["reference_time"], row["resolution"])


def read_all(rows: list[dict[str, Any]], lean: Lean) -> tuple[list[Resolution | None], float]:
    """The answers, and the milliseconds that one took."""
    texts = [(normalise(row["text"]), datetime.fromisoformat(row["reference_time"])) for row in rows]
    begin = time.perf_counter()
    answers = [parse(text, now, lean) for text, now in texts]
    return answers, (time.perf_counter() - begin) * 1000 / max(1, len(rows))


def is_right(row: dict[str, Any], answer: Resolution | None) -> bool:
    if answer is None:
        return False
    now = datetime.fromisoformat(row["reference_time"])
    return any(given in row["resolution"] for given in written(row["type"], answer, now))


def written(kind: str, answer: Resolution, now: datetime) -> Iterator[dict[str, str]]:
    """The answer in the notation of this kind of row; nothing when it is of another kind."""
    first, last = answer.first, answer.last
    if kind == "date" and first and first == last and answer.at is None:
        yield {"value": f"{first}"}
    elif kind == "time" and answer.at and first is None:
        yield {"value": f"{answer.at}"}
    elif kind == "datetime" and (moment := answer.moment(now.date())):
        yield {"value": f"{moment:%Y-%m-%d %H:%M:%S}"}
    elif kind == "daterange" and first and last and answer.at is None:
        yield {"start": f"{first}", "end": f"{last}"}
        yield {"start": f"{first}", "end": f"{last + timedelta(days=1)}"}
    elif kind == "timerange" and answer.at and answer.until:
        yield {"start": f"{answer.at}", "end": f"{answer.until.time()}"}
    elif kind == "datetimerange" and (moment := answer.moment(now.date())) and answer.until:
        yield {"start": f"{moment:%Y-%m-%d %H:%M:%S}", "end": f"{answer.until:%Y-%m-%d %H:%M:%S}"}


if __name__ == "__main__":
    main(*sys.argv[1:])
