"""Addresses in Latin letters, as English writers give them: the smallest first, "Room 1203, Building 5, 88 Zhongguancun
East Road, Haidian, Beijing". Province, city and district become the Chinese ones; the street is put in the order in
which couriers read it, with its own words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product

from pypinyin import Style, lazy_pinyin, pinyin

from integrations.language.divisions import Division, divisions, short

_SEPARATORS = re.compile(r"\s*[,，;；。|\n]+\s*")
_POSTCODE = re.compile(r"(?:^|\s)\d{6}$")
_NOT_SAID = re.compile(r"(?:the )?(?:p\.? ?r\.? ?)?china|prc", re.IGNORECASE)
_LEVEL = re.compile(
    r"[\s-]*\b(?:new )?(?:district|city|province|municipality|county|dist\.?|qu|shi|sheng|xian)$",
    re.IGNORECASE,
)
_DISTRICT = re.compile(r"\b(?:district|county|dist\.?|qu|xian)$", re.IGNORECASE)
_ROAD_WORD = (
    r"(?:road|rd|street|str|st|avenue|ave|lane|alley|boulevard|blvd|highway|hwy"
    r"|lu|jie|dajie|dadao|hutong|xiang)"
)
_ROAD = re.compile(
    rf"(?:no\.?\s*)?(?P<before>\d+[a-z]?(?:-\d+)?)\s+(?P<name>.*\b{_ROAD_WORD})\.?$"
    rf"|(?P<name2>.*\b{_ROAD_WORD})\.?\s*(?:no\.?\s*)?(?P<after>\d+[a-z]?(?:-\d+)?)?$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?:no\.?|number)\s*(\d+[a-z]?)$", re.IGNORECASE)
# What a courier reads, from the large to the small.
_BUILDING = 2
_PARTS = (
    (
        _BUILDING,
        "号楼",
        r"(?:building|bldg\.?|block|tower)\s*(?:no\.?\s*)?(\w+)|(\d+)(?:st|nd|rd|th)? building",
    ),
    (3, "单元", r"(?:unit|entrance|gate)\s*(\w+)"),
    (4, "层", r"(?:floor|level)\s*(\d+)|(\d+)(?:st|nd|rd|th)?\s*(?:floor|/?f)"),
    (5, "室", r"(?:room|rm\.?|apartment|apt\.?|flat|suite|#)\s*(?:no\.?\s*)?(\w+)"),
)
_SMALL = tuple((rank, word, re.compile(rf"(?:{written})$", re.IGNORECASE)) for rank, word, written in _PARTS)
_NAME = re.compile(r"(?:(?:mr|mrs|ms|miss|dr)\.? )?[A-Za-z][A-Za-z.'-]*(?: [A-Za-z][A-Za-z.'-]*){1,3}")
_HOUSES = re.compile(
    r"\b(?:gardens?|plaza|mansions?|tower|village|park|community|cent(?:er|re)|square|school|university|hospital|estate"
    r"|residences?|compound|court|house|hotel|campus|dormitory|company|office)\b",
    re.IGNORECASE,
)
_SHORTEST = 4  # letters of a place's name
_MOST_WORDS = 4
_MOST_READINGS = 24
_AS_SAID = {"朝阳": "chaoyang", "陕西": "shaanxi", "重庆": "chongqing", "六安": "luan"}


@dataclass(frozen=True, slots=True)
class Latin:
    """What was found; `choices` as in `addresses.Typed`."""

    recipient: str = ""
    division: Division | None = None
    street: str = ""
    choices: tuple[Division, ...] = ()


def read_latin(text: str) -> Latin:
    """`text` without its phone, for which a comma stands."""
    said = [_POSTCODE.sub("", piece).strip() for piece in _SEPARATORS.split(text.strip())]
    pieces, named = _peel([piece for piece in said if piece and not _NOT_SAID.fullmatch(piece)])
    alone = not pieces and len(named) == 1 and " " not in named[0]
    division, choices, unused = _place(named, sure=alone or any(_part(piece) for piece in pieces))
    street: list[tuple[int, str]] = []
    recipient = ""
    for piece in [*pieces, *unused]:
        found = _part(piece)
        if found:
            street.append(found)
        elif not recipient and _NAME.fullmatch(piece) and not _HOUSES.search(piece):
            recipient = piece
        else:
            street.append((1, piece))
    if not (division or choices or any(rank != 1 for rank, _ in street)):
        return Latin()
    return Latin(recipient, division, _joined(sorted(street, key=lambda part: part[0])), choices)


def romanized(division: Division) -> str:
    """Haidian, Beijing: for who reads no Chinese."""
    names = (division.district, division.city, division.province)
    return ", ".join(_sound(short(name)).capitalize() for name in names if name)


def _peel(pieces: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands at the end of each piece and sounds like a place, apart from the rest of it."""
    rest, named = [], []
    for piece in pieces:
        words, found = piece.split(), []
        while words:
            size = next(
                (n for n in range(min(_MOST_WORDS, len(words)), 0, -1) if _known(" ".join(words[-n:]))), 0
            )
            if not size:
                break
            found.append(" ".join(words[-size:]))
            words = words[:-size]
        if words and not _digits(words) and not _LEVEL.search(piece):  # somebody called like a place
            found, words = [], piece.split()
        named += found
        if words:
            rest.append(" ".join(words))
    return rest, named


