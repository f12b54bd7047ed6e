"""Lines in, lines out: in order, one at a time, however long the input is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
Predict = Callable[[Row], Row]  # what is added to a row; raises BadRow
Complain = Callable[[str], None]


class BadRow(ValueError):
    """A line that cannot be answered; the message says why."""


def predict_lines(lines: Iterable[bytes], predict: Predict, complain: Complain) -> Iterator[str | None]:
    """For each line that holds something the same object with the prediction added, as JSON, or None when the line
    is bad; then `complain` heard which one it is and why."""
    for number, line in enumerate(lines, 1):
        if not line.strip(b"\xef\xbb\xbf \t\r\n"):
            continue
        try:
            row = _read(line)
            answer = {**row, **predict(row)}
        except BadRow as error:
            complain(f"line {number}: {error}")
            yield None
            continue
        yield json.dumps(answer, ensure_ascii=False)


def _read(line: bytes) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadRow("this is not UTF-8") from None
    except (json.JSONDecodeError, RecursionError):
        raise BadRow("this is no JSON object") from None
    if not isinstance(row, dict):
        raise BadRow("this is no JSON object")
    if not isinstance(row.get("text"), str):
        raise BadRow('it has no "text"')
    try:
        row["text"].encode()
    except UnicodeEncodeError:
        raise BadRow('half a character in "text"') from None
    return row


def reference_of(row: Row, zone: ZoneInfo) -> datetime:
    """The row's reference_time as local time without zone; now, when it says none. Raises BadRow."""
    said = row.get("reference_time")
    if said in (None, ""):
        return datetime.now(zone).replace(tzinfo=None)
    try:
        found = datetime.fromisoformat(said)
    except (TypeError, ValueError):
        raise BadRow('"reference_time" is no time like 2026-11-25T09:00:00') from None
    return found.astimezone(zone).replace(tzinfo=None) if found.tzinfo else found
