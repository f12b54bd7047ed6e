"""The folder that staff edit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from integrations.hospital_pages.pages import FOLDER, Page, Pages, read_page
from integrations.settings import Settings

SETTINGS = Settings(_env_file=None, hospital_phone="010-1")  # type: ignore[call-arg]
PAGE = """---
asked:
  - 停车怎么收费
---
# 停车

东门进。
打 {hospital_phone}。

## 收费

每小时 5 元。

- 残疾人免费
- 过夜 40 元
"""


def test_what_a_page_says(tmp_path: Path) -> None:
    (tmp_path / "parking.md").write_text(PAGE.replace("\n", "\r\n"), "utf-8")
    page = read_page(tmp_path / "parking.md").filled(SETTINGS)
    assert (page.topic, page.title, page.asked) == ("parking", "停车", ("停车怎么收费",))
    lead, price = page.sections
    assert (lead.heading, lead.text) == ("", "东门进。\n打 010-1。")
    assert price.heading == "收费"
    assert price.blocks == [["每小时 5 元。"], ["- 残疾人免费", "- 过夜 40 元"]]


def test_english_where_there_is_some(tmp_path: Path) -> None:
    (tmp_path / "parking.md").write_text(PAGE, "utf-8")
    (tmp_path / "hours.md").write_text("# 时间\n每天。\n", "utf-8")
    (tmp_path / "parking.en.md").write_text("# Parking\nEast gate.\n", "utf-8")
    (tmp_path / "wifi.en.md").write_text("# WiFi\nOnly in English.\n", "utf-8")
    pages = Pages(tmp_path)
    assert {topic: page.title for topic, page in pages.of("en").items()} == {
        "hours": "时间",
        "parking": "Parking",
    }
    assert pages.of("zh-Hant")["parking"].title == "停车"


def test_changed_new_and_removed_files_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "parking.md"
    file.write_text("# 停车\n东门。\n", "utf-8")
    pages = Pages(tmp_path)
    assert pages.of("en")["parking"].text == "东门。"
    file.write_text("# 停车\n满了。\n", "utf-8")
    os.utime(file, ns=(1, 1))
    (tmp_path / "wifi.md").write_text("# 上网\n免费。\n", "utf-8")
    assert pages.of("en")["parking"].text == "满了。"
    file.unlink()
    assert set(pages.of("en")) == {"wifi"}


def test_a_broken_page_stays_what_it_was(tmp_path: Path) -> None:
    file = tmp_path / "parking.md"
    file.write_text(PAGE, "utf-8")
    (tmp_path / "empty.md").write_text("", "utf-8")
    pages = Pages(tmp_path)
    assert set(pages.of("en")) == {"parking"}
    file.write_text("---\nasked: [\n---\n# 停车\n新的。\n", "utf-8")
    os.utime(file, ns=(1, 1))
    assert pages.of("en")["parking"].sections[1].heading == "收费"


def _stems() -> set[str]:
    return {path.stem for path in FOLDER.glob("*.md")}


def test_every_page_stands_in_english_too() -> None:
    topics = {stem for stem in _stems() if "." not in stem}
    assert len(topics) >= 40
    assert {f"{topic}.en" for topic in topics} == _stems() - topics


@pytest.mark.parametrize("language", ["zh-Hans", "en"])
def test_pages_fit_into_the_chat(language: str) -> None:
    """Each part short enough for one message, each page with ways of asking; none broken, none twice."""
    pages = Pages().of(language)
    assert {page.language for page in pages.values()} == {language}
    longest = 200 if language == "zh-Hans" else 420
    for page in pages.values():
        assert len(page.asked) >= 2, page.topic
        assert all(len(one.text) <= longest for one in page.sections if page.topic != "privacy"), page.topic
    titles = [page.title for page in pages.values()]
    assert len(titles) == len(set(titles))


def test_no_way_of_asking_stands_on_two_pages() -> None:
    for language in ("zh-Hans", "en"):
        seen: dict[str, Page] = {}
        for page in Pages().of(language).values():
            for one in page.asked:
                assert seen.setdefault(one.lower(), page) is page, one
