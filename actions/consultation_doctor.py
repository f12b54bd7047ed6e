"""Which doctor is asked online: those who may be asked, the one the patient names, and others where that one has no
time."""

from __future__ import annotations

import re
from dataclasses import replace

from actions import consultation_admission as admission
from actions.booking_draft import nth
from actions.consultation_draft import DOCTOR, Draft, open_question
from actions.consultation_words import doctor_title, offer_doctors
from actions.forms import Outcome
from actions.turn import Reply, Turn
from integrations.hospital.consultations.eligibility import Admitted
from integrations.hospital.consultations.offers import OnlineDoctor

SHOWN = 6  # doctors
# Another doctor, where one is asked for or chosen already; no visit is moved here.
_ANOTHER = re.compile(
    r"换(?:一?[个位]|别的|其他|医生|大夫|人)|(?:别的|其他|另一?[个位])(?:医生|大夫)"
    r"|\b(?:another|different|other) (?:doctor|one)\b|\bsomeone else\b",
    re.IGNORECASE,
)


def asks_another(text: str) -> bool:
    """ "换个医生" """
    return bool(_ANOTHER.search(text))


def single(found: tuple[str, ...]) -> str:
    return found[0] if len(found) == 1 else ""


def named(turn: Turn, known: Draft) -> str:
    """The id of the doctor that the message chooses of those shown; "" for none."""
    chosen = single(turn.facts.practitioners) or nth(known.offered, turn.facts.ordinal)
    agreed = turn.intent == "affirm" and len(known.offered) == 1 and len(turn.facts.departments) != 1
    if not chosen and known.offered and (turn.facts.any or agreed):
        chosen = known.offered[0]
    return chosen


async def who_may_be_asked(turn: Turn, known: Draft, admitted: Admitted) -> list[OnlineDoctor]:
    doctors = await admission.doctors(turn, known)
    return [one for one in doctors if one.children or not admitted.small_child]


async def ask(turn: Turn, reply: Reply, known: Draft, doctors: list[OnlineDoctor]) -> Outcome:
    shown = doctors[:SHOWN]
    offer_doctors(turn, reply, shown)
    known = replace(known, practitioner="", offered=tuple(str(one.practitioner_id) for one in shown))
    return await open_question(turn, known, DOCTOR)


async def ask_another(
    turn: Turn, reply: Reply, known: Draft, chosen: OnlineDoctor, admitted: Admitted
) -> Outcome:
    """The chosen one has no time: those who have it come first, of their department before others."""
    key = "say_consultation_full" if chosen.open_now else "say_consultation_closed"
    opens = turn.words.moment(chosen.opens_at, turn.today)
    reply.say(key, doctor=doctor_title(turn, chosen), opens=opens)
    doctors = await who_may_be_asked(turn, replace(known, practitioner=""), admitted)
    others = [one for one in doctors if one.practitioner_id != chosen.practitioner_id]
    others.sort(key=lambda one: (not one.free, one.department_id != chosen.department_id))
    return await ask(turn, reply, known, others or [chosen])
