"""The one door into Rasa: a turn in, the bot's replies out, the same message never executed twice."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import re
from typing import Any
from weakref import WeakValueDictionary

import psycopg
from psycopg_pool import PoolTimeout
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.shared.core.events import BotUttered
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as answer

from components.engine import Engine, TurnFailed
from components.tracker_store import PostgresTrackerStore, StaleTracker, UnknownKey

logger = logging.getLogger(__name__)

HEX_ID = re.compile(r"[0-9a-f]{32}")
MAX_TEXT = 4000  # characters; WeChat gives at most 2,048 bytes, Telegram 4,096 UTF-16 units
Locks = WeakValueDictionary[str, asyncio.Lock]


class Malformed(ValueError):
    """The body of a request is no turn."""


class TurnsInput(InputChannel):
    """POST …/turns and GET …/ready, both for the worker only. `engine` is set when the model is loaded."""

    engine: Engine | None = None

    def __init__(self, token: str) -> None:
        self.token = token
        self.locks: Locks = WeakValueDictionary()

    @classmethod
    def name(cls) -> str:
        return "daozhen"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> TurnsInput:
        return cls((credentials or {})["token"])

    def blueprint(self, on_new_message: Any) -> Blueprint:
        blueprint = Blueprint("daozhen")

        @blueprint.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            return self.ready(self._is_the_worker(request))

        @blueprint.post("/turns")
        async def turns(request: Request) -> HTTPResponse:
            return await self.turns(request)

        return blueprint

    def ready(self, tell_keys: bool) -> HTTPResponse:
        """200 when the model is loaded. Whoever has the token also hears which tracker keys are known, the first
        of them writing: a rotation waits for that."""
        if self.engine is None:
            return _refusal(503, "model_loading")
        known: dict[str, Any] = {"model": self.engine.model_metadata.model_id}
        store = self.engine.tracker_store
        if tell_keys and isinstance(store, PostgresTrackerStore):
            known["tracker_keys"] = list(store.keys.now().fingerprints)
        return answer(known)

    def _is_the_worker(self, request: Request) -> bool:
        given = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {self.token}".encode())

    async def turns(self, request: Request) -> HTTPResponse:
        if not self._is_the_worker(request):
            return _refusal(401, "wrong_token")
        if self.engine is None:
            return _refusal(503, "model_loading")
        try:
            message = read_message(request.body)
        except Malformed as error:
            return _refusal(400, str(error))
        return await self._answer(self.engine, message)

    async def _answer(self, engine: Engine, message: UserMessage) -> HTTPResponse:
        # A repetition that comes while the first one still runs waits for it and gets its replies.
        lock = self.locks.setdefault(message.sender_id, asyncio.Lock())
        try:
            async with lock:
                said, replayed = await engine.turn(message)
        except UnknownKey as error:  # another Rasa may have it already, or this one soon
            logger.error("turn %s waits: %s", message.message_id, error)
            return _refusal(503, "tracker_key_unknown")
        except StaleTracker:
            return _refusal(409, "tracker_changed")
        except TurnFailed as error:
            logger.warning("turn %s failed: %s (%s)", message.message_id, error.code, error)
            return _refusal(error.status, error.code)
        except (psycopg.OperationalError, PoolTimeout) as error:
            logger.warning("turn %s failed: tracker store, %s", message.message_id, type(error).__name__)
            return _refusal(503, "tracker_store_unreachable")
        except Exception as error:  # noqa: BLE001 - the last line of defence: no stack trace, no text goes out
            logger.error("turn %s failed: %s", message.message_id, _where(error))
            return _refusal(500, "turn_failed")
        return answer({"messages": [reply(utterance) for utterance in said], "replayed": replayed})


def read_message(body: bytes) -> UserMessage:
    """A turn out of the request's body. Raises Malformed."""
    try:
        turn = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("not_json") from error
    if not isinstance(turn, dict):
        raise Malformed("not_an_object")
    for name in ("conversation", "message_id"):
        if not isinstance(turn.get(name), str) or not HEX_ID.fullmatch(turn[name]):
            raise Malformed(f"bad_{name}")
    text, metadata = turn.get("text"), turn.get("metadata", {})
    if not isinstance(text, str) or len(text) > MAX_TEXT or not _is_unicode(text):
        raise Malformed("bad_text")
    if not isinstance(metadata, dict) or not _entities_are_sound(metadata.get("entities", [])):
        raise Malformed("bad_metadata")
    return UserMessage(
        text=text,
        sender_id=turn["conversation"],
        message_id=turn["message_id"],
        input_channel=TurnsInput.name(),
        metadata={**metadata, "message_id": turn["message_id"]},
    )


def _is_unicode(text: str) -> bool:
    """JSON can spell half a surrogate pair, which nothing can store."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _entities_are_sound(entities: Any) -> bool:
    return isinstance(entities, list) and all(
        isinstance(entity, dict) and isinstance(entity.get("entity"), str) and "value" in entity
        for entity in entities
    )


def reply(said: BotUttered) -> dict[str, Any]:
    """One message for the patient, as the worker reads it."""
    buttons = said.data.get("buttons") or []
    metadata = said.metadata.get("metadata") or {}
    return {
        "text": said.text or "",
        "buttons": [{"title": button["title"], "payload": button["payload"]} for button in buttons],
        "expects": metadata.get("expects"),
        "language": metadata.get("language"),
        "custom": said.data.get("custom"),
    }


def _refusal(status: int, code: str) -> HTTPResponse:
    return answer({"error": code}, status=status)


def _where(error: Exception) -> str:
    """Type and place of an exception; its words could hold what a patient wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
