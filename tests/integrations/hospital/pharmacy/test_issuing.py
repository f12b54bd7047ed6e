"""A prescription is written by a doctor and looked at by a pharmacist before anybody can pay it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.hospital import events
from integrations.hospital.models import MedicineClass, MedicineForm, PrescriptionStatus
from integrations.hospital.pharmacy import checkout, medicines, reviews, views
from integrations.hospital.pharmacy.terms import BadPrescription, NotNow, UnknownMedicine
from tests.pharmacy_rows import MINUTE, NOW, PHARMACIST, TERMS, Pharmacy


async def _told(pharmacy: Pharmacy) -> list[str]:
    async with pharmacy.database.begin() as session:
        return [event.kind for event in await events.claim(session, 100, NOW)]


async def test_what_the_law_forbids_is_not_sent_and_some_of_it_not_prescribed_online() -> None:
    tablet, injection = MedicineForm.TABLET, MedicineForm.INJECTION
    assert medicines.may_be_sent(MedicineClass.COMMON, tablet)
    assert medicines.may_be_sent(MedicineClass.GLUCOSE_LOWERING, injection)
    assert not medicines.may_be_sent(MedicineClass.COMMON, injection)
    forbidden = set(MedicineClass) - {MedicineClass.COMMON, MedicineClass.GLUCOSE_LOWERING}
    assert not any(medicines.may_be_sent(kind, tablet) for kind in forbidden)
    for kind in ("NARCOTIC", "PSYCHOTROPIC", "TOXIC", "RADIOACTIVE"):
        assert not medicines.may_be_prescribed_online(MedicineClass[kind])
    assert medicines.may_be_prescribed_online(MedicineClass.VACCINE)


@pytest.mark.parametrize(
    ("codes", "more"),
    [
        ((), {}),
        (("AML", "AML"), {}),
        (("AML",), {"days": 4}),
        (("AML",), {"days": 0}),
        (("AML",), {"staff_no": "nobody"}),
        (("DZP",), {"online": True}),
    ],
)
async def test_what_may_not_be_written(
    pharmacy: Pharmacy, codes: tuple[str, ...], more: dict[str, object]
) -> None:
    client = await pharmacy.client()
    with pytest.raises(BadPrescription):
        await pharmacy.issue(client, *codes, **more)
    with pytest.raises(UnknownMedicine):
        await pharmacy.issue(client, "XYZ")


async def test_it_is_valid_on_the_day_of_issue_and_at_most_two_more(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    today = await pharmacy.see(await pharmacy.issue(client, "AML"))
    assert today.valid_until == NOW.replace(hour=16)  # midnight in Shanghai
    longer = await pharmacy.see(await pharmacy.issue(client, "AML", days=3))
    assert longer.valid_until == today.valid_until + timedelta(days=2)
    assert today.due_at == NOW + 5 * MINUTE


async def test_a_pharmacist_passes_it_and_the_patient_hears_of_it(pharmacy: Pharmacy) -> None:
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    assert not (await pharmacy.see(made)).payable(NOW)
    async with pharmacy.database.begin() as session:
        await reviews.take(session, made, pharmacist=PHARMACIST, now=NOW + MINUTE)
    assert (await pharmacy.see(made)).status is PrescriptionStatus.IN_REVIEW
    async with pharmacy.database.begin() as session:
        await reviews.approve(session, made, pharmacist=PHARMACIST, now=NOW + 2 * MINUTE)
    seen = await pharmacy.see(made)
    assert seen.payable(NOW)
    assert not seen.payable(seen.valid_until)
    assert await _told(pharmacy) == ["prescription_approved"]
    with pytest.raises(NotNow):
        async with pharmacy.database.begin() as session:
            await reviews.reject(session, made, pharmacist=PHARMACIST, reason="late", terms=TERMS, now=NOW)


async def test_a_rejection_needs_a_reason_which_patient_and_doctor_read(pharmacy: Pharmacy) -> None:
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    with pytest.raises(BadPrescription):
        async with pharmacy.database.begin() as session:
            await reviews.reject(session, made, pharmacist=PHARMACIST, reason=" ", terms=TERMS, now=NOW)
    async with pharmacy.database.begin() as session:
        await reviews.reject(session, made, pharmacist=PHARMACIST, reason="两种药重复", terms=TERMS, now=NOW)
        [of_doctor] = await views.for_staff(session, staff_no=pharmacy.staff_no)
    assert (of_doctor.status, of_doctor.rejection) == (PrescriptionStatus.REJECTED, "两种药重复")
    assert await _told(pharmacy) == ["prescription_rejected"]


async def test_what_is_over_time_stands_first_and_is_counted(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    late = await pharmacy.issue(client, "AML")
    other = await pharmacy.issue(client, "AML", now=NOW + 4 * MINUTE)
    done = await pharmacy.issue(client, "AML")
    async with pharmacy.database.begin() as session:
        await reviews.approve(session, done, pharmacist=PHARMACIST, now=NOW + 6 * MINUTE)
    async with pharmacy.database.begin() as session:
        assert [one.id for one in await views.review_queue(session)] == [late, other]
        assert await reviews.numbers(session, NOW + 6 * MINUTE) == reviews.Numbers(
            waiting=2, over_time=1, decided=1, late=1
        )


async def test_what_nobody_looked_at_or_paid_in_time_expires_and_the_patient_hears_of_it(
    pharmacy: Pharmacy,
) -> None:
    client = await pharmacy.client()
    made = [await pharmacy.issue(client, "AML"), await pharmacy.approved(client, "AML")]
    kept = await pharmacy.approved(client, "AML", days=2)
    await _told(pharmacy)
    midnight = (await pharmacy.see(made[0])).valid_until
    async with pharmacy.database.begin() as session:
        assert await checkout.expire_prescriptions(session, midnight - MINUTE) == 0
        assert await checkout.expire_prescriptions(session, midnight) == 2
    assert {(await pharmacy.see(one)).status for one in made} == {PrescriptionStatus.EXPIRED}
    assert (await pharmacy.see(kept)).status is PrescriptionStatus.APPROVED
    assert await _told(pharmacy) == ["prescription_expired"] * 2
    with pytest.raises(NotNow):
        async with pharmacy.database.begin() as session:
            await reviews.approve(session, made[0], pharmacist=PHARMACIST, now=midnight)
