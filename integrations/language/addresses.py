"""Reads "收件人 电话 地址" as people type it: in one message, in any order, with or without province and city."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from integrations.language.divisions import Division, divisions, short
from integrations.language.latin_addresses import read_latin
from integrations.language.personal import find_phone
from integrations.language.script import fold, simplify

_LABEL = re.compile(
    r"(?:收[件货]人?|联系人|姓名|名字|手机号?码?|电话号?码?|联系方式|联系电话|(?:收[件货]|详细|所在|邮寄|我的|家庭)?地[址区]"
    r"|recipient|name|phone|mobile|address)[是为:]*\s*[:：是为]\s*|(?:寄到|送到|发到|送往)\s*",
    re.IGNORECASE,
)
_HAN = re.compile("[㐀-鿿]")
_PIECE = re.compile(r"[^\s,，;；。、|\n]+")
_NAME = re.compile(
    r"[㐀-鿿]{2,4}(?:先生|女士|小姐|阿姨|叔叔)?|[㐀-鿿]{1,3}(?:先生|女士|小姐)|[㐀-鿿]{2,}·[㐀-鿿]{2,}"
)
_LATIN_NAME = re.compile(r"[A-Za-z][A-Za-z.'-]*")
# What makes a piece part of a place.
_PLACE = re.compile(
    r"[省市区县镇乡村路街道巷弄胡同号栋幢楼层室单元座院苑园庄城庭湾府厦场店厂校]|\d|自治|旗$|小区|大学|中心|公寓"
)
# After what is short for a city or district, this shows that it is none: 朝阳路, 朝阳区.
_ROAD = re.compile(r"^[大小东西南北中新]?(?:路|街|道|巷|大街|大道|胡同|村|镇|乡|公园|门|区|县|旗)")
# "张三收", "我家 北京市…": neither a part of the name nor one.
_AROUND_NAMES = re.compile(
    r"(?<=[㐀-鿿])(?:亲|本人)?收(?=[\s,，;；。、]|$)|(?:^|(?<=[\s,，;；。、:：]))(?:我家|家里|家中|老家|我?单位|我?公司)(?=[\s,，;；。、:：])"
)
_HONORIFIC = re.compile(r"(?<=[㐀-鿿])\s+(?=(?:先生|女士|小姐)(?:\s|$))")
# A district that the list does not know yet.
_NEW_DISTRICT = re.compile(r"^[㐀-鿿]{1,6}?(?:新区|[区县旗市])(?!场)")
_NO_DISTRICT = re.compile(r"(?:小区|社区|校区|院区|厂区|园区|景区|住宅区|生活区|花园区|超市|门市)$")
SHORTEST_STREET = 3
# The parts of a street's end by which it is found: its number, the building, entrance, floor and room.
_VALUE = r"(?:[A-Za-z]?\d+[A-Za-z]?|[A-Za-z]|[一二三四五六七八九十]+)"
_PARTS = tuple(
    re.compile(rf"(?<![A-Za-z\d一二三四五六七八九十]){_VALUE}{word}")
    for word in (r"号(?!楼|院)", r"(?:号楼|栋|幢|座)", r"单元", r"(?:层|(?<!号)楼)", r"(?:室|$)")
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What was found. `choices`: the places that the words for the district can mean, when they can mean several."""

    recipient: str = ""
    phone: str = ""
    division: Division | None = None
    street: str = ""
    choices: tuple[Division, ...] = field(default=())

    @property
    def missing(self) -> str:
        """What is to be asked for next: division, street, recipient, phone; "" when nothing is."""
        if self.division is None:
            return "choice" if self.choices else "division"
        if not self.division.district and divisions().districts_of(
            self.division.province, self.division.city
        ):
            return "division"
        if len(self.street) < SHORTEST_STREET:
            return "street"
        return "" if self.recipient and self.phone else ("phone" if self.recipient else "recipient")


def read_address(text: str) -> Typed:
    """Everything that the text tells of where something is to be sent."""
    text = simplify(fold(text))
    if not _HAN.search(text) and (found := in_latin(text)):
        return found
    text = _LABEL.sub(" ", text)
    if phone := find_phone(text):
        text = f"{text[: phone.start]} {text[phone.end :]}"
    recipient, place = _part(_PIECE.findall(_AROUND_NAMES.sub(" ", _HONORIFIC.sub("", text))))
    division, street, choices = read_place(place)
    return Typed(recipient, str(phone.value) if phone else "", division, street, choices)


def names_a_part(text: str) -> bool:
    """Whether there is a word in it as streets and houses have them: 路, 号, 小区, a number."""
    return bool(_PLACE.search(text))


