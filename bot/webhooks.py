"""The platforms' door: verify → accept → commit → answer. Nothing is acknowledged that is not stored."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import structlog
from fastapi import APIRouter, Request, Response
from prometheus_client import Counter
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.background import BackgroundTask
from starlette.routing import Route

from bot import claims, delivery, door, inbox, numbers_in_chat, paging
from bot.handoff import native
from bot.inbox import Accepted
from bot.staff_group import work as staff_group
from bot.turn_news import TurnNews
from bot.wake import Waker, tell_desk
from integrations.channel import (
    AnswerCallback,
    Channel,
    Handshake,
    PassiveReply,
    SendError,
    WebhookError,
)
from integrations.messages import Answer, MessageIn
from integrations.runtime import Runtime

log = structlog.get_logger()

MOST_DELIVERIES = 3  # after that the platform has given up on a passive reply
_CROWDED = 200  # webhooks held open at once, from which on a passive reply is waited for no longer than …
_CROWDED_SECONDS = 1.5
_PAUSES_WHILE_SENDING = (0.05, 0.1, 0.2)  # seconds
_PLATFORM_GIVES_UP = 5.0  # seconds after which WeChat cuts the connection and delivers again

ACCEPTED = Counter("daozhen_inbound_total", "Messages taken in", ["channel", "kind"])
REPEATED = Counter(
    "daozhen_inbound_repeated_total", "Deliveries of a message that was stored already", ["channel"]
)
PASSIVE = Counter("daozhen_passive_total", "Webhooks that waited for their reply", ["outcome"])

_IS_DONE = text("SELECT status <> 'pending' FROM inbound WHERE id = :id")


async def handshake(request: Request) -> Response:
    """The platform asks whether this address is ours (WeChat)."""
    name = request.path_params["name"]
    channel: object = _channel(request, name)
    if not isinstance(channel, Handshake):
        return Response(status_code=404)
    try:
        return door.respond(channel.handshake(await door.read(request)))
    except WebhookError as error:
        return door.refuse(name, error)


async def receive(request: Request) -> Response:
    """Messages and events. 200 only after they are committed; 503 makes the platform bring them again."""
    name = request.path_params["name"]
    channel = _channel(request, name)
    if channel is None:
        return Response(status_code=404)
    rt: Runtime = request.app.state.runtime
    try:
        webhook = await door.read(request)
        messages = channel.parse(webhook)
        if await staff_group.take_in(rt, webhook, messages):
            request.app.state.background.start(staff_group.keep(rt))
            return door.respond(Answer())
        return await _take(request, rt, channel, messages)
    except WebhookError as error:
        return door.refuse(name, error)
    except (SQLAlchemyError, psycopg.Error, OSError) as error:
        log.error("database does not answer", channel=name, reason=type(error).__name__)
        return Response(status_code=503)


async def _take(request: Request, rt: Runtime, channel: Channel, messages: list[MessageIn]) -> Response:
    passive = isinstance(channel, PassiveReply) and rt.settings.wechat_reply_mode != "active"
    until = rt.now() + timedelta(seconds=rt.settings.wechat_passive_seconds) if passive else None
    for message in messages:
        if conversation := await native.hear(rt, message):
            request.app.state.waker.wake(conversation)
            request.app.state.background.start(tell_desk(rt.redis, [conversation]))
    stored = [(m, await inbox.accept(rt, channel, m, passive_until=until)) for m in messages]
    accepted = [(message, taken) for message, taken in stored if taken]
    for message, taken in accepted:
        _after_accepting(request, rt, channel, message, taken, passive=passive)
    if isinstance(channel, PassiveReply) and passive and len(accepted) == 1:
        return await _reply_passively(request, rt, channel, *accepted[0])
    return door.respond(channel.nothing if isinstance(channel, PassiveReply) else Answer())


def _after_accepting(
    request: Request, rt: Runtime, channel: Channel, message: MessageIn, taken: Accepted, *, passive: bool
) -> None:
    """What follows the commit and may be lost: waking the worker, stopping a button's spin."""
    background: Background = request.app.state.background
    if taken.deliveries > 1:
        REPEATED.labels(channel.name).inc()
    else:
        ACCEPTED.labels(channel.name, message.kind.value).inc()
    if taken.attended:
        background.start(tell_desk(rt.redis, [taken.conversation_id]))
    if taken.alarm:
        background.start(paging.page(rt))
    if taken.alarm and not passive:
        background.start(delivery.deliver(rt, taken.conversation_id, alarms_only=True))
        background.start(numbers_in_chat.take_out(rt, channel, message))
    if not taken.answered:
        waker: Waker = request.app.state.waker
        waker.wake(taken.conversation_id)
    if message.callback_ref and isinstance(channel, AnswerCallback):
        background.start(_stop_spinning(channel, message.callback_ref))


