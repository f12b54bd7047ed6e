"""Makes the history of a conversation as short as its future needs, so that a message costs the same always.

Rules look back over one patient message and what the bot did before it (Rasa allows no longer rules). So the
last turns stay whole, the turns before them keep only what a rule can see, and all that came earlier becomes
a few events that set the same slots and the same active form. The events are ordinary ones: whoever replays
them gets the same tracker, which is how Rasa itself copies trackers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    BotUttered,
    ConversationPaused,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

WHOLE_TURNS = 2  # the last one answers repeated messages, the one before is context for the actions
SEEN_TURNS = 2  # a form's first turn, and what the bot said before it: the most that a rule can match


def compact(tracker: DialogueStateTracker) -> list[Event]:
    """The events to store for a tracker that has finished a turn. Leaves the tracker as it is."""
    events = list(tracker.events)
    cut = _start_of_turn(events, WHOLE_TURNS)
    if cut == 0:
        return events
    history = tracker.init_copy()
    history.events.extend(events[:cut])
    applied = history.applied_events()
    start = _start_of_turn(applied, SEEN_TURNS)
    summary = _summary(tracker, applied[:start]) if start else []
    seen = [_without_words(event) for event in applied[start:] if not isinstance(event, BotUttered)]
    return summary + seen + events[cut:]


def _start_of_turn(events: list[Event], turns: int) -> int:
    """The index of the action_listen (or else the message) that opens the last `turns` turns; 0 for fewer."""
    left = turns
    for index in range(len(events) - 1, -1, -1):
        if isinstance(events[index], UserUttered):
            left -= 1
            if left == 0:
                return index - 1 if index and _is_listen(events[index - 1]) else index
    return 0


def _is_listen(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _replay(tracker: DialogueStateTracker, events: Iterable[Event]) -> DialogueStateTracker:
    fresh = tracker.init_copy()
    for event in events:
        fresh.update(event)
    return fresh


def _summary(tracker: DialogueStateTracker, events: list[Event]) -> list[Event]:
    """Events with the same slots, forms and last action as these."""
    state = _replay(tracker, events)
    when: dict[str, Any] = {"timestamp": events[-1].timestamp}
    summary: list[Event] = [
        SlotSet(name, slot.value, **when)
        for name, slot in state.slots.items()
        if slot.value != slot.initial_value
    ]
    # Rasa takes the next run of a form for its first one unless it finds an earlier run.
    for loop in _loops_run(events):
        summary += [ActiveLoop(loop, **when), ActionExecuted(loop, **when)]
    if state.active_loop_name:
        summary.append(ActiveLoop(state.active_loop_name, **when))
    if state.is_active_loop_rejected:
        summary.append(ActionExecutionRejected(state.active_loop_name, **when))
    if state.is_paused():
        summary.append(ConversationPaused(**when))
    return summary or [ActionExecuted(ACTION_LISTEN_NAME, **when)]


def _loops_run(events: list[Event]) -> list[str]:
    """Names of the forms opened since a form was last closed, in order."""
    loops: list[str] = []
    for event in events:
        if isinstance(event, ActiveLoop):
            loops = [name for name in loops if name != event.name]
            loops = [*loops, event.name] if event.name else []
    return loops


def _without_words(event: Event) -> Event:
    """Rules see intents and the kinds of entities, not what was written."""
    if not isinstance(event, UserUttered):
        return event
    return UserUttered(
        intent={"name": event.intent_name},
        entities=[
            {k: v for k, v in entity.items() if k != "value"} | {"value": None} for entity in event.entities
        ],
        timestamp=event.timestamp,
        input_channel=event.input_channel,
    )
