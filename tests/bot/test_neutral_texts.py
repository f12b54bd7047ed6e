"""The catalogue's texts for news name nothing that is nobody else's."""

import re

import pytest

from bot import texts
from tests.bot.neutral_words import FORBIDDEN, read_aloud

LANGUAGES = ("zh-Hans", "en")

# Answers to what the patient just wrote. Every other text of the bot's own is news, or stands on a page.
ANSWERS = {
    "bot_failure", "bot_delayed", "bot_edited", "bot_choice_again", "bot_choose", "bot_choice_over", "bot_repeated",
    "bot_emergency", "bot_emergency_violence", "bot_crisis", "bot_urgent", "bot_place_after_alarm", "bot_department",
    "bot_department_mapped", "bot_department_nearest", "bot_department_around", "bot_department_elsewhere",
    "bot_talk_who_pharmacy", "bot_talk_who_doctor", "bot_talk_stays_consultation",
}  # fmt: skip
UNASKED = ["say_follow_up_due", "say_follow_up_again", "ask_follow_up_begin"]  # a follow-up begins by itself
KEYS = [
    key
    for key in texts.catalogue()
    if key.startswith("bot_") and key not in ANSWERS and not key.startswith("bot_check_")
]


def test_the_scan_finds_what_it_should() -> None:
    for words in (
        "李静医生",
        "心血管内科",
        "您的HIV检查",
        "Your diabetes visit",
        "王建国",
        "冠心病",
        "退药",
        "心内科",
    ):
        assert read_aloud(words)
    assert len(FORBIDDEN.pattern) > 2000


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_for_news_are_neutral(language: str) -> None:
    catalogue = texts.catalogue(language)
    for key in (*KEYS, *UNASKED):
        names = {blank for one in catalogue.variations(key) for blank in re.findall(r"{(\w+)}", one.text)}
        assert read_aloud(catalogue.text(key, **dict.fromkeys(names, "·"))) is None, key


def test_the_answers_are_texts_that_there_are() -> None:
    assert set(texts.catalogue()) > ANSWERS
