"""Rules, domain, catalogue and actions say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk.executor import ActionExecutor

from actions.answers import SAID_BY_KIND
from actions.hospital_questions import FOLDER, read_question
from actions.journeys import ANSWERS, ENTRIES, FORMS, OUTSIDE
from integrations.catalogue import Texts
from integrations.settings import ROOT, Settings


def read(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


DOMAIN = read(ROOT / "domain.yml")
INTENTS = {next(iter(intent)) for intent in DOMAIN["intents"]}
SOURCES = "\n".join(path.read_text("utf-8") for path in (ROOT / "actions").glob("*.py"))


def parts(key: str) -> Iterator[dict[str, Any]]:
    for path in sorted((ROOT / "dialogs").glob("*/*.yml")):
        yield from read(path).get(key, [])


def test_one_rule_an_intent_leads_where_the_actions_think() -> None:
    rules = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in parts("rules")}
    assert rules == {**ENTRIES, **{intent: f"action_{intent}" for intent in {**ANSWERS, **OUTSIDE}}}
    assert set(rules) == INTENTS


# By events, pages and buttons of ours alone.
SAID_BY_US = {
    "page_completed",
    "address_saved",
    "link_added",
    "handed_back",
    "non_text",
    "take_replacement",
    "follow_up_due",
    "follow_up_answered",
}


def test_every_intent_has_examples() -> None:
    examples = {part["intent"]: part["examples"].count("- ") for part in parts("nlu") if "intent" in part}
    system = {"nlu_fallback"}
    assert set(examples) == INTENTS - system
    assert all(count >= 40 for intent, count in examples.items() if intent not in SAID_BY_US)


def test_no_example_stands_under_two_intents() -> None:
    seen: dict[str, str] = {}
    for part in parts("nlu"):
        if "intent" not in part:
            continue
        for line in part["examples"].splitlines():
            words = re.sub(r"\]\(\w+\)|(?<!\[)\[(?!\[)", "", line.removeprefix("- ").strip())
            assert seen.setdefault(words, part["intent"]) == part["intent"], words


def test_server_and_domain_have_the_same_actions(executor: ActionExecutor) -> None:
    assert set(executor.actions) == set(DOMAIN["actions"])
    assert {form.form for form in FORMS} == set(DOMAIN["forms"])


def test_every_text_that_is_named_exists(texts: Texts) -> None:
    named = set(re.findall(r'"((?:say|ask|word|intent)_[a-z_]+)"', SOURCES))
    assert len(named) > 300
    assert named - {"intent_ranking", *INTENTS} - set(texts) == set()


def test_texts_that_are_named_by_kind_exist(texts: Texts) -> None:
    assert all(f"say_non_text_{kind}" in texts for kind in {*SAID_BY_KIND, "other"})


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
@pytest.mark.parametrize("kind", ["voice", "image", "video", "file", "other"])
def test_what_cannot_be_read_names_the_ambulance(texts: Texts, kind: str, language: str) -> None:
    assert "120" in texts.speaking(language).text(f"say_non_text_{kind}", phone="010-1")


def test_how_the_assistant_speaks() -> None:
    for key, variations in DOMAIN["responses"].items():
        for variation in variations:
            text = variation["text"]
            assert "！" not in text, key
            assert "你" not in text, key
            assert not re.search(r"系统|输入错误|请输入|[A-Za-z]+Error", text), key


def test_every_topic_that_words_name_has_a_page() -> None:
    words = [read(path) for path in FOLDER.glob("nlu*.yml")]
    named = {part["synonym"] for one in words for part in one["nlu"] if "synonym" in part}
    topics = {path.stem for path in FOLDER.glob("*.md") if "." not in path.stem}
    assert named
    assert named <= topics
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    for topic in topics:
        for language in ("zh-Hans", "en"):
            assert "{" not in read_question(topic, settings, language=language).text
