"""A stopped visit: moved in one tap to the half day that its message offered, or given back."""

from __future__ import annotations

from uuid import UUID

from actions import booking_words
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import booking
from integrations.hospital.models import AppointmentStatus

_SHOWN = 3
GIVE_BACK = "refund"  # of a button: what it does was said beside it


async def offer_give_back(turn: Turn, reply: Reply) -> bool:
    """What was paid for a stopped visit, back with one button each. False: there is none."""
    async with turn.runtime.database.begin() as session:
        coming = await booking.upcoming(session, await account_of(session, turn), turn.now)
    stopped = [
        one for one in coming if one.stopped and one.fee_fen and one.status is AppointmentStatus.BOOKED
    ]
    for one in stopped[:_SHOWN]:
        title = turn.words.texts.text(
            "word_give_back" if len(stopped) == 1 else "word_give_back_one",
            day=turn.words.short_day(one.date),
        )
        values = booking_words.card_values(turn, one) | {"amount": turn.words.money(one.fee_fen)}
        # Inside a form its own buttons follow: there the words lead into the cancellation.
        reply.say("say_give_back_by_words" if turn.form else "ask_give_back", **values, button=title)
        reply.offer(title, f'/cancel_appointment{{"appointment": "{one.id}", "field": "{GIVE_BACK}"}}')
    if len(stopped) == 1:
        about = f'{{"appointment": "{stopped[0].id}"}}'
        reply.offer(turn.words.texts.text("word_move"), f"/reschedule_appointment{about}")
    return bool(stopped)


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
