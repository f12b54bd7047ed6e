"""A stopped visit, moved in one tap to the half day that its message offered."""

from __future__ import annotations

from uuid import UUID

from actions import booking_words
from actions.turn import Reply, Turn
from integrations.hospital import booking


async def answer_take(turn: Turn, reply: Reply) -> None:
    appointment, schedule = turn.facts.appointment, turn.facts.schedule
    try:
        async with turn.runtime.database.begin() as session:
            done = await booking.reschedule(
                session,
                UUID(appointment),
                schedule_id=UUID(schedule),
                slot_id=None,
                contact_id=turn.contact_id,
                key=turn.key("replace"),
                now=turn.now,
            )
    except booking.NotYours:
        reply.say("say_not_yours", phone=turn.runtime.settings.hospital_phone)
    except booking.AlreadyOver:
        reply.say("say_move_over")
    except (ValueError, booking.BookingError):  # filled up, or of another fee by now
        texts, about = turn.words.texts, f'{{"appointment": "{appointment}"}}'
        reply.say("say_replacement_gone")
        reply.offer(texts.text("word_move"), f"/reschedule_appointment{about}")
        reply.offer(texts.text("word_give_back"), f"/cancel_appointment{about}")
    else:
        reply.say("say_replaced")
        await booking_words.card(turn, reply, done)
