"""Choosing the language: it holds until another is chosen, whatever the patient writes."""

from __future__ import annotations

from actions.turn import Reply, Turn


async def choose(turn: Turn, reply: Reply) -> None:
    """The turn speaks the chosen language already; without one the languages are offered."""
    if turn.chosen_language:
        reply.say("say_language_chosen")
    else:
        reply.say("ask_language")
