"""A person: asked for, offered to the angry, and what comes after one has helped."""

from __future__ import annotations

from actions.turn import Reply, Turn

_REASONS = frozenset({"anger", "complaint", "failed"})  # what a button that offers a person may name
# How it came that the bot speaks again; bot.handoff says which.
_HOW = frozenset({"closed", "left", "given_up", "message", "no_message"})


async def answer_human(turn: Turn, reply: Reply) -> None:
    """The queue is bot's, which says where the patient stands in it. These words are for a hospital where nobody
    answers in the chat."""
    reply.say("say_human", phone=turn.runtime.settings.hospital_phone)
    reply.ask_person(turn.facts.purpose if turn.facts.purpose in _REASONS else "asked")


async def answer_abuse(turn: Turn, reply: Reply) -> None:
    """Anger has a reason: it is asked for, and a person comes."""
    reply.say("say_abuse")
    reply.bring_person("anger", turn.runtime.settings.hospital_phone)
    reply.offer(turn.words.texts.text("intent_complain"), "/complain")
    reply.offer(turn.words.texts.text("intent_talk_to_human"), '/talk_to_human{"purpose": "anger"}')


async def answer_handed_back(turn: Turn, reply: Reply) -> None:
    """The bot speaks again, and goes on with what was open."""
    how = turn.facts.purpose if turn.facts.purpose in _HOW else ""
    reply.say(
        f"say_handed_back_{how}" if how else "say_handed_back", phone=turn.runtime.settings.hospital_phone
    )
    if how in ("left", "no_message") and not turn.form:
        reply.say("say_handed_back_anew")
