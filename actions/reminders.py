"""Whether visits are reminded of: "别提醒我了", "恢复提醒"."""

from __future__ import annotations

from actions.turn import Reply, Turn
from integrations.hospital import visit_reminders


async def answer_stop(turn: Turn, reply: Reply) -> None:
    await _want(turn, wanted=False)
    reply.say("say_reminders_off")


async def answer_resume(turn: Turn, reply: Reply) -> None:
    await _want(turn, wanted=True)
    reply.say("say_reminders_on")


async def _want(turn: Turn, *, wanted: bool) -> None:
    """Said twice it changes nothing: it needs no key."""
    async with turn.runtime.database.begin() as session:
        await visit_reminders.want(session, turn.contact_id, wanted=wanted)
