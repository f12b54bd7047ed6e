"""For whom a number is booked: the account's owner, or one of those it acts for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions.relations import relation_of
from actions.turn import Turn
from integrations.hospital import accounts, patients
from integrations.hospital.models import Relation, Sex
from integrations.hospital.patients import PatientView
from integrations.hospital.rules import BookingRules

_FEMALE = (
    "妈 妈妈 母亲 娘 老婆 妻子 媳妇 女儿 奶奶 外婆 姥姥 孙女 妹 妹妹 姐 姐姐 mom mum mother wife daughter grandmother"
    " grandma granddaughter sister"
)
_MALE = (
    "爸 爸爸 父亲 爹 老公 丈夫 儿子 爷爷 外公 姥爷 孙子 弟 弟弟 哥 哥哥 dad father husband son grandfather grandpa"
    " grandson brother"
)


@dataclass(frozen=True, slots=True)
class Booker:
    """Who books: the account that chats, and whom it acts for, its owner first."""

    account_id: UUID
    people: tuple[PatientView, ...]

    def person(self, patient: str) -> PatientView | None:
        return next((one for one in self.people if str(one.id) == patient), None)

    def related(self, words: str) -> list[PatientView]:
        """Whom a patient can mean by 我妈, 孩子."""
        relation = relation_of(words)
        sexes = {sex for sex, named in ((Sex.FEMALE, _FEMALE), (Sex.MALE, _MALE)) if words in named.split()}
        return [
            one
            for one in self.people
            if (one.relation == relation if relation else one.relation is not Relation.SELF)
            and (not sexes or one.sex in sexes)
        ]

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
    """Raises LookupError when the account's owner is not registered."""
    contact = await accounts.contact(session, turn.contact_id)
    people = await patients.acting_for(session, contact.account_id) if contact else []
    if contact is None or not people:
        raise LookupError(f"contact {turn.contact_id} books without a patient")
    return Booker(contact.account_id, tuple(people))


def whom(turn: Turn, patient: PatientView) -> str:
    """*芳（母亲）"""
    return turn.words.person(patient.name, patient.relation, patient.sex)
