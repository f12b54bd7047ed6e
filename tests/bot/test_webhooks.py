"""The door itself: what is stored, what is answered, and when. The platform is a stand-in that reads plain JSON."""

import asyncio
import contextlib
import json
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from bot import claims, conversations, delivery, outbox, sweep, webhooks
from bot.door import MAX_BODY
from bot.handoff import talking
from bot.outbox import Reply
from bot.turn_news import TurnNews
from bot.understanding import Reading
from integrations.channel import Forbidden, Malformed, NotConfigured
from integrations.hospital.models import Role
from integrations.messages import Kind, MessageIn
from tests import staff_rows
from tests.bot.gateway import gateway_on

ERRORS = {"unconfigured": NotConfigured, "forged": Forbidden, "junk": Malformed}


def reads_json(platform, clock):
    def parse(webhook):
        content = json.loads(webhook.body)
        if content.get("error"):
            raise ERRORS[content["error"]]
        return [
            MessageIn(
                platform.name,
                content["id"],
                content.get("sender", "p1"),
                Kind(content.get("kind", "text")),
                clock(),
                text=content.get("text", ""),
            )
        ]

    return parse


class Plain:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


class NoWaker:
    """Redis gone, or a worker that is not there: nobody hears."""

    def wake(self, conversation_id):
        pass


class OwnWorker:
    """The worker's part, done in this process."""

    def __init__(self, rt):
        self.rt = rt
        self.tasks = []

    def wake(self, conversation_id):
        self.tasks.append(asyncio.create_task(conversations.drain(self.rt, Plain(), conversation_id)))


@pytest.fixture
async def gateway(rt, telegram, wechat, clock):
    for platform in (telegram, wechat):
        platform.parse = reads_json(platform, clock)
    object.__setattr__(rt.settings, "wechat_passive_seconds", 60.0)  # however slow this machine is
    async with gateway_on(rt) as app:
        app.state.waker = OwnWorker(rt)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            client.app = app
            yield client
            await asyncio.gather(*getattr(app.state.waker, "tasks", []))


async def count(rt, statement):
    async with rt.database.begin() as session:
        return await session.scalar(text(statement))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"error": "unconfigured"}, 404),
        ({"error": "forged"}, 403),
        ({"error": "junk"}, 400),
    ],
)
async def test_what_is_refused_is_refused_with_its_status_and_not_stored(rt, gateway, body, status):
    response = await gateway.post("/webhooks/telegram", json=body)
    assert response.status_code == status
    assert await count(rt, "SELECT count(*) FROM inbound") == 0


async def test_too_large_a_body_is_413(gateway):
    assert (await gateway.post("/webhooks/telegram", content=b"x" * (MAX_BODY + 1))).status_code == 413


async def test_a_platform_we_do_not_know_is_404(gateway):
    assert (await gateway.post("/webhooks/icq", json={})).status_code == 404
    assert (await gateway.get("/webhooks/telegram")).status_code == 404


async def test_200_means_stored(rt, gateway):
    response = await gateway.post("/webhooks/telegram", json={"id": "1", "text": "你好"})
    assert response.status_code == 200
    assert await count(rt, "SELECT count(*) FROM inbound") == 1


async def test_a_database_that_is_gone_is_503_so_that_the_platform_comes_again(rt, gateway):
    await rt.database.engine.dispose()
    broken = rt.database.engine.sync_engine.pool._creator
    rt.database.engine.sync_engine.pool._creator = lambda *_, **__: (_ for _ in ()).throw(OSError("gone"))
    try:
        assert (await gateway.post("/webhooks/telegram", json={"id": "1", "text": "你好"})).status_code == 503
    finally:
        rt.database.engine.sync_engine.pool._creator = broken
    assert (await gateway.post("/webhooks/telegram", json={"id": "1", "text": "你好"})).status_code == 200


async def test_the_first_reply_goes_passively(rt, gateway, wechat):
    response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})
    assert response.text == "echo 你好"
    assert wechat.texts == []
    assert await count(rt, "SELECT status FROM outbound") == "sent"


async def test_a_redelivery_gets_the_same_answer_and_is_not_acted_on_again(rt, gateway, rasa):
    for _ in range(3):
        response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})
        assert response.text == "echo 你好"
    assert len(rasa.turns) == 1
    assert (await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})).text == "success"


