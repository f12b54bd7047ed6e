"""Markdown pages in a folder: parking.md in Chinese, parking.en.md the same in English.

    ---
    asked:
      - 停车怎么收费
    ---
    # 停车

    What is said to most questions.

    ## 收费

    What is said about the charge.

`asked` are ways of asking, for finding the page. A page may use {hospital_name} and {hospital_phone}, and of Markdown
headings, paragraphs and lists ("- …").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog
import yaml

from integrations.catalogue import CHINESE
from integrations.language.languages import LANGUAGES
from integrations.settings import ROOT, Settings

log = structlog.get_logger()

FOLDER = ROOT / "dialogs/hospital_questions"
_BLANK = re.compile(r"\{(hospital_name|hospital_phone)\}")
_FRONT = re.compile(r"\A﻿?---\n(?P<front>.*?)^---\n", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^## *(.+?) *$", re.MULTILINE)
Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Text under a heading; the heading is empty for what stands before the first one."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """`topic` is its name in addresses and buttons. The first section is what is said to most questions."""

    topic: str
    language: str
    title: str
    asked: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The whole page without its title."""
        return "\n\n".join("\n".join(filter(None, (one.heading, one.text))) for one in self.sections)


def read_page(path: Path, blanks: Mapping[str, str]) -> Page:
    """Raises OSError, or ValueError for a page without title or text, or with a front matter that cannot be read."""
    written = path.read_text("utf-8").replace("\r\n", "\n")
    front, asked = _FRONT.match(written), ()
    if front:
        written = written[front.end() :]
        asked = _asked(front["front"])
    heading, _, body = written.strip().partition("\n")
    title = heading.lstrip("# ").strip()
    text = _BLANK.sub(lambda blank: blanks[blank[1]], body.strip())
    lead, *pieces = _HEADING.split(text)
    further = [Section(name, words.strip()) for name, words in zip(pieces[::2], pieces[1::2], strict=True)]
    sections = tuple(one for one in (Section("", lead.strip()), *further) if one.text)
    if not title or not sections:
        raise ValueError("it has no title, or no text")
    topic, _, language = path.stem.partition(".")
    return Page(topic, language or CHINESE, title, asked, sections)


def _asked(front: str) -> tuple[str, ...]:
    try:
        told = yaml.safe_load(front) or {}
        return tuple(str(one) for one in told.get("asked") or ())
    except (yaml.YAMLError, AttributeError, TypeError) as error:
        raise ValueError(f"its front matter cannot be read: {error}") from None


class Pages:
    """All pages of a folder, read again when a file has changed. A page that cannot be read is logged and stays
    what it was."""

    def __init__(self, settings: Settings, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._blanks = {
            language: {
                "hospital_name": settings.hospital_name_in(language),
                "hospital_phone": settings.hospital_phone,
            }
            for language in LANGUAGES
        }
        self._known: dict[str, tuple[int, Page | None]] = {}
        self.stamp: Stamp = ()  # changes with the files

    def of(self, language: str) -> dict[str, Page]:
        """By topic, in their order of names; in Chinese where there is no page in the language."""
        self._look()
        found = [page for _, page in self._known.values() if page]
        chinese = {page.topic: page for page in found if page.language == CHINESE}
        own = {page.topic: page for page in found if page.language == language and page.topic in chinese}
        return dict(sorted((chinese | own).items()))

    def _look(self) -> None:
        files = sorted(self._folder.glob("*.md"))
        stamp = tuple((file.name, file.stat().st_mtime_ns) for file in files)
        if stamp == self.stamp:
            return
        self._known = {
            file.name: self._read(file, changed) for file, (_, changed) in zip(files, stamp, strict=True)
        }
        self.stamp = stamp

    def _read(self, file: Path, changed: int) -> tuple[int, Page | None]:
        before = self._known.get(file.name)
        if before and before[0] == changed:
            return before
        language = file.stem.partition(".")[2] or CHINESE
        try:
            return changed, read_page(file, self._blanks.get(language, self._blanks[CHINESE]))
        except (OSError, ValueError) as error:
            log.error("hospital page cannot be read", file=file.name, reason=str(error))
            return changed, before[1] if before else None
