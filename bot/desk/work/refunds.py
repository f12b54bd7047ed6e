"""Refunds that need a person."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Column, Detail, Fact, Part, Queue, Row, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts, refused
from bot.desk.work.reasons import NOTE, moment
from integrations.hospital.billing import desk as money
from integrations.hospital.billing.desk import NobodyToTell, RefundCase
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.billing.refunds import UnknownRefund
from integrations.hospital.models import RefundStatus
from integrations.hospital.staff.permissions import Right
from integrations.money import yuan

COLUMNS = (
    Column("number", "refunds.number", "2fr", mono=True),
    Column("amount", "queue.amount", "7rem"),
    Column("status", "queue.status", "9rem", badge=True),
    Column("platform", "refunds.platform", "7rem", spare=True),
    Column("error", "refunds.error", "1.6fr", spare=True),
)


refusals(
    {
        UnknownOrder: "refunds.no_order",
        UnknownRefund: "queue.gone",
        NobodyToTell: "refunds.nobody_to_tell",
    }
    | refused.MONEY
)


@desk_page(
    "/refunds", title="refunds", right=Right.MONEY_REFUND, icon="currency_yen", badge=counts.badge("refunds")
)
async def refunds(desk: Desk) -> None:
    await Refunds(desk).queue.show()


class Refunds:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.MONEY_REFUND
        self.queue = Queue(
            desk,
            "refunds",
            COLUMNS,
            (
                View("stuck", "refunds.stuck", self._stuck),
                View("under_way", "refunds.under_way", self._under_way),
            ),
            describe=self._describe,
            actions=(
                Action("retry", right, self._retry, fits=_closed, danger=True, icon="refresh"),
                Action("settle", right, self._settle, asks=(NOTE,), fits=_stuck, danger=True, icon="done"),
            ),
        )

    async def _stuck(self, session: AsyncSession, most: int) -> Part[Row]:
        return await self._listed(session, most, stuck=True)

    async def _under_way(self, session: AsyncSession, most: int) -> Part[Row]:
        return await self._listed(session, most, stuck=False)

    async def _listed(self, session: AsyncSession, most: int, *, stuck: bool) -> Part[Row]:
        found = await money.refund_cases(session, self._desk.now(), stuck=stuck, limit=most)
        return found.each(self._refund)

    def _refund(self, one: RefundCase) -> Row:
        cells = {
            "number": one.out_refund_no,
            "amount": yuan(one.amount_fen),
            "status": self._desk.words(f"refunds.status_{one.status}"),
            "platform": self._desk.words(f"refunds.platform_{one.platform}"),
            "error": one.error or "–",
        }
        return Row(one.out_refund_no, cells, one.created_at, tone="bad" if one.stuck else "", data=one)

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        words = self._desk.words
        one: RefundCase = row.data
        order, story, steps = await money.story(session, one.order_no)
        facts = [
            Fact("refunds.order", one.order_no),
            Fact("queue.patient", order.patient),
            Fact("queue.amount", yuan(one.amount_fen)),
            Fact("queue.status", row.cells["status"], row.tone),
            Fact("refunds.reason", one.reason),
            Fact("refunds.attempts", str(one.attempts)),
            Fact("refunds.error", one.error or "–"),
        ]
        lists = (
            (
                "refunds.story",
                [
                    (f"{part.number}  {part.what}  {part.status}  {yuan(part.amount_fen)}", "")
                    for part in story
                ],
            ),
            (
                "refunds.steps",
                [
                    (f"{moment(self._desk, step.at)}  {step.what}: {step.before} → {step.after}", "quiet")
                    for step in steps
                ],
            ),
        )
        return Detail(one.out_refund_no, facts, lists, words(f"refunds.hint_{one.status}"))  # type: ignore[arg-type]

    async def _retry(self, session: AsyncSession, row: Row, _answers: Answers) -> dict[str, object]:
        renewed = await money.retry_refund(session, row.key, actor=self._desk.actor, now=self._desk.now())
        return {"number": renewed}

    async def _settle(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await money.settle_refund(
            session, row.key, note=answers["note"].strip(), actor=self._desk.actor, now=self._desk.now()
        )


def _stuck(row: Row) -> bool:
    return row.data.status in (RefundStatus.ABNORMAL, RefundStatus.CLOSED)


def _closed(row: Row) -> bool:
    return bool(row.data.status == RefundStatus.CLOSED)