async def test_a_redelivery_after_a_takeover_gets_nothing_of_the_bot_s(rt, gateway, wechat):
    """The platform cut the first delivery at the moment of its answer; then somebody took the conversation."""
    first = {"id": "1", "text": "你好"}
    assert (await gateway.post("/webhooks/wechat", json=first)).text == "echo 你好"
    conversation = await count(rt, "SELECT id FROM conversations")
    async with rt.database.begin() as session:
        boss = await staff_rows.member(session, Role.SUPERVISOR, crypto=rt.crypto, name="方磊")
        await talking.take_over(session, rt, conversation, boss, rt.now())
    assert "echo 你好" not in (await gateway.post("/webhooks/wechat", json=first)).text
    async with rt.database.begin() as session:
        talk = await talking.open_talk(session, conversation)
        await talking.hand_back(session, rt, talk.id, boss, rt.now())
    assert "echo 你好" not in (await gateway.post("/webhooks/wechat", json=first)).text


async def test_a_redelivery_after_a_takeover_gets_the_answer_to_a_red_flag(rt, gateway):
    first = {"id": "1", "text": "孩子叫不醒了"}
    answer = (await gateway.post("/webhooks/wechat", json=first)).text
    assert "120" in answer
    conversation = await count(rt, "SELECT id FROM conversations")
    async with rt.database.begin() as session:
        boss = await staff_rows.member(session, Role.SUPERVISOR, crypto=rt.crypto)
        await talking.take_over(session, rt, conversation, boss, rt.now())
    assert (await gateway.post("/webhooks/wechat", json=first)).text == answer


async def test_two_deliveries_at_once_get_one_turn(rt, gateway, rasa, wechat):
    answers = await asyncio.gather(
        *(gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"}) for _ in range(3))
    )
    assert {answer.text for answer in answers} <= {"echo 你好", "success"}
    assert "echo 你好" in {answer.text for answer in answers}
    assert len(rasa.turns) == 1


async def test_a_reply_that_comes_too_late_goes_actively(rt, gateway, wechat, clock):
    gateway.app.state.waker = NoWaker()
    with fast(rt):
        response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})
    assert response.text == "success"
    clock.forward(seconds=5)
    conversation = await count(rt, "SELECT id FROM conversations")
    await conversations.drain(rt, Plain(), conversation)
    assert wechat.texts == ["echo 你好"]


async def test_with_many_held_open_each_is_held_less_long(rt, gateway, wechat, monkeypatch):
    monkeypatch.setattr(TurnNews, "waiting", 500)
    monkeypatch.setattr(webhooks, "_CROWDED_SECONDS", 0.2)
    object.__setattr__(rt.settings, "wechat_passive_seconds", 60.0)
    gateway.app.state.waker = NoWaker()
    response = await asyncio.wait_for(gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"}), 59)
    assert response.text == "success"


@pytest.mark.parametrize(
    ("waiting", "longest", "seconds"),
    [(0, 4.3, 4.3), (100, 4.3, 2.9), (200, 4.3, 1.5), (900, 4.3, 1.5), (200, 1, 1)],
)
def test_the_more_are_held_open_the_less_long(waiting, longest, seconds):
    assert webhooks._patience(waiting, longest) == pytest.approx(seconds)


async def deliver_and_hang_up(gateway, content, *, after):
    """WeChat's request whose connection is cut once the app has looked `after` times whether it still stands."""
    looked = 0
    body = json.dumps(content).encode()

    async def receive():
        nonlocal looked
        if body_parts:
            return body_parts.pop()
        looked += 1
        if looked <= after:
            await asyncio.Event().wait()  # still there
        return {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    body_parts = [{"type": "http.request", "body": body, "more_body": False}]
    sent = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/webhooks/wechat",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }
    await gateway.app(scope, receive, send)
    return b"".join(part.get("body", b"") for part in sent)


@pytest.mark.parametrize("after", [0, 1])
async def test_a_platform_that_has_hung_up_gets_the_reply_another_way(rt, gateway, wechat, clock, after):
    said = await deliver_and_hang_up(gateway, {"id": "1", "text": "你好"}, after=after)
    assert b"echo" not in said
    clock.forward(seconds=61)
    await asyncio.gather(*gateway.app.state.waker.tasks)
    await conversations.drain(rt, Plain(), await count(rt, "SELECT id FROM conversations"))
    assert wechat.texts == ["echo 你好"]


async def test_after_a_hang_up_the_next_delivery_gets_the_reply(rt, gateway, wechat):
    await deliver_and_hang_up(gateway, {"id": "1", "text": "你好"}, after=0)
    response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})
    assert response.text == "echo 你好"
    assert wechat.texts == []


