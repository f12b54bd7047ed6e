"""Who wants no person any more, or waits no longer: what becomes of the talk that stands in the queue. Words end what
waits for a person and for nothing else; a message that was left is withdrawn by its button alone, a consultation is its
doctor's, and what a red flag brought to the front stays there whatever is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import texts
from bot.handoff import queue
from bot.handoff.models import TalkStatus
from bot.handoff.telling import handed_back
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
    Stays.MESSAGE: ("bot_talk_withdraw_message", LEFT),
}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a message comes to: `command` is what the dialog is told, None where it is to understand the words.
    `leaves`: the patient is no longer in the queue, or not silently; `stays`: why the talk is there all the same."""

    command: str | None
    leaves: bool = False
    stays: Stays | None = None

    def told(self, said: Sequence[RasaReply], language: str) -> list[RasaReply]:
        """The dialog's words, behind what goes on waiting, with the way to end that."""
        if self.stays is None:
            return list(said)
        about = texts.say(f"bot_talk_stays_{self.stays}", language=language)
        first, *rest = said
        every = [replace(first, text=f"{about}\n{first.text}".rstrip()), *rest]
        if self.stays in _BUTTONS:
            key, payload = _BUTTONS[self.stays]
            button = {"title": texts.say(key, language=language), "payload": payload}
            every[-1] = replace(every[-1], buttons=[*every[-1].buttons, button])
        return every


async def read(rt: Runtime, conversation_id: UUID, command: str | None, words: str) -> Leaving:
    """`command`: what the message stands for; None: its `words` are to be understood."""
    nobody = command is None and is_denied("talk_to_human", words, alone=True)
    if command not in (LEFT, NO_MESSAGE) and not nobody and not (command is None and no_longer(words)):
        return Leaving(command)
    async with rt.database.transaction() as session:
        found = (await session.execute(_WAITS, {"conversation": conversation_id})).first()
    stays = _stays(found) if found else None
    if found and stays is Stays.MESSAGE and found.status == TalkStatus.WAITING:
        return Leaving(command or LEFT, leaves=True, stays=stays)  # of the wait in silence alone
    if command is None and not nobody:  # 不等了 may be said of the waitlist
        goes = found is not None and stays is None
        return Leaving(LEFT, leaves=True) if goes else Leaving(None, stays=stays)
    if stays is None or (stays is Stays.MESSAGE and command == LEFT):
        return Leaving(command or LEFT, leaves=True)
    return Leaving(LEFT, leaves=stays is not Stays.MESSAGE, stays=stays)


def _stays(found: Row[Any]) -> Stays | None:
    if queue.of_an_alarm(found.priority):
        return Stays.ALARM
    if found.consultation_id:
        return Stays.CONSULTATION
    return Stays.MESSAGE if found.message_at else None  # it was left to be answered some time
