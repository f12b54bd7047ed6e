"""What is said, what is denied, and what is only asked."""

from __future__ import annotations

import pytest

from integrations.language.mentions import Stance, mentions

WORDS = ["渗血", "流脓", "红肿", "裂开", "bleed", "pus", "redness"]
SAID = """流脓了 | 有流脓 | 没长好流脓了 | 疼得没睡着，流脓 | 不疼就是渗血 | 没想到裂开了 | 没注意裂开了 | 没用，渗血 |
    主要是流脓 | 流脓没有停 | 差不多都渗血 | bleeding | there is pus | it hasn't stopped bleeding |
    does not stop bleeding | no fever, pus | not clean, pus"""
DENIED = """没流脓 | 没有渗血 | 不渗血了 | 没有再渗血 | 没怎么流脓 | 没看到流脓 | 渗血没有 | 没有红肿、渗血和流脓 |
    红肿、渗血都没有 | 没有红肿渗血 | 倒是没有流脓 | 冇流脓 | no pus | not bleeding | no more bleeding |
    stopped bleeding | no redness, bleeding or pus | without pus | it isn't bleeding | I haven't seen any pus"""
OPEN = """有没有流脓 | 是不是流脓 | 会不会裂开 | 怕裂开 | 万一渗血 | 不是流脓了吗 | if it will bleed |
    not sure if it is pus | could it bleed"""


@pytest.mark.parametrize(
    ("text", "stance"),
    [
        (text.strip(), stance)
        for stance, texts in ((Stance.SAID, SAID), (Stance.DENIED, DENIED), (Stance.OPEN, OPEN))
        for text in texts.split("|")
    ],
)
def test_stance(text: str, stance: Stance) -> None:
    assert {one.stance for one in mentions(text, WORDS)} == {stance}


def test_english_words_begin_and_end() -> None:
    assert mentions("pushed, tired", ["pus", "red"]) == []
    assert [one.end for one in mentions("有pus", ["pus"])] == [4]
