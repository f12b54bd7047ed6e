"""The action server: the SDK's executor behind one small app, with one Runtime that lives in the server's loop."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionNotFoundException
from sanic import Sanic
from sanic.request import Request
from sanic.response import HTTPResponse
from sanic.response import json as answer

from actions import hospital_questions
from actions.journeys import journeys
from actions.wording import Wording
from integrations import connections
from integrations.catalogue import Texts
from integrations.runtime import Runtime, open_runtime
from integrations.settings import Settings

HOST = "127.0.0.1"
KEEP_ALIVE_SECONDS = 75  # Rasa keeps its connections for a few seconds; ours must outlive them

Opening = Callable[[Settings], AbstractAsyncContextManager[Runtime]]

log = logging.getLogger(__name__)


def build_executor(runtime: Runtime, texts: Texts) -> ActionExecutor:
    """All actions, registered as objects that hold their runtime."""
    executor = ActionExecutor()
    words = Wording(texts, runtime.zone)
    for journey in journeys(runtime, words):
        executor.register_action(journey)
    return executor


def open_for_server(settings: Settings) -> AbstractAsyncContextManager[Runtime]:
    return open_runtime(settings, pools=connections.ACTIONS, process="actions")


def create_app(settings: Settings, opening: Opening = open_for_server) -> Sanic[Any, Any]:
    """The app. What an action raises becomes a 500, so that Rasa fails the turn and it is tried again.
    `opening` makes the runtime inside the server's loop."""
    app = Sanic("actions", configure_logging=False)
    app.config.KEEP_ALIVE_TIMEOUT = KEEP_ALIVE_SECONDS
    app.config.ACCESS_LOG = False
    app.config.MOTD = False
    stack = AsyncExitStack()

    async def open_all(app: Sanic[Any, Any]) -> None:
        app.ctx.runtime = await stack.enter_async_context(opening(settings))
        app.ctx.executor = build_executor(app.ctx.runtime, Texts.load())
        await asyncio.to_thread(hospital_questions.prepare)

    async def close_all(app: Sanic[Any, Any]) -> None:
        await stack.aclose()

    app.before_server_start(open_all)
    app.after_server_stop(close_all)
    app.add_route(_health, "/health", methods=["GET"])
    app.add_route(webhook, "/webhook", methods=["POST"])
    return app


async def _health(request: Request) -> HTTPResponse:
    return answer({"status": "ok", "actions": len(request.app.ctx.executor.actions)})


async def webhook(request: Request) -> HTTPResponse:
    try:
        call = json.loads(request.body)
        name = str(call["next_action"])
        tracker = call["tracker"]
    except (ValueError, KeyError, TypeError):
        return answer({"error": "not an action call"}, status=422)
    if not isinstance(tracker, dict):
        return answer({"error": "not an action call"}, status=422)
    call.setdefault("domain", {})  # ours read none; without this the executor would ask for it
    try:
        result = await request.app.ctx.executor.run(call)
    except ActionNotFoundException:
        return answer({"error": f"no action {name}"}, status=404)
    except Exception as error:  # noqa: BLE001 - whatever an action raises must fail the turn
        # The words of an error may hold what a patient wrote: type and place are enough to find it.
        log.error("action %s failed: %s", name, _where(error))
        return answer({"error": type(error).__name__}, status=500)
    return answer({"events": result.events, "responses": result.responses})


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {place}"
