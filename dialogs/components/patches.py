"""Changes to Rasa 3.6.21, each with what it saved. `apply` refuses any other version."""

# ruff: noqa: SLF001 - a patch is about private parts; the version is pinned

from __future__ import annotations

import copy
import dataclasses
import functools
from abc import ABCMeta
from collections.abc import Callable
from types import SimpleNamespace
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

    @functools.cache
    def resolve_by_type(type_name: str, default: Any = None) -> Any:
        return search(type_name, default)

    Event.resolve_by_type = staticmethod(resolve_by_type)


def trust_checked_answers() -> None:
    """engine.Actions has looked at the answer. Stock rebuilds a JSON schema per call: 12 of 33 ms a message."""
    from rasa.core.actions.action import RemoteAction

    RemoteAction._validate_action_result = lambda self, result: True


def call_actions_without_the_domain() -> None:
    """With every call of a form's validation stock sends all of it, selective domain or not: a quarter of a megabyte,
    half of the action server's time. Who needs it asks for it (engine.Actions)."""
    from rasa.core.actions.action import RemoteAction
    from rasa.shared.core.trackers import EventVerbosity

    def call(self: Any, tracker: Any, domain: Any) -> dict[str, Any]:
        return {
            "next_action": self.name(),
            "sender_id": tracker.sender_id,
            "tracker": tracker.current_state(EventVerbosity.ALL),
            "version": VERSION,
        }

    RemoteAction._action_call_format = call


def copy_nothing_for_logs() -> None:
    """Stock deep-copies states and slots into debug lines that nobody prints."""
    import rasa.core.actions.forms
    import rasa.core.policies.rule_policy
    import rasa.core.processor
    from rasa.core.policies.policy import Policy

    borrowed = SimpleNamespace(deepcopy=lambda value: value)
    for module in (rasa.core.actions.forms, rasa.core.policies.rule_policy, rasa.core.processor):
        module.copy = borrowed  # these three use copy for log lines only
    Policy.format_tracker_states = staticmethod(lambda states: "")


def check_instances_quickly() -> None:
    """Event is an abstract base class, whose isinstance() runs Python code; a message makes 2,000 of them."""
    from rasa.shared.core.events import Event
    from rasa.shared.utils.common import all_subclasses

    class Plain(ABCMeta):
        __instancecheck__ = type.__instancecheck__
        __subclasscheck__ = type.__subclasscheck__

    for event_class in [Event, *all_subclasses(Event)]:
        event_class.__class__ = Plain


def copy_trackers_as_they_are() -> None:
    """Stock copies a tracker by replaying its whole history, once per action and twice per form."""
    from rasa.shared.core.trackers import DialogueStateTracker

    def copied(self: Any) -> Any:
        twin = DialogueStateTracker.__new__(DialogueStateTracker)
        twin.__dict__.update(self.__dict__)
        twin.events = self._create_events(self.events)
        twin.slots = {name: copy.copy(slot) for name, slot in self.slots.items()}
        twin.active_loop = dataclasses.replace(self.active_loop) if self.active_loop else None
        return twin

    DialogueStateTracker.copy = copied


def copy_slots_quickly() -> None:
    """Every tracker copies every slot of the domain, and copy.copy() takes 10 us for each."""
    from rasa.shared.core.slots import Slot

    def copied(self: Any) -> Any:
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update(self.__dict__)
        return twin

    Slot.__copy__ = copied


def extend_trackers_for_forms() -> None:
    """A form builds a tracker from all events to validate and again to ask: copy and add to it instead."""
    from rasa.core.actions.forms import FormAction
    from rasa.shared.core.constants import REQUESTED_SLOT
    from rasa.shared.core.events import ActionExecuted, Restarted, SlotSet

    stock = FormAction._temporary_tracker

    def temporary_tracker(self: Any, tracker: Any, additional: list[Any], domain: Any) -> Any:
        if any(isinstance(event, Restarted) for event in tracker.events):
            return stock(self, tracker, additional, domain)
        twin = tracker.copy()
        requested = SlotSet(REQUESTED_SLOT, self.get_slot_to_fill(tracker))
        for event in [requested, ActionExecuted(self.name()), *additional]:
            twin.update(event, domain)
        return twin

    FormAction._temporary_tracker = temporary_tracker


def work_out_unique_mappings_once() -> None:
    """Whether an entity fills one slot of a form only, asked for every slot in every turn of a form."""
    from rasa.core.actions.forms import FormAction

    stock = FormAction._create_unique_entity_mappings
    known: dict[tuple[int, str], set[str]] = {}

    def create_unique_entity_mappings(self: Any, domain: Any) -> set[str]:
        key = (id(domain), self.name())
        if key not in known:
            known[key] = stock(self, domain)
        return known[key]

    FormAction._create_unique_entity_mappings = create_unique_entity_mappings


def look_only_where_rules_are() -> None:
    """See components.rules."""
    from components import rules

    rules.install()


PATCHES: list[Callable[[], None]] = [
    find_event_classes_once,
    trust_checked_answers,
    call_actions_without_the_domain,
    copy_nothing_for_logs,
    check_instances_quickly,
    copy_slots_quickly,
    copy_trackers_as_they_are,
    extend_trackers_for_forms,
    work_out_unique_mappings_once,
    look_only_where_rules_are,
]
