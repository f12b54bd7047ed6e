"""Canned replies: supervisors add, change and remove them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View, whole
from bot.desk.registry import desk_page, refusals
from bot.handoff import canned
from bot.handoff.canned import Written
from bot.handoff.models import CannedReply, Skill
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("title", "replies.name", "1.2fr"),
    Column("shortcut", "replies.shortcut", "7rem", mono=True),
    Column("skill", "replies.skill", "7rem", badge=True),
    Column("words", "replies.words", "3fr", spare=True),
    Column("used", "replies.used", "5rem", spare=True),
)
_EVERYBODY = "all"
refusals(
    {
        canned.BadReply: "replies.bad",
        canned.ShortcutTaken: "replies.taken",
        canned.UnknownReply: "queue.gone",
    }
)


@desk_page("/replies", title="replies", right=Right.REPLIES_EDIT, icon="quickreply", group="hospital")
async def replies(desk: Desk) -> None:
    await Replies(desk).queue.show()


class Replies:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.REPLIES_EDIT
        self.queue = Queue(
            desk,
            "replies",
            COLUMNS,
            (View("all", "replies.all", whole(self._all)),),
            describe=self._describe,
            actions=(
                Action("change", right, self._change, then=(self._asks,), primary=True, icon="edit", key="e"),
                Action("remove", right, self._remove, danger=True, icon="delete_outline"),
            ),
            general=(Action("add", right, self._add, then=(self._asks,), icon="add"),),
            age="",
        )

    async def _all(self, session: AsyncSession) -> Sequence[Row]:
        return [self._row(one) for one in await canned.listed(session)]

    def _row(self, one: CannedReply) -> Row:
        cells = {
            "title": one.title,
            "shortcut": f"/{one.shortcut}",
            "skill": self._named(one.skill),
            "words": one.words,
            "used": self._desk.words("replies.times", count=one.used),
        }
        written = Written(one.shortcut, one.title, one.words, one.words_en, one.skill)
        return Row(str(one.id), cells, data=(one.id, written))

    def _named(self, skill: str | None) -> str:
        return self._desk.words(f"talks.skill_{skill}" if skill else "replies.skill_all")

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        words, written = self._desk.words, row.data[1]
        facts = [
            Fact("replies.shortcut", row.cells["shortcut"]),
            Fact("replies.skill", row.cells["skill"]),
            Fact("replies.used", row.cells["used"]),
            Fact("replies.words", written.words),
            Fact("replies.words_en", written.words_en or words("replies.no_english")),
        ]
        return Detail(written.title, facts)

    async def _asks(self, _session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        now = row.data[1] if row.data else Written("", "", "")
        whose = {_EVERYBODY: self._named(None)} | {one.value: self._named(one.value) for one in Skill}
        return (
            Ask("shortcut", "replies.shortcut", value=now.shortcut, hint="replies.shortcut_hint"),
            Ask("title", "replies.name", value=now.title),
            Ask("skill", "replies.skill", kind="choice", options=whose, value=now.skill or _EVERYBODY),
            Ask("words", "replies.words", kind="words", value=now.words),
            Ask(
                "words_en",
                "replies.words_en",
                kind="words",
                required=False,
                value=now.words_en,
                hint="replies.words_en_hint",
            ),
        )

    async def _add(self, session: AsyncSession, _row: Row, answers: Answers) -> None:
        await canned.add(session, _written(answers), actor=self._desk.actor)

    async def _change(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await canned.change(session, row.data[0], _written(answers), actor=self._desk.actor)

    async def _remove(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await canned.remove(session, row.data[0], actor=self._desk.actor)


def _written(answers: Answers) -> Written:
    skill = None if answers["skill"] == _EVERYBODY else str(answers["skill"])
    return Written(answers["shortcut"], answers["title"], answers["words"], answers["words_en"] or "", skill)
