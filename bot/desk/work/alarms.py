"""Red flags that nobody has acknowledged, and how long they have been waiting."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bot import paging
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Column, Detail, Fact, Queue, Row, Shown, View
from bot.desk.registry import desk_page
from bot.desk.words import Words, catalogue
from bot.desk.work import counts
from bot.desk.work.reasons import REASON, Gone, moment, who
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("number", "alarms.number", "5rem", mono=True),
    Column("outcome", "alarms.outcome", "9rem", badge=True),
    Column("rule", "alarms.rule", "2fr"),
    Column("channel", "alarms.channel", "7rem", spare=True),
    Column("told", "alarms.told", "1.4fr", spare=True),
)
_URGENT = {"emergency", "crisis"}


@desk_page(
    "/alarms",
    title="alarms",
    right=Right.ALARMS_ACKNOWLEDGE,
    icon="emergency",
    badge=counts.badge("alarms"),
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
                View("waiting", "alarms.waiting", self._waiting),
                View("all", "alarms.all", self._all),
            ),
            describe=self._describe,
            actions=(
                Action("ack", right, self._ack, fits=_open, primary=True, icon="how_to_reg", key="a"),
                Action("read", Right.PATIENTS_REVEAL, self._read, asks=(REASON,), icon="visibility", key="r"),
            ),
            due="alarms.due",
        )

    async def _waiting(self, session: AsyncSession) -> Sequence[Row]:
        return [self._row(one) for one in reversed(await paging.listed(session, limit=200))]

    async def _all(self, session: AsyncSession) -> Sequence[Row]:
        return [self._row(one) for one in await paging.listed(session, every=True, limit=200)]

    def _row(self, one: Any) -> Row:
        words = self._desk.words
        waits = one.acknowledged_by is None and one.page_at is not None
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

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one = row.data
        words = self._desk.words
        facts = [
            Fact("alarms.outcome", row.cells["outcome"], row.tone),
            Fact("alarms.rule", row.cells["rule"]),
            Fact("alarms.raised", moment(self._desk, one.raised_at)),
            Fact("alarms.times", str(one.times)),
            Fact("alarms.paged_at", moment(self._desk, one.paged_at)),
            Fact("alarms.office_at", moment(self._desk, one.office_at)),
        ]
        if one.answer:
            facts.append(Fact("alarms.answer", words(f"alarms.answer_{one.answer}")))
        if one.acknowledged_by:
            facts.append(Fact("alarms.acknowledged", who(one.acknowledged_by)))
        return Detail(words("alarms.one", number=one.number), facts, hint=words("alarms.hint"))

    async def _ack(self, session: AsyncSession, row: Row, _answers: Answers) -> dict[str, object]:
        desk = self._desk
        try:
            took = await paging.look_after(session, row.data.number, actor=desk.actor, now=desk.now())
        except LookupError:
            raise Gone from None
        return {"seconds": round(took.total_seconds())}

    async def _read(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        rt = self._desk.rt
        found = await paging.read(
            session, rt.crypto, row.data.number, actor=self._desk.actor, reason=answers["reason"]
        )
        return Shown([(f"{one.at.astimezone(rt.zone):%H:%M:%S}", one.words) for one in found])


def _named(words: Words, rule: str) -> str:
    """What the rule looks for. One that a later version no longer has keeps the name that it had."""
    key = f"red_flags.{rule}"
    return words(key) if key in catalogue() else rule


def _open(row: Row) -> bool:
    return row.data.acknowledged_by is None
