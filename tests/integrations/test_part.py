"""Parts of long lists."""

from __future__ import annotations

from types import SimpleNamespace

from integrations.part import Part, counted


def test_a_part_knows_how_long_its_list_is() -> None:
    rows = [SimpleNamespace(total=7, name="a"), SimpleNamespace(total=7, name="b")]
    part = counted(rows, lambda row: row.name)
    assert (part, part.total) == (["a", "b"], 7)
    assert (part.each(str.upper), part.each(str.upper).total) == (["A", "B"], 7)


def test_what_says_no_total_is_the_whole_list() -> None:
    assert Part(["a", "b"]).total == 2
    assert (counted([], str), counted([], str).total) == ([], 0)
