"""What patients asked about the hospital and no page answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.reasons import Gone, moment
from integrations.catalogue import CHINESE, ENGLISH
from integrations.hospital import unanswered
from integrations.hospital.models import UnansweredQuestion
from integrations.hospital.staff.permissions import Right
from integrations.hospital_pages import Pages, writing
from integrations.hospital_pages.writing import add_question, write

COLUMNS = (
    Column("words", "questions.words", "3fr"),
    Column("asked", "questions.asked", "6rem"),
    Column("language", "questions.language", "7rem", badge=True, spare=True),
    Column("last", "questions.last", "9rem", spare=True),
)
_PAGES = Pages()


refusals(
    {
        writing.BadTopic: "questions.bad_topic",
        writing.NothingWritten: "questions.nothing_written",
        writing.TooLong: "questions.too_long",
        writing.TopicTaken: "questions.topic_taken",
        writing.ChineseFirst: "questions.chinese_first",
        writing.NoPage: "questions.no_page",
        writing.Illegible: "questions.illegible",
        writing.FolderShut: "questions.folder_shut",
        writing.PageError: "queue.refused",
    }
)


@desk_page(
    "/questions",
    title="questions",
    right=Right.QUESTIONS_ANSWER,
    icon="contact_support",
    badge=counts.badge("questions"),
)
async def questions(desk: Desk) -> None:
    await Questions(desk).queue.show()


class Questions:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.QUESTIONS_ANSWER
        page = (
            Ask("topic", "questions.topic", hint="questions.topic_hint"),
            Ask("title", "questions.page_title"),
            Ask("text", "questions.text", kind="words", hint="questions.text_hint"),
        )
        self.queue = Queue(
            desk,
            "questions",
            COLUMNS,
            (View("open", "questions.open", self._open),),
            describe=self._describe,
            actions=(
                Action("add", right, self._add, then=(self._known,), primary=True, icon="playlist_add"),
                Action("write", right, self._write, asks=page, icon="post_add"),
                Action("dismiss", right, self._dismiss, danger=True, icon="delete_outline"),
            ),
            age="",
        )

    async def _open(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await unanswered.listed(session, most)).each(self._row)

    def _row(self, one: UnansweredQuestion) -> Row:
        language = ENGLISH if one.language.startswith("en") else CHINESE
        cells = {
            "words": one.words,
            "asked": str(one.asked),
            "language": self._desk.words(f"questions.in_{language}"),
            "last": moment(self._desk, one.last_asked_at)[:10],
        }
        return Row(one.words, cells, one.first_asked_at, data=(language, one.first_asked_at))

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        facts = [
            Fact("questions.asked", row.cells["asked"]),
            Fact("questions.language", row.cells["language"]),
            Fact("questions.first", moment(self._desk, row.data[1])),
            Fact("questions.last", row.cells["last"]),
        ]
        return Detail(row.key, facts, hint=self._desk.words("questions.hint"))

    async def _known(self, _session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        pages = await asyncio.to_thread(_PAGES.of, row.data[0])
        options = {
            topic: f"{page.title} ({topic})" for topic, page in pages.items() if page.language == row.data[0]
        }
        return (Ask("topic", "questions.page", kind="choice", options=options),)

    async def _add(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        adding = partial(add_question, answers["topic"], row.key, language=row.data[0])
        await self._settle(session, row, answers["topic"])
        return {"title": (await asyncio.to_thread(adding)).title}

    async def _write(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        topic = answers["topic"].strip()
        writing = partial(write, topic, answers["title"], answers["text"], [row.key], language=row.data[0])
        await self._settle(session, row, topic)
        return {"title": (await asyncio.to_thread(writing)).title}

    async def _dismiss(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await self._settle(session, row, None)

    async def _settle(self, session: AsyncSession, row: Row, topic: str | None) -> None:
        """Before the file is written: of two who answer one question, the second writes none."""
        try:
            await unanswered.answered(session, row.key, topic=topic, actor=self._desk.actor)
        except LookupError:
            raise Gone from None
