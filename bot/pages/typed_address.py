"""The address form as somebody filled it in: what was read out of it, and what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.pages.speech import Line, line
from integrations.hospital import patients
from integrations.hospital.delivery.addresses import Destination
from integrations.language.addresses import SHORTEST_STREET, read_address, read_place
from integrations.language.divisions import Division, divisions
from integrations.language.latin_addresses import read_latin
from integrations.language.script import normalise


@dataclass(slots=True)
class TypedAddress:
    """`whole` is all in one, as people type or paste it; `stage`: "" before it was read, then "parts". `choices`: the
    places that the words for the district can mean."""

    whole: str = field(default="", repr=False)
    recipient: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    province: str = ""
    city: str = ""
    district: str = ""
    street: str = field(default="", repr=False)
    place: str = ""  # chosen among several
    stage: str = ""
    choices: Sequence[Division] = ()
    faults: dict[str, Line] = field(default_factory=dict)

    def fault(self, entry: str, key: str) -> None:
        """`key` without its beginning page_fault_."""
        self.faults[entry] = line(f"page_fault_{key}")

    def read(self) -> None:
        """Takes the whole apart; name and phone out of it stand in for fields that were left empty."""
        found = read_address(self.whole)
        self.recipient = self.recipient or found.recipient
        self.phone = self.phone or found.phone
        if not (found.division or found.choices) and len(found.street) < SHORTEST_STREET:
            self.fault("whole", "address")
            return
        self.stage, self.street, self.choices = "parts", found.street, found.choices
        if found.division:
            self._show(found.division)
        self.check()
        self.faults.pop("place", None)  # a question, and nothing wrong yet

    def check(self) -> Destination | None:
        """What is to be kept; faults are kept beside their fields."""
        name, phone, street = self._name(), self._phone(), normalise(self.street)
        division = self._division()
        if len(street) < SHORTEST_STREET:
            self.fault("street", "street")
        if self.faults or division is None:
            return None
        self._show(division)
        return Destination(name, phone, division.province, division.city, division.district, street)

    def _show(self, division: Division) -> None:
        self.province, self.city, self.district = division.province, division.city, division.district

    def _name(self) -> str:
        try:
            return patients.read_person_name(self.recipient)
        except patients.InvalidName:
            self.fault("recipient", "recipient")
            return ""

    def _phone(self) -> str:
        try:
            return patients.read_phone(self.phone)
        except patients.InvalidPhone:
            self.fault("phone", "phone")
            return ""

    def _division(self) -> Division | None:
        written = self.place or f"{self.province}{self.city}{self.district}"
        found, rest, choices = read_place("".join(normalise(written).split()))
        if found is None and not choices and written.isascii():
            latin = read_latin(", ".join(one for one in (self.district, self.city, self.province) if one))
            found, rest, choices = latin.division, latin.street, latin.choices
        if choices := choices or (() if written else read_address(self.whole).choices):
            self.choices = choices
            self.fault("place", "place")
            return None
        if found is None:
            self.fault("province", "province")
            return None
        if rest or (not found.district and divisions().districts_of(found.province, found.city)):
            self.fault("district", "district")
            return None
        return found
