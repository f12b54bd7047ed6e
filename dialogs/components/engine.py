"""Rasa's message processor with its leniencies closed: a turn succeeds as a whole or leaves no trace.

Stock Rasa swallows what an action raises and goes on; a patient would then be told nothing, or half of it,
and the tracker would remember a turn that never happened.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
from rasa.core.actions.action import ActionExecutionRejection
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.engine.loader import load_predict_graph_runner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.shared.core.events import ActionExecutionRejected, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.common import TempDirectoryPath, get_temp_dir_name
from rasa.utils.endpoints import ClientResponseError, EndpointConfig

from components.runner import PlainRunner

# Predicted actions in one turn before we call it a loop. Stock has 10; a digression that comes back into a
# form needs up to 6.
MAX_ACTIONS = 15
# Shorter than the action server's keep-alive (Sanic: 5 s in old versions), so that we never write into a
# connection that it is just closing.
KEEP_ALIVE_SECONDS = 4.0
ACTION_TIMEOUT_SECONDS = 30.0
NEEDS_DOMAIN = 449


class TurnFailed(Exception):
    """The turn was not done and nothing was stored. `status` is the HTTP answer, `code` says why."""

    status = 500
    code = "turn_failed"


class ActionsUnreachable(TurnFailed):
    """The action server does not take calls: wait and try again."""

    status = 503
    code = "actions_unreachable"


class ActionFailed(TurnFailed):
    """An action raised, or its server answered with an error."""

    status = 502
    code = "action_failed"


class Endless(TurnFailed):
    """The rules predict one action after another and never listen."""

    code = "endless_turn"


class Actions(EndpointConfig):
    """The action server, over connections that stay open (a new one per call was 11 % of a turn).

    Calls carry the domain's digest only (patches.call_actions_without_the_domain). A server that reads the domain asks
    for it with status 449, rasa-sdk's own once after each of its starts.
    """

    domain: dict[str, Any] | None = None
    digest = ""
    _session: aiohttp.ClientSession | None = None

    def use_domain(self, domain: dict[str, Any]) -> None:
        self.domain = domain
        self.digest = hashlib.sha256(json.dumps(domain, sort_keys=True).encode()).hexdigest()

    async def request(  # type: ignore[override]
        self, method: str = "post", json: Any = None, **_: Any
    ) -> dict[str, Any]:
        """One action call. Raises TurnFailed, or ClientResponseError with 400 for a declared rejection."""
        name, call = json["next_action"], {**json, "domain_digest": self.digest}
        status, body = await self._post(name, call)
        if status == NEEDS_DOMAIN:
            status, body = await self._post(name, {**call, "domain": self.domain})
        answer = _read_object(body)
        if status == 400 and "action_name" in answer:
            raise ClientResponseError(400, "rejected", body.decode())
        if status != 200:
            raise ActionFailed(f"{name}: status {status}")
        _check_shape(name, answer)
        return answer

    async def _post(self, name: str, call: dict[str, Any]) -> tuple[int, bytes]:
        try:
            async with self.open().post(self.url, data=_dump(call), headers=JSON) as response:
                return response.status, await response.read()
        except aiohttp.ClientConnectionError as error:  # refused, reset, or closed before an answer
            raise ActionsUnreachable(f"{name}: {type(error).__name__}") from error
        except (asyncio.TimeoutError, aiohttp.ClientError) as error:
            raise ActionFailed(f"{name}: {type(error).__name__}") from error

    def open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=50, keepalive_timeout=KEEP_ALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=ACTION_TIMEOUT_SECONDS),
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


JSON = {"Content-Type": "application/json"}


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _check_shape(name: str, answer: dict[str, Any]) -> None:
    """What Rasa's JSON schema checked (12 of 33 ms a message); the event classes check their own fields."""
    events, responses = answer.get("events"), answer.get("responses", [])
    lists = isinstance(events, list) and isinstance(responses, list)
    if not lists or not all(isinstance(item, dict) for item in [*events, *responses]):
        raise ActionFailed(f"{name}: the answer is no list of events and responses")
    if not all(isinstance(event.get("event"), str) for event in events):
        raise ActionFailed(f"{name}: an event has no type")