def _digits(words: Sequence[str]) -> bool:
    return any(character.isdigit() for word in words for character in word)


def _key(written: str) -> str:
    return re.sub(r"[\s'-]", "", _LEVEL.sub("", written)).lower()


def _known(written: str) -> bool:
    provinces, cities, districts = _sounds()
    key = _key(written)
    return len(key) >= _SHORTEST and (key in provinces or key in cities or key in districts)


def _place(named: Sequence[str], *, sure: bool) -> tuple[Division | None, tuple[Division, ...], list[str]]:
    """What the names say together; and those that are no places of it, for a person may be called like one. `sure`:
    there is more that shows an address, or nothing else at all."""
    provinces, cities, districts = _sounds()
    province = next((provinces[_key(one)] for one in named if _key(one) in provinces), "")
    fitting = {
        place: one
        for one in named
        if not _DISTRICT.search(one)
        for place in cities.get(_key(one), ())
        if province in ("", place.province)
    }
    city = next(iter(fitting)) if len(fitting) == 1 else None
    if city and not province and len(named) == 1 and (also := districts.get(_key(named[0]))):
        return None, (*also, city), []
    if city is not None:
        province = city.province
    used = {one for one in named if _key(one) in provinces or (city and one == fitting[city])}
    for one in named:
        among = [
            place
            for place in districts.get(_key(one), ())
            if province in ("", place.province) and (city is None or place.city in ("", city.city))
        ]
        if one in used or not among or not (province or sure or _LEVEL.search(one)):
            continue
        others = [name for name in named if name not in used and name != one]
        return (among[0], (), others) if len(among) == 1 else (None, tuple(among), others)
    whole = Division(province, city.city if city else "") if province else None
    return whole, (), [one for one in named if one not in used]


def _part(piece: str) -> tuple[int, str] | None:
    """Its rank in the order of couriers, and how they write it."""
    for rank, word, pattern in _SMALL:
        if found := pattern.match(piece):
            value = next(group for group in found.groups() if group)
            return rank, f"{value}{'座' if rank == _BUILDING and value.isalpha() else word}"
    if number := _NUMBER.match(piece):
        return 1, f"{number[1]}号"
    if road := _ROAD.match(piece):
        name, number_ = road["name"] or road["name2"], road["before"] or road["after"]
        return 0, f"{name.strip()} {number_}号" if number_ else name.strip()
    return None


def _joined(parts: Sequence[tuple[int, str]]) -> str:
    """Latin words apart from what stands before them, all else close together."""
    whole = ""
    for _, words in parts:
        whole += f" {words}" if whole and words[0].isascii() and words[0].isalpha() else words
    return whole


def _sound(name: str) -> str:
    return _AS_SAID.get(name) or "".join(lazy_pinyin(name, errors="ignore"))


def _readings(name: str) -> set[str]:
    """All that the characters can sound like: 长 in 长春 and in 长子."""
    readings = pinyin(name, style=Style.NORMAL, heteronym=True, errors="ignore")
    return {"".join(one) for one in islice(product(*readings), _MOST_READINGS)} | {_sound(name)}


@lru_cache(maxsize=1)
def _sounds() -> tuple[dict[str, str], dict[str, list[Division]], dict[str, list[Division]]]:
    """Provinces, cities and districts by how they sound, shortened."""
    known = divisions()
    cities, districts = defaultdict(list), defaultdict(list)
    for one in known.cities:
        for sound in _readings(short(one.city)):
            cities[sound].append(one)
    for one in known.districts:
        for sound in _readings(short(one.district)):
            districts[sound].append(one)
    provinces = {sound: name for name in known.provinces for sound in _readings(short(name))}
    # As the world writes them.
    provinces |= {
        "innermongolia": "内蒙古自治区",
        "tibet": "西藏自治区",
        "shaanxi": "陕西省",
        "shanxi": "山西省",
    }
    return provinces, dict(cities), dict(districts)
