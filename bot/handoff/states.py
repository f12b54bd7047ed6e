"""A talk's life: from which state it may go where, and who speaks in each."""

from __future__ import annotations

from bot.handoff.models import TalkStatus
from bot.models import ControlState

TRANSITIONS: dict[TalkStatus, frozenset[TalkStatus]] = {
    TalkStatus.WAITING: frozenset(
        {TalkStatus.ACTIVE, TalkStatus.UNANSWERED, TalkStatus.CLOSED, TalkStatus.LEFT}
    ),
    TalkStatus.UNANSWERED: frozenset(
        {TalkStatus.ACTIVE, TalkStatus.WAITING, TalkStatus.CLOSED, TalkStatus.LEFT}
    ),
    TalkStatus.ACTIVE: frozenset({TalkStatus.WAITING, TalkStatus.CLOSED}),
    TalkStatus.CLOSED: frozenset(),
    TalkStatus.LEFT: frozenset(),
}
SPEAKS: dict[TalkStatus, ControlState] = {
    TalkStatus.WAITING: ControlState.WAITING,
    TalkStatus.ACTIVE: ControlState.AGENT,
    TalkStatus.UNANSWERED: ControlState.BOT,
    TalkStatus.CLOSED: ControlState.BOT,
    TalkStatus.LEFT: ControlState.BOT,
}
OPEN = frozenset({TalkStatus.WAITING, TalkStatus.ACTIVE, TalkStatus.UNANSWERED})
QUEUED = frozenset({TalkStatus.WAITING, TalkStatus.UNANSWERED})


class TalkRefusal(Exception):
    """What was to be done with a talk cannot be done as it stands."""


class Over(TalkRefusal):
    """The talk has ended, or there is none."""


class NotYours(TalkRefusal):
    """Somebody else speaks in it, or it is no matter of this person's skill."""


class AlreadyTaken(TalkRefusal):
    """Somebody else was quicker."""


class NotActive(TalkRefusal):
    """Nobody speaks in it yet."""


class OfConsultation(TalkRefusal):
    """It is a consultation's talk: it begins, goes on and ends with the consultation."""


class WrongStep(TalkRefusal):
    """The table of transitions does not know this one."""


def check(before: TalkStatus, after: TalkStatus) -> None:
    """Raises Over, WrongStep."""
    if before not in OPEN:
        raise Over
    if after not in TRANSITIONS[before]:
        raise WrongStep(f"{before} → {after}")
