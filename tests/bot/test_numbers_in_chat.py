"""An identity number that was typed goes out of the chat, whatever becomes of the message."""

from dataclasses import dataclass, field, replace

import httpx
import pytest
from sqlalchemy import text

from bot import conversations, inbox, numbers_in_chat
from bot.understanding import Understanding
from integrations.channel import Unreachable
from integrations.messages import Kind
from tests.bot.conftest import Platform
from tests.bot.gateway import gateway_on

NUMBER = "11010519491231002X"


@dataclass
class Erasing(Platform):
    """Like Telegram: takes a patient's message out of the chat."""

    erased: list[tuple[str, str]] = field(default_factory=list)
    broken: bool = False

    async def delete(self, recipient: str, message_ref: str) -> None:
        if self.broken:
            raise Unreachable
        self.erased.append((recipient, message_ref))


@pytest.fixture
def platform():
    return Erasing()


@pytest.fixture
def erasing(rt, platform):
    return replace(rt, channels=rt.channels | {"telegram": platform})


async def _turn(rt, platform, message, words, **more):
    taken = await inbox.accept(
        rt, platform, message(words, message_ref="77", sender="p", **more), passive_until=None
    )
    return taken.conversation_id


@pytest.mark.parametrize("words", [f"我的身份证是{NUMBER}", "110105 19491231 002x", f"my ID: {NUMBER}"])
async def test_after_the_answer(erasing, platform, message, words):
    talk = await _turn(erasing, platform, message, words)
    await conversations.drain(erasing, Understanding(), talk)
    assert platform.erased == [("p", "77")]


async def test_other_messages_stay(erasing, platform, message):
    for words in ("你好", "13812345678", "明天上午九点挂心内科"):
        talk = await _turn(erasing, platform, message, words)
        await conversations.drain(erasing, Understanding(), talk)
    assert platform.erased == []


async def test_a_passport_that_was_asked_for(erasing, platform, message):
    await numbers_in_chat.take_out(
        erasing, platform, message("E12345678", message_ref="7", sender="p"), "id_number"
    )
    assert platform.erased == [("p", "7")]


async def test_an_edit(erasing, platform, message):
    talk = await _turn(erasing, platform, message, NUMBER, kind=Kind.EDIT)
    await conversations.drain(erasing, Understanding(), talk)
    assert platform.erased == [("p", "77")]


async def test_while_a_person_has_control(erasing, platform, message):
    talk = await _turn(erasing, platform, message, NUMBER)
    async with erasing.database.begin() as session:
        await session.execute(text("UPDATE controls SET state = 'agent'"))
    await conversations.drain(erasing, Understanding(), talk)
    assert platform.erased == [("p", "77")]


@pytest.mark.parametrize(
    ("words", "erased"), [(f"{NUMBER} 孩子叫不醒了", True), ("孩子叫不醒了，快来人啊", False)]
)
async def test_when_it_raised_an_alarm(erasing, platform, message, words, erased):
    """No turn follows: the gateway says what to do, and takes the number out."""
    platform.parse = lambda webhook: [message(words, message_ref="77", sender="p")]
    async with (
        gateway_on(erasing) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        assert (await client.post("/webhooks/telegram")).status_code == 200
        await app.state.background.finish()
    assert "120" in platform.texts[0]
    assert platform.erased == ([("p", "77")] if erased else [])


async def test_when_the_turn_failed_for_good(erasing, platform, message, rasa, clock):
    rasa.fail = [500, 500, 500]
    talk = await _turn(erasing, platform, message, NUMBER)
    for _ in range(3):
        assert platform.erased == []
        await conversations.drain(erasing, Understanding(), talk)
        clock.forward(seconds=5)
    assert platform.erased == [("p", "77")]


async def test_a_platform_that_does_not_do_it_stops_nothing(erasing, platform, message):
    platform.broken = True
    talk = await _turn(erasing, platform, message, NUMBER)
    await conversations.drain(erasing, Understanding(), talk)
    assert platform.texts
