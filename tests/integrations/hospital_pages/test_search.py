"""Questions find the page that speaks of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integrations.hospital_pages.pages import Pages
from integrations.hospital_pages.search import Search
from tests.eval.questions import QUESTIONS, language_of


@pytest.fixture(scope="module")
def search() -> Search:
    return Search(Pages())


def test_the_part_that_is_asked_for(search: Search) -> None:
    wanted = {
        "停车一个小时收多少钱": ("parking", "收费"),
        "停車收費點計": ("parking", "收费"),
        "无痛胃镜要人陪吗": ("gastroscopy", "无痛胃镜"),
        "你们医院在哪": ("address", ""),
        "异地医保没有备案怎么办": ("insurance_elsewhere", "没有备案"),
    }
    found = {text: search.answers(text, "zh-Hans") for text in wanted}
    assert {
        text: (one.matches[0].page.topic, one.matches[0].section.heading) for text, one in found.items()
    } == wanted
    english = search.answers("how much is parking per hour", "en").matches[0]
    assert (english.page.topic, english.section.heading) == ("parking", "Price")


def test_questions_in_patients_words(search: Search) -> None:
    """The set of tests/eval/questions.tsv; what it reaches stands in docs/decisions/0034-hospital-pages.md."""
    rows = [line.split("\t") for line in QUESTIONS.read_text("utf-8").splitlines() if line]
    own = [(topic, question) for topic, question in rows if topic != "-"]
    foreign = [question for topic, question in rows if topic == "-"]
    assert len(own) >= 150
    assert len(foreign) >= 40
    found = [(topic, search.answers(question, language_of(question))) for topic, question in own]
    assert sum(topic in [one.page.topic for one in given.matches] for topic, given in found) / len(own) >= 0.8
    alone = [(topic, given.matches[0].page.topic) for topic, given in found if given.certain]
    assert sum(topic == given for topic, given in alone) / len(alone) >= 0.85
    refused = sum(search.sure_answer(question, language_of(question)) is None for question in foreign)
    assert refused / len(foreign) >= 0.95


def test_nothing_for_what_no_page_says(search: Search) -> None:
    for text in ("", "？", "12345", "今天股票涨了没", "[[phone:0123456789abcdef0123456789abcdef]]"):
        assert search.sure_answer(text, "zh-Hans") is None


def test_an_edited_page_is_found_by_its_new_words(tmp_path: Path) -> None:
    for topic, title in (("parking", "停车场"), ("canteen", "食堂"), ("wifi", "上网")):
        (tmp_path / f"{topic}.md").write_text(f"# {title}\n在一楼。\n", "utf-8")
    search = Search(Pages(tmp_path))
    assert [
        one.page.topic for one in search.index("zh-Hans").search("理发店几点开", most=1) if one.score > 1
    ] == []
    file = tmp_path / "canteen.md"
    file.write_text("# 理发店\n每天九点开。\n", "utf-8")
    os.utime(file, ns=(1, 1))
    assert search.index("zh-Hans").search("理发店几点开")[0].page.title == "理发店"
