"""Parcels that stand still, were refused or came back."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.reasons import REASON, moment
from integrations.hospital import audit
from integrations.hospital.delivery import parcels as deliveries
from integrations.hospital.delivery import shipping, views
from integrations.hospital.delivery.shipping import BadWaybill
from integrations.hospital.delivery.views import (
    NotOnTheWay,
    ParcelFault,
    ParcelView,
    UnknownParcel,
    WaybillTaken,
)
from integrations.hospital.models import DeliveryStatus
from integrations.hospital.pharmacy import checkout
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "1fr"),
    Column("state", "parcels.state", "1.2fr", badge=True),
    Column("carrier", "parcels.carrier", "1fr", spare=True),
    Column("waybill", "parcels.waybill", "1.6fr", mono=True),
)
refusals(
    {
        BadWaybill: "parcels.bad_waybill",
        WaybillTaken: "parcels.waybill_taken",
        NotOnTheWay: "queue.gone",
        UnknownParcel: "parcels.unknown",
        ParcelFault: "queue.refused",
    }
)


@desk_page(
    "/parcels",
    title="parcels",
    right=Right.PARCELS_WORK,
    icon="local_shipping",
    badge=counts.badge("parcels"),
)
async def parcels(desk: Desk) -> None:
    await Parcels(desk).queue.show()


class Parcels:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.PARCELS_WORK
        label = (
            Ask("carrier", "parcels.carrier", hint="parcels.carrier_hint"),
            Ask("waybill", "parcels.waybill"),
        )
        self.queue = Queue(
            desk,
            "parcels",
            COLUMNS,
            (View("problems", "parcels.problems", self._problems),),
            describe=self._describe,
            actions=(
                Action(
                    "address",
                    Right.PATIENTS_REVEAL,
                    self._address,
                    asks=(REASON,),
                    icon="visibility",
                    key="r",
                ),
                Action("again", right, self._again, asks=label, fits=_returned, primary=True, icon="redo"),
                Action("refund", Right.MONEY_REFUND, self._refund, asks=(REASON,), danger=True, icon="undo"),
            ),
        )

    async def _problems(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await views.problems(session, most)).each(self._row)

    def _row(self, one: ParcelView) -> Row:
        cells = {
            "patient": one.patient,
            "state": self._desk.words(f"parcels.state_{'lost' if one.lost else one.state}"),
            "carrier": one.carrier or "–",
            "waybill": one.waybill or "–",
        }
        return Row(str(one.id), cells, one.state_at or one.shipped_at, tone="warn", data=one)

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one: ParcelView = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("parcels.state", row.cells["state"], "warn"),
            Fact("parcels.carrier", one.carrier or "–"),
            Fact("parcels.waybill", one.waybill or "–"),
            Fact("parcels.shipped", moment(self._desk, one.shipped_at)),
            Fact("parcels.state_at", moment(self._desk, one.state_at)),
        ]
        hint = "parcels.hint_cold" if one.cold_chain else "parcels.hint"
        return Detail(one.patient, facts, hint=self._desk.words(hint))

    async def _address(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk, one = self._desk, row.data
        to = await deliveries.reveal(
            session, desk.rt.crypto, one.id, actor=desk.actor, reason=answers["reason"]
        )
        words = desk.words
        return Shown(
            [
                (words("queue.name"), to.recipient),
                (words("queue.phone"), to.phone.removeprefix("+86")),
                (words("parcels.address"), f"{to.area}{to.street}"),
            ]
        )

    async def _again(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await shipping.ship_again(
            session,
            row.data.prescription_id,
            answers["carrier"],
            answers["waybill"],
            actor=self._desk.actor,
            now=self._desk.now(),
        )

    async def _refund(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        one = row.data
        await checkout.refund_by_staff(session, one.prescription_id, now=self._desk.now())
        await audit.record(
            session,
            actor=self._desk.actor,
            action="prescription_refunded",
            subject=f"prescription:{one.prescription_id}",
            detail={"reason": answers["reason"]},
        )


def _returned(row: Row) -> bool:
    return row.data.status is DeliveryStatus.RETURNED