class Engine(MessageProcessor):
    """One turn at a time of one conversation; see `turn`."""

    @staticmethod
    def _load_model(model_path: str | Path) -> tuple[str, ModelMetadata, GraphRunner]:
        """Stock warns about a file that is no model and goes on without; we let the error out."""
        with TempDirectoryPath(get_temp_dir_name()) as folder:
            metadata, runner = load_predict_graph_runner(
                Path(folder), Path(model_path), LocalModelStorage, PlainRunner
            )
        return Path(model_path).name, metadata, runner

    async def turn(self, message: UserMessage) -> tuple[list[BotUttered], bool]:
        """Executes a message and stores the tracker.

        Gives what the bot said, and whether that is a repetition: a message that is among the stored turns
        is answered as before and nothing runs. Raises TurnFailed and what the tracker store raises; then
        nothing was stored.
        """
        tracker = await self.get_tracker(message.sender_id)
        said = said_in_turn(tracker, message.message_id)
        if said is not None:
            return said, True
        await self._execute(message, tracker)
        await self.save_tracker(tracker)
        return said_in_turn(tracker, message.message_id) or [], False

    async def _execute(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        await self._update_tracker_session(tracker, message.output_channel, message.metadata)
        await self._handle_message_with_tracker(message, tracker)
        await self.run_action_extract_slots(message.output_channel, tracker)
        await self._run_prediction_loop(message.output_channel, tracker)

    async def get_tracker(self, conversation_id: str) -> DialogueStateTracker:
        """Without the model's and the assistant's id, which stock writes into every single event."""
        tracker: DialogueStateTracker = await self.tracker_store.get_or_create_tracker(
            conversation_id, append_action_listen=False
        )
        return tracker

    def _check_for_unseen_features(self, parse_data: dict[str, Any]) -> None:
        """Stock only warns about names that the domain lacks, at 2 % of a message; training checks them."""

    def is_action_limit_reached(
        self, tracker: DialogueStateTracker, should_predict_another_action: bool
    ) -> bool:
        """Stock stops in the middle of the turn and keeps what it has; we fail the turn."""
        if super().is_action_limit_reached(tracker, should_predict_another_action):
            raise Endless(str(tracker.latest_action_name))
        return False

    def _predict_next_with_tracker(self, tracker: DialogueStateTracker) -> PolicyPrediction:
        followup = tracker.followup_action
        if followup and followup not in self.domain.action_names_or_texts:
            raise ActionFailed(f"unknown follow-up action {followup}")  # stock ignores it
        return super()._predict_next_with_tracker(tracker)

    async def _run_action(
        self,
        action: Any,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """As in stock, without its `except Exception: … Bot will continue`."""
        before = tracker.copy()
        before.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, before, self.domain)
        except ActionExecutionRejection:
            rejected = ActionExecutionRejected(
                action.name(), prediction.policy_name, prediction.max_confidence
            )
            tracker.update(rejected)
            return bool(self.should_predict_another_action(action.name()))
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events):
            tracker = await self.run_action_extract_slots(output_channel, tracker)
        await self.execute_side_effects(events, tracker, output_channel)
        return bool(self.should_predict_another_action(action.name()))


def said_in_turn(tracker: DialogueStateTracker, message_id: str) -> list[BotUttered] | None:
    """The bot's utterances after this message, or None when it is not among the stored turns."""
    events = list(tracker.events)
    for index in range(len(events) - 1, -1, -1):
        event = events[index]
        if isinstance(event, UserUttered) and event.message_id == message_id:
            return list(_until_next_message(events[index + 1 :]))
    return None


def _until_next_message(events: list[Event]) -> Iterator[BotUttered]:
    for event in events:
        if isinstance(event, UserUttered):
            return
        if isinstance(event, BotUttered):
            yield event
