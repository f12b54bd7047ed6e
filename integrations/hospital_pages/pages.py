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
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
import yaml

from integrations.catalogue import CHINESE
from integrations.settings import ROOT, Settings

log = structlog.get_logger()

FOLDER = ROOT / "dialogs/hospital_questions"
_BLANK = re.compile(r"\{(hospital_name|hospital_phone)\}")
_FRONT = re.compile(r"\A\ufeff?---\n(?P<front>.*?)^---\n", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^## *(.+?) *$", re.MULTILINE)
Stamp = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Text under a heading; the heading is empty for what stands before the first one."""

    heading: str
    text: str

    def filled(self, settings: Settings, language: str) -> Section:
        """With the hospital's name and phone."""
        values = {
            "hospital_name": settings.hospital_name_in(language),
            "hospital_phone": settings.hospital_phone,
        }
        return Section(self.heading, _BLANK.sub(lambda blank: values[blank[1]], self.text))

    @property
    def blocks(self) -> list[list[str]]:
        """Paragraphs and lists, as lines; those of a list begin with "- "."""
        found: list[list[str]] = []
        for paragraph in self.text.split("\n\n"):
            for line in filter(str.strip, paragraph.splitlines()):
                listed = line.startswith("- ")
                if found and listed and found[-1][0].startswith("- "):
                    found[-1].append(line)
                else:
                    found.append([line])
        return found


@dataclass(frozen=True, slots=True)
class Page:
    """`topic` is its name in addresses and buttons. The first section is what is said to most questions."""

    topic: str
    language: str
    title: str
    asked: tuple[str, ...]
    sections: tuple[Section, ...]

    def filled(self, settings: Settings) -> Page:
        """With the hospital's name and phone."""
        return replace(self, sections=tuple(one.filled(settings, self.language) for one in self.sections))

    @property
    def text(self) -> str:
        """The whole page without its title."""
        return "\n\n".join("\n".join(filter(None, (one.heading, one.text))) for one in self.sections)


def read_page(path: Path) -> Page:
    """Raises OSError, or ValueError for a page without title or text, or with a front matter that cannot be read."""
    written = path.read_text("utf-8").replace("\r\n", "\n")
    front = _FRONT.match(written)
    asked = _asked(front["front"]) if front else ()
    written = written[front.end() :] if front else written
    heading, _, body = written.strip().partition("\n")
    title = heading.lstrip("# ").strip()
    lead, *pieces = _HEADING.split(body.strip())
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

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
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
        try:
            return changed, read_page(file)
        except (OSError, ValueError) as error:
            log.error("hospital page cannot be read", file=file.name, reason=str(error))
            return changed, before[1] if before else None
