"""What the pharmacist sends back is amended by its doctor, also after the consultation; what they leave comes up."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from integrations.hospital.consultations import accepting, finishing, prescribing, views
from integrations.hospital.consultations.prescribing import SentBack, Signed
from integrations.hospital.consultations.terms import NotNow, UnknownConsultation
from integrations.hospital.models import (
    ConsultationStatus,
    HospitalEvent,
    Order,
    Prescription,
    PrescriptionStatus,
    ReturnReason,
    Review,
)
from integrations.hospital.pharmacy import amending, reviews
from integrations.hospital.pharmacy import terms as pharmacy_terms
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import BadPrescription, TooLate
from integrations.settings import Settings
from tests.consultation_rows import ACTOR, MINUTE, NOW, Online
from tests.pharmacy_rows import TERMS, Pharmacy

SENT_BACK = NOW + 5 * MINUTE
DUE = SENT_BACK + TERMS.amend
MIDNIGHT = NOW.replace(hour=16)  # in Shanghai


@pytest.fixture
async def over(online: Online) -> tuple[UUID, UUID]:
    """A consultation that is over, and its prescription, which was sent back afterwards."""
    await Pharmacy(online.database, online.crypto).open()
    made = await online.active()
    first = await _write(online, made, now=NOW + 2 * MINUTE)
    async with online.database.begin() as session:
        await finishing.finish(
            session, online.crypto, Settings(_env_file=None), made, "继续原方案", practitioner_id=online.doctor,
            actor=ACTOR, now=NOW + 3 * MINUTE,
        )  # fmt: skip
        await reviews.reject(
            session, first, pharmacist="staff:p", reason="剂量偏大", terms=TERMS, now=SENT_BACK
        )
    return made, first


async def _write(
    online: Online,
    made: UUID,
    amends: UUID | None = None,
    *,
    now: datetime,
    days: int = 1,
    by: UUID | None = None,
) -> UUID:
    terms = pharmacy_terms.Terms(days, TERMS.review, TERMS.bill, 1200, 3800, TERMS.amend)
    signed = Signed([Prescribed("AML", "每次1片", "每天1次", 7, 1)], {1: "问过，不过敏"}, amends=amends)
    async with online.database.begin() as session:
        return await prescribing.write(
            session, online.crypto, made, signed, practitioner_id=by or online.doctor, actor=ACTOR, terms=terms,
            now=now,
        )  # fmt: skip


async def _bring_up(online: Online, now: datetime) -> list[str]:
    """What its patient hears."""
    async with online.database.begin() as session:
        before = await session.scalar(select(func.count(HospitalEvent.id))) or 0
        await amending.bring_up(session, now)
        kinds = await session.scalars(select(HospitalEvent.kind).order_by(HospitalEvent.id).offset(before))
        return list(kinds)


async def _left(online: Online) -> list[UUID]:
    async with online.database.begin() as session:
        return [one.id for one in await prescriptions.left_by_doctors(session)]


async def test_it_is_amended_after_the_end_and_goes_back_to_the_pharmacist(
    online: Online, over: tuple[UUID, UUID]
) -> None:
    made, first = over
    async with online.database.begin() as session:
        [listed] = await views.of_doctor(session, online.doctor)
        assert (listed.id, listed.status) == (made, ConsultationStatus.FINISHED)
        waits = await prescribing.sent_back(session, online.doctor, SENT_BACK)
        assert waits == {made: SentBack(first, "剂量偏大", DUE)}
        orders = await session.scalar(select(func.count(Order.id)))
    second = await _write(online, made, first, now=SENT_BACK + MINUTE, days=3)
    async with online.database.begin() as session:
        one = await prescriptions.prescription(session, second)
        assert one.status is PrescriptionStatus.ISSUED
        assert one.valid_until == MIDNIGHT  # as long as the first one, whatever a new one would have
        assert [queued.id for queued in await prescriptions.review_queue(session)] == [second]
        assert (await prescriptions.prescription(session, first)).amended_by == second
        shown = await prescriptions.current(session, one.account_id, NOW)
        assert [this.id for this in shown] == [second]
        assert await views.of_doctor(session, online.doctor) == []
        assert await session.scalar(select(func.count(Order.id))) == orders  # nothing is to be paid for it
        await reviews.approve(session, second, pharmacist="staff:p", now=SENT_BACK + 2 * MINUTE)
    assert (await online.events())[-3:] == [
        "prescription_rejected",
        "prescription_amended",
        "prescription_approved",
    ]
    assert await _bring_up(online, DUE) == []
    with pytest.raises(BadPrescription):
        await _write(online, made, first, now=SENT_BACK + 3 * MINUTE)


async def test_nothing_else_is_prescribed_after_the_end(online: Online, over: tuple[UUID, UUID]) -> None:
    made, first = over
    with pytest.raises(NotNow):
        await _write(online, made, now=SENT_BACK + MINUTE)
    colleague = (await Pharmacy(online.database, online.crypto).doctor_named("周文斌")).id
    with pytest.raises(UnknownConsultation):
        await _write(online, made, first, now=SENT_BACK + MINUTE, by=colleague)
    with pytest.raises(TooLate):
        await _write(online, made, first, now=MIDNIGHT)


async def test_what_the_doctor_leaves_is_told_once_and_shown_until_it_is_amended(
    online: Online, over: tuple[UUID, UUID]
) -> None:
    made, first = over
    assert await _bring_up(online, DUE - MINUTE) == []
    assert await _left(online) == []
    assert await _bring_up(online, DUE) == ["prescription_not_amended"]
    assert await _bring_up(online, DUE + MINUTE) == []
    assert await _left(online) == [first]
    await _write(online, made, first, now=DUE + 2 * MINUTE)  # late is better than never
    assert await _left(online) == []
    assert await _bring_up(online, MIDNIGHT) == []


async def test_what_is_not_amended_while_it_is_valid_ends(online: Online, over: tuple[UUID, UUID]) -> None:
    made, first = over
    await _bring_up(online, DUE)
    assert await _bring_up(online, MIDNIGHT) == ["prescription_expired"]
    async with online.database.begin() as session:
        assert (await prescriptions.prescription(session, first)).status is PrescriptionStatus.EXPIRED
        assert await prescribing.sent_back(session, online.doctor, MIDNIGHT) == {}
        assert await views.of_doctor(session, online.doctor) == []
    with pytest.raises(TooLate):
        await _write(online, made, first, now=MIDNIGHT + MINUTE)
    assert await _left(online) == [first]  # until a supervisor has seen to it
    for again in (False, True):
        async with online.database.begin() as session:
            settling = amending.settle(session, first, actor="staff:head", reason="called", now=MIDNIGHT)
            if again:
                with pytest.raises(pharmacy_terms.NotNow):
                    await settling
            else:
                await settling
    assert await _left(online) == []


async def test_shortly_before_midnight_the_deadline_is_midnight(online: Online) -> None:
    """One message: it has run out."""
    await Pharmacy(online.database, online.crypto).open()
    made = await online.active()
    first = await _write(online, made, now=NOW + 2 * MINUTE)
    late = MIDNIGHT - 10 * MINUTE
    async with online.database.begin() as session:
        await reviews.reject(session, first, pharmacist="staff:p", reason="剂量", terms=TERMS, now=late)
        assert (await session.get_one(Review, first)).amend_by == MIDNIGHT
    assert await _bring_up(online, MIDNIGHT) == ["prescription_expired"]
    assert await _left(online) == [first]


async def test_where_the_fee_went_back_nothing_is_amended(online: Online) -> None:
    await Pharmacy(online.database, online.crypto).open()
    made = await online.active()
    first = await _write(online, made, now=NOW + 2 * MINUTE)
    async with online.database.begin() as session:
        await reviews.reject(session, first, pharmacist="staff:p", reason="剂量", terms=TERMS, now=SENT_BACK)
        await accepting.give_back(
            session, online.crypto, made, ReturnReason.MUST_BE_SEEN, "请来院", practitioner_id=online.doctor,
            actor=ACTOR, now=SENT_BACK + MINUTE,
        )  # fmt: skip
    with pytest.raises(NotNow):
        await _write(online, made, first, now=SENT_BACK + 2 * MINUTE)
    assert await _bring_up(online, MIDNIGHT + timedelta(hours=1)) == []
    assert await _left(online) == []
    async with online.database.begin() as session:
        assert not (await prescriptions.prescription(session, first)).awaits_doctor(SENT_BACK + 2 * MINUTE)
        assert await session.scalar(select(func.count(Prescription.id))) == 1
