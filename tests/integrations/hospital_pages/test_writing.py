"""Staff write pages while patients are answered from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from integrations.hospital_pages import Pages
from integrations.hospital_pages.writing import PageError, add_question, write


def test_written_it_is_found_at_once(tmp_path: Path) -> None:
    pages = Pages(tmp_path)
    assert pages.of("zh") == {}
    write("hairdresser", "理发", "一楼有理发店，9:00-17:00。", ["有理发店吗"], folder=tmp_path)
    [page] = pages.of("zh").values()
    assert (page.topic, page.title, page.asked) == ("hairdresser", "理发", ("有理发店吗",))
    write("hairdresser", "Hairdresser", "On the ground floor.", [], language="en", folder=tmp_path)
    assert pages.of("en")["hairdresser"].title == "Hairdresser"
    assert [one.name for one in tmp_path.iterdir() if one.suffix != ".md"] == []


def test_one_more_way_of_asking(tmp_path: Path) -> None:
    (tmp_path / "parking.md").write_text(
        "---\nasked:\n  - 停车怎么收费\n---\n# 停车\n\n地下停车场。\n\n## 收费\n\n每小时5元。\n"
    )
    for _ in range(2):
        page = add_question("parking", "车停哪里: 有没有 #位", folder=tmp_path)
    assert page.asked == ("停车怎么收费", "车停哪里: 有没有 #位")
    assert [one.heading for one in page.sections] == ["", "收费"]


@pytest.mark.parametrize(
    ("topic", "title", "text"),
    [
        ("../secrets", "页", "字"),
        ("Parking", "页", "字"),
        ("parking", " ", "字"),
        ("parking", "页", " "),
        ("parking", "页", "字" * 2001),
    ],
)
def test_what_cannot_be_a_page(tmp_path: Path, topic: str, title: str, text: str) -> None:
    with pytest.raises(PageError):
        write(topic, title, text, [], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nobodys_page_is_written_over(tmp_path: Path) -> None:
    write("parking", "停车", "地下停车场。", [], folder=tmp_path)
    with pytest.raises(PageError, match="of this name"):
        write("parking", "停车", "没有。", [], folder=tmp_path)
    with pytest.raises(PageError, match="comes first"):
        write("garden", "Garden", "Behind the house.", [], language="en", folder=tmp_path)
    with pytest.raises(PageError, match="no such page"):
        add_question("garden", "有花园吗", folder=tmp_path)
