"""The conversations in dialogs/, all at once: one case each on every platform it is written for. A patient may write
three messages in three seconds, so that one after the other they would take a quarter of an hour."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from integrations.catalogue import Texts
from tests.conversations.hospital import Hospital
from tests.conversations.playing import Played, Player
from tests.conversations.script import BadScript, Conversation, read_all
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]  # a short one may wait for all the long ones

AT_ONCE = 16
WRITTEN = read_all()
CASES = [
    pytest.param(one, channel, id=f"{one.name}-{channel}")
    for one in WRITTEN
    if isinstance(one, Conversation)
    for channel in one.channels
]


@pytest.fixture(scope="module")
def playing(
    request: pytest.FixtureRequest, stack: Stack, hospital: Hospital
) -> Iterator[dict[tuple[str, str], Future[Played]]]:
    """Every conversation that was asked for, begun."""
    texts = Texts.load()
    asked = [
        (item.callspec.params["conversation"], item.callspec.params["channel"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == test_as_written.__name__
    ]
    pool = ThreadPoolExecutor(AT_ONCE)
    begun = {
        (one.name, channel): pool.submit(
            lambda one, channel: Player(stack, hospital, texts, one, channel).play(), one, channel
        )
        for one, channel in sorted(asked, key=lambda case: -len(case[0].steps))  # the long ones first
    }
    yield begun
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize(("conversation", "channel"), CASES)
def test_as_written(
    conversation: Conversation, channel: str, playing: dict[tuple[str, str], Future[Played]]
) -> None:
    played = playing[conversation.name, channel].result()
    if played.missed:
        where = f"{conversation.file.name} 第 {conversation.number} 行“{conversation.title}”"
        pytest.fail(f"{where}\n{played}", pytrace=False)


@pytest.mark.parametrize("problem", [one for one in WRITTEN if isinstance(one, BadScript)] or [None])
def test_every_file_can_be_read(problem: BadScript | None) -> None:
    if problem:
        pytest.fail(str(problem), pytrace=False)
