"""A prescription and its parcel as their pages show them, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages import codes
from bot.pages.reader import Reader
from bot.pages.speech import Speech
from bot.pages.words import Words, words_of
from integrations.catalogue import ENGLISH
from integrations.hospital.billing.orders import OrderView
from integrations.hospital.delivery import addresses, parcels
from integrations.hospital.delivery.addresses import AddressView
from integrations.hospital.models import (
    WITH_PHARMACY,
    DeliveryStatus,
    Handing,
    OrderStatus,
    PrescriptionStatus,
)
from integrations.hospital.pharmacy import substitutions, views
from integrations.hospital.pharmacy.substitutions import SubstitutionView
from integrations.hospital.pharmacy.terms import Terms
from integrations.hospital.pharmacy.views import LineView, PrescriptionView
from integrations.language.dosing import dosing_in_english, pack_in_english
from integrations.language.languages import SIMPLIFIED

_IN_REVIEW = frozenset({PrescriptionStatus.ISSUED, PrescriptionStatus.IN_REVIEW})
_BAD = frozenset({"rejected", "expired", "cancelled", "question"})


@dataclass(frozen=True, slots=True)
class Medicine:
    """One line: what, how to take it, how much of it."""

    name: str
    how: str
    packs: str
    amount: str


@dataclass(frozen=True, slots=True)
class Document:
    """All that the page of one prescription says. `book` is empty unless an address can be chosen."""

    one: PrescriptionView
    words: Words
    asked: SubstitutionView | None
    book: Sequence[AddressView]
    destination: str  # masked, of its parcel

    @property
    def state(self) -> str:
        """review, question, choose, unpaid, pickup, packing, sent, delivered, dispensed, rejected, sent_back, overdue,
        amended, expired, refund, cancelled"""
        one, now = self.one, self.words.reader.rt.now()
        if one.status in _IN_REVIEW | {PrescriptionStatus.APPROVED} and now >= one.valid_until:
            return "expired"
        if one.status in _IN_REVIEW:
            return "question" if self.asked else "review"
        if one.awaits_doctor(now):
            return "overdue" if one.overdue_at else "sent_back"
        match one.status:
            case PrescriptionStatus.REJECTED if one.amended_by:
                return "amended"
            case PrescriptionStatus.APPROVED if self.asked:
                return "question"
            case PrescriptionStatus.APPROVED:
                return "unpaid" if self.bill_open else "choose"
            case PrescriptionStatus.CANCELLED if one.order_status in (
                OrderStatus.REFUND_DUE,
                OrderStatus.REFUNDED,
            ):
                return "refund"
            case PrescriptionStatus.SHIPPED:
                return "sent"
        if one.status in WITH_PHARMACY:
            return "pickup" if one.handing is Handing.PICKUP else "packing"
        return str(one.status)

    @property
    def bill_open(self) -> bool:
        one = self.one
        return (
            one.order_status is OrderStatus.UNPAID
            and one.pay_until is not None
            and one.pay_until > self.words.reader.rt.now()
        )

    @property
    def bad(self) -> bool:
        return self.state in _BAD

    @property
    def said(self) -> str:
        """How it stands, in a sentence or two."""
        one, phone = self.one, self.words.reader.rt.settings.hospital_phone
        until = self.words.moment(one.pay_until) if one.pay_until else ""
        return self.words.say(
            f"page_rx_{self.state}",
            phone=phone,
            reason=self.words.write(one.rejection or ""),
            until=until,
        )

    @property
    def rows(self) -> list[tuple[str, str]]:
        one, words = self.one, self.words
        plain = words.reader.speech.wording(words.reader.rt.zone)
        doctor = words.write(f"{plain.doctor(one.practitioner, one.title)} {one.department}")
        rows = [("page_row_patient", words.write(one.patient)), ("page_row_rx_doctor", doctor)]
        if one.pharmacist and one.decided_at:
            checked_by = one.pharmacist_name or one.pharmacist.removeprefix("staff:")
            rows.append(("page_row_rx_pharmacist", words.write(checked_by)))
        rows.append(("page_row_rx_issued", words.full_moment(one.issued_at)))
        if self.state in ("review", "question", "choose", "unpaid", "expired", "sent_back", "overdue"):
            rows.append(("page_row_rx_until", words.moment(one.valid_until - timedelta(minutes=1))))
        rows.append(("page_row_rx_number", one.number))
        return rows

    @property
    def medicines(self) -> list[Medicine]:
        return [self._medicine(line) for line in self.one.lines]

    def _medicine(self, line: LineView) -> Medicine:
        words = self.words
        return Medicine(
            name=name_of(words, line),
            how=words.say(
                "page_rx_how",
                dose=dosing(words, line.dose),
                frequency=dosing(words, line.frequency),
                days=line.days,
            ),
            packs=packs(words, line.quantity, line.unit),
            amount=words.money(line.amount_fen),
        )

    @property
    def change(self) -> dict[str, str]:
        """The other medicine that the patient is asked about."""
        assert self.asked is not None
        asked, words = self.asked, self.words
        more = asked.difference_fen
        key = "same" if not more else "more" if more > 0 else "less"
        return {
            "old": _named(words, asked.old_name, asked.old_name_en, asked.old_strength),
            "new": _named(words, asked.name, asked.name_en, asked.strength),
            "packs": packs(words, asked.quantity, asked.unit),
            "dose": dosing(words, asked.dose),
            "price": words.say(f"page_rx_change_{key}", amount=words.money(abs(more))),
        }

    @property
    def medicine_price(self) -> str:
        return self.words.money(self.one.medicine_fen)

    @property
    def amount(self) -> str:
        """Of the bill there is."""
        return self.words.money(self.one.amount_fen or self.one.medicine_fen)

    @property
    def delivery_fen(self) -> int:
        return Terms.of(self.words.reader.rt.settings).fee(cold_chain=self.one.cold_chain)

    @property
    def delivery_price(self) -> str:
        return self.words.money(self.delivery_fen)

    @property
    def sent_price(self) -> str:
        return self.words.money(self.one.medicine_fen + self.delivery_fen)

    @property
    def code(self) -> str:
        return codes.svg(self.one.pickup_code) if self.one.pickup_code else ""

    @property
    def cancellable(self) -> bool:
        """Paid, and the pharmacy has not begun."""
        return self.one.status is PrescriptionStatus.PAID

    @property
    def has_parcel(self) -> bool:
        return self.one.delivery_id is not None and self.one.delivery_status is not DeliveryStatus.WAITING

    @property
    def has_bill(self) -> bool:
        """That is worth a look: paid, or on its way back."""
        return self.one.order_no is not None and self.state not in ("unpaid", "choose", "expired")


@dataclass(frozen=True, slots=True)
class Handed:
    """What a bill for medicine says beside its money. `how`: picked up, or sent to a masked address; `names`: what its
    items are called for this reader."""

    how: str
    names: Mapping[str, str]


async def handed_of(session: AsyncSession, words: Words, order: OrderView) -> Handed | None:
    """None for a bill of something else."""
    if order.prescription_id is None:
        return None
    one = await views.prescription(session, order.prescription_id)
    names = {f"{line.name} {line.strength}": name_of(words, line) for line in one.lines}
    for language in (SIMPLIFIED, ENGLISH):
        names[delivery_name(language)] = words.say("word_delivery_item")
    how = ""
    standing = one.order_no == order.order_no and one.status is not PrescriptionStatus.CANCELLED
    if standing and one.handing is Handing.PICKUP:
        how = words.say("page_handing_pickup")
    elif standing and one.delivery_id:
        to = await where(session, words.reader, one.delivery_id)
        how = words.say("page_handing_delivery", where=to)
    return Handed(how, names)


def delivery_name(language: str = SIMPLIFIED) -> str:
    """What the delivery is called on a bill opened in this language; a page says it in its reader's."""
    return Speech(language).say("word_delivery_item")


