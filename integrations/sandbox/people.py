"""The patients of the sandbox: made-up people, each with a phone number and a valid made-up identity number."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from stdnum.cn import ric

SURNAMES = "陈林黄周吴徐孙马朱胡郭何高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN = [
    "晓明",
    "雨桐",
    "志强",
    "丽华",
    "子涵",
    "秀英",
    "建军",
    "思远",
    "玉兰",
    "浩然",
    "佳宁",
    "国庆",
    "欣怡",
]
# Districts whose numbers held in all these years.
REGIONS = ["110101", "110105", "110108", "310101", "310104", "120101"]
OLDEST = date(1948, 1, 1)


@dataclass(slots=True)
class Person:
    """`key` names the person in the sandbox; `phone` is a mainland mobile number without country code."""

    key: str
    name: str
    phone: str
    id_number: str


def id_number(region: str, born: date, sequence: int) -> str:
    """An 18-digit resident identity number with the right check digit."""
    body = f"{region}{born:%Y%m%d}{sequence:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


class People:
    """At most `limit` people; the ones not used for longest make room, and `forget` hears their keys."""

    def __init__(self, limit: int, forget: Callable[[Person], None]) -> None:
        self._limit = limit
        self._forget = forget
        self._made = 0
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._by_number: dict[str, Person] = {}

    def make(self, name: str = "", phone: str = "") -> Person:
        self._made += 1
        chance = random.Random(self._made)  # noqa: S311 - the same people in every run
        born = OLDEST + timedelta(days=chance.randrange(60 * 365))
        person = Person(
            key=f"p{self._made}",
            name=name or chance.choice(SURNAMES) + GIVEN[self._made % len(GIVEN)],
            phone=phone or str(13800130000 + self._made),
            id_number=id_number(chance.choice(REGIONS), born, 100 + self._made % 800),
        )
        self._people[person.key] = person
        self._by_number[person.id_number] = person
        while len(self._people) > self._limit:
            _, oldest = self._people.popitem(last=False)
            self._by_number.pop(oldest.id_number, None)
            self._forget(oldest)
        return person

    def get(self, key: str) -> Person | None:
        person = self._people.get(key)
        if person is not None:
            self._people.move_to_end(key)
        return person

    def newest(self, limit: int) -> list[Person]:
        return list(islice(reversed(self._people.values()), limit))

    def by_id_number(self, number: str) -> Person | None:
        return self._by_number.get(number)
