"""Where a message turns from one wish to another."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.launching.training import model_file, train
from integrations.hospital.demo_names import demo_lexicon
from integrations.language.names import NameIndex
from integrations.language.script import normalise
from integrations.language.understand import understand
from integrations.settings import ROOT

sys.path.insert(0, str(ROOT / "dialogs"))

from components.wishes import ANSWERED, BEGUN, wishes_in

from actions.journeys import ANSWERS, ENTRIES

RASA = ROOT / ".venv-rasa/bin/python"
LINES = [
    line.split("\t")
    for line in Path(__file__).with_name("wishes.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
WORDS = {"取消": "cancel_appointment", "约": "book_appointment", "停车": "ask_hospital", "好": "affirm"}


def by_word(text: str, sure: float = 0.9) -> Callable[[int, int], tuple[str, float]]:
    """Understands the first of a few words."""

    def likely(start: int, end: int) -> tuple[str, float]:
        found = [intent for word, intent in WORDS.items() if word in text[start:end]]
        return (found[0], sure) if found else ("inform", sure)

    return likely


def test_what_may_come_second_is_answered_or_opens_a_form() -> None:
    assert set(ANSWERS) >= ANSWERED
    assert set(ENTRIES) >= BEGUN


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("取消周三的，然后再约周五的", "约周五的"),
        ("停车多少钱？约个号", "约个号"),
        ("好的，顺便问下停车", "问下停车"),
        ("好的，约个号", ""),  # a correction, if anything
        ("取消周三的，约周五的", ""),  # moved
        ("取消周三的，另外取消周五的", ""),
        ("约个号，下周三，上午", ""),
        ("取消周三的约周五的停车", ""),  # nothing between them
    ],
)
def test_marks_and_joining_words(text: str, second: str) -> None:
    found = wishes_in(text, by_word(text))
    assert [text[one.start : one.end] for one in found[1:]] == ([second] if second else [])


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("给我妈约心内科，再给我自己约皮肤科", "给我自己约皮肤科"),
        ("给我妈约心内科，给我爸约骨科", "给我爸约骨科"),
        ("约心内科，另外再约个皮肤科", "约个皮肤科"),
        ("约心内科，约皮肤科", ""),  # one of the two, if anything
        ("约心内科，没号的话再约皮肤科", ""),
        ("给我妈约心内科，再约早一点", ""),
        ("约过心内科了，再约皮肤科", ""),
        ("约心内科，再帮我约心内科", ""),
    ],
)
def test_two_visits_are_two_wishes_when_they_name_two(text: str, second: str) -> None:
    words = {"心内科": "department", "皮肤科": "department", "骨科": "department", "我妈": "relative"}
    words |= {"我爸": "relative", "自己": "oneself"}

    def named(start: int, end: int) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for word, kind in words.items():
            if word in text[start:end]:
                found.setdefault(kind, set()).add(word)
        return found

    parts = wishes_in(text, by_word(text), named)
    assert [text[one.start : one.end] for one in parts[1:]] == ([second] if second else [])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("停车多少钱？约个号，另外取消周三的", ["停车多少钱", "约个号", "取消周三的"]),
        ("取消周三的，然后再约周五的，顺便问下停车", ["取消周三的", "约周五的", "问下停车"]),
        ("好的，顺便问下停车，另外约周五的", ["好的", "问下停车", "约周五的"]),
        ("停车多少钱？约个号，下周三", ["停车多少钱", "约个号，下周三"]),
    ],
)
def test_three(text: str, parts: list[str]) -> None:
    assert [text[one.start : one.end] for one in wishes_in(text, by_word(text))] == parts


def test_unsure_is_one_wish() -> None:
    text = "取消周三的，然后再约周五的"
    assert wishes_in(text, by_word(text, 0.4)) == []


def test_nothing_is_classified_without_a_mark() -> None:
    def never(start: int, end: int) -> tuple[str, float]:
        raise AssertionError((start, end))

    for text in ("帮我挂个号", "book a doctor", "", "停车怎么收费"):
        assert wishes_in(text, never) == []


@pytest.mark.slow
def test_messages_of_one_wish_and_of_two() -> None:
    """Through the trained model: no message of one wish may be taken apart, of two nine in ten have to be."""
    model = model_file()
    if not model.exists():
        train(RASA)
    index, now = NameIndex(demo_lexicon()), datetime(2026, 11, 22, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
    texts = [normalise(line[0]) for line in LINES]
    asked = [json.dumps({"text": text, "entities": understand(text, index=index, now=now)}) for text in texts]
    result = subprocess.run(
        [str(RASA), "-m", "components.classify", "--model", str(model)],
        check=True,
        cwd=ROOT / "dialogs",
        input="\n".join(asked),
        stdout=subprocess.PIPE,
        text=True,
    )
    torn, missed = [], []
    for line, text, answer in zip(LINES, texts, map(json.loads, result.stdout.splitlines()), strict=True):
        two = [one["value"] for one in answer["entities"] if one["entity"] == "next_wish"]
        got = [[one["first"], *_later(text, one["later"])] for one in two]
        wanted = [[line[1], *map(normalise, line[2:])]] if len(line) > 1 else []
        if got != wanted:
            (missed if wanted else torn).append((text, got))
    assert torn == []
    assert len(missed) <= sum(len(line) > 1 for line in LINES) // 10, missed


def _later(text: str, wishes: list[dict[str, Any]]) -> list[str]:
    return [word for one in wishes for word in (one["intent"], text[one["start"] : one["end"]])]
