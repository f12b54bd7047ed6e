"""What alarms is with staff: that it is, and when somebody looks."""

from __future__ import annotations

from actions.turn import Reply, Turn
from integrations.hospital.follow_up import hours


def say(turn: Turn, reply: Reply, *, rest: bool = False) -> None:
    """Once in a reply. `rest`: other questions are open, and can wait."""
    key = "say_follow_up_alarm_rest" if rest else "say_follow_up_alarm"
    if reply.words.texts.say(key).text not in reply.parts:
        reply.say(key)
        say_when(turn, reply)


def say_when(turn: Turn, reply: Reply) -> None:
    """Nothing while the staff of follow-up are at work."""
    settings = turn.runtime.settings
    if found := hours.shut(settings, turn.now):
        opens = turn.words.moment(found.opens, turn.today)
        reply.say(found.key, opens=opens, phone=settings.hospital_phone)
