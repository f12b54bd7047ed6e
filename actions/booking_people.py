"""For whom a number is booked: the account's owner, or one of those it acts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from actions.turn import Turn
from integrations.hospital import accounts, patients
from integrations.hospital.models import Relation, Sex
from integrations.hospital.patients import PatientView
from integrations.hospital.rules import BookingRules

_FEMALE: Mapping[str, Relation] = {
    **dict.fromkeys(("妈", "妈妈", "母亲", "娘"), Relation.PARENT),
    **dict.fromkeys(("老婆", "妻子", "媳妇"), Relation.SPOUSE),
    **dict.fromkeys(("奶奶", "外婆", "姥姥"), Relation.GRANDPARENT),
    **dict.fromkeys(("妹", "妹妹", "姐", "姐姐"), Relation.SIBLING),
    "女儿": Relation.CHILD,
    "孙女": Relation.GRANDCHILD,
}
_MALE: Mapping[str, Relation] = {
    **dict.fromkeys(("爸", "爸爸", "父亲", "爹"), Relation.PARENT),
    **dict.fromkeys(("老公", "丈夫"), Relation.SPOUSE),
    **dict.fromkeys(("爷爷", "外公", "姥爷"), Relation.GRANDPARENT),
    **dict.fromkeys(("弟", "弟弟", "哥", "哥哥"), Relation.SIBLING),
    "儿子": Relation.CHILD,
    "孙子": Relation.GRANDCHILD,
}
_EITHER: Mapping[str, tuple[Relation, ...]] = {
    **dict.fromkeys(("孩子", "小孩", "宝宝", "娃"), (Relation.CHILD, Relation.GRANDCHILD)),
    **dict.fromkeys(("爱人", "老伴"), (Relation.SPOUSE,)),
    "老人": (Relation.PARENT, Relation.GRANDPARENT),
    **dict.fromkeys(("家人", "家里人"), tuple(one for one in Relation if one is not Relation.SELF)),
}


@dataclass(frozen=True, slots=True)
class Booker:
    """Who books: the account that chats, and whom it acts for, its owner first."""

    account_id: UUID
    people: tuple[PatientView, ...]

    def person(self, patient: str) -> PatientView | None:
        return next((one for one in self.people if str(one.id) == patient), None)

    def related(self, words: str) -> list[PatientView]:
        """Whom a patient can mean by 我妈, 孩子."""
        if words in _FEMALE:
            return [one for one in self.people if (one.relation, one.sex) == (_FEMALE[words], Sex.FEMALE)]
        if words in _MALE:
            return [one for one in self.people if (one.relation, one.sex) == (_MALE[words], Sex.MALE)]
        return [one for one in self.people if one.relation in _EITHER.get(words, (Relation.OTHER,))]

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
