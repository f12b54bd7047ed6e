"""Reading everything before the first message comes."""

from __future__ import annotations

from bot.red_flags import scope
from bot.red_flags.plain import plain
from bot.red_flags.reading import sieve
from bot.second_opinion import speaking as opinion


def get_ready() -> None:
    """Rules, cues and sounds, so that no message waits for them, and a fault in them shows at the start; and the
    second opinion, when it is there."""
    sieve()
    scope.warm()
    plain("好")
    opinion.get_ready()
