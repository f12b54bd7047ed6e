"""For whom a number is booked: the account's owner, or one of those it acts for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions.relations import related
from actions.turn import Turn
from integrations.hospital import accounts, patients
from integrations.hospital.patients import PatientView
from integrations.hospital.rules import BookingRules


class NobodyRegistered(LookupError):
    """The account acts for nobody (any more)."""


@dataclass(frozen=True, slots=True)
class Booker:
    """Who books: the account that chats, and whom it acts for, its owner first."""

    account_id: UUID
    people: tuple[PatientView, ...]

    def person(self, patient: str) -> PatientView | None:
        return next((one for one in self.people if str(one.id) == patient), None)

    def related(self, words: str) -> list[PatientView]:
        """Whom a patient can mean by 我妈, 孩子."""
        return related(self.people, words)

    def fitting(self, rules: BookingRules, day: date) -> list[PatientView]:
        return [one for one in self.people if rules.takes(one.birth_date, one.sex, day)]

    def choose(self, patient: str, relative: str, rules: BookingRules, day: date) -> PatientView:
        """The one who was named; else the owner, or the only one whom the department takes."""
        if named := self.person(patient):
            return named
        fitting = self.fitting(rules, day)
        if meant := self.related(relative) if relative else []:
            return next((one for one in meant if one in fitting), meant[0])
        return fitting[0] if len(fitting) == 1 else self.people[0]


async def read_booker(session: AsyncSession, turn: Turn) -> Booker:
    """Raises NobodyRegistered."""
    contact = await accounts.contact(session, turn.contact_id)
    people = await patients.acting_for(session, contact.account_id) if contact else []
    if contact is None or not people:
        raise NobodyRegistered(f"contact {turn.contact_id} books without a patient")
    return Booker(contact.account_id, tuple(people))


def whom(turn: Turn, patient: PatientView) -> str:
    """*芳（母亲）"""
    return turn.words.person(patient.name, patient.relation, patient.sex)
