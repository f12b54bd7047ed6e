"""Staff answer a question for good: they write a page, or add the question to one that answers it already."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from integrations.catalogue import CHINESE
from integrations.hospital_pages.pages import FOLDER, Page, read_page

_TOPIC = re.compile(r"[a-z][a-z0-9_]{1,39}")
_LONGEST = 2000  # characters of a page; more is not read in a chat


class PageError(Exception):
    """The page cannot be written; the message says to staff why."""


class BadTopic(PageError):
    """Not of the letters that a page's address has."""


class NothingWritten(PageError):
    """A page has a title and a text."""


class TooLong(PageError):
    """More than is read in a chat."""


class TopicTaken(PageError):
    """There is a page of this name."""


class ChineseFirst(PageError):
    """Pages in other languages belong to a Chinese one."""


class NoPage(PageError):
    """There is no such page in this language."""


class Illegible(PageError):
    """What was written does not make a page."""


class FolderShut(PageError):
    """The folder of pages cannot be written here."""


def write(
    topic: str,
    title: str,
    text: str,
    asked: Sequence[str],
    *,
    language: str = CHINESE,
    folder: Path = FOLDER,
) -> Page:
    """A new page; gives it as it is read. Raises PageError."""
    title, text = " ".join(title.split()), text.strip()
    if not _TOPIC.fullmatch(topic):
        raise BadTopic("the short name is of small letters, digits and _, such as visiting_hours")
    if not title or not text:
        raise NothingWritten("a page has a title and a text")
    if len(text) > _LONGEST:
        raise TooLong(f"a page is read in a chat: {_LONGEST} characters at most")
    path = _path(folder, topic, language)
    if path.exists():
        raise TopicTaken("there is a page of this name; add the question to it, or take another name")
    if language != CHINESE and not _path(folder, topic, CHINESE).exists():
        raise ChineseFirst("the Chinese page comes first")
    front = _front(asked)
    return _keep(path, f"{front}# {title}\n\n{text}\n", new=True)


def add_question(topic: str, words: str, *, language: str = CHINESE, folder: Path = FOLDER) -> Page:
    """One more way of asking for a page. Raises PageError."""
    path = _path(folder, topic, language)
    if not _TOPIC.fullmatch(topic) or not path.exists():
        raise NoPage("there is no such page in this language")
    written = path.read_text("utf-8").replace("\r\n", "\n")
    try:
        known = read_page(path)
    except ValueError as error:
        raise Illegible(f"the page cannot be read: {error}") from None
    if words in known.asked:
        return known
    front = re.match(r"\A\ufeff?---\n.*?^---\n", written, re.DOTALL | re.MULTILINE)
    body = written[front.end() :] if front else written
    return _keep(path, _front([*known.asked, words]) + body, new=False)


def _path(folder: Path, topic: str, language: str) -> Path:
    return folder / (f"{topic}.md" if language == CHINESE else f"{topic}.{language}.md")


def _front(asked: Sequence[str]) -> str:
    listed = [" ".join(one.split()) for one in asked if one.strip()]
    if not listed:
        return ""
    return f"---\n{yaml.safe_dump({'asked': listed}, allow_unicode=True, sort_keys=False)}---\n"


def _keep(path: Path, written: str, *, new: bool) -> Page:
    """Whole or not at all: patients are answered from these files meanwhile."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
        ) as file:
            file.write(written)
        part = Path(file.name)
        part.chmod(0o644)
        try:
            page = _checked(part, path)
            if new:
                os.link(part, path)  # refuses where somebody was faster
            else:
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except FileExistsError:
        raise TopicTaken("somebody has just written a page of this name") from None
    except OSError as error:
        raise FolderShut(f"the folder of pages cannot be written here: {error.strerror}") from None
    return page


def _checked(part: Path, path: Path) -> Page:
    try:
        found = read_page(part)
    except ValueError as error:
        raise Illegible(f"so it cannot be read: {error}") from None
    topic, _, language = path.stem.partition(".")
    return replace(found, topic=topic, language=language or CHINESE)
