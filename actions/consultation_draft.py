"""What a consultation that is being asked for knows so far. It is sealed: what was diagnosed is nobody's but the
doctor's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from actions import sealed_draft
from actions.forms import Outcome
from actions.turn import Turn

SLOT = "consultation"
WHOSE, CONDITION, DOCTOR = "consultation_whose", "consultation_condition", "consultation_doctor"
PROOF, CONSENT, CANCEL = "consultation_proof", "consultation_consent", "consultation_cancel"
ALARM = "consultation_alarm"  # a red flag rang: whether it is gone on with


@dataclass(frozen=True, slots=True)
class Draft:
    """`patient`, `department`, `practitioner` and `consultation` are ids; `condition` what was diagnosed before;
    `messages` brought pictures of a record. `first`: there was no diagnosis, where a pilot allows that.
    `apart`: when (ISO, UTC) the patient said that it has nothing to do with the red flag of today, or is gone on
    with all the same."""

    patient: str = ""
    department: str = ""
    practitioner: str = ""
    condition: str = ""
    messages: tuple[str, ...] = ()
    first: bool = False
    consultation: str = ""  # the one to cancel
    offered: tuple[str, ...] = ()
    apart: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Draft:
        known = {one.name: kept[one.name] for one in fields(cls) if one.name in kept}
        listed = {name: tuple(known.get(name) or ()) for name in ("messages", "offered")}
        return cls(**{**known, **listed})

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


async def open_question(turn: Turn, known: Draft, asked: str) -> Outcome:
    return Outcome(await sealed_draft.seal(turn, known.as_json()), asked)


def unclear(turn: Turn) -> Outcome:
    """The message did not answer the question: it stays open, with what was known."""
    return Outcome(turn.slots.get(SLOT), turn.asked, understood=False)