def with_parts(street: str, said: str) -> str:
    """A known street with the parts of it that were said: 5号楼 in 建国路88号3号楼502室, or where it belongs in
    建国路88号502室. Only `said` where that says more than such parts, and for no street."""
    left, known = said, street
    for rank, part in enumerate(_PARTS):
        if not (found := part.search(left)):
            continue
        same = part.search(known)
        behind = next(filter(None, (one.search(known) for one in _PARTS[rank + 1 :])), None)
        start = same.start() if same else behind.start() if behind else len(known)
        known = known[:start] + found[0] + known[same.end() if same else start :]
        left = left[: found.start()] + left[found.end() :]
    return said if left.strip() or not street else known


def in_latin(text: str) -> Typed | None:
    """An address in English; None for what is none."""
    text = _LABEL.sub(", ", text)
    if phone := find_phone(text):
        text = f"{text[: phone.start]}, {text[phone.end :]}"
    found = read_latin(text)
    if not (found.division or found.choices or found.street):
        return None
    return Typed(
        found.recipient, str(phone.value) if phone else "", found.division, found.street, found.choices
    )


def _part(pieces: Sequence[str]) -> tuple[str, str]:
    """The name among the pieces, and the others together as the place."""
    names = [
        at
        for at, piece in enumerate(pieces)
        if _NAME.fullmatch(piece) and not _PLACE.search(piece) and not _is_division(piece)
    ]
    if not names:
        return _latin(pieces)
    at = names[-1] if names[0] != 0 and names[-1] == len(pieces) - 1 else names[0]
    return pieces[at], "".join(piece for place, piece in enumerate(pieces) if place != at)


def _latin(pieces: Sequence[str]) -> tuple[str, str]:
    """John Smith, before or after a Chinese place."""
    name = [piece for piece in pieces if _LATIN_NAME.fullmatch(piece)]
    rest = [piece for piece in pieces if not _LATIN_NAME.fullmatch(piece)]
    if not rest:
        return "", "".join(pieces)
    return " ".join(name), "".join(rest)


def _is_division(piece: str) -> bool:
    known = divisions()
    names = {*known.provinces, *(one.city for one in known.cities)}
    return piece in names or piece in {short(name) for name in names}


def read_place(text: str) -> tuple[Division | None, str, tuple[Division, ...]]:
    """Province, city and district at the beginning, the rest as the street; or what the district may mean."""
    known = divisions()
    province, rest = _starting(text, known.provinces, full_first=True)
    cities = [one for one in known.cities if province in ("", one.province)]
    if not province:
        city, rest = _starting(text, [one.city for one in cities])
        if city:
            province = next(one.province for one in cities if one.city == city)
        else:
            province, rest = _starting(text, known.provinces)
            cities = [one for one in cities if one.province == province]
            city, rest = _starting(rest, [one.city for one in cities]) if province else ("", rest)
    else:
        rest = _again(rest, province)
        city, rest = _starting(rest, [one.city for one in cities])
    return _district(province, city, rest)


def _again(rest: str, province: str) -> str:
    """北京市北京市朝阳区"""
    return rest.removeprefix(province)


def _district(province: str, city: str, rest: str) -> tuple[Division | None, str, tuple[Division, ...]]:
    known = divisions()
    among = [one for one in known.districts if province in ("", one.province) and city in ("", one.city)]
    found, after = _starting(rest, {one.district for one in among}, short_too=bool(province))
    fitting = [one for one in among if one.district == found] if found else []
    if len(fitting) == 1:
        return fitting[0], after, ()
    if len(fitting) > 1:
        return None, after, tuple(fitting)
    if not province:
        return None, rest, ()
    if (new := _NEW_DISTRICT.match(rest)) and not _NO_DISTRICT.search(new[0]):
        return Division(province, city, new[0]), rest[new.end() :], ()
    return Division(province, city), rest, ()


def _starting(
    text: str, names: Sequence[str] | set[str], *, full_first: bool = False, short_too: bool = True
) -> tuple[str, str]:
    """The longest of these names with which the text begins, in full or as people shorten it; and what follows.
    `full_first`: only in full."""
    full = [name for name in names if text.startswith(name)]
    if full:
        name = max(full, key=len)
        return name, text[len(name) :]
    if full_first or not short_too:
        return "", text
    cut = [(short(name), name) for name in names if len(short(name)) > 1 and text.startswith(short(name))]
    cut = [(written, name) for written, name in cut if not _ROAD.match(text[len(written) :])]
    if not cut:
        return "", text
    written, name = max(cut, key=lambda one: len(one[0]))
    return name, text[len(written) :]
