"""What platforms and we do not agree on, a row for each day of a platform: one cause often makes many differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View, whole
from bot.desk.queue.kinds import Tone
from bot.desk.registry import desk_page
from bot.desk.work import counts
from bot.desk.work.reasons import NOTE, Gone, who
from integrations.hospital.billing import desk as money
from integrations.hospital.billing import differences as service
from integrations.hospital.billing.differences import Day, OpenDifference
from integrations.hospital.cases import handling
from integrations.hospital.staff.permissions import Right
from integrations.money import yuan

COLUMNS = (
    Column("day", "differences.day", "7rem", mono=True),
    Column("platform", "differences.platform", "8rem"),
    Column("number", "differences.number", "5rem", badge=True),
    Column("kinds", "differences.kinds", "2fr"),
    Column("sums", "differences.sums", "1.6fr", spare=True),
    Column("owner", "differences.owner", "1fr", spare=True),
)
_EVERY = "every"


@desk_page(
    "/differences",
    title="differences",
    right=Right.MONEY_REFUND,
    icon="balance",
    badge=counts.badge("differences"),
)
async def differences(desk: Desk) -> None:
    await Differences(desk).queue.show()


class Differences:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.MONEY_REFUND
        self.queue = Queue(
            desk,
            "differences",
            COLUMNS,
            (View("open", "differences.open", whole(self._open)),),
            describe=self._describe,
            actions=(
                Action("take", right, self._take, fits=self._not_mine, icon="person_add", key="t"),
                Action("settle", right, self._settle, then=(self._which,), primary=True, icon="done"),
            ),
            due="differences.left",
        )

    async def _open(self, session: AsyncSession) -> Sequence[Row]:
        return [self._row(one) for one in await service.by_day(session)]

    def _row(self, one: Day) -> Row:
        words = self._desk.words
        kinds = Counter(words(f"differences.kind_{this.kind}") for this in one.differences)
        owners = sorted({who(this.owner) for this in one.differences if this.owner})
        cells = {
            "day": f"{one.day}",
            "platform": words(f"refunds.platform_{one.platform}"),
            "number": words("differences.count", count=len(one.differences)),
            "kinds": words("differences.comma").join(
                words("differences.counted", kind=kind, count=count) for kind, count in kinds.most_common()
            ),
            "sums": self._both(
                sum(this.ours_fen or 0 for this in one.differences),
                sum(this.theirs_fen or 0 for this in one.differences),
            ),
            "owner": words("differences.comma").join(owners) or who(None),
        }
        tone: Tone = "bad" if any(this.late for this in one.differences) else "warn"
        return Row(f"{one.day}-{one.platform}", cells, one.since, self._due(one), tone, one)

    def _both(self, ours: int | None, theirs: int | None) -> str:
        said = {"ours": ours, "theirs": theirs}
        return self._desk.words(
            "differences.both", **{name: "–" if fen is None else yuan(fen) for name, fen in said.items()}
        )

    def _due(self, one: Day) -> datetime | None:
        """The end of the first day on which somebody should know."""
        if one.deadline is None:
            return None
        return datetime.combine(one.deadline + timedelta(days=1), time(), self._desk.rt.zone)

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one, words = row.data, self._desk.words
        facts = [
            Fact("differences.number", row.cells["number"]),
            Fact("differences.sums", row.cells["sums"]),
            Fact("differences.owner", row.cells["owner"]),
            Fact("differences.deadline", f"{one.deadline or '–'}", row.tone if row.tone == "bad" else ""),
        ]
        each: list[tuple[str, Tone]] = [(self._said(this), "") for this in one.differences]
        title = words("differences.of_day", platform=row.cells["platform"], day=row.cells["day"])
        return Detail(title, facts, [("differences.each", each)], words("differences.hint"))

    def _said(self, one: OpenDifference) -> str:
        """Two lines: what it is, and all its numbers."""
        words = self._desk.words
        numbers = [one.number]
        numbers += [words("differences.transaction", number=one.transaction_id)] if one.transaction_id else []
        numbers += [words("differences.case", number=one.case_number)] if one.case_number else []
        kind = words(f"differences.kind_{one.kind}")
        return f"{kind} · {self._both(one.ours_fen, one.theirs_fen)}\n{' · '.join(numbers)}"

    def _not_mine(self, row: Row) -> bool:
        return any(one.case_number and one.owner != self._desk.actor for one in row.data.differences)

    async def _take(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        for number in [one.case_number for one in row.data.differences if one.case_number]:
            await handling.assign(session, number, desk.actor, actor=desk.actor, now=desk.now())

    async def _which(self, _session: AsyncSession, row: Row, _answers: Answers) -> Sequence[Ask]:
        one = row.data
        options = {_EVERY: self._desk.words("differences.every", count=len(one.differences))}
        options |= {
            str(this.id): f"{this.number} · {self._desk.words(f'differences.kind_{this.kind}')}"
            for this in one.differences
        }
        if len(one.differences) == 1:
            return (NOTE,)
        return (Ask("which", "differences.which", kind="choice", options=options), NOTE)

    async def _settle(self, session: AsyncSession, row: Row, answers: Answers) -> dict[str, object]:
        """All of the day is what was seen of it and is still open."""
        which, note = answers.get("which", _EVERY), answers["note"].strip()
        seen = [one.id for one in row.data.differences if which in (_EVERY, str(one.id))]
        chosen = await service.still_open(session, seen)
        if not chosen:
            raise Gone
        for difference_id in chosen:
            try:
                await money.settle_difference(
                    session, difference_id, note=note, actor=self._desk.actor, now=self._desk.now()
                )
            except LookupError:  # in this very moment
                raise Gone from None
        return {"count": len(chosen)}
