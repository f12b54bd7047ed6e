"""Which of several Rasas is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import httpx
import pytest

from bot import rasa
from bot.rasa import RasaDown, RasaFailed
from integrations.settings import Settings

EVEN, ODD = UUID(int=2**80), UUID(int=2**80 + 1)


@dataclass
class Rasas:
    """Two of them; `fails` holds what happens to one of them."""

    fails: dict[str, int | Exception] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.host)
        failure = self.fails.get(request.url.host)
        if isinstance(failure, Exception):
            raise failure
        return httpx.Response(failure or 200, json={"messages": [{"text": "said"}]})


@pytest.fixture
def rasas() -> Rasas:
    return Rasas()


@pytest.fixture
async def ask(rt, rasas):
    settings = Settings(_env_file=None, rasa_urls="http://a,http://b", rasa_token="secret")
    async with httpx.AsyncClient(transport=httpx.MockTransport(rasas)) as http:
        two = replace(rt, settings=settings, http=http)

        async def turn(conversation: UUID, attempt: int = 0):
            return await rasa.turn(two, conversation, uuid4(), "x", {}, attempt)

        yield turn


async def test_a_conversation_stays_with_one(ask, rasas) -> None:
    for _ in range(3):
        await ask(EVEN)
        await ask(ODD)
    assert rasas.asked == ["a", "b"] * 3


@pytest.mark.parametrize("failure", [503, httpx.ConnectError("refused"), httpx.ConnectTimeout("silent")])
async def test_one_that_is_down_is_passed_over(ask, rasas, failure) -> None:
    rasas.fails["a"] = failure
    assert (await ask(EVEN))[0].text == "said"
    assert rasas.asked == ["a", "b"]
    rasas.fails["b"] = failure
    with pytest.raises(RasaDown):
        await ask(EVEN)


@pytest.mark.parametrize("failure", [500, 409, httpx.ReadTimeout("hangs"), httpx.ReadError("killed")])
async def test_a_turn_that_failed_in_the_middle_goes_to_the_other_next_time(ask, rasas, failure) -> None:
    """Not at once: the first may still be at work. The tracker's version lets one of the two store its turn."""
    rasas.fails["a"] = failure
    with pytest.raises(RasaFailed):
        await ask(EVEN)
    assert rasas.asked == ["a"]
    assert await ask(EVEN, attempt=1)
    assert rasas.asked == ["a", "b"]
