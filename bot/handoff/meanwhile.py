"""What a turn does about a person: the way into the queue, and what a patient who waits may still ask of us."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot import outbox, texts
from bot.handoff import assigning, control, leaving, queue, telling, words
from bot.handoff.models import Reason, Skill, TalkStatus
from bot.handoff.words import Asks
from bot.models import ControlState
from bot.outbox import Reply
from bot.rasa import RasaReply
from integrations.database import Executor
from integrations.hospital.office_hours import office_hours
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime

MESSAGE = "message_to_staff"  # what is expected of a patient whom nobody can answer now
_WORDS = frozenset({Kind.TEXT, Kind.IMAGE, Kind.VOICE, Kind.VIDEO, Kind.FILE, Kind.LOCATION, Kind.LINK})
_ONCE_IN = timedelta(minutes=5)
_SAID_SO = text("""
    SELECT true FROM inbound JOIN outbound ON outbound.inbound_id = inbound.id
    WHERE inbound.conversation_id = :id AND inbound.received_at > :since AND NOT outbound.exempt
      AND inbound.kind = ANY(CAST(:kinds AS text[])) LIMIT 1
""")
_ASKING = "/talk_to_human"
MESSAGE_LEFT = telling.handed_back("message")


@dataclass(frozen=True, slots=True)
class Begun:
    """What is said of a person who is to help, under which epoch: the patient stands in the queue, or may leave a
    message."""

    reply: RasaReply
    epoch: int


async def begin(
    session: Executor, rt: Runtime, conversation_id: UUID, wish: dict[str, str], language: str
) -> Begun | None:
    """Puts the conversation into the queue as a dialog wishes. None when nobody of that skill works at the desk: the
    dialog's own words stand."""
    skill, reason = Skill(wish.get("skill", Skill.SERVICE)), Reason(wish.get("reason", Reason.ASKED))
    if not await assigning.anybody(session, skill):
        return None
    place = await queue.ask(session, rt, conversation_id, skill, reason)
    await queue.told(session, place, rt.now())
    return Begun(_said(rt, place, language), place.epoch)


async def bring(
    session: Executor,
    rt: Runtime,
    conversation_id: UUID,
    said: RasaReply,
    language: str,
    *,
    bot_goes_on: bool = True,
) -> Begun | None:
    """The same for who did not ask for a person: the dialog goes on meanwhile, and what it said stands but for its own
    words about a person. Out of hours a message may be left. None where nobody works at the desk, and while a doctor is
    awaited."""
    wish = said.handoff or {}
    if not await assigning.anybody(session, Skill.SERVICE):
        return None
    opens = office_hours(rt.settings.office_hours).opens(Skill.SERVICE, rt.now(), rt.zone)
    place = await queue.where(session, rt, conversation_id)
    if place is None and opens <= rt.now():
        reason = Reason(wish["reason"])
        place = await queue.ask(session, rt, conversation_id, reason=reason, bot_goes_on=bot_goes_on)
    if place and place.skill != Skill.SERVICE:
        return None
    if place and place.open:
        await queue.told(session, place, rt.now())
        about, button = words.brought(place, language), ("bot_talk_not_needed", leaving.LEFT)
    else:
        about, button = words.shut(rt, opens, language), ("bot_talk_leave_message", _ASKING)
    spoken = _with_person(said, wish["instead_of"], about, _button(*button, language))
    return Begun(spoken, await control.hold(session, conversation_id))


def _with_person(said: RasaReply, instead_of: str, about: str, button: dict[str, str]) -> RasaReply:
    """The dialog's words with those of the queue in the place of its own; a person is no longer to be asked for."""
    spoken = said.text.replace(instead_of, about, 1) if instead_of in said.text else f"{about}\n{said.text}"
    others = [one for one in said.buttons if not one["payload"].startswith(_ASKING)]
    return replace(said, text=spoken, buttons=[*others, button])


def _said(rt: Runtime, place: queue.Place, language: str) -> RasaReply:
    said = words.place(rt, place, language)
    if place.status == TalkStatus.WAITING:
        return RasaReply(said, [_button("bot_talk_stop", words.STOP, language)])
    if place.opens_at is None:
        return RasaReply(said)
    none = _button("bot_talk_no_message", leaving.NO_MESSAGE, language)
    return RasaReply(said, [none], expects=MESSAGE)


async def answer(
    session: Executor, rt: Runtime, conversation_id: UUID, asks: Asks, inbound: Row[Any], language: str
) -> RasaReply | None:
    """What the bot says although a person is waited for or there; None: nothing."""
    if asks is Asks.HELP:
        phone = texts.say("say_emergency_phone", language=language, phone=rt.settings.hospital_phone)
        return RasaReply("\n".join([texts.say("say_emergency", language=language), phone]))
    if asks is Asks.WITHDRAW:
        await _withdraw(session, rt, conversation_id, inbound, language)
    if asks is Asks.UNREAD:
        return await _unread(session, rt, conversation_id, inbound, language)
    place = await queue.where(session, rt, conversation_id)
    if inbound.state != ControlState.WAITING or place is None or asks is Asks.NOTHING:
        return None
    await queue.told(session, place, rt.now())
    say = words.still if asks is Asks.PLACE else words.busy
    return RasaReply(say(place, language), [_button("bot_talk_stop", words.STOP, language)])


async def _withdraw(
    session: Executor, rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str
) -> None:
    """A message that makes room for the doctor who speaks now is taken back at once; that it is, is said when they are
    done. What this person was given to answer they read."""
    withdrawn, _ = await queue.withdraw(session, conversation_id, rt.now())
    if withdrawn:
        said = Reply(texts.say("say_handed_back_no_message", language=language))
        await outbox.queue(session, rt.crypto, conversation_id, [said], epoch=inbound.epoch)


async def _unread(
    session: Executor, rt: Runtime, conversation_id: UUID, inbound: Row[Any], language: str
) -> RasaReply | None:
    """Who sends what no rule can look into hears the ambulance's number, once in a while."""
    row = {
        "id": conversation_id,
        "since": rt.now() - _ONCE_IN,
        "kinds": [kind.value for kind in words.WORDLESS],
    }
    if inbound.state != ControlState.WAITING or await session.scalar(_SAID_SO, row):
        return None
    phone = rt.settings.hospital_phone
    return RasaReply(texts.say(f"say_non_text_{inbound.kind}", language=language, phone=phone))


def command(message: MessageIn, expects: str | None) -> str | None:
    """What a message stands for that was asked for as one to staff; None for any other."""
    if expects != MESSAGE or message.kind not in _WORDS:
        return None
    if message.kind is Kind.TEXT and words.withdraws(message.text):
        return None
    none = message.kind is Kind.TEXT and words.declines(message.text)
    return leaving.NO_MESSAGE if none else MESSAGE_LEFT


def _button(key: str, payload: str, language: str) -> dict[str, str]:
    return {"title": texts.say(key, language=language), "payload": payload}
