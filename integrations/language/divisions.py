"""Provinces, cities and districts of China, from the list that python-stdnum ships for identity numbers. It tells what
stood when it was made: a district founded since is not in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

_LINE = re.compile(r'^(?P<code> *\d+) (?:province|county)="(?P<names>[^"]+)"')
_NAME = re.compile(r"^(?:\[(?P<since>\d*)-(?P<until>\d*)\])?(?P<name>.+)$")
_NO_PLACE = re.compile(r"^(?:市辖区|县|市|市区|.*直辖县级行政(?:单位|区划))$")
_MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
_OFFSHORE = frozenset({"71", "81", "82"})  # nothing is sent there
_PROVINCE_ENDING = re.compile(r"(?:省|市|(?:壮族|回族|维吾尔)?自治区)$")
_PEOPLES = "朝鲜|土家|苗|藏|羌|彝|布依|侗|哈尼|壮|傣|白|景颇|傈僳|回|蒙古|柯尔克孜|哈萨克"
_CITY_ENDING = re.compile(rf"(?:市|地区|盟|(?:(?:{_PEOPLES})族?)*自治州)$")
_DISTRICT_ENDING = re.compile(r"(?:新区|区|市|县|旗)$")


@dataclass(frozen=True, slots=True)
class Division:
    """A district of a city of a province; `city` is empty in municipalities and where the province itself governs,
    `district` for a whole city."""

    province: str
    city: str = ""
    district: str = ""

    @property
    def name(self) -> str:
        return f"{self.province}{self.city}{self.district}"


@dataclass(frozen=True, slots=True)
class Divisions:
    """All that stand. `cities` without those that have no name of their own."""

    provinces: tuple[str, ...]
    cities: tuple[Division, ...]
    districts: tuple[Division, ...]

    def districts_of(self, province: str, city: str) -> list[Division]:
        return [one for one in self.districts if one.province == province and city in ("", one.city)]


def short(name: str) -> str:
    """北京, 广西, 杭州, 恩施: as people write it."""
    for ending in (_PROVINCE_ENDING, _CITY_ENDING, _DISTRICT_ENDING):
        cut = ending.sub("", name)
        if cut != name:
            return cut if len(cut) > 1 else name
    return name


@lru_cache(maxsize=1)
def divisions() -> Divisions:
    """Read once."""
    provinces: dict[str, str] = {}
    cities: dict[str, str] = {}
    districts: list[tuple[str, str]] = []
    for code, name in _standing():
        if len(code) == 2:
            provinces[code] = name
        elif code.endswith("00") and not _NO_PLACE.match(name) and not code.endswith("0000"):
            cities[code[:4]] = name
        elif not code.endswith("00") and not _NO_PLACE.match(name):
            districts.append((code, name))
    return Divisions(
        tuple(provinces.values()),
        tuple(Division(provinces[code[:2]], name) for code, name in cities.items()),
        tuple(
            Division(provinces[code[:2]], cities.get(code[:4], ""), name)
            for code, name in districts
            if code[:2] in _MUNICIPALITIES or code[:4] in cities or code[2:4] == "90"
        ),
    )


def _standing() -> Iterator[tuple[str, str]]:
    """Code (two digits of a province, six of what lies in it) and name of what has not been abolished."""
    province = ""
    for line in (files("stdnum.cn") / "loc.dat").read_text("utf-8").splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        code = found["code"].strip()
        province, code = (code, code) if len(code) == 2 else (province, province + code)
        if province in _OFFSHORE:
            continue
        for written in found["names"].split(","):
            name = _NAME.match(written)
            if name and not (name["since"] is not None and name["until"]):
                yield code, name["name"]
