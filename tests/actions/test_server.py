"""The server's HTTP side: what Rasa sees when an action cannot do its work."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from rasa_sdk.executor import ActionExecutor

from actions.server import webhook


def call(action: str) -> bytes:
    message = {"intent": {"name": "thanks"}, "entities": [], "metadata": {"message_id": uuid4().hex}}
    tracker = {
        "sender_id": uuid4().hex,
        "slots": {},
        "latest_message": message,
        "events": [],
        "active_loop": {},
    }
    tracker |= {"paused": False, "followup_action": None, "latest_action_name": "action_listen"}
    return json.dumps({"next_action": action, "tracker": tracker}).encode()


async def post(executor: ActionExecutor, body: bytes) -> tuple[int, Any]:
    request = SimpleNamespace(body=body, app=SimpleNamespace(ctx=SimpleNamespace(executor=executor)))
    response = await webhook(cast(Any, request))
    return response.status, json.loads(response.body or b"null")


async def test_runs_an_action(executor: ActionExecutor) -> None:
    status, result = await post(executor, call("action_thanks"))
    assert status == 200
    assert result["responses"][0]["text"]


async def test_what_an_action_raises_is_a_500_without_words(executor: ActionExecutor) -> None:
    # This contact does not exist.
    assert await post(executor, call("action_my_appointments")) == (500, {"error": "LookupError"})


async def test_an_unknown_action_is_404(executor: ActionExecutor) -> None:
    assert (await post(executor, call("action_nothing")))[0] == 404


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"next_action": "action_thanks", "tracker": 1}'])
async def test_junk_is_422(executor: ActionExecutor, junk: bytes) -> None:
    assert (await post(executor, junk))[0] == 422
