"""The catalogue's two languages say the same."""

from __future__ import annotations

import re
from string import Formatter

from integrations.catalogue import CHINESE, ENGLISH, Texts, Variation

# An English time says am or pm, so the half day need not stand beside it.
IMPLIED = {"time": {"period"}, "clock": set()}
HAN = re.compile(r"[㐀-鿿]+")
# Examples of how names and addresses are written.
NAMES = {"张小明", "张三", "北京市海淀区中关村大街", "浙江省", "杭州市", "西湖区", "文三路", "号", "室"}
BILINGUAL = {"ask_language"}  # read by whoever has the wrong one


def chosen(texts: Texts, key: str, language: str) -> Variation:
    """The wording of a text in a language."""
    found = [one for one in texts.variations(key) if one.language == language]
    assert len(found) == 1, f"{key} has {len(found)} wordings for {language or CHINESE}"
    return found[0]


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_stand_with_the_same_blanks_and_payloads(texts: Texts) -> None:
    for key in texts:
        chinese, english = chosen(texts, key, ""), chosen(texts, key, ENGLISH)
        missing = blanks(chinese.text) - blanks(english.text)
        implied: set[str] = set().union(*(IMPLIED.get(blank, set()) for blank in blanks(english.text)))
        assert blanks(english.text) <= blanks(chinese.text), key
        assert missing <= implied, key
        assert [payload for _, payload in english.buttons] == [payload for _, payload in chinese.buttons], key
        titles = [[blanks(title) for title, _ in one.buttons] for one in (english, chinese)]
        assert titles[0] == titles[1], key
        assert english.expects == chinese.expects, key


def test_english_has_no_chinese_but_names(texts: Texts) -> None:
    for key in set(texts) - BILINGUAL:
        english = chosen(texts, key, ENGLISH)
        for words in (english.text, *(title for title, _ in english.buttons)):
            assert set(HAN.findall(words)) <= NAMES, key
            assert not re.search(r"[，。：；？！（）、]", words), key


def test_a_language_without_a_wording_of_its_own_gets_chinese(texts: Texts) -> None:
    assert texts.speaking("zh-Hant").text("say_thanks") == texts.text("say_thanks")
    assert texts.speaking("fr").text("say_thanks") == texts.text("say_thanks")
    assert texts.speaking(ENGLISH).text("say_thanks") != texts.text("say_thanks")
    assert texts.speaking(ENGLISH).say("ask_phone", id_number="1").expects == "phone"
