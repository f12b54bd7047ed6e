"""Doctors who consult online, and people who ask them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import accounts
from integrations.hospital.billing import orders, paying
from integrations.hospital.billing.paying import Received, Trade
from integrations.hospital.consultations import accepting, asking, offers, prescribing, views
from integrations.hospital.consultations.asking import Wish
from integrations.hospital.consultations.prescribing import Signed
from integrations.hospital.consultations.terms import Terms
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.models import (
    AccountPatient,
    FoundBy,
    HospitalEvent,
    Platform,
    Practitioner,
    Relation,
    Sex,
)
from integrations.hospital.pharmacy.issuing import Prescribed
from tests.clinic_rows import doctor, known_patient, ward
from tests.pharmacy_rows import TERMS as PHARMACY

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # Sunday, 9:00 in Shanghai
MINUTE = timedelta(minutes=1)
TERMS = Terms(
    accept=30 * MINUTE,
    length=120 * MINUTE,
    turns=5,
    hold=15 * MINUTE,
    record=timedelta(days=365),
    first_visits=False,
    under_six=True,
)
ACTOR = "staff:lijing"


@dataclass(frozen=True, slots=True)
class Asker:
    account_id: UUID
    contact_id: UUID
    patient_id: UUID


class Online:
    """One doctor who consults online from 8:00 to 20:00 for ¥30."""

    def __init__(self, database: Database, crypto: Crypto) -> None:
        self.database, self.crypto = database, crypto
        self.doctor = UUID(int=0)

    async def open(self, *, practitioner: UUID | None = None, **more: Any) -> Online:
        values = {"fee_fen": 3000, "opens": time(8), "closes": time(20), "places": 2, "actor": "staff:head"}
        async with self.database.begin() as session:
            if practitioner is None:
                practitioner = (await doctor(session, "李静", (await ward(session, uuid4().hex[:8])).id)).id
            self.doctor = practitioner
            await offers.offer(session, self.doctor, **{**values, **more})
        return self

    async def asker(self, born: date = date(1990, 3, 7), *, relation: Relation = Relation.SELF) -> Asker:
        async with self.database.begin() as session:
            contact = await accounts.ensure_contact(session, "wechat", uuid4().hex)
            patient = known_patient("*明", born, Sex.MALE)
            session.add(patient)
            await session.flush()
            session.add(
                AccountPatient(account_id=contact.account_id, patient_id=patient.id, relation=relation)
            )
            return Asker(contact.account_id, contact.id, patient.id)

    async def ask(self, who: Asker, now: datetime = NOW, terms: Terms = TERMS, **more: Any) -> UUID:
        wish = Wish(
            **{
                "patient_id": who.patient_id,
                "practitioner_id": self.doctor,
                "condition": "高血压，在吃氨氯地平",
                "called": "在线复诊 李静",
                "messages": (str(uuid4()),),
            }
            | more
        )
        async with self.database.begin() as session:
            return await asking.ask(
                session, self.crypto, wish, account_id=who.account_id, contact_id=who.contact_id, terms=terms,
                key=None, now=now,
            )  # fmt: skip

    async def see(self, consultation: UUID) -> ConsultationView:
        async with self.database.begin() as session:
            return await views.consultation(session, consultation)

    async def pay(self, consultation: UUID, now: datetime = NOW) -> Received:
        order_no = (await self.see(consultation)).order_no
        assert order_no
        async with self.database.begin() as session:
            order = await orders.order(session, order_no)
            try:
                opened = await paying.open_payment(session, order_no, Platform.WECHATPAY, "jsapi", NOW, None)
                number = opened.out_trade_no
            except paying.NotPayable:
                number = order_no
            trade = Trade(Platform.WECHATPAY, number, f"42{order_no[-8:]}", order.amount_fen, now)
            return await paying.receive(session, trade, FoundBy.CALLBACK, now)

    async def open_payment(self, consultation: UUID) -> None:
        order_no = (await self.see(consultation)).order_no
        assert order_no
        async with self.database.begin() as session:
            await paying.open_payment(session, order_no, Platform.WECHATPAY, "jsapi", NOW, None)

    async def accept(self, consultation: UUID, now: datetime = NOW + MINUTE) -> None:
        async with self.database.begin() as session:
            await accepting.accept(
                session, consultation, practitioner_id=self.doctor, actor=ACTOR, terms=TERMS, now=now
            )

    async def active(self, who: Asker | None = None, *, confirmed: bool = True) -> UUID:
        made = await self.ask(who or await self.asker())
        await self.pay(made)
        await self.accept(made)
        if confirmed:
            async with self.database.begin() as session:
                await accepting.confirm_diagnosis(
                    session, made, practitioner_id=self.doctor, actor=ACTOR, now=NOW + MINUTE
                )
        return made

    async def prescribe(
        self, made: UUID, code: str, *, amends: UUID | None = None, now: datetime = NOW + 2 * MINUTE
    ) -> UUID:
        """One medicine of the pharmacy's, whatever it is warned of."""
        signed = Signed([Prescribed(code, "每次1片", "每天1次", 7, 1)], {1: "问过，不过敏"}, amends=amends)
        async with self.database.begin() as session:
            return await prescribing.write(
                session, self.crypto, made, signed, practitioner_id=self.doctor, actor=ACTOR, terms=PHARMACY,
                now=now,
            )  # fmt: skip

    async def expire(self, now: datetime) -> int:
        async with self.database.begin() as session:
            return await accepting.expire(session, now)

    async def events(self) -> list[str]:
        async with self.database.begin() as session:
            return list(await session.scalars(select(HospitalEvent.kind).order_by(HospitalEvent.id)))

    async def staff_no(self) -> str:
        async with self.database.begin() as session:
            return (await session.get_one(Practitioner, self.doctor)).staff_no