async def document_of(session: AsyncSession, reader: Reader, prescription_id: UUID) -> Document:
    """As its account may see it. Raises UnknownPrescription."""
    rt, account = reader.rt, reader.contact.account_id
    one = await views.prescription_of(session, prescription_id, account)
    choosing = one.payable(rt.now()) and one.may_be_sent and not one.asked
    return Document(
        one,
        await words_of(session, reader),
        await substitutions.substitution(session, one.asked) if one.asked else None,
        await addresses.book(session, rt.crypto, account) if choosing else (),
        await where(session, reader, one.delivery_id),
    )


async def where(session: AsyncSession, reader: Reader, delivery_id: UUID | None) -> str:
    """The masked address of a parcel; nothing where there is none."""
    if delivery_id is None:
        return ""
    return (await parcels.destination(session, reader.rt.crypto, delivery_id)).masked


def name_of(words: Words, line: LineView) -> str:
    """In English beside the name that stands on the pack."""
    return _named(words, line.name, line.name_en, line.strength)


def _named(words: Words, name: str, english: str, strength: str) -> str:
    written = words.write(f"{name} {strength}")
    return f"{english} {written}".strip() if words.reader.speech.language == ENGLISH else written


def packs(words: Words, quantity: int, unit: str) -> str:
    """2盒; 2 × box"""
    english = words.reader.speech.language == ENGLISH
    said = pack_in_english(unit) if english else words.write(unit)
    return words.say("page_rx_packs", quantity=quantity, unit=said)


def dosing(words: Words, written: str) -> str:
    if words.reader.speech.language == ENGLISH:
        return dosing_in_english(written)
    return words.write(written)
