"""A small pharmacy and people to prescribe for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import accounts
from integrations.hospital.billing import orders, paying
from integrations.hospital.billing.paying import Received, Trade
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import Destination
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import ALLERGIES, COMPLAINT, Story
from integrations.hospital.models import (
    AccountPatient,
    FoundBy,
    Handing,
    Medicine,
    Platform,
    Practitioner,
    Relation,
    Sex,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.pharmacy import checkout, issuing, medicines, reviews, views
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import Terms
from integrations.hospital.pharmacy.views import PrescriptionView
from tests.clinic_rows import doctor, known_patient, ward

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # Sunday, 9:00 in Shanghai
MINUTE = timedelta(minutes=1)
TERMS = Terms(
    days=1,
    review=5 * MINUTE,
    bill=30 * MINUTE,
    delivery_fen=1200,
    cold_delivery_fen=3800,
    amend=60 * MINUTE,
)
PHARMACIST = "staff:pharmacist"
HOME = Destination("张晓明", "+8613812345678", "北京市", "", "朝阳区", "建国路88号3号楼1502室")

# code: name, form, kind, strength, unit, price, stock, cold chain
SHELF = {
    "AML": ("氨氯地平片", "tablet", "common", "5mg×28片", "盒", 3260, 20, False),
    "INS": ("甘精胰岛素注射液", "injection", "glucose_lowering", "3ml:300单位", "支", 13200, 5, True),
    "CEF": ("注射用头孢曲松钠", "injection", "common", "1.0g", "支", 1800, 50, False),
    "DZP": ("地西泮片", "tablet", "psychotropic", "2.5mg×20片", "盒", 900, 9, False),
    "NIF": ("硝苯地平控释片", "tablet", "common", "30mg×7片", "盒", 2870, 3, False),
}


@dataclass(frozen=True, slots=True)
class Client:
    account_id: UUID
    contact_id: UUID
    patient_id: UUID


class Pharmacy:
    now = NOW
    terms = TERMS

    def __init__(self, database: Database, crypto: Crypto) -> None:
        self.database, self.crypto = database, crypto
        self.staff_no = ""
        self._people = 0

    async def open(self) -> Pharmacy:
        async with self.database.begin() as session:
            rows = [
                {"code": code, "name": name, "name_en": code.title(), "form": form, "kind": kind}
                | {"strength": strength, "unit": unit, "price_fen": price, "stock": stock, "cold_chain": cold}
                for code, (name, form, kind, strength, unit, price, stock, cold) in SHELF.items()
            ]
            await medicines.add(session, *rows)
            self.staff_no = (await doctor(session, "李静", (await ward(session, "老年医学科")).id)).staff_no
        return self

    async def client(self, account: tuple[UUID, UUID] | None = None) -> Client:
        """Somebody with a patient file of their own; `account`: of this account and contact."""
        self._people += 1
        async with self.database.begin() as session:
            if account is None:
                contact = await accounts.ensure_contact(session, "wechat", f"openid{self._people}")
                account = contact.account_id, contact.id
            patient = known_patient("*明", NOW.date() - timedelta(days=12000), Sex.MALE)
            session.add(patient)
            await session.flush()
            session.add(AccountPatient(account_id=account[0], patient_id=patient.id, relation=Relation.SELF))
            return Client(*account, patient.id)

    async def tells_of_allergies(self, client: Client, told: str) -> None:
        """In an intake: the patient's words, or story.NONE."""
        async with self.database.begin() as session:
            await keeping.record(
                session, self.crypto, Story({COMPLAINT: "咳嗽", ALLERGIES: told}), "摘要",
                account_id=client.account_id, contact_id=client.contact_id, patient_id=client.patient_id,
                appointment_id=None, key=OperationKey(str(uuid4()), "test", "intake"), now=NOW,
            )  # fmt: skip

    async def issue(self, client: Client, *codes: str, **more: Any) -> UUID:
        """One pack of each for a week, two of the first."""
        lines = [Prescribed(code, "每次1片", "每天1次", 7, 1 if at else 2) for at, code in enumerate(codes)]
        values = {"terms": TERMS, "actor": "staff:doctor", "now": self.now, "staff_no": self.staff_no} | more
        async with self.database.begin() as session:
            return await issuing.issue(session, lines, patient_id=client.patient_id, **values)

    async def approved(self, client: Client, *codes: str, **more: Any) -> UUID:
        made = await self.issue(client, *codes, **more)
        async with self.database.begin() as session:
            await reviews.approve(session, made, pharmacist=PHARMACIST, now=self.now + MINUTE)
        return made

    async def address(self, client: Client, destination: Destination = HOME) -> UUID:
        async with self.database.begin() as session:
            added = await addresses.add(
                session, self.crypto, destination, account_id=client.account_id, contact_id=client.contact_id,
                key=None, now=self.now,
            )  # fmt: skip
        return added.id

    async def bill(
        self, client: Client, prescription: UUID, handing: Handing = Handing.PICKUP, now: datetime = NOW
    ) -> PrescriptionView:
        address = await self.address(client) if handing is Handing.DELIVERY else None
        async with self.database.begin() as session:
            return await checkout.open_bill(
                session, self.crypto, prescription, handing, address_id=address, account_id=client.account_id,
                contact_id=client.contact_id, terms=TERMS, delivery_name="药品配送费", key=None, now=now,
            )  # fmt: skip

    async def pay(self, order_no: str | None, now: datetime = NOW, platform_no: str = "42001") -> Received:
        assert order_no
        async with self.database.begin() as session:
            order = await orders.order(session, order_no)
            try:
                opened = await paying.open_payment(session, order_no, Platform.WECHATPAY, "jsapi", NOW, None)
                number = opened.out_trade_no
            except paying.NotPayable:
                number = order_no  # paid a second time, or late
            trade = Trade(Platform.WECHATPAY, number, f"{platform_no}{order_no[-8:]}", order.amount_fen, now)
            return await paying.receive(session, trade, FoundBy.CALLBACK, now)

    async def paid(
        self, *codes: str, handing: Handing = Handing.PICKUP, client: Client | None = None
    ) -> tuple[Client, UUID]:
        client = client or await self.client()
        made = await self.approved(client, *codes)
        assert await self.pay((await self.bill(client, made, handing)).order_no) is Received.PAID
        return client, made

    async def see(self, prescription: UUID) -> PrescriptionView:
        async with self.database.begin() as session:
            return await views.prescription(session, prescription)

    async def stock(self, code: str) -> int:
        async with self.database.begin() as session:
            return (await session.scalars(select(Medicine.stock).where(Medicine.code == code))).one()

    async def doctor_named(self, name: str) -> Practitioner:
        async with self.database.begin() as session:
            return await doctor(session, name, (await ward(session, f"{name}科")).id)
