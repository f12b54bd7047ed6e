"""The gateway, Telegram's and WeChat's adapters and the sandbox in this process: a patient, the staff's group and
WeChat's agents through the platforms' own doors. Only Rasa is played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import httpx
import pytest
from pydantic import SecretStr

from bot import conversations, delivery
from bot.handoff import native, timers
from bot.staff_group import standing, work
from bot.understanding import Reading
from bot.wake import Takers
from integrations.messages import Picture
from integrations.sandbox.app import create_app as create_sandbox
from integrations.sandbox.options import Options
from integrations.telegram.channel import TelegramChannel
from integrations.wechat.channel import WeChatChannel
from tests.bot.gateway import gateway_on
from tests.bot.handoff.conftest import rows, state
from tests.bot.staff_group.conftest import GROUP, STAFF
from tests.contracts.platforms import AES_KEY, APPID, BOT_TOKEN, HOOK_SECRET, TOKEN

OPTIONS = Options(
    gateway="http://gateway", own="http://sandbox", telegram_retry_pause=0.05, telegram_chat_burst=30
)
HANDOFF = {"skill": "service", "reason": "asked"}


class Plain:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


@pytest.fixture
async def sandbox(rt, rasa, clock) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox's inspection door, with the whole program behind it but Rasa."""
    rasa.say["转人工"] = [{"text": "请拨打电话", "custom": {"handoff": HANDOFF}}]
    settings = rt.settings.model_copy(
        update={
            "wechat_appid": APPID, "wechat_secret": SecretStr("s"), "wechat_token": SecretStr(TOKEN),
            "wechat_aes_key": SecretStr(AES_KEY), "wechat_api_base": "http://sandbox/wechat",
            "telegram_token": SecretStr(BOT_TOKEN), "telegram_webhook_secret": SecretStr(HOOK_SECRET),
            "telegram_api_base": "http://sandbox/telegram", "telegram_staff_group_id": GROUP,
            "wechat_native_agents": True, "wechat_native_agents_red_flags_unseen": True,
            "telegram_chat_burst": 30,
        }
    )  # fmt: skip
    door = httpx.ASGITransport(app=None)  # the gateway is made last
    async with httpx.AsyncClient(transport=door) as platforms:
        app = create_sandbox(settings, OPTIONS, clock=clock, http=platforms, phone=False)
        inside = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=inside, base_url="http://sandbox") as client:
            telegram = TelegramChannel(settings, now=clock, transport=inside)
            wechat = WeChatChannel(settings, http=client, redis=rt.redis, now=clock)
            played = replace(rt, settings=settings, channels={"telegram": telegram, "wechat": wechat})
            async with Program(played) as gateway:
                door.app = gateway
                client.base_url = "http://sandbox/inspect"
                client.rt, client.world = played, app.state.world
                yield client
            await app.state.world.background.close()
            await telegram.close()


class Program:
    """The gateway, and a worker that takes up what it is woken for."""

    def __init__(self, rt) -> None:
        self._gateway = gateway_on(rt)
        self._takers = Takers(
            rt.redis,
            4,
            answer=lambda one: conversations.answer_pending(rt, Plain(), one),
            send=lambda one: delivery.deliver(rt, one),
            find=None,
        ).at_work()

    async def __aenter__(self):
        await self._takers.__aenter__()
        return await self._gateway.__aenter__()

    async def __aexit__(self, *error) -> None:
        await self._gateway.__aexit__(*error)
        await self._takers.__aexit__(*error)


