"""An address as it comes together from one message or several: what is known, what a message adds or corrects."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace

from integrations.hospital import patients
from integrations.hospital.delivery.addresses import Destination
from integrations.language.addresses import (
    Typed,
    in_latin,
    names_a_part,
    read_address,
    read_place,
    with_parts,
)
from integrations.language.divisions import Division, divisions
from integrations.language.names import starts_with_surname
from integrations.language.script import fold, simplify

_WRONG = re.compile(
    r"^\s*(?:(?:不[对是]|[写说打]?错了?|应该|是|要?[改换][成为]?|no\b|wrong|sorry|it should be)[\s,.。:]*)+",
    re.IGNORECASE,
)
# "电话改成139…": the word for what is corrected is no part of it.
_FIELD = re.compile(
    r"(?:\b(?:the|my) )?(?:收[件货]人|联系人|姓名|名字|手机号?码?|电话号?码?|地址|街道|门牌号?码?"
    r"|recipient|name|phone|mobile|street|address)"
    r"(?:也|都|就|应该|要|是|写|填|改|换|成|为|[打写填输弄发留搞记]?错了?|不对|有误|[,，、]|to|is|was|wrong|should|be|it|change|\s)*"
    r"(?:改成?|换成?|是|成|为|写|填|:|is|to)",
    re.IGNORECASE,
)
# "门牌号是14": the number alone, of a street that is known.
_HOUSE = re.compile(
    r"(?:the )?(?:门牌|楼|house|street|building|number)号?(?:码|number|no\.?)?\D{0,14}?"
    r"(?P<number>\d{1,5}[A-Za-z]?)号?",
    re.IGNORECASE,
)
_OLD_HOUSE = re.compile(r"\d{1,5}[A-Za-z]?号")
_DIGIT = re.compile(r"\d")
_HAN = re.compile("[㐀-鿿]")
_TRIMMED = " \t\r\n,，。.;；!！"
_LONGEST_NAME, _LONGEST_STREET = 25, 100
_QUESTIONS = ("choice", "division", "street", "recipient", "phone")


@dataclass(frozen=True, slots=True)
class Pieces:
    """`phone` in E.164. `choices`: the districts that the words for it can mean. `unread`: what was typed last looks
    like an address, and is none that can be read."""

    recipient: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = ""
    choices: tuple[tuple[str, str, str], ...] = ()
    bad_phone: bool = False
    unread: bool = False

    @classmethod
    def read(cls, written: str) -> Pieces:
        found = json.loads(written)
        return cls(**{**found, "choices": tuple(tuple(one) for one in found["choices"])})

    def write(self) -> str:
        return json.dumps(asdict(replace(self, bad_phone=False, unread=False)), ensure_ascii=False)

    @property
    def division(self) -> Division | None:
        return Division(self.province, self.city, self.district) if self.province else None

    @property
    def missing(self) -> str:
        """The question that is to be asked next, "" when all is known."""
        choices = tuple(Division(*one) for one in self.choices)
        found = Typed(self.recipient, self.phone, self.division, self.street, choices).missing
        return f"address_{found}" if found in _QUESTIONS else ""

    @property
    def destination(self) -> Destination:
        return Destination(self.recipient, self.phone, self.province, self.city, self.district, self.street)

    def choosing(self, nth: int) -> Pieces:
        """With the district in this place of the choices, from 1."""
        return self.within(Division(*self.choices[nth - 1])) if 0 < nth <= len(self.choices) else self

    def add(self, text: str, asked: str = "") -> Pieces:
        """With what a message tells, the answer to the question `asked`."""
        plain = simplify(fold(text))
        return self._with_house(_WRONG.sub("", plain).strip(_TRIMMED)) or self._with_words(plain, asked)

    def _with_words(self, plain: str, asked: str) -> Pieces:
        said = _FIELD.sub(" ", _WRONG.sub("", plain)).strip(_TRIMMED)
        looks_so = re.search(r"[A-Za-z]{2,}.*\d|\d.*[A-Za-z]{2,}", _without_phone(said))
        if not _HAN.search(said) and looks_so and in_latin(said) is None:
            return replace(self, unread=True)
        named_only = asked == "address_recipient" and not _HAN.search(said) and not _DIGIT.search(said)
        found = Typed(recipient=said) if named_only else read_address(said)
        known = self.called(found.phone)
        if chosen := known.among_choices(found) or known.called_so(said):
            return chosen
        if found.division or found.choices:
            return known.placed(found).named(found.recipient)
        if asked == "address_division" and (division := known.inside(said)[0]):
            return known.within(division)
        if (
            asked == "address_phone"
            and not found.phone
            and said.replace("-", "").replace(" ", "").isdecimal()
        ):
            return replace(known, bad_phone=True)
        if asked == "address_recipient" and said and not found.recipient and not _DIGIT.search(said):
            return known.named(said)
        if (place := read_place(found.recipient)[0]) and place.name != place.province:
            return known.within(place)  # 北京海淀 alone looks like a name
        if asked == "address_street" and found.recipient == said:
            return replace(known, street=said[:_LONGEST_STREET])
        alone = said == plain.strip(_TRIMMED) and found.recipient == said
        if alone and not (said.isascii() or "·" in said or starts_with_surname(said)):
            return known
        return known.placed(found).named(found.recipient)

    def _with_house(self, said: str) -> Pieces | None:
        """With another number in the same street; None when that is not what was said."""
        house = _HOUSE.fullmatch(said)
        if not house or not _OLD_HOUSE.search(self.street):
            return None
        return replace(self, street=_OLD_HOUSE.sub(f"{house['number']}号", self.street, count=1))

    def named(self, recipient: str) -> Pieces:
        return replace(self, recipient=recipient[:_LONGEST_NAME]) if recipient else self

    def called(self, phone: str) -> Pieces:
        if not phone:
            return self
        try:
            return replace(self, phone=patients.read_phone(phone))
        except patients.InvalidPhone:
            return replace(self, bad_phone=True)

    def placed(self, found: Typed) -> Pieces:
        street = found.street[:_LONGEST_STREET]
        if found.division:
            known = self.within(found.division)
            return replace(known, street=street or self.street)
        if found.choices:
            near = [one for one in found.choices if one.province == self.province and one.city == self.city]
            street = street or self.street
            if len(near) == 1:
                return replace(self.within(near[0]), street=street)
            options = tuple((one.province, one.city, one.district) for one in found.choices)
            return replace(self, province="", city="", district="", choices=options, street=street)
        if not street or (
            self.street and not names_a_part(street)
        ):  # a street that is known gives way to one
            return self
        division, rest = self.inside(street)
        if division:
            return replace(self.within(division), street=rest or self.street)
        return replace(self, street=with_parts(self.street, street))

    def among_choices(self, found: Typed) -> Pieces | None:
        """ "北京的" where 朝阳区 lies in two cities."""
        where = found.division
        if where is None or where.district or found.street:
            return None
        fitting = [one for one in self.choices if one[0] == where.province and where.city in ("", one[1])]
        return self.within(Division(*fitting[0])) if len(fitting) == 1 else None

    def called_so(self, said: str) -> Pieces | None:
        """ "北京的", "长春那个" """
        words = re.sub(r"(?:那[个里边]|的)+$", "", said)
        fitting = [one for one in self.choices if len(words) > 1 and words in "".join(one)]
        return self.within(Division(*fitting[0])) if len(fitting) == 1 else None

    def inside(self, words: str) -> tuple[Division | None, str]:
        """ "海淀区…" where the city is known, "海淀…" too."""
        if not self.province:
            return None, words
        found, rest, _ = read_place(f"{self.province}{self.city}{words}")
        if found and found.district and found in divisions().districts_of(found.province, found.city):
            return found, rest
        return None, words

    def within(self, division: Division) -> Pieces:
        return replace(
            self,
            province=division.province,
            city=division.city,
            district=division.district,
            choices=(),
        )


def _without_phone(text: str) -> str:
    return re.sub(r"\+?\d[\d\s-]{9,}\d", " ", text)
