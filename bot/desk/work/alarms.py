"""Red flags that nobody has acknowledged, and how long they have been waiting; and the way to whoever wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from nicegui import ui
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot import paging
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View, whole
from bot.desk.registry import desk_page, refusals
from bot.desk.talks import hub as hubs
from bot.desk.talks.seeing import may_see, viewer_of
from bot.desk.words import Words, catalogue
from bot.desk.work import counts
from bot.desk.work.people import name_and_phone
from bot.desk.work.reasons import REASON, Gone, moment, who
from integrations.hospital.models import DutyLevel
from integrations.hospital.reading import age_on
from integrations.hospital.staff import roster
from integrations.hospital.staff.permissions import NotPermitted, Right

COLUMNS = (
    Column("number", "alarms.number", "5rem", mono=True),
    Column("outcome", "alarms.outcome", "9rem", badge=True),
    Column("rule", "alarms.rule", "2fr"),
    Column("channel", "alarms.channel", "7rem", spare=True),
    Column("told", "alarms.told", "1.4fr", spare=True),
)
_URGENT = {"emergency", "crisis"}
_MINE_FOR = timedelta(minutes=30)  # what one looks after stays in one's sight for so long
# Whose account wrote it: its owner, or else the first of the family who is registered there.
_WRITER = text("""
    SELECT alarms.conversation_id, writer.id AS patient_id, writer.masked_name, writer.birth_date, writer.sex,
           writer.relation
    FROM alarms JOIN contacts ON contacts.id = alarms.conversation_id
    LEFT JOIN LATERAL (
        SELECT patients.*, own.relation FROM account_patients own JOIN patients ON patients.id = own.patient_id
        WHERE own.account_id = contacts.account_id ORDER BY own.relation <> 'self', own.created_at LIMIT 1
    ) AS writer ON true
    WHERE number = :number
""")
_STANDS = text("SELECT page_at, acknowledged_at, acknowledged_by FROM alarms WHERE number = :number")


class Unregistered(Exception):
    """Nobody is registered there: there is no name, and no phone."""


class NotYourTalk(Exception):
    """The talk is another queue's."""


class NotTheirs(NotPermitted):
    """Nobody waits there any more, and somebody else looked after it, or this member did long ago."""


refusals(
    {
        Unregistered: "alarms.unregistered",
        NotYourTalk: "alarms.not_your_talk",
        NotTheirs: "alarms.not_theirs",
    }
)


@desk_page(
    "/alarms",
    title="alarms",
    right=Right.ALARMS_ACKNOWLEDGE,
    icon="emergency",
    badge=counts.badge("alarms"),
    newest=counts.newest_alarms,
    urgent=True,
)
async def alarms(desk: Desk) -> None:
    await Alarms(desk).queue.show()


