"""A conversation with the engine inside the test's process, over a store that may or may not compact."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from components.compaction import compact
from components.engine import MAX_ACTIONS, Actions, Engine
from components.tracker_store import dump_events, load_events
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.events import ActionExecuted, BotUttered, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import ClientResponseError
from rasa_sdk.interfaces import ActionExecutionRejection


class LocalActions(Actions):
    """Calls the actions in this process, through JSON as over HTTP."""

    def __init__(self, executor: Any) -> None:
        super().__init__("http://127.0.0.1:1/webhook")
        self.executor = executor
        self.calls: list[dict[str, Any]] = []

    async def request(self, method: str = "post", json: Any = None, **_: Any) -> dict[str, Any]:
        self.calls.append(json)
        try:
            return _through_json(await self.executor.run(_through_json(json)))
        except ActionExecutionRejection as error:  # the server answers 400 then
            body = {"action_name": error.action_name, "error": str(error)}
            raise ClientResponseError(400, "rejected", to_text(body)) from error


to_text = json.dumps


def _through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


class MemoryStore(TrackerStore):
    """Rows in a dictionary, written and read as in Postgres; all events of a conversation unless `compacts`."""

    def __init__(self, *, compacts: bool) -> None:
        super().__init__(None)
        self.compacts = compacts
        self.rows: dict[str, bytes] = {}

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        return self.init_tracker(sender_id)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        if sender_id not in self.rows:
            return None
        events = load_events(self.rows[sender_id])
        return DialogueStateTracker.from_events(sender_id, events, self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        events = compact(tracker) if self.compacts else list(tracker.events)
        self.rows[tracker.sender_id] = dump_events(events)


def build_engine(model: Path, executor: Any, *, compacts: bool) -> Engine:
    store = MemoryStore(compacts=compacts)
    engine = Engine(
        model_path=model,
        tracker_store=store,
        lock_store=InMemoryLockStore(),
        generator=TemplatedNaturalLanguageGenerator({}),
        action_endpoint=LocalActions(executor),
        max_number_of_predictions=MAX_ACTIONS,
    )
    store.domain = engine.domain
    engine.nlg = TemplatedNaturalLanguageGenerator(engine.domain.responses)
    return engine


def message(text: str, conversation: str = "c", message_id: str | None = None) -> UserMessage:
    message_id = message_id or uuid.uuid4().hex
    return UserMessage(
        text, sender_id=conversation, message_id=message_id, metadata={"message_id": message_id}
    )


async def last_turn(engine: Engine, conversation: str = "c") -> list[Any]:
    """What the stored last turn did: actions in order, and what was said."""
    tracker = await engine.tracker_store.retrieve(conversation)
    done: list[Any] = []
    for event in tracker.events:
        if isinstance(event, UserUttered):
            done = []
        elif isinstance(event, ActionExecuted):
            done.append(event.action_name)
        elif isinstance(event, BotUttered):
            done.append(f"“{event.text}”")
    return done


async def state(engine: Engine, conversation: str = "c") -> dict[str, Any]:
    """What the future depends on, as stored."""
    tracker = await engine.tracker_store.retrieve(conversation)
    return {
        "slots": tracker.current_slot_values(),
        "loop": tracker.active_loop_name,
        "rejected": tracker.is_active_loop_rejected,
        "last action": tracker.latest_action_name,
        "follow-up": tracker.followup_action,
        "paused": tracker.is_paused(),
    }
