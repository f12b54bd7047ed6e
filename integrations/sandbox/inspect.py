"""The sandbox by JSON: look at what happened, drive patients, make platforms fail. For tests and load."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, HTTPException

from integrations.sandbox import media
from integrations.sandbox.faults import FaultRule
from integrations.sandbox.orders import (
    MAX_WAIT,
    BlockOrder,
    NewTelegramUser,
    NewUser,
    NewWeChatUser,
    QuotaOrder,
    TelegramAction,
    WeChatAction,
)
from integrations.sandbox.people import Person
from integrations.sandbox.state import Thread
from integrations.sandbox.telegram.bot import Chat
from integrations.sandbox.telegram.patient import NotStarted
from integrations.sandbox.telegram.updates import Delivery as TelegramDelivery
from integrations.sandbox.waiting import taken
from integrations.sandbox.wechat.account import WeChatUser
from integrations.sandbox.wechat.patient import NotFollowing, Pending
from integrations.sandbox.world import World


def router(world: World) -> APIRouter:
    routes = APIRouter(prefix="/inspect")
    _looking(routes, world)
    _faults(routes, world)
    _wechat(routes, world)
    _telegram(routes, world)
    return routes


async def _seen(thread: Thread, after: int, wait_s: float) -> dict[str, Any]:
    if wait_s > 0:
        await thread.answer_after(after, min(wait_s, MAX_WAIT))
    return {
        "messages": [entry.as_json() for entry in thread.entries if entry.id > after],
        "calls": [record.as_json() for record in thread.records],
    }


def _looking(routes: APIRouter, world: World) -> None:
    @routes.get("/sms")
    async def sms(phone: str) -> dict[str, Any]:
        """The SMS that arrived at a phone, oldest first."""
        return {"phone": phone, "messages": [message.as_json() for message in world.sms.inbox(phone)]}

    @routes.get("/wechat")
    async def wechat(openid: str, after: int = 0, wait_s: float = 0) -> dict[str, Any]:
        """One patient's conversation after entry `after`; waits up to `wait_s` for the account to say something."""
        user = wechat_user(world, openid)
        seen = await _seen(user.thread, after, wait_s)
        about = {"openid": openid, "followed": user.followed, "quota": user.quota.as_json(world.clock())}
        about |= {"permissions": dict(user.permissions), "blocks_notices": user.blocks_notices}
        return about | {"menu": world.account.menu} | seen

    @routes.get("/telegram")
    async def telegram(chat_id: int, after: int = 0, wait_s: float = 0) -> dict[str, Any]:
        chat = _chat(world, chat_id)
        seen = await _seen(chat.thread, after, wait_s)
        about = {"chat_id": chat_id, "started": chat.started, "blocked": chat.blocked, "toast": chat.toast}
        return about | {"pending": len(chat.pending), "keyboard": chat.keyboard} | seen

    @routes.get("/log")
    async def log(after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
        """The exchanges of all platforms, oldest first."""
        found = [record for record in world.log.records if record.id > after]
        return [record.as_json() for record in found[-limit:]]


def _faults(routes: APIRouter, world: World) -> None:
    @routes.get("/faults")
    async def list_faults() -> list[dict[str, Any]]:
        return world.faults.as_json()

    @routes.post("/faults")
    async def add_fault(rule: FaultRule) -> list[dict[str, Any]]:
        if rule.platform in ("wechat", "telegram") and isinstance(rule.code, str):
            raise HTTPException(422, "the codes of this platform are numbers")
        world.faults.add(rule)
        return world.faults.as_json()

    @routes.delete("/faults")
    async def clear_faults() -> list[dict[str, Any]]:
        world.faults.clear()
        return []


def _wechat(routes: APIRouter, world: World) -> None:
    @routes.post("/wechat/users")
    async def make_user(order: NewWeChatUser) -> dict[str, Any]:
        if order.openid and world.account.user(order.openid):
            raise HTTPException(409, "this openid exists")
        user = world.account.add_user(_person(world, order), order.openid)
        made: dict[str, Any] = {"openid": user.openid} | _about(user.person)
        if order.follow:
            pending = _drive_wechat(world, lambda: world.wechat.follow(user, order.scene))
            made["delivery"] = (await pending).as_json() if order.wait else None
        return made

    @routes.post("/wechat/messages")
    async def act(order: WeChatAction) -> dict[str, Any]:
        user = wechat_user(world, order.openid)
        pending = _drive_wechat(world, lambda: _wechat_action(world, user, order))
        last = user.thread.entries[-1]
        if not order.wait:
            return {"entry": last.id, "msg_id": last.ref}
        delivery = await asyncio.shield(pending)  # goes on when our caller leaves
        return {"entry": last.id} | delivery.as_json()

    @routes.post("/wechat/quota/shut")
    async def shut(order: QuotaOrder) -> dict[str, Any]:
        """As if two days had passed: no customer-service message until the patient does something."""
        user = wechat_user(world, order.openid)
        user.quota.shut()
        return user.quota.as_json(world.clock())

    @routes.post("/wechat/notices/block")
    async def block(order: BlockOrder) -> dict[str, Any]:
        """The patient refuses the account's template messages, or takes them again."""
        user = wechat_user(world, order.openid)
        user.blocks_notices = order.block
        return {"blocks_notices": user.blocks_notices}

    @routes.post("/wechat/handshake")
    async def handshake() -> dict[str, Any]:
        problem = await world.callbacks.verify_address()
        return {"ok": not problem, "problem": problem}


def _drive_wechat(world: World, action: Callable[[], Pending]) -> Pending:
    if not world.account.configured:
        raise HTTPException(409, "WECHAT_APPID, WECHAT_TOKEN and WECHAT_AES_KEY are not set")
    try:
        return action()
    except NotFollowing as error:
        raise HTTPException(409, "the patient does not follow the account") from error


def _wechat_action(world: World, user: WeChatUser, order: WeChatAction) -> Pending:
    patients, content = world.wechat, _content(order.content)
    actions: dict[str, Callable[[], Pending]] = {
        "text": lambda: patients.say(user, order.text),
        "image": lambda: patients.picture(user, content or media.sample_picture(), "image/png"),
        "voice": lambda: patients.voice(user, content or media.sample_amr(2), 2, order.recognition),
        "video": lambda: patients.video(user, content or media.sample_mp4()),
        "shortvideo": lambda: patients.video(user, content or media.sample_mp4(), short=True),
        "location": lambda: patients.location(user, order.latitude, order.longitude, order.text),
        "link": lambda: patients.link(user, order.text, order.url),
        "sticker": lambda: patients.sticker(user, order.text or "👍"),
        "choice": lambda: patients.choose(user, order.menu_id, order.text),
        "menu": lambda: patients.tap_menu(user, _menu_button(world, order.key)),
        "scan": lambda: patients.scan(user, order.scene),
        "follow": lambda: patients.follow(user, order.scene),
        "unfollow": lambda: patients.unfollow(user),
        "permit": lambda: patients.answer_permission(user, order.template, accept=True),
        "refuse": lambda: patients.answer_permission(user, order.template, accept=False),
        "revoke": lambda: patients.revoke_permission(user, order.template),
        "event": lambda: patients.event(user, order.event, dict(order.fields)),
    }
    return actions[order.type]()


def _menu_button(world: World, key: str) -> dict[str, Any]:
    buttons = [entry for top in world.account.menu for entry in (top.get("sub_button") or [top])]
    for button in buttons:
        if key in (button.get("key"), button.get("url")):
            return dict(button)
    raise HTTPException(404, "the account's menu has no such entry")


def _telegram(routes: APIRouter, world: World) -> None:
    @routes.post("/telegram/users")
    async def make_user(order: NewTelegramUser) -> dict[str, Any]:
        chat = world.bot.add_chat(_person(world, order))
        chat.language_code = order.language_code
        made: dict[str, Any] = {"chat_id": chat.id} | _about(chat.person)
        if order.start:
            delivery = world.telegram.start(chat, order.payload)
            made["delivery"] = await taken(delivery, 30) if order.wait else None
        return made

    @routes.post("/telegram/messages")
    async def act(order: TelegramAction) -> dict[str, Any]:
        chat = _chat(world, order.chat_id)
        try:
            delivery = _telegram_action(world, chat, order)
        except NotStarted as error:
            raise HTTPException(409, "the chat is not started, or the bot is blocked") from error
        except KeyError as error:
            raise HTTPException(404, "no such message or button") from error
        last = chat.thread.entries[-1]
        seen = {"entry": last.id, "message_id": int(last.ref) if last.ref else None}
        return seen | (await taken(delivery, order.wait_s) if order.wait else delivery.as_json())


def _telegram_action(world: World, chat: Chat, order: TelegramAction) -> TelegramDelivery:
    patients, content = world.telegram, _content(order.content)
    pdf = b"%PDF-1.4\n"
    actions: dict[str, Callable[[], TelegramDelivery]] = {
        "text": lambda: patients.say(chat, order.text),
        "start": lambda: patients.start(chat, order.text),
        "callback": lambda: patients.press(chat, order.message_id, order.data),
        "edit": lambda: patients.edit(chat, order.message_id, order.text),
        "photo": lambda: patients.picture(chat, content or media.sample_picture(), order.text, "image/png"),
        "voice": lambda: patients.voice(chat, content or media.sample_ogg(), 2),
        "video": lambda: patients.video(chat, content or media.sample_mp4()),
        "document": lambda: patients.document(
            chat, content or pdf, order.text or "report.pdf", "application/pdf"
        ),
        "sticker": lambda: patients.sticker(chat, content or media.sample_webp(), order.text or "👍"),
        "location": lambda: patients.location(chat, order.latitude, order.longitude, order.text),
        "contact": lambda: patients.contact(chat),
        "block": lambda: patients.block(chat),
    }
    return actions[order.type]()


def _content(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise HTTPException(422, "content is not base64") from error


def _person(world: World, order: NewUser) -> Person:
    if not order.person:
        return world.people.make(order.name, order.phone)
    person = world.people.get(order.person)
    if person is None:
        raise HTTPException(404, "no such person")
    return person


def _about(person: Person) -> dict[str, Any]:
    return {"person": person.key, "name": person.name, "phone": person.phone, "id_number": person.id_number}


def wechat_user(world: World, openid: str) -> WeChatUser:
    """Answers 404 for an openid that there is not."""
    user = world.account.user(openid)
    if user is None:
        raise HTTPException(404, "no such openid")
    return user


def _chat(world: World, chat_id: int) -> Chat:
    chat = world.bot.chat(chat_id)
    if chat is None:
        raise HTTPException(404, "no such chat")
    return chat