class Alarms:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.ALARMS_ACKNOWLEDGE
        self.queue = Queue(
            desk,
            "alarms",
            COLUMNS,
            (
                View("waiting", "alarms.waiting", whole(self._waiting)),
                View("all", "alarms.all", self._all),
            ),
            describe=self._describe,
            actions=(
                Action(
                    "phone",
                    Right.PATIENTS_REVEAL,
                    self._phone,
                    then=(self._why_phone,),
                    fits=self._fits,
                    primary=True,
                    icon="call",
                    key="p",
                ),
                Action(
                    "ack",
                    right,
                    self._ack,
                    fits=lambda row: _waits(row.data),
                    primary=True,
                    icon="how_to_reg",
                    key="a",
                ),
                Action("talk", Right.TALKS_ANSWER, opens=self._talk, icon="forum", key="t"),
                Action(
                    "read",
                    Right.PATIENTS_REVEAL,
                    self._read,
                    asks=(REASON,),
                    fits=self._fits,
                    icon="visibility",
                    key="r",
                ),
            ),
            due="alarms.due",
        )

    async def _waiting(self, session: AsyncSession) -> Sequence[Row]:
        """Below them, what this member looks after."""
        waiting = [self._row(one) for one in reversed(await paging.listed(session))]
        taken = [
            self._row(one) for one in await paging.listed(session, every=True, limit=200) if self._mine(one)
        ]
        return [*waiting, *taken]

    async def _all(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await paging.listed(session, every=True, limit=most)).each(self._row)

    def _mine(self, one: Any) -> bool:
        """Whether this member looks after it."""
        if one.acknowledged_by != self._desk.actor:
            return False
        return bool(self._desk.now() - one.acknowledged_at < _MINE_FOR)

    def _theirs(self, one: Any) -> bool:
        """Whether its words and its phone are theirs to see: while it waits everybody's who may take it, then of
        whoever took it; what is over is for those who watch over all."""
        return _waits(one) or self._mine(one) or self._desk.may(Right.TALKS_WATCH)

    def _fits(self, row: Row) -> bool:
        return self._theirs(row.data)

    async def _check(self, session: AsyncSession, row: Row) -> None:
        """The button may have stood there for a while. Raises NotTheirs."""
        if not self._theirs((await session.execute(_STANDS, {"number": row.data.number})).one()):
            raise NotTheirs

    def _row(self, one: Any) -> Row:
        words = self._desk.words
        waits = _waits(one)
        told = "office" if one.office_at else "paged" if one.paged_at else "not_paged"
        cells = {
            "number": str(one.number),
            "outcome": words(f"alarms.outcome_{one.outcome}"),
            "rule": _named(words, one.rule),
            "channel": words(f"talks.channel_{one.channel}"),
            "told": words(f"alarms.{told}", count=one.reached)
            if waits
            else words("alarms.by", who=who(one.acknowledged_by)),
        }
        due = one.raised_at + timedelta(minutes=self._desk.rt.settings.page_minutes) if waits else None
        tone = "bad" if one.outcome in _URGENT and waits else "warn" if waits else "quiet"
        return Row(str(one.number), cells, one.raised_at, due, tone, one)  # type: ignore[arg-type]

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        one = row.data
        words = self._desk.words
        facts = [
            Fact("alarms.outcome", row.cells["outcome"], row.tone),
            Fact("alarms.rule", row.cells["rule"]),
            Fact("alarms.writer", self._named_writer(await self._writer(session, row))),
            Fact("alarms.raised", moment(self._desk, one.raised_at)),
            Fact("alarms.times", str(one.times)),
            Fact("alarms.paged_at", moment(self._desk, one.paged_at)),
            Fact("alarms.office_at", moment(self._desk, one.office_at)),
        ]
        if _waits(one):
            facts += await self._on_duty(session)
        if one.answer:
            facts.append(Fact("alarms.answer", words(f"alarms.answer_{one.answer}")))
        if one.acknowledged_by:
            facts.append(Fact("alarms.acknowledged", who(one.acknowledged_by)))
        return Detail(words("alarms.one", number=one.number), facts, hint=self._hint(one))

    async def _on_duty(self, session: AsyncSession) -> list[Fact]:
        """Who else can be asked to come."""
        desk = self._desk
        found = {
            level: await roster.on_duty(session, desk.rt.crypto, level, desk.now()) for level in DutyLevel
        }
        return [
            Fact(f"roster.level_{level}", " ".join(one.name for one in people))
            for level, people in found.items()
            if people
        ]

    def _hint(self, one: Any) -> str:
        if one.acknowledged_by is None:
            return self._desk.words("alarms.hint")
        return self._desk.words("alarms.hint_mine") if one.acknowledged_by == self._desk.actor else ""

    async def _ack(self, session: AsyncSession, row: Row, _answers: Answers) -> dict[str, object]:
        desk = self._desk
        try:
            took = await paging.look_after(session, row.data.number, actor=desk.actor, now=desk.now())
        except LookupError:
            raise Gone from None
        return {"seconds": round(took.total_seconds())}

    async def _writer(self, session: AsyncSession, row: Row) -> Any:
        return (await session.execute(_WRITER, {"number": row.data.number})).one()

    def _named_writer(self, writer: Any) -> str:
        """Masked, with age and sex; and whose file it is where it is not the account's owner."""
        words = self._desk.words
        if writer.patient_id is None:
            return words("alarms.unregistered")
        age = words("card.years", age=age_on(writer.birth_date, self._desk.rt.local_now().date()))
        parts = [writer.masked_name, words(f"card.{writer.sex}"), age]
        parts += [] if writer.relation == "self" else [words(f"card.relation_{writer.relation}")]
        return " · ".join(parts)

    async def _why_phone(self, session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        """The reason is written there already: nobody should have to look for words now."""
        await self._check(session, row)
        if (await self._writer(session, row)).patient_id is None:
            raise Unregistered
        return (replace(REASON, value=self._desk.words("alarms.why_phone", number=row.data.number)),)

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        await self._check(session, row)
        writer = await self._writer(session, row)
        return await name_and_phone(
            self._desk, session, writer.patient_id, why=f"alarm:{row.data.number}", reason=answers["reason"]
        )

    async def _talk(self, row: Row) -> None:
        """Where this member may see it; the page itself asks again, and the audit log keeps it."""
        desk = self._desk
        async with desk.acting(Right.TALKS_ANSWER) as session:
            conversation = (await self._writer(session, row)).conversation_id
        found = await hubs.of(desk.rt).read([conversation])
        if not found or not may_see(viewer_of(desk.member), found[0]):
            raise NotYourTalk
        ui.navigate.to(f"/talks?open={conversation}")

    async def _read(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        rt = self._desk.rt
        await self._check(session, row)
        found = await paging.read(
            session, rt.crypto, row.data.number, actor=self._desk.actor, reason=answers["reason"]
        )
        return Shown([(f"{one.at.astimezone(rt.zone):%H:%M:%S}", one.words) for one in found])


def _named(words: Words, rule: str) -> str:
    """What the rule looks for. One that a later version no longer has keeps the name that it had."""
    key = f"red_flags.{rule}"
    return words(key) if key in catalogue() else rule


def _waits(one: Any) -> bool:
    return one.acknowledged_by is None and one.page_at is not None
