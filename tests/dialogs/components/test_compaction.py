"""A shortened history must lead to the same future. Two engines hear the same messages for hundreds of
turns: one keeps every event, the other stores what `compact` leaves."""

from __future__ import annotations

import asyncio
import random

import pytest
from components.compaction import compact
from components.engine import TurnFailed
from conversation import build_engine, last_turn, message, state

MESSAGES = [
    "/start", "/greet", "/help", "/more", "/book", "/book", "/register", "/affirm", "/deny", "/cancel", "/ask_hospital",
    "/quick", "/undo", "/reject", "/nlu_fallback", '/inform{"department": "心内科"}', '/inform{"date": "2026-11-23"}',
    '/inform{"department": "closed"}', '/inform{"name": "[[person_name:1]]"}', '/book{"department": "骨科"}',
    '/book{"department": "骨科", "date": "2026-11-25"}', '/register{"name": "x"}',
]  # fmt: skip
# The longest stay in a form: its first turn must stay visible however many turns ago it was.
DETOURS = ["/start", "/book"] + ["/ask_hospital", "/greet", "/nlu_fallback"] * 6 + [
    '/inform{"department": "心内科"}', *["/help", "/more"] * 5, '/inform{"date": "2026-11-23"}', "/ask_hospital",
    "/affirm", "/help", "/more", "/greet", "/cancel",
]  # fmt: skip


def _same_future(model, executor, texts: list[str]) -> None:
    async def talk() -> None:
        whole = build_engine(model, executor, compacts=False)
        short = build_engine(model, executor, compacts=True)
        for number, text in enumerate(texts):
            said = [message(text, message_id=f"{number:032x}") for _ in range(2)]
            outcomes = []
            for engine, one in zip((whole, short), said, strict=True):
                try:
                    await engine.turn(one)
                    outcomes.append("done")
                except TurnFailed as error:  # noqa: PERF203
                    outcomes.append(error.code)
            where = f"turn {number}: {texts[max(0, number - 6) : number + 1]}"
            assert outcomes[0] == outcomes[1], where
            assert await last_turn(whole) == await last_turn(short), where
            assert await state(whole) == await state(short), where

    asyncio.run(talk())


@pytest.mark.parametrize("seed", range(5))
def test_a_shortened_history_has_the_same_future(model, executor, seed):
    chance = random.Random(seed)  # noqa: S311
    _same_future(model, executor, chance.choices(MESSAGES, k=60))


def test_long_detours_out_of_a_form(model, executor):
    _same_future(model, executor, DETOURS * 2)


def test_a_restart_forgets_everything_before_it(model, executor):
    texts = [
        "/register",
        '/inform{"name": "x"}',
        "/greet",
        "/book",
        "/restart_all",
        "/greet",
        "/more",
        "/greet",
    ]
    _same_future(model, executor, texts)


def test_the_history_does_not_grow(model, executor):
    async def talk() -> None:
        engine = build_engine(model, executor, compacts=True)
        sizes = []
        for _ in range(15):
            for text in DETOURS:
                await engine.turn(message(text))
            sizes.append(len((await engine.tracker_store.retrieve("c")).events))
        assert sizes[1:] == sizes[1:2] * 14
        assert max(sizes) < 60

    asyncio.run(talk())


def test_the_words_of_older_turns_are_gone_and_the_last_ones_stay(model, executor):
    async def talk() -> None:
        engine = build_engine(model, executor, compacts=True)
        for text in ("在吗 第一", "你好 第二", "你好 第三", "你好 第四"):
            await engine.turn(message(text))
        tracker = await engine.tracker_store.retrieve("c")
        texts = [event.text for event in tracker.events if event.type_name == "user"]
        assert [text for text in texts if text] == ["你好 第三", "你好 第四"]

    asyncio.run(talk())


def test_compacting_twice_changes_nothing(model, executor):
    async def talk() -> None:
        engine = build_engine(model, executor, compacts=True)
        for text in DETOURS:
            await engine.turn(message(text))
        tracker = await engine.tracker_store.retrieve("c")
        assert compact(tracker) == list(tracker.events)

    asyncio.run(talk())
