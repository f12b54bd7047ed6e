"""Emergency numbers by region (regions.yml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from integrations.messages import Location

_SMALLEST_FIRST = ("macau", "hongkong", "taiwan", "mainland")  # one box lies inside another


@dataclass(frozen=True, slots=True)
class Region:
    """`crisis` line and its `hours` by language (zh, en); `box` is south, west, north, east."""

    id: str
    ambulance: str
    police: str
    crisis: Mapping[str, str]
    hours: Mapping[str, str]
    source: str
    box: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def holds(self, place: Location) -> bool:
        if not self.box:
            return False
        south, west, north, east = self.box
        return south <= place.latitude <= north and west <= place.longitude <= east


@cache
def regions() -> dict[str, Region]:
    rows = yaml.safe_load(Path(__file__).with_name("regions.yml").read_text(encoding="utf-8"))
    return {row["id"]: _region(row) for row in rows}


def _region(row: dict[str, Any]) -> Region:
    line = row["crisis"]
    by_language = line if isinstance(line, dict) else {"zh": line, "en": line}
    lists = {name: tuple(row.get(name, ())) for name in ("box", "names")}
    return Region(**{**row, **lists, "crisis": by_language})


def region_of(place: Location | None, words: str = "") -> Region:
    """Where a patient is: by the place they sent, else by what they say of it ("我在香港"), else here."""
    known = regions()
    if place:
        here = next((known[name] for name in _SMALLEST_FIRST if known[name].holds(place)), None)
        return here or known["elsewhere"]
    said = words.lower()
    for region in known.values():
        if any(
            f"{before}{name}" in said for name in region.names for before in ("在", "人在", "in ", "from ")
        ):
            return region
    return next(iter(known.values()))
