"""Emergency departments, and which is nearest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

import yaml

from integrations.messages import Location
from integrations.settings import Settings

FARTHEST = 60.0  # km: beyond it, another hospital is nearer
_EARTH = 6371.0


@dataclass(frozen=True, slots=True)
class Department:
    """`name` and `address` by language (zh, en)."""

    name: Mapping[str, str]
    address: Mapping[str, str]
    phone: str
    at: tuple[float, float]

    @property
    def map_link(self) -> str:
        """Opens in a browser and, where it is installed, in the map itself."""
        latitude, longitude = self.at
        name = quote(self.name["zh"].split("（")[0])
        return f"https://uri.amap.com/marker?position={longitude},{latitude}&name={name}"


def search_link(place: Location) -> str:
    """The emergency departments around a place far from ours."""
    return f"https://uri.amap.com/search?keyword={quote('急诊')}&center={place.longitude:.4f},{place.latitude:.4f}"


@cache
def departments(path: Path | None) -> tuple[Department, ...]:
    rows = yaml.safe_load((path or Path(__file__).with_name("departments.yml")).read_text(encoding="utf-8"))
    return tuple(Department(row["name"], row["address"], row["phone"], tuple(row["at"])) for row in rows)


def nearest(settings: Settings, place: Location) -> tuple[Department, float]:
    """The nearest of the hospital's emergency departments, and how many kilometres away it is."""
    known = departments(settings.emergency_departments)
    return min(((one, _distance(one.at, place)) for one in known), key=lambda found: found[1])


def _distance(at: tuple[float, float], place: Location) -> float:
    """Along the earth's surface; the few hundred metres between the map systems count for nothing here."""
    a, b = map(math.radians, (at[0], place.latitude))
    half = math.sin((b - a) / 2) ** 2
    half += math.cos(a) * math.cos(b) * math.sin(math.radians(place.longitude - at[1]) / 2) ** 2
    return 2 * _EARTH * math.asin(math.sqrt(half))
