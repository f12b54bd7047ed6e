"""What is said on ordinary days raises no alarm: with the trained second opinion, over everything that buttons say and
that patients write in the conversations that are not about danger."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot.launching import training
from bot.red_flags import Outcome, get_ready, look
from integrations.language.script import normalise
from integrations.settings import ROOT

_SAID = re.compile(r"^- 病人(?:按)?[：:]\s*(.+)$|^病人(?:按)?[：:]\s*(.+)$", re.MULTILINE)
_ABOUT_DANGER = {
    "我爸胸口剧痛喘不上气",
    "my father collapsed and is not breathing",
    "我爸突然倒地叫不醒了，沒有呼吸",
    "我胸口突然压得喘不上气，出冷汗",
    "我这两天胸闷，没看过医生",
}


@pytest.fixture(scope="module", autouse=True)
def _second_opinion() -> None:
    if "red flags" in training.untrained():
        training.train_small("red flags")
    get_ready()


def _rings(texts: list[str]) -> list[str]:
    return [text for text in texts if look(normalise(text))[0] is not Outcome.NONE]


@pytest.mark.slow
def test_what_patients_write_in_conversations_that_are_not_about_danger() -> None:
    files = [
        file
        for file in Path(ROOT, "tests/conversations/dialogs").rglob("*.md")
        if file.parent.name != "safety"
    ]
    said = {one or other for file in files for one, other in _SAID.findall(file.read_text(encoding="utf-8"))}
    assert len(said) > 300
    assert _rings(sorted(said - _ABOUT_DANGER)) == []


@pytest.mark.slow
def test_what_people_come_with_most() -> None:
    """A fever of two days, a cough, a sore knee: no row of it stands among the examples. A question in return is
    no harm where it is rare."""
    file = Path(__file__).with_name("common_complaints.txt")
    said = file.read_text(encoding="utf-8").splitlines()
    assert len(said) > 140
    outcomes = {text: look(normalise(text))[0] for text in said}
    assert {
        text: found for text, found in outcomes.items() if found not in (Outcome.NONE, Outcome.CHECK)
    } == {}
    assert sum(found is Outcome.CHECK for found in outcomes.values()) <= len(said) * 0.03


@pytest.mark.slow
def test_what_buttons_say() -> None:
    titles = []
    for file in [ROOT / "domain.yml", *(ROOT / "dialogs").rglob("*.yml")]:
        responses = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("responses") or {}
        for name, ways in responses.items():
            titles += [way["text"] for way in ways if name.startswith("word_") and "{" not in way["text"]]
    assert len(titles) > 200
    assert _rings(titles) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "written", ["April {day}, {year}", "{day} Dec {year}", "{year}-07-{day}", "{year}年7月{day}日"]
)
def test_dates(written: str) -> None:
    assert (
        _rings([written.format(day=day, year=year) for day in (10, 19, 28) for year in range(1940, 2026)])
        == []
    )
