"""The quick search for a rule must find what RulePolicy finds."""

from __future__ import annotations

import asyncio
import random

import pytest
from components import rules
from components.engine import TurnFailed
from conversation import build_engine, message
from rasa.core.policies.policy import Policy
from rasa.core.policies.rule_policy import RulePolicy
from test_compaction import DETOURS, MESSAGES


@pytest.fixture
def compared(monkeypatch) -> list[str]:
    """Every prediction is made both ways; gives the actions predicted."""
    predicted: list[str] = []
    quick = RulePolicy._predict

    def both(self, tracker, domain):
        ours, _ = quick(self, tracker, domain)
        with pytest.MonkeyPatch.context() as stock:
            stock.setattr(RulePolicy, "_prediction_states", Policy._prediction_states)
            stock.setattr(RulePolicy, "_get_possible_keys", STOCK_KEYS)
            theirs, source = rules._stock_predict(self, tracker, domain)
        assert ours == theirs
        predicted.append(domain.action_names_or_texts[ours.max_confidence_index])
        return ours, source

    monkeypatch.setattr(RulePolicy, "_predict", both)
    return predicted


def STOCK_KEYS(self, lookup, states):  # noqa: N802
    """RulePolicy._get_possible_keys as Rasa 3.6.21 has it."""
    possible = set(lookup)
    for i, state in enumerate(reversed(states)):
        possible = {key for key in possible if self._is_rule_applicable(key, i, state)}
    return possible


@pytest.mark.parametrize("compacts", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_every_prediction_is_the_same(model, executor, compared, compacts, seed):
    chance = random.Random(100 + seed)  # noqa: S311

    async def talk() -> None:
        engine = build_engine(model, executor, compacts=compacts)
        for text in [*DETOURS, *chance.choices(MESSAGES, k=40)]:
            try:
                await engine.turn(message(text))
            except TurnFailed:  # noqa: PERF203
                continue

    asyncio.run(talk())
    assert {"booking_form", "action_book", "utter_help_more", "utter_cancelled", "utter_welcome"} <= set(
        compared
    )
