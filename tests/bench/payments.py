"""A thousand callbacks of WeChat Pay within seconds: three in ten are repeats, one in ten comes in the wrong order."""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from integrations.database import utcnow
from integrations.hospital import booking
from integrations.hospital.billing import orders, paying
from integrations.hospital.billing.orders import Item
from integrations.hospital.booking import BookingError
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Contact,
    Order,
    OrderKind,
    OrderStatus,
    Payment,
    Platform,
    Refund,
    RefundReason,
    Schedule,
)
from integrations.sandbox.options import Options
from integrations.sandbox.wechatpay.keys import Keys, merchant_of
from integrations.sandbox.wechatpay.signing import signed_headers
from tests.bench.door import exchange, post
from tests.bench.journeys import registered_patient
from tests.bench.stack_cpu import Meter
from tests.bench.system import System

CALLBACKS = 1000
REPEATS = 300
TWICE = 50  # orders that two people paid: the callback of whoever was second comes first
NUMBERS = 100  # orders for an appointment; the others are bills
PAYERS = 100
_CONNECTIONS = 40  # at once
_FEE = 2500
_COUNTED = ("gateway", "postgres")


@dataclass
class Callbacks:
    """Seconds from the first request to the last answer, and milliseconds of CPU that gateway and Postgres spent on one
    (Postgres also on what the worker tells meanwhile); and orders that are not as they should be, answers that were no
    success, owners who were told too often or not at all."""

    seconds: float
    cpu_ms: dict[str, float]
    wrong: int


@dataclass(frozen=True, slots=True)
class _Paid:
    out_trade_no: str
    amount_fen: int
    openid: str
    at: datetime


async def callbacks(system: System, first_patient: int) -> Callbacks:
    singles, doubles = await _open(system, first_patient)
    brought = [*singles, *(one for pair in doubles for one in reversed(pair))]
    again = random.Random(4).sample(brought, REPEATS)  # noqa: S311 - the same in every run
    notice = _Notice(system)
    requests = _mixed([notice.request(one) for one in brought], [notice.request(one) for one in again])
    assert len(requests) == CALLBACKS
    places = asyncio.Semaphore(_CONNECTIONS)

    async def bring(request: bytes) -> int:
        async with places:
            return (await exchange(system.settings.gateway_port, request))[0]

    meter, begin = Meter(system), time.perf_counter()
    meter.start()
    statuses = await asyncio.gather(*map(bring, requests))
    seconds, spent = time.perf_counter() - begin, meter.per_message(CALLBACKS)
    refused = sum(status != 200 for status in statuses)
    wrong = refused + await _wrong(system, singles, doubles)
    return Callbacks(seconds, {name: spent[name] for name in _COUNTED}, wrong)


def _mixed(brought: list[bytes], again: list[bytes]) -> list[bytes]:
    """A repeat after every second or third; the order of those that are brought first stays."""
    requests, waiting = [], list(again)
    for number, one in enumerate(brought):
        requests.append(one)
        if waiting and number % 7 in (1, 3, 6):
            requests.append(waiting.pop())
    return requests + waiting


class _Notice:
    """What WeChat Pay sends when somebody has paid, signed and sealed."""

    def __init__(self, system: System) -> None:
        settings = system.settings
        options = Options(wechatpay_private_key=settings.sandbox_wechatpay_private_key)
        self._keys = Keys(merchant_of(settings), settings, options, utcnow)
        self._settings = settings

    def request(self, paid: _Paid) -> bytes:
        said = {
            "appid": self._settings.wechat_appid,
            "mchid": self._settings.wechatpay_mchid,
            "out_trade_no": paid.out_trade_no,
            "transaction_id": f"4200{paid.out_trade_no}"[-32:],
            "trade_state": "SUCCESS",
            "trade_type": "JSAPI",
            "success_time": paid.at.isoformat(timespec="seconds"),
            "payer": {"openid": paid.openid},
            "amount": {"total": paid.amount_fen, "payer_total": paid.amount_fen, "currency": "CNY"},
        }
        sealed = self._keys.seal(json.dumps(said).encode(), "transaction")
        notice = {"id": secrets.token_hex(16), "event_type": "TRANSACTION.SUCCESS", "resource": sealed}
        body = json.dumps(notice | {"resource_type": "encrypt-resource"}).encode()
        headers = signed_headers(self._keys.for_notices(), body, utcnow())
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return post("/webhooks/wechatpay", "application/json", body, lines)


