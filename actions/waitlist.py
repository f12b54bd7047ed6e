"""My waitlist: what I wait for, leaving it, taking or leaving what is offered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from actions import answers, booking_words, medicine
from actions.booking_refusals import why_not_taken
from actions.facts import Days
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import accounts, waitlist
from integrations.hospital.models import WaitlistStatus
from integrations.hospital.refusals import BookingError, NotYours, OfferOver
from integrations.hospital.waitlist import EntryView

# What to say of an offer by what became of its entry; of any other its time is over.
_OVER = {
    WaitlistStatus.ACCEPTED: "say_offer_taken",
    WaitlistStatus.DECLINED: "say_offer_let_go",
    WaitlistStatus.CANCELLED: "say_offer_let_go",
    WaitlistStatus.WAITING: "say_offer_none",
}


async def answer_waitlist(turn: Turn, reply: Reply) -> None:
    """What I wait for, with buttons to take what is offered and to leave."""
    standing = await _standing(turn)
    if not standing:
        reply.say("say_waitlist_empty")
        return
    reply.say("say_waitlist")
    for one in standing:
        reply.say("say_waitlist_line", **entry_values(turn, one))
    _offer_answers(turn, reply, _offered(turn, standing))
    _offer_leaving(turn, reply, standing)


async def answer_leave(turn: Turn, reply: Reply) -> None:
    """Leaves the line that was named, or the only one."""
    standing = await _standing(turn)
    if not standing:
        reply.say("say_waitlist_empty")
        return
    meant = [one for one in standing if turn.facts.entry in ("", str(one.id))]
    if len(meant) != 1:  # none: an old button, which must not end another line
        reply.say("say_waitlist_which")
        _offer_leaving(turn, reply, standing)
        return
    try:
        async with turn.runtime.database.begin() as session:
            key = turn.key(f"leave_waitlist:{meant[0].id}")
            left = await waitlist.leave(session, meant[0].id, turn.contact_id, key=key, now=turn.now)
    except (NotYours, OfferOver):
        reply.say("say_waitlist_empty")
        return
    reply.say("say_waitlist_left", **entry_values(turn, left))


async def answer_accept(turn: Turn, reply: Reply) -> None:
    """Books what is offered: held while it is paid, like any number."""
    one = await _meant(turn, reply)
    if one is None:
        return
    try:
        async with turn.runtime.database.begin() as session:
            contact = await accounts.contact(session, turn.contact_id)
            if contact is None or await accounts.missing_consents(session, contact):
                reply.say("say_offer_consent")
                return
            done = await waitlist.accept(
                session,
                one,
                turn.contact_id,
                key=turn.key(f"accept_offer:{one}"),
                now=turn.now,
                hold=timedelta(minutes=turn.runtime.settings.hold_minutes),
            )
    except NotYours:
        reply.say("say_offer_over")
    except OfferOver:
        await _say_over(turn, reply, one)
    except BookingError as error:
        async with turn.runtime.database.begin() as session:
            shown = await waitlist.entry(session, one)
        person = turn.words.person(shown.patient, shown.relation, shown.sex)
        why_not_taken(turn, reply, error, person=person, department=shown.department, day=shown.offer_day)
    else:
        if turn.urgent and done.date != turn.today:
            settings = turn.runtime.settings
            reply.say("say_offer_not_today", place=settings.emergency_department_in(turn.language))
        await booking_words.card(turn, reply, done)


async def answer_decline(turn: Turn, reply: Reply) -> None:
    one = await _meant(turn, reply)
    if one is None:
        return
    try:
        async with turn.runtime.database.begin() as session:
            await waitlist.decline(
                session, one, turn.contact_id, key=turn.key(f"decline_offer:{one}"), now=turn.now
            )
    except NotYours:
        reply.say("say_offer_over")
    except OfferOver:
        await _say_over(turn, reply, one)
    else:
        reply.say("say_offer_declined")


async def _say_over(turn: Turn, reply: Reply, entry_id: UUID) -> None:
    """What became of an offer that stands no longer."""
    async with turn.runtime.database.begin() as session:
        status = (await waitlist.entry(session, entry_id)).status
    reply.say(_OVER.get(status, "say_offer_over"))


async def answer_yes(turn: Turn, reply: Reply) -> None:
    """ "要", while nothing else is open: the number that is offered, if there is one. 嗯不要 takes none."""
    offered = _offered(turn, await _standing(turn))
    if turn.intent != "affirm":
        if not await offer_again(turn, reply):
            await answers.unclear(turn, reply)
        return
    await (answer_accept if offered else answers.nothing_open)(turn, reply)


async def answer_no(turn: Turn, reply: Reply) -> str | None:
    """ "不要了" likewise; behind a bill for medicine it is about that."""
    offered = _offered(turn, await _standing(turn))
    if not offered and await medicine.is_not_wanted(turn):
        return medicine.FORM
    await (answer_decline if offered else answers.nothing_open)(turn, reply)
    return None


async def offer_again(turn: Turn, reply: Reply) -> bool:
    """The number that is offered once more, to who was not understood while it waits for an answer. False: none is."""
    offered = _offered(turn, await _standing(turn))
    for one in offered:
        reply.say("say_waitlist_line", **entry_values(turn, one))
    _offer_answers(turn, reply, offered)
    return bool(offered)


def entry_values(turn: Turn, one: EntryView) -> dict[str, object]:
    """What the texts about an entry may name."""
    words, texts = turn.words, turn.words.texts
    if one.status is WaitlistStatus.OFFERED and one.offered_until:
        place = texts.text("word_waiting_offered", until=words.until(one.offered_until), **_offer(turn, one))
    elif one.ahead:
        place = texts.text("word_waiting_ahead", ahead=one.ahead)
    else:
        place = texts.text("word_waiting_first")
    return {
        "who": _who(one),
        "when": _when(turn, one),
        "patient": words.person(one.patient, one.relation, one.sex),
        "place": place,
    }


def _who(one: EntryView) -> str:
    return " ".join(filter(None, (one.department, one.practitioner)))


def _when(turn: Turn, one: EntryView) -> str:
    return turn.words.when(Days.of(one.days), one.period or "")


def _offer(turn: Turn, one: EntryView) -> dict[str, object]:
    """The number that is offered."""
    assert one.offer_day
    assert one.offer_time
    return {
        "day": turn.words.short_day(one.offer_day),
        "period": turn.words.period(one.offer_period or ""),
        "time": turn.words.clock(one.offer_time),
    }


async def _meant(turn: Turn, reply: Reply) -> UUID | None:
    """The offer that was named, or the only one; asks which, or says that there is none."""
    if turn.facts.entry:
        return UUID(turn.facts.entry)
    standing = await _standing(turn)
    offered = _offered(turn, standing)
    if len(offered) == 1:
        return offered[0].id
    waiting = "say_offer_none" if standing else "say_offer_not_waiting"
    reply.say("say_offer_which" if offered else waiting)
    _offer_answers(turn, reply, offered)
    return None


def _offered(turn: Turn, standing: Sequence[EntryView]) -> list[EntryView]:
    return [one for one in standing if one.offered_until is not None and one.offered_until > turn.now]


def _offer_answers(turn: Turn, reply: Reply, offered: Sequence[EntryView]) -> None:
    for verb in ("accept", "decline"):
        for one in offered:
            title = turn.words.texts.text(f"word_{verb}_one", **_offer(turn, one))
            reply.offer(title, f'/{verb}_offer{{"entry": "{one.id}"}}')


def _offer_leaving(turn: Turn, reply: Reply, standing: Sequence[EntryView]) -> None:
    for one in standing:
        title = turn.words.texts.text("word_leave_waitlist", who=_who(one), days=_when(turn, one))
        reply.offer(title, f'/leave_waitlist{{"entry": "{one.id}"}}')


async def _standing(turn: Turn) -> list[EntryView]:
    async with turn.runtime.database.begin() as session:
        return await waitlist.standing(session, await account_of(session, turn))
