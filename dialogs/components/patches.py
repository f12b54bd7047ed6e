"""Changes to Rasa 3.6.21, each with what it saved. `apply` refuses any other version."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import rasa

VERSION = "3.6.21"


class WrongVersion(Exception):
    """These patches were written and measured against another Rasa."""


def apply() -> None:
    """Applies all of them. Raises WrongVersion."""
    if rasa.__version__ != VERSION:
        raise WrongVersion(f"components.patches fits Rasa {VERSION}, not {rasa.__version__}")
    for patch in PATCHES:
        patch()


def find_event_classes_once() -> None:
    """Stock walks all subclasses of Event for every event it reads. Loading a tracker: 15 % of a message."""
    from rasa.shared.core.events import Event

    search = Event.resolve_by_type

    @functools.lru_cache(maxsize=None)
    def resolve_by_type(type_name: str, default: Any = None) -> Any:
        return search(type_name, default)

    Event.resolve_by_type = staticmethod(resolve_by_type)


def trust_checked_answers() -> None:
    """engine.Actions has looked at the answer. Stock rebuilds a JSON schema per call: 12 of 33 ms a message."""
    from rasa.core.actions.action import RemoteAction

    RemoteAction._validate_action_result = lambda self, result: True


PATCHES: list[Callable[[], None]] = [find_event_classes_once, trust_checked_answers]