async def _stop_spinning(channel: AnswerCallback, callback_ref: str) -> None:
    try:
        await channel.answer_callback(callback_ref)
    except SendError as error:
        log.info("button not acknowledged", reason=type(error).__name__)


async def _reply_passively(
    request: Request, rt: Runtime, channel: PassiveReply, message: MessageIn, taken: Accepted
) -> Response:
    """Waits for the turn and gives its answer in this very response, or says that none comes here."""
    nothing = door.respond(channel.nothing)
    if taken.deliveries > MOST_DELIVERIES or (taken.answered and not taken.alarm):
        return nothing
    if not taken.alarm and not await _turn_is_done(request, rt, taken):
        PASSIVE.labels("late").inc()
        if rt.settings.wechat_reply_mode == "passive_only" and taken.deliveries < MOST_DELIVERIES:
            # Without the customer-service interface a redelivery is the only other chance: let this one run out.
            await asyncio.sleep(_PLATFORM_GIVES_UP)
        return nothing
    claimed = await _claim(request, rt, taken)
    PASSIVE.labels("given" if claimed else "nothing").inc()
    if claimed is None:
        return nothing
    try:
        response = door.respond(channel.passive(claimed.message, message))
    except SendError as error:
        log.error("reply does not fit a passive answer", inbound=str(taken.inbound_id), reason=str(error))
        await claims.finish(rt, claimed, "failed", error=str(error))
        return nothing
    response.background = BackgroundTask(
        claims.finish, rt, claimed, "sent", platform_id=f"passive:{message.external_id}"
    )
    return response


async def _claim(request: Request, rt: Runtime, taken: Accepted) -> claims.Claim | None:
    """The answer to give in this response. A platform that has hung up by now hears nothing here: the answer
    is left to its next delivery, or goes actively. (A cut request runs on, and several may wait at once.)"""
    if await request.is_disconnected():
        return None
    if taken.deliveries > 1:
        again = await claims.passive_again(rt, taken.inbound_id, taken.conversation_id)
        if again is not None:
            return again
    claimed = await _take_reply(rt, taken)
    if claimed and await request.is_disconnected():
        await claims.give_back(rt, taken.conversation_id, claimed)
        request.app.state.waker.wake(taken.conversation_id)
        return None
    return claimed


async def _take_reply(rt: Runtime, taken: Accepted) -> claims.Claim | None:
    """What is queued. While the answer to the patient's message before this one is just leaving, that is waited for: in
    seconds the worker would send this one, out of the ration."""
    mine = partial(
        claims.claim, rt, taken.conversation_id, passive_for=taken.inbound_id, alarms_only=taken.alarm
    )
    for pause in _PAUSES_WHILE_SENDING:
        if claimed := await mine():
            return claimed
        if not await claims.is_sending(rt, taken.conversation_id):
            break
        await asyncio.sleep(pause)
    return await mine()  # what was being sent may have left just now


async def _turn_is_done(request: Request, rt: Runtime, taken: Accepted) -> bool:
    """Waits for the announcement; looks into the database at the end, and for a redelivery also at the start."""
    news: TurnNews = request.app.state.news
    seconds = _patience(news.waiting, rt.settings.wechat_passive_seconds)
    async with news.expecting(taken.inbound_id) as announced:
        if taken.deliveries > 1 and await _is_done(rt, taken.inbound_id):
            return True
        try:
            await asyncio.wait_for(announced.wait(), seconds)
            return True
        except TimeoutError:
            return await _is_done(rt, taken.inbound_id)


def _patience(waiting: int, longest: float) -> float:
    """Seconds to wait for the turn. The platform counts from its request, which has been queued for the longer, the
    more there are."""
    crowd = min(waiting / _CROWDED, 1)
    return longest - crowd * max(longest - _CROWDED_SECONDS, 0)


async def _is_done(rt: Runtime, inbound_id: UUID) -> bool:
    async with rt.database.transaction() as session:
        return bool(await session.scalar(_IS_DONE, {"id": inbound_id}))


class Background:
    """Work after a response that nobody waits for; finished before the process ends."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _channel(request: Request, name: str) -> Channel | None:
    rt: Runtime = request.app.state.runtime
    return rt.channels.get(name)


# Plain routes: what FastAPI does for an endpoint (2 ms of CPU) serves nothing here.
router = APIRouter(
    routes=[
        Route("/webhooks/{name}", handshake, methods=["GET"]),
        Route("/webhooks/{name}", receive, methods=["POST"]),
    ],
)
