"""The catalogue's two languages say the same."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from integrations.catalogue import CHINESE, ENGLISH, Texts, Variation

TEXTS = Texts.load()
# An English time says am or pm, so the half day need not stand beside it.
IMPLIED = {"time": {"period"}, "clock": set()}
HAN = re.compile(r"[㐀-鿿]+")
NAMES = {"张小明"}  # an example of how a name is written
BILINGUAL = {"ask_language"}  # read by whoever has the wrong one


def chosen(key: str, language: str) -> Variation:
    """The wording of a text in a language."""
    found = [one for one in TEXTS.variations(key) if one.language == language]
    assert len(found) == 1, f"{key} has {len(found)} wordings for {language or CHINESE}"
    return found[0]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS.keys())
def test_both_languages_stand_with_the_same_blanks_and_payloads(key: str) -> None:
    chinese, english = chosen(key, ""), chosen(key, ENGLISH)
    missing = blanks(chinese.text) - blanks(english.text)
    assert blanks(english.text) <= blanks(chinese.text)
    assert missing <= set().union(*(IMPLIED.get(blank, set()) for blank in blanks(english.text)))
    assert [payload for _, payload in english.buttons] == [payload for _, payload in chinese.buttons]
    assert [blanks(title) for title, _ in english.buttons] == [blanks(title) for title, _ in chinese.buttons]
    assert english.expects == chinese.expects


@pytest.mark.parametrize("key", sorted(set(TEXTS.keys()) - BILINGUAL))
def test_english_has_no_chinese_but_names(key: str) -> None:
    english = chosen(key, ENGLISH)
    for words in (english.text, *(title for title, _ in english.buttons)):
        assert set(HAN.findall(words)) <= NAMES
        assert not re.search(r"[，。：；？！（）、]", words)


def test_a_language_without_a_wording_of_its_own_gets_chinese() -> None:
    assert TEXTS.speaking("zh-Hant").text("say_thanks") == TEXTS.text("say_thanks")
    assert TEXTS.speaking("fr").text("say_thanks") == TEXTS.text("say_thanks")
    assert TEXTS.speaking(ENGLISH).text("say_thanks") != TEXTS.text("say_thanks")
    assert TEXTS.speaking(ENGLISH).say("ask_phone", id_number="1").expects == "phone"
