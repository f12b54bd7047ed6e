"""An order as its pages show it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.medicine import Handed, handed_of
from bot.pages.reader import Reader
from bot.pages.words import Words, words_of
from integrations.hospital.appointments import appointment
from integrations.hospital.billing import invoices, orders, receipts
from integrations.hospital.billing.invoices import InvoiceView
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.billing.receipts import Paid
from integrations.hospital.models import LateCancel, OrderStatus, RefundStatus
from integrations.hospital.views import AppointmentView


@dataclass(frozen=True, slots=True)
class Bill:
    """All that the pages of one order say."""

    order: OrderView
    visit: AppointmentView | None
    paid: Sequence[Paid]
    invoice: InvoiceView | None
    words: Words
    medicine: Handed | None = None

    @property
    def expired(self) -> bool:
        over = self.order.expires_at is not None and self.order.expires_at <= self.words.reader.rt.now()
        return self.order.status is OrderStatus.CLOSED or (self.order.status is OrderStatus.UNPAID and over)

    @property
    def state(self) -> str:
        """open, expired, paid, refund_due, refunded"""
        if self.expired:
            return "expired"
        return "open" if self.order.status is OrderStatus.UNPAID else str(self.order.status)

    @property
    def amount(self) -> str:
        return self.words.money(self.order.amount_fen)

    @property
    def what(self) -> str:
        """挂号费, with a capital letter in English"""
        said = self.words.say(f"word_fee_{self.order.kind}")
        return said[:1].upper() + said[1:]

    @property
    def until(self) -> str:
        return self.words.moment(self.order.expires_at) if self.order.expires_at else ""

    @property
    def seconds_left(self) -> int:
        """Until the deadline; 0 where there is none."""
        if self.order.expires_at is None:
            return 0
        return max(0, int((self.order.expires_at - self.words.reader.rt.now()).total_seconds()))

    @property
    def rows(self) -> list[tuple[str, str]]:
        """What it is for: names of rows, and what stands in them."""
        patient = ("page_row_patient", self.words.write(self.order.patient))
        handed = [("page_row_handing", self.medicine.how)] if self.medicine and self.medicine.how else []
        return [*(visit_rows(self.words, self.visit) if self.visit else ()), patient, *handed]

    @property
    def items(self) -> list[tuple[str, int, str]]:
        return [
            (self._named(item.name), item.quantity, self.words.money(item.amount_fen))
            for item in self.order.items
        ]

    def _named(self, written: str) -> str:
        if self.medicine and written in self.medicine.names:
            return self.medicine.names[written]
        return self.words.write(written)

    @property
    def refund_rule(self) -> str:
        """Until when and how the money can be had back."""
        visit = self.visit
        if visit is None:
            return self.words.say(
                f"page_refund_{self.order.kind}", phone=self.words.reader.rt.settings.hospital_phone
            )
        until = self.words.moment(visit.cancel_until)
        if self.words.reader.rt.now() > visit.cancel_until:
            return self.words.say(f"page_refund_over_{visit.late_cancel}", until=until)
        if visit.cancel_until == visit.starts_at:
            return self.words.say("page_refund_until_visit", until=until)
        return self.words.say(f"page_refund_until_{visit.late_cancel}", until=until)

    @property
    def ways(self) -> list[tuple[str, str]]:
        """How it was paid, as rows: by whom, where that was somebody else."""
        return [("page_row_way", payment["way"]) for payment in self.payments]

    @property
    def payments(self) -> list[dict[str, str]]:
        """How it was paid and what went back, for the receipt."""
        return [self._payment(one) for one in self.paid]

    def _payment(self, one: Paid) -> dict[str, str]:
        words = self.words
        way = words.say(f"page_way_{one.platform}")
        said = {
            "way": words.say("page_way_by_other", way=way) if one.by_other else way,
            "at": words.full_moment(one.paid_at),
            "number": one.transaction_id,
            "amount": words.money(one.amount_fen),
            "refund": "",
        }
        if one.back:
            where = words.say(f"word_refund_{one.platform}{'_other' if one.by_other else ''}")
            when = words.full_moment(one.back.settled_at or one.back.since)
            kind = {
                RefundStatus.SUCCEEDED: "done",
                RefundStatus.ABNORMAL: "stuck",
                RefundStatus.CLOSED: "stuck",
            }
            said["refund"] = words.say(
                f"page_refund_{kind.get(one.back.status, 'on_its_way')}",
                amount=words.money(one.back.amount_fen),
                where=where,
                when=when,
                phone=words.reader.rt.settings.hospital_phone,
            )
        return said


def visit_rows(words: Words, visit: AppointmentView) -> list[tuple[str, str]]:
    """Time, place and doctor of an appointment."""
    plain = words.reader.speech.wording(words.reader.rt.zone)
    where = (visit.location,) if visit.department in visit.location else (visit.location, visit.department)
    return [
        (
            "page_row_time",
            words.say(
                "page_time",
                day=plain.day(visit.date),
                period=plain.period(visit.period),
                time=plain.clock(visit.time),
                number=visit.number,
            ),
        ),
        ("page_row_place", words.write(" ".join((visit.campus, *where)))),
        ("page_row_doctor", words.write(plain.doctor(visit.practitioner, visit.title))),
    ]


def cancel_rule(words: Words, visit: AppointmentView) -> str:
    """The last moment to cancel, for the card."""
    now, until = words.reader.rt.now(), words.moment(visit.cancel_until)
    if now > visit.cancel_until:
        late = "refused" if visit.late_cancel is LateCancel.REFUSED else "unrefunded"
        return words.say(f"page_cancel_over_{late if visit.fee_fen or late == 'refused' else 'free'}")
    return words.say("page_cancel_until", until=until)


async def bill_of(session: AsyncSession, reader: Reader, order_no: str) -> Bill:
    """An order of the link's account. Raises UnknownOrder."""
    order = await orders.own_order(session, order_no, reader.contact.account_id)
    visit = await appointment(session, order.appointment_id) if order.appointment_id else None
    paid = await receipts.payments_of(session, [order.id])
    words = await words_of(session, reader)
    return Bill(
        order,
        visit,
        paid.get(order.id, []),
        await invoices.invoice_of(session, order.id),
        words,
        await handed_of(session, words, order),
    )


async def bills_of(session: AsyncSession, reader: Reader) -> list[Bill]:
    """All orders of the link's account, without their appointments and invoices."""
    every = await orders.orders_of(session, reader.contact.account_id)
    paid = await receipts.payments_of(session, [one.id for one in every])
    words = await words_of(session, reader)
    return [Bill(one, None, paid.get(one.id, []), None, words) for one in every]


def order_of(reader: Reader) -> str:
    """The order that the link is about."""
    return reader.link.subject or ""
