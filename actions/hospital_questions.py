"""Questions about the hospital, answered in the words of its own pages (integrations.hospital_pages)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from actions.turn import Reply, Turn
from integrations.catalogue import CHINESE
from integrations.hospital import unanswered
from integrations.hospital_pages import FOLDER, Page, Pages, Section
from integrations.hospital_pages.search import Search
from integrations.settings import Settings

PAGES = Pages()
SEARCH = Search(PAGES)
# What most people ask; the others stand on the page that lists all.
_COMMON = ("hours", "address", "booking", "insurance", "parking", "report", "preparation", "visiting")
_OF_THE_HOSPITAL = re.compile(
    r"^(?:你们)?医院|你们(?:医院)?(?:在|的?地址)|\b(?:the|your) hospital\b|\bare you\b|\bget (?:there|to you)\b",
    re.IGNORECASE,
)
_GENERAL = frozenset({"payment", "hours", "phone", "preparation"})


def prepare() -> None:
    """Builds the indexes, so that no patient waits for them."""
    for language in (CHINESE, "en"):
        SEARCH.index(language)


def read_question(topic: str, settings: Settings, folder: Path = FOLDER, language: str = CHINESE) -> Page:
    """The page of a topic, with nothing left blank; Chinese where there is none in the language. Raises KeyError."""
    pages = PAGES if folder == FOLDER else Pages(folder)
    return pages.of(language)[topic].filled(settings)


async def answer(turn: Turn, reply: Reply) -> None:
    """The page that speaks of what was asked, or where a named department is; else what may be asked."""
    if not turn.text:
        await _pressed(turn, reply)
        return
    if turn.facts.departments and not _said_topics(turn) and await _place(turn, reply):
        return
    found = SEARCH.answers(turn.text, turn.language)
    topics = _said_topics(turn)
    special = set(topics) - _GENERAL or set(turn.facts.topics) & {"address"}
    named = [one for one in found.matches if one.page.topic in special]
    # In the middle of something else no choice can be offered: the next one is about that.
    if found.certain or len(named) == 1 or (turn.form and found.matches):
        best = named[0] if len(named) == 1 and not found.certain else found.matches[0]
        _show(turn, reply, best.page, best.section)
    elif topics and (topics[0] not in _GENERAL or not found.matches):
        _show(turn, reply, PAGES.of(turn.language)[topics[0]])
    elif "address" in turn.facts.topics and _OF_THE_HOSPITAL.search(turn.text):
        _show(turn, reply, PAGES.of(turn.language)["address"])
    else:
        await _uncertain(turn, reply, [one.page.topic for one in found.matches])


async def answered_anyway(turn: Turn, reply: Reply) -> bool:
    """Whether a message that nothing else understood asks, in its very words, for what a page says."""
    found = SEARCH.sure_answer(turn.text, turn.language)
    if found is None:
        return False
    _show(turn, reply, found.page, found.section)
    return True


async def _pressed(turn: Turn, reply: Reply) -> None:
    pages = PAGES.of(turn.language)
    if topics := _said_topics(turn):
        _show(turn, reply, pages[topics[0]])
    elif turn.facts.departments and await _place(turn, reply):
        return
    elif turn.facts.topics:
        _show(turn, reply, pages["address"])
    else:
        reply.say("say_which_question", phone=turn.runtime.settings.hospital_phone, url=_address(turn))
        _offer(turn, reply, _COMMON)


def _said_topics(turn: Turn) -> list[str]:
    """Topics that the words name, the more special ones first: "停车多少钱" is about parking, "药房在哪" about the
    pharmacy; words of place alone may ask for a department."""
    pages = PAGES.of(turn.language)
    topics = [topic for topic in turn.facts.topics if topic in pages and topic != "address"]
    return sorted(topics, key=lambda topic: topic in _GENERAL)


async def _place(turn: Turn, reply: Reply) -> bool:
    departments = (await turn.directory()).departments
    named = [departments[one] for one in turn.facts.departments if one in departments]
    for one in named:
        place = turn.words.place(one.campus, one.location)
        reply.say("say_department_place", department=one.name, place=place)
    return bool(named)


async def _uncertain(turn: Turn, reply: Reply, topics: Sequence[str]) -> None:
    """Which page is meant, or that there is none; staff hear of both, to write what is missing."""
    async with turn.runtime.database.begin() as session:
        await unanswered.note(session, turn.text, turn.language, turn.now, turn.key("unanswered"))
    if topics:
        reply.say("say_which_page", url=_address(turn))
        _offer(turn, reply, topics)
    else:
        reply.say("say_no_page", phone=turn.runtime.settings.hospital_phone, url=_address(turn))
    reply.offer(turn.words.texts.text("intent_talk_to_human"), "/talk_to_human")


def _show(turn: Turn, reply: Reply, page: Page, section: Section | None = None) -> None:
    """One part of a page, what it is about before it, and where the whole stands."""
    shown = (section or page.sections[0]).filled(turn.runtime.settings, page.language)
    reply.parts.append(f"{page.title}{' · ' if shown.heading else ''}{shown.heading}\n{shown.text}")
    reply.say("say_whole_page", url=_address(turn, page.topic))


def _offer(turn: Turn, reply: Reply, topics: Sequence[str]) -> None:
    pages = PAGES.of(turn.language)
    for topic in topics:
        if topic in pages:
            reply.offer(pages[topic].title, f'/ask_hospital{{"topic": "{topic}"}}')


def _address(turn: Turn, topic: str = "") -> str:
    """Of the public page, in the language of the conversation, whatever the browser's is."""
    base = turn.runtime.settings.public_url.rstrip("/")
    return f"{base}/guide{'/' if topic else ''}{topic}?lang={turn.language}"