async def test_an_account_that_can_only_reply_keeps_a_late_answer_for_the_next_message(
    rt, gateway, wechat, clock, monkeypatch
):
    monkeypatch.setattr("bot.webhooks._PLATFORM_GIVES_UP", 0.1)
    mode(rt, "passive_only")
    gateway.app.state.waker = NoWaker()
    with fast(rt):
        for _ in range(3):
            response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "一"})
            assert response.text == "success"
    conversation = await count(rt, "SELECT id FROM conversations")
    clock.forward(seconds=60)
    await conversations.drain(rt, Plain(), conversation)
    assert (wechat.texts, (await sweep.find(rt)).deliveries) == ([], [])
    gateway.app.state.waker = OwnWorker(rt)
    response = await gateway.post("/webhooks/wechat", json={"id": "2", "text": "二"})
    assert response.text == "echo 一\n\necho 二"


async def test_an_account_set_to_active_answers_the_webhook_at_once(rt, gateway, wechat):
    mode(rt, "active")
    response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "一"})
    assert response.text == "success"
    await asyncio.gather(*gateway.app.state.waker.tasks)
    assert wechat.texts == ["echo 一"]
    await gateway.post("/webhooks/wechat", json={"id": "2", "text": "孩子叫不醒了"})
    await gateway.app.state.background.finish()
    assert "120" in wechat.texts[1]


async def test_with_redis_silent_one_look_into_the_database_finds_the_reply(rt, gateway, monkeypatch):
    class Unheard:
        """The turn ends, and its announcement is lost."""

        async def wait(self):
            await asyncio.gather(*gateway.app.state.waker.tasks)
            raise TimeoutError

    @contextlib.asynccontextmanager
    async def expecting(inbound_id):
        yield Unheard()

    monkeypatch.setattr(gateway.app.state.news, "expecting", expecting)
    response = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "你好"})
    assert response.text == "echo 你好"


async def test_an_alarm_needs_neither_worker_nor_rasa_nor_redis(rt, gateway, wechat, telegram, rasa):
    gateway.app.state.waker = NoWaker()
    rasa.fail = [httpx.ConnectError("gone")] * 9
    passive = await gateway.post("/webhooks/wechat", json={"id": "1", "text": "孩子叫不醒了"})
    assert "120" in passive.text
    await gateway.post("/webhooks/telegram", json={"id": "1", "text": "孩子叫不醒了"})
    await gateway.app.state.background.finish()
    assert "120" in telegram.texts[0]


async def test_what_waited_for_the_patient_comes_with_the_next_answer(rt, gateway, wechat):
    await gateway.post("/webhooks/wechat", json={"id": "1", "text": "一"})
    conversation = await count(rt, "SELECT id FROM conversations")
    await count(rt, "UPDATE quotas SET remaining = 0 RETURNING 1")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, conversation, [Reply("号源保留已过期")], epoch=0)
    await delivery.deliver(rt, conversation)
    assert wechat.texts == []
    response = await gateway.post("/webhooks/wechat", json={"id": "2", "text": "二"})
    assert response.text == "号源保留已过期\n\necho 二"


@pytest.mark.parametrize("reply_mode", ["passive_first", "passive_only"])
async def test_of_two_messages_at_once_the_second_is_answered_in_its_response_too(
    rt, gateway, wechat, reply_mode, monkeypatch
):
    """While the first answer is still on its way out, nothing else may leave."""
    monkeypatch.setattr(webhooks, "_PAUSES_WHILE_SENDING", (0.05,) * 200)  # however slow this machine is
    mode(rt, reply_mode)
    await gateway.post("/webhooks/wechat", json={"id": "1", "text": "一"})
    conversation = await count(rt, "SELECT id FROM conversations")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, conversation, [Reply("第一")], epoch=0)
    leaving = await claims.claim(rt, conversation, passive_for=uuid4())
    second = asyncio.create_task(gateway.post("/webhooks/wechat", json={"id": "2", "text": "二"}))
    while not await count(rt, "SELECT count(*) FROM outbound WHERE status = 'queued'"):  # noqa: ASYNC110 - in Postgres
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await claims.finish(rt, leaving, "sent")
    assert (await second).text == "echo 二"
    assert wechat.texts == []


async def test_health_tells_what_is_missing(gateway):
    response = await gateway.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["postgres"] is True
    assert response.json()["working_days_missing"] == [2027]  # from the middle of November on
    assert (await gateway.get("/health/live")).status_code == 200


def mode(rt, name):
    object.__setattr__(rt.settings, "wechat_reply_mode", name)


@contextlib.contextmanager
def fast(rt):
    """A passive deadline of a moment."""
    seconds = rt.settings.wechat_passive_seconds
    object.__setattr__(rt.settings, "wechat_passive_seconds", 0.5)
    yield
    object.__setattr__(rt.settings, "wechat_passive_seconds", seconds)