@pytest.fixture
def does(sandbox):
    """One act by the inspection door, which must be possible; gives its answer."""

    async def act(path: str, **order) -> dict:
        answer = await sandbox.post(path, json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return act


@pytest.fixture
def seen(sandbox):
    """What the account said to a patient."""

    async def words(path: str, **who) -> list[str]:
        answer = await sandbox.get(path, params=who)
        said = answer.json()["messages"]
        return [one.get("text") or one["kind"] for one in said if one["side"] == "account"]

    return words


async def until(holds: Callable, seconds: float = 90):
    """Gives what it says as soon as that is something."""
    async with asyncio.timeout(seconds):
        while not (found := await holds()):  # noqa: ASYNC110 - it is another task's work
            await asyncio.sleep(0.02)
        return found


async def group_of(sandbox) -> dict:
    return (await sandbox.get("/telegram/group")).json()


async def test_a_patient_of_telegram_s_is_answered_from_the_group(sandbox, does, seen, known):
    rt = sandbox.rt
    chat = (await does("/telegram/users", name="李静"))["chat_id"]
    await does("/telegram/messages", chat_id=chat, type="text", text="转人工")
    await until(lambda: rows(rt, "SELECT 1 FROM talks"))
    await work.keep(rt)
    [topic] = (await group_of(sandbox))["topics"]
    assert not topic["closed"]
    assert "李静" not in str(await group_of(sandbox))

    async def staff(kind: str = "text", user_id: int = STAFF, **more) -> None:
        answer = await does("/telegram/group", type=kind, topic=topic["id"], user_id=user_id, **more)
        assert answer["taken"]
        await until(lambda: rows(rt, "SELECT 1 FROM staff_updates HAVING bool_and(status = 'done')"))

    await staff(text="我来", user_id=1)
    await staff(text="/take")
    await staff(text="您好，我是小李")
    await staff("photo", text="路线图")
    await does("/telegram/messages", chat_id=chat, type="photo", text="化验单")
    await until(lambda: _has(seen, "路线图", "/telegram", chat_id=chat))
    said = await until(lambda: _has(seen, "photo", "/telegram", chat_id=chat))
    assert "我来" not in said
    assert any("接通了" in one for one in said)
    await work.keep(rt)
    told = [one["text"] for one in (await group_of(sandbox))["messages"] if one["side"] == "account"]
    assert any(one.startswith("⛔") for one in told)
    assert any("患者：转人工" in one for one in told)
    await staff(text="/close")
    await until(lambda: _closed(sandbox))
    [contact] = await rows(rt, "SELECT id FROM contacts WHERE channel = 'telegram'")
    assert (await state(rt, contact.id))[0] == "bot"


async def _has(seen, words: str, path: str, **who) -> list[str]:
    said = await seen(path, **who)
    return said if any(words in one for one in said) else []


async def _closed(sandbox) -> bool:
    await work.keep(sandbox.rt)
    return (await group_of(sandbox))["topics"][0]["closed"]


async def test_an_answer_that_was_lost_brings_the_update_again_and_it_counts_once(sandbox, does, seen, known):
    rt = sandbox.rt
    chat = (await does("/telegram/users"))["chat_id"]
    await does("/telegram/messages", chat_id=chat, type="text", text="转人工")
    await until(lambda: rows(rt, "SELECT 1 FROM talks"))
    await work.keep(rt)
    [topic] = (await group_of(sandbox))["topics"]
    await does("/telegram/group", type="text", topic=topic["id"], user_id=STAFF, text="/take")
    await does("/faults", platform="telegram", operation="webhook", drop_after_accept=True, count=2)
    answer = await does("/telegram/group", type="text", topic=topic["id"], user_id=STAFF, text="只说一遍")
    assert len(answer["attempts"]) == 3
    await until(lambda: _has(seen, "只说一遍", "/telegram", chat_id=chat))
    await work.keep(rt)
    await delivery.deliver(rt, (await rows(rt, "SELECT conversation_id FROM talks"))[0].conversation_id)
    assert "\n".join(await seen("/telegram", chat_id=chat)).count("只说一遍") == 1


async def test_the_topic_is_made_again_and_the_group_s_refusals_are_read(sandbox, does, known, clock):
    rt, group = sandbox.rt, sandbox.rt.channels["telegram"]
    chat = (await does("/telegram/users"))["chat_id"]
    await does("/telegram/group", type="strip")
    await does("/telegram/messages", chat_id=chat, type="text", text="转人工")
    await until(lambda: rows(rt, "SELECT 1 FROM talks"))
    await work.keep(rt)
    [row] = await rows(rt, "SELECT error FROM staff_topics")
    assert "rights to create a topic" in row.error
    await does("/telegram/group", type="grant")
    clock.forward(minutes=1)
    await work.keep(rt)
    [topic] = (await group_of(sandbox))["topics"]
    await does("/telegram/group", type="delete_topic", topic=topic["id"])
    await does("/telegram/messages", chat_id=chat, type="text", text="还在吗")
    await work.keep(rt)
    [again] = (await group_of(sandbox))["topics"]
    assert again["id"] != topic["id"]
    await group.open_topic(GROUP, again["id"], to_all=True)  # is so already: no error
    assert await group.say_in_topic(GROUP, again["id"], "", Picture(b"\x89PNG" + b"\0" * 20))


async def test_a_patient_of_wechat_s_is_handed_over_and_comes_back_by_events(sandbox, does, seen, agent):
    rt = sandbox.rt
    openid = (await does("/wechat/users"))["openid"]
    answer = await does("/wechat/messages", openid=openid, type="text", text="转人工")
    assert answer["reply"]["kind"] == "transfer_customer_service"
    answer = await does("/wechat/messages", openid=openid, type="text", text="我想改约")
    assert answer["reply"]["kind"] == "transfer_customer_service"
    native = (await sandbox.get("/wechat/agents", params={"openid": openid})).json()
    assert (native["waiting"], native["seen"]) == (True, ["转人工", "我想改约"])
    [contact] = await rows(rt, "SELECT id FROM contacts")
    assert (await state(rt, contact.id))[0] == "waiting"

    await does("/wechat/agents", openid=openid, type="accept")
    assert (await state(rt, contact.id))[0] == "agent"
    answer = await does("/wechat/messages", openid=openid, type="text", text="我胸口剧痛")
    assert answer["outcome"] == "forwarded"  # nobody here sees it
    assert await rows(rt, "SELECT 1 FROM alarms") == []
    await does("/wechat/agents", openid=openid, type="say", text="您好")
    await does("/wechat/agents", openid=openid, type="switch", agent="kf2@renhe")
    await does("/wechat/agents", openid=openid, type="close")
    assert (await state(rt, contact.id))[0] == "bot"
    [talk] = await rows(rt, "SELECT status, answered_in, native_agent FROM talks")
    assert talk == ("closed", "wechat", "kf2@renhe")
    assert len(await rows(rt, "SELECT 1 FROM ratings")) == 1
    answer = await does("/wechat/messages", openid=openid, type="text", text="谢谢")
    assert answer["outcome"] == "answered"
    await work.keep(rt)
    assert (await group_of(sandbox))["topics"] == []


async def test_events_of_wechat_s_that_never_came_are_made_good_by_asking(sandbox, does, agent, clock):
    rt, account = sandbox.rt, sandbox.world.account
    openid = (await does("/wechat/users"))["openid"]
    await does("/wechat/messages", openid=openid, type="text", text="转人工")
    [contact] = await rows(rt, "SELECT id FROM contacts")
    held = account.user(openid).native
    held.waiting, held.agent, held.since = False, "kf9@renhe", clock()
    clock.forward(seconds=31)
    await native.look(rt)
    assert (await state(rt, contact.id))[0] == "agent"
    held.agent, held.since = "", None
    clock.forward(seconds=31)
    await native.look(rt)
    assert (await state(rt, contact.id))[0] == "bot"
    [talk] = await rows(rt, "SELECT status, native_agent FROM talks")
    assert talk == ("closed", "kf9@renhe")


async def test_nobody_accepts_in_wechat_and_the_patient_is_told(sandbox, does, seen, agent, clock):
    rt = sandbox.rt
    openid = (await does("/wechat/users"))["openid"]
    await does("/wechat/messages", openid=openid, type="text", text="转人工")
    clock.forward(seconds=121)
    for conversation in await timers.keep(rt):
        await delivery.deliver(rt, conversation)
    assert any("人工排队" in one for one in await seen("/wechat", openid=openid))


@pytest.mark.parametrize(
    ("act", "back"),
    [("strip", "grant"), ("demote", "promote"), ("topics_off", "topics_on"), ("kick", "admit")],
)
async def test_whether_staff_are_heard_in_the_group_is_asked_of_telegram(sandbox, does, act, back):
    assert await standing.hears(sandbox.rt)
    await does("/telegram/group", type=act)
    assert not await standing.hears(sandbox.rt)
    await does("/telegram/group", type=back)
    assert await standing.hears(sandbox.rt)


async def test_a_deleted_group_hears_nobody_and_a_silent_telegram_says_nothing_of_it(sandbox, does):
    await does("/faults", platform="telegram", operation="getChat", code=500, count=1)
    assert await standing.hears(sandbox.rt)
    await does("/telegram/group", type="delete")
    assert not await standing.hears(sandbox.rt)
