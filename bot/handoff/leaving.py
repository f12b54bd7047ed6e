"""Who wants no person any more, or waits no longer: what becomes of the talk that stands in the queue. Words end what
waits for a person and for nothing else; a message that was left is withdrawn by its button alone, also while it makes
room for a consultation; a consultation is its doctor's, and what a red flag brought to the front stays there whatever
is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import texts
from bot.choices import WITHDRAW_MESSAGE
from bot.handoff import queue
from bot.handoff.telling import handed_back
from bot.handoff.words import withdraws
from bot.rasa import RasaReply
from integrations.language.asked_for import no_longer
from integrations.language.denials import is_denied
from integrations.runtime import Runtime

LEFT, NO_MESSAGE = handed_back("left"), handed_back("no_message")
_WAITS = text("""
    SELECT status, priority, consultation_id, message_at FROM talks
    WHERE conversation_id = :conversation AND status IN ('waiting', 'unanswered')
""")


class Stays(StrEnum):
    """Why a talk goes on waiting."""

    ALARM = "alarm"
    CONSULTATION = "consultation"
    MESSAGE = "message"


_BUTTONS = {
    Stays.CONSULTATION: ("intent_cancel_consultation", "/cancel_consultation"),
    Stays.MESSAGE: ("bot_talk_withdraw_message", WITHDRAW_MESSAGE),
}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a message comes to: `command` is what the dialog is told, None where it is to understand the words.
    `leaves`: the patient is no longer in the queue, or not silently; `withdraws`: nor does the message wait that they
    left; `stays`: what goes on waiting all the same."""

    command: str | None
    leaves: bool = False
    stays: tuple[Stays, ...] = ()
    withdraws: bool = False

    def told(self, said: Sequence[RasaReply], language: str) -> list[RasaReply]:
        """The dialog's words, behind what goes on waiting, with the way to end that."""
        if not self.stays:
            return list(said)
        about = [texts.say(f"bot_talk_stays_{one}", language=language) for one in self.stays]
        buttons = [
            {"title": texts.say(key, language=language), "payload": payload}
            for key, payload in (_BUTTONS[one] for one in self.stays if one in _BUTTONS)
        ]
        first, *rest = said
        every = [replace(first, text="\n".join([*about, first.text]).rstrip()), *rest]
        every[-1] = replace(every[-1], buttons=[*every[-1].buttons, *buttons])
        return every


async def read(rt: Runtime, conversation_id: UUID, command: str | None, words: str) -> Leaving:
    """`command`: what the message stands for; None: its `words` are to be understood."""
    back = command == WITHDRAW_MESSAGE or (command is None and withdraws(words))
    nobody = command is None and is_denied("talk_to_human", words, alone=True)
    if not (back or nobody or command in (LEFT, NO_MESSAGE) or (command is None and no_longer(words))):
        return Leaving(command)
    async with rt.database.transaction() as session:
        found = (await session.execute(_WAITS, {"conversation": conversation_id})).first()
        message = await queue.has_message(session, conversation_id)
    stays = _stays(found, message=message and not back)
    if back:
        return Leaving(LEFT, leaves=True, stays=stays, withdraws=True)
    keeps = found is not None and queue.is_message(found)
    if command is None and not nobody:  # 不等了 may be said of the waitlist
        goes = found is not None and not keeps and set(stays) <= {Stays.MESSAGE}
        return Leaving(LEFT if goes else None, leaves=goes, stays=stays)
    return Leaving(LEFT if stays else command or LEFT, leaves=not keeps, stays=stays)


async def has_message(rt: Runtime, conversation_id: UUID) -> bool:
    """Whether somebody is waited for in silence to whom a message was left."""
    async with rt.database.transaction() as session:
        found = (await session.execute(_WAITS, {"conversation": conversation_id})).first()
    return found is not None and found.message_at is not None


def _stays(found: Row[Any] | None, *, message: bool) -> tuple[Stays, ...]:
    """`message`: one was left to be answered some time, by whoever has this talk or after it."""
    if found and queue.of_an_alarm(found.priority):
        return (Stays.ALARM,)
    consulted = (Stays.CONSULTATION,) if found and found.consultation_id else ()
    return (*consulted, *((Stays.MESSAGE,) if message else ()))
