"""Questions about the hospital, answered from Markdown pages that staff can edit.

A page is parking.md; parking.en.md beside it is the same for patients who write English.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from actions.turn import Reply, Turn
from integrations.catalogue import CHINESE
from integrations.settings import ROOT, Settings

FOLDER = ROOT / "dialogs/hospital_questions"
_BLANK = re.compile(r"\{(hospital_name|hospital_phone)\}")
_GENERAL = frozenset({"payment", "hours", "phone"})
_cache: dict[Path, tuple[int, str]] = {}


@dataclass(frozen=True, slots=True)
class Question:
    """One page: its first heading, and the text under it."""

    topic: str
    title: str
    text: str


def read_question(topic: str, settings: Settings, folder: Path = FOLDER, language: str = CHINESE) -> Question:
    """The page of a topic, read again when it was edited; Chinese where there is none in the language. Raises
    KeyError for an unknown topic."""
    return _page(_pages(folder, language)[topic], settings, language)


def _pages(folder: Path, language: str) -> dict[str, Path]:
    """By topic, in the language where there is such a page."""
    files = sorted(folder.glob("*.md"))
    pages = {path.stem: path for path in files if "." not in path.stem}
    own = {path.stem.partition(".")[0]: path for path in files if path.stem.endswith(f".{language}")}
    return pages | {topic: path for topic, path in own.items() if topic in pages}


def _page(path: Path, settings: Settings, language: str) -> Question:
    changed = path.stat().st_mtime_ns
    known = _cache.get(path)
    if known is None or known[0] != changed:
        known = _cache[path] = (changed, path.read_text("utf-8"))
    heading, _, body = known[1].partition("\n")
    values = {
        "hospital_name": settings.hospital_name_in(language),
        "hospital_phone": settings.hospital_phone,
    }
    text = _BLANK.sub(lambda blank: values[blank[1]], body.strip())
    return Question(path.stem.partition(".")[0], heading.lstrip("# ").strip(), text)


async def answer(turn: Turn, reply: Reply) -> None:
    """The page of the topic asked for, or where a named department is; with neither, the topics to choose from."""
    settings = turn.runtime.settings
    pages = _pages(FOLDER, turn.language)
    # "药房在哪" is about the pharmacy: words of place alone are about the hospital's address.
    # So "停车多少钱" is about parking: words of money, time and phone go with whatever else is named.
    topics = [topic for topic in turn.facts.topics if topic in pages and topic != "address"]
    topics.sort(key=lambda topic: topic in _GENERAL)
    if topics:
        reply.parts.append(_page(pages[topics[0]], settings, turn.language).text)
        return
    departments = (await turn.directory()).departments
    if named := [departments[one] for one in turn.facts.departments if one in departments]:
        for one in named:
            place = turn.words.place(one.campus, one.location)
            reply.say("say_department_place", department=one.name, place=place)
        return
    if turn.facts.topics:
        reply.parts.append(_page(pages["address"], settings, turn.language).text)
        return
    reply.say("say_which_question", phone=settings.hospital_phone)
    for topic, path in pages.items():
        if topic != "privacy":
            reply.offer(_page(path, settings, turn.language).title, f'/ask_hospital{{"topic": "{topic}"}}')