async def _open(system: System, first: int) -> tuple[list[_Paid], list[tuple[_Paid, _Paid]]]:
    """Orders that one paid, and orders that two did, who are about to be told of."""
    contacts = [UUID(await registered_patient(system.runtime, first + n)) for n in range(PAYERS)]
    many = CALLBACKS - REPEATS - TWICE
    numbers = [await _number(system, contacts, n) for n in range(NUMBERS)]
    made = numbers + [await _bill(system, contacts[n % PAYERS]) for n in range(many - NUMBERS)]
    tries = [await _try(system, order_no, "oFirst", 0) for order_no in made]
    seconds = [await _try(system, order_no, "oSecond", 1) for order_no in made[:TWICE]]
    return tries[TWICE:], list(zip(tries[:TWICE], seconds, strict=True))


async def _number(system: System, contacts: list[UUID], which: int) -> str:
    """An appointment that waits for its payment, wherever the rules let this patient."""
    rt, contact = system.runtime, contacts[which % len(contacts)]
    async with rt.database.begin() as session:
        tomorrow = rt.local_now().date() + timedelta(days=1)
        free = select(Schedule.id).where(Schedule.date > tomorrow, Schedule.fee_fen > 0).order_by(Schedule.id)
        schedules = list(await session.scalars(free))
        patient = await _patient(session, contact)
    for place in range(len(schedules)):
        chosen = schedules[(which * 7 + place) % len(schedules)]
        try:
            async with rt.database.begin() as session:
                made = await booking.book(
                    session, schedule_id=chosen, slot_id=None, patient_id=patient, contact_id=contact, key=None,
                    now=rt.now(), hold=timedelta(minutes=15),
                )  # fmt: skip
        except BookingError:
            continue
        return str(made.order_no)
    raise RuntimeError("no free number in the whole hospital")


async def _bill(system: System, contact: UUID) -> str:
    rt = system.runtime
    async with rt.database.begin() as session:
        account = (await session.get_one(Contact, contact)).account_id
        now, kind = rt.now(), OrderKind.TEST
        made = await orders.open_order(
            session, kind, [Item("血常规", _FEE)], patient_id=await _patient(session, contact), account_id=account,
            contact_id=contact, expires_at=None, now=now,
        )  # fmt: skip
        return orders.number(kind, made, now)


async def _patient(session: Any, contact: UUID) -> UUID:
    found = (
        select(AccountPatient.patient_id)
        .join(Contact, Contact.account_id == AccountPatient.account_id)
        .where(Contact.id == contact)
    )
    patient: UUID = (await session.scalars(found)).one()
    return patient


async def _try(system: System, order_no: str, openid: str, later: int) -> _Paid:
    rt = system.runtime
    async with rt.database.begin() as session:
        # Minutes ahead, so that the worker's own questions stay out of the figure.
        ahead = rt.now() + timedelta(minutes=10)
        opened = await paying.open_payment(session, order_no, Platform.WECHATPAY, "jsapi", ahead, openid)
    return _Paid(opened.out_trade_no, opened.amount_fen, openid, rt.now() + timedelta(seconds=later))


_TOLD = text("""
    SELECT payload->>'order_no' AS order_no, count(*) AS times FROM hospital_events
    WHERE kind IN ('order_paid', 'appointment_booked') GROUP BY 1
""")


async def _wrong(system: System, singles: list[_Paid], doubles: list[tuple[_Paid, _Paid]]) -> int:
    """Orders not paid, or not by who was told of first; appointments not booked; refunds that should not be, or not
    are; orders whose owner is not told once."""
    async with system.runtime.database.begin() as session:
        known = {one.order_no: one for one in await session.scalars(select(Order))}
        payments = {one.out_trade_no: one for one in await session.scalars(select(Payment))}
        refunds = {one.payment_id: one for one in await session.scalars(select(Refund))}
        booked = {one.id: one.status for one in await session.scalars(select(Appointment))}
        told = {row.order_no: row.times for row in await session.execute(_TOLD)}
    wrong = 0
    for own in [*singles, *(pair[0] for pair in doubles)]:
        order = known[own.out_trade_no]
        stands = order.appointment_id is None or booked[order.appointment_id] is AppointmentStatus.BOOKED
        wrong += not (order.status is OrderStatus.PAID and stands and told.get(order.order_no) == 1)
    paid_back = {number for number, one in payments.items() if one.id in refunds}
    wrong += sum(one.out_trade_no in paid_back for one in singles)
    for pair in doubles:
        back = [refunds[payments[one.out_trade_no].id] for one in pair if one.out_trade_no in paid_back]
        wrong += [one.reason for one in back] != [RefundReason.TWICE]
    return wrong
