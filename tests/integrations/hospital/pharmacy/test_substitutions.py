"""Another medicine only with the patient's yes, and only with the doctor's."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.billing import orders
from integrations.hospital.intake.story import NONE
from integrations.hospital.models import (
    AuditEvent,
    MedicineClass,
    OrderStatus,
    SubstitutionStatus,
    SubstitutionWarning,
)
from integrations.hospital.pharmacy import checkout, medicines, reviews, substitutions
from integrations.hospital.pharmacy.allergies import WarningKind
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.substitutions import SendBack
from integrations.hospital.pharmacy.terms import AnswerFirst, BadPrescription, NotNow, UnknownPrescription
from tests.pharmacy_rows import NOW, PHARMACIST, Client, Pharmacy


async def _propose(pharmacy: Pharmacy, made: UUID, **more: object) -> UUID:
    values: dict[str, object] = {"old_code": "NIF", "code": "AML", "quantity": 1, "dose": "每次1片"}
    values |= {"agreed_by": pharmacy.staff_no, "reason": "电话问过，无过敏史"} | more
    async with pharmacy.database.begin() as session:
        proposed = await substitutions.propose(
            session,
            pharmacy.crypto,
            made,
            pharmacist=PHARMACIST,
            now=NOW,
            **values,  # type: ignore[arg-type]
        )
    return proposed.id


async def _answer(
    pharmacy: Pharmacy, asked: UUID, client: Client, *, yes: bool
) -> substitutions.SubstitutionView:
    async with pharmacy.database.begin() as session:
        return await substitutions.answer(
            session, asked, accepted=yes, account_id=client.account_id, key=None, now=NOW
        )


async def test_nothing_is_paid_before_the_patient_has_answered_and_a_yes_changes_the_line(
    pharmacy: Pharmacy,
) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")
    billed = await pharmacy.bill(client, made)
    asked = await _propose(pharmacy, made)
    async with pharmacy.database.begin() as session:
        assert (await orders.order(session, billed.order_no or "")).status is OrderStatus.CLOSED
        view = await substitutions.substitution(session, asked)
    assert (view.old_name, view.name, view.difference_fen) == (
        "硝苯地平控释片",
        "氨氯地平片",
        3260 - 2 * 2870,
    )
    with pytest.raises(AnswerFirst):
        await pharmacy.bill(client, made)
    done = await _answer(pharmacy, asked, client, yes=True)
    assert (done.status, done.difference_fen) == (SubstitutionStatus.ACCEPTED, view.difference_fen)
    [line] = (await pharmacy.see(made)).lines
    assert (line.code, line.quantity, line.amount_fen) == ("AML", 1, 3260)
    assert (await pharmacy.bill(client, made)).amount_fen == 3260
    with pytest.raises(NotNow):
        await _answer(pharmacy, asked, client, yes=False)


async def test_a_no_leaves_the_prescription_as_it_is(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")
    await _answer(pharmacy, await _propose(pharmacy, made), client, yes=False)
    seen = await pharmacy.see(made)
    assert ([line.code for line in seen.lines], seen.asked) == (["NIF"], None)


@pytest.mark.parametrize("wrong", [{"agreed_by": "other"}, {"old_code": "INS"}, {"quantity": 0}])
async def test_what_may_not_be_proposed(pharmacy: Pharmacy, wrong: dict[str, object]) -> None:
    made = await pharmacy.approved(await pharmacy.client(), "NIF")
    with pytest.raises(BadPrescription):
        await _propose(pharmacy, made, **wrong)


@pytest.mark.parametrize("kind", [MedicineClass.NARCOTIC, MedicineClass.PSYCHOTROPIC])
@pytest.mark.parametrize("online", [True, False])
async def test_narcotics_and_psychotropics_take_no_other_s_place(
    pharmacy: Pharmacy, kind: MedicineClass, online: bool
) -> None:
    made = await pharmacy.approved(await pharmacy.client(), "NIF", online=online)
    async with pharmacy.database.begin() as session:
        (await medicines.by_code(session, "DZP")).kind = kind
    with pytest.raises(BadPrescription, match="no other's place"):
        await _propose(pharmacy, made, code="DZP")


async def test_before_the_review_it_goes_back_to_its_doctor(pharmacy: Pharmacy) -> None:
    """What is changed after it was signed could never be approved."""
    made = await pharmacy.issue(await pharmacy.client(), "NIF")
    with pytest.raises(SendBack):
        await _propose(pharmacy, made)
    async with pharmacy.database.begin() as session:
        await reviews.take(session, made, pharmacist=PHARMACIST, now=NOW)
    with pytest.raises(SendBack):
        await _propose(pharmacy, made)
    assert (await pharmacy.see(made)).asked is None


async def _clarithromycin(session: AsyncSession) -> None:
    """CLR: it does not go together with NIF."""
    named = {
        "code": "CLR",
        "name": "克拉霉素片",
        "name_en": "Clarithromycin",
        "form": "tablet",
        "kind": "common",
    }
    packed = {"strength": "1×10", "unit": "盒", "price_fen": 1000, "stock": 9, "cold_chain": False}
    await medicines.add(session, named | packed)


async def test_two_that_the_patient_is_asked_about_are_held_against_each_other(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    await pharmacy.tells_of_allergies(client, NONE)
    made = await pharmacy.approved(client, "CEF", "INS")
    async with pharmacy.database.begin() as session:
        await _clarithromycin(session)
    await _propose(pharmacy, made, old_code="CEF", code="NIF", reason="")
    with pytest.raises(Unacknowledged) as warned:
        await _propose(pharmacy, made, old_code="INS", code="CLR", reason="")
    assert [(one.position, one.kind) for one in warned.value.warned] == [(2, WarningKind.INTERACTION)]


async def test_the_pharmacist_is_warned_as_a_doctor_would_be_and_says_why(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    await pharmacy.tells_of_allergies(client, "青霉素过敏，起过疹子")
    made = await pharmacy.approved(client, "NIF", "INS")
    async with pharmacy.database.begin() as session:
        await _clarithromycin(session)
    expected = {"CEF": WarningKind.NEAR, "CLR": WarningKind.INTERACTION}
    for code, kind in expected.items():
        with pytest.raises(Unacknowledged) as warned:
            await _propose(pharmacy, made, old_code="INS", code=code, reason=" ")
        assert [(one.position, one.kind) for one in warned.value.warned] == [(2, kind)]
    assert (await pharmacy.see(made)).asked is None
    asked = await _propose(pharmacy, made, old_code="INS", code="CEF", reason="皮试阴性，医生知道")
    async with pharmacy.database.begin() as session:
        kept = (await session.scalars(select(SubstitutionWarning))).one()
        detail = await session.scalar(
            select(AuditEvent.detail).where(AuditEvent.action == "substitution_asked")
        )
        assert await substitutions.reasons(session, pharmacy.crypto, made) == ["皮试阴性，医生知道"]
    assert (kept.substitution_id, kept.kind) == (asked, "near")
    assert pharmacy.crypto.decrypt(kept.allergy, "substitution_warnings.allergy") == "青霉素过敏，起过疹子"
    assert detail == {"agreed_by": pharmacy.staff_no, "warned": ["near"]}


async def test_where_nothing_is_known_the_pharmacist_asks_and_where_all_is_well_nothing_is_kept(
    pharmacy: Pharmacy,
) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")
    with pytest.raises(Unacknowledged) as warned:
        await _propose(pharmacy, made, reason="")
    assert [one.kind for one in warned.value.warned] == [WarningKind.NOT_ASKED]
    await pharmacy.tells_of_allergies(client, NONE)
    await _propose(pharmacy, made, reason="")
    async with pharmacy.database.begin() as session:
        assert await substitutions.reasons(session, pharmacy.crypto, made) == []


async def test_nobody_else_answers(pharmacy: Pharmacy) -> None:
    client, stranger = await pharmacy.client(), await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")
    asked = await _propose(pharmacy, made)
    with pytest.raises(BadPrescription, match="already"):
        await _propose(pharmacy, made)
    with pytest.raises(UnknownPrescription):
        await _answer(pharmacy, asked, stranger, yes=True)


async def test_what_the_patient_says_on_the_phone_counts_as_their_answer(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")

    async def told(*, yes: bool) -> substitutions.SubstitutionView:
        async with pharmacy.database.begin() as session:
            return await substitutions.answer_by_phone(
                session, made, accepted=yes, actor="staff:counter", now=NOW
            )

    with pytest.raises(BadPrescription):
        await told(yes=True)
    await _propose(pharmacy, made)
    assert (await told(yes=False)).status is SubstitutionStatus.DECLINED
    await _propose(pharmacy, made)
    assert (await told(yes=True)).status is SubstitutionStatus.ACCEPTED
    assert [line.code for line in (await pharmacy.see(made)).lines] == ["AML"]
    assert (await pharmacy.bill(client, made)).amount_fen == 3260


async def test_who_is_asked_about_a_withdrawn_prescription_is_asked_no_more(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.approved(client, "NIF")
    asked = await _propose(pharmacy, made)
    async with pharmacy.database.begin() as session:
        await checkout.withdraw(session, made, now=NOW)
    assert (await pharmacy.see(made)).asked is None
    with pytest.raises(NotNow):
        await _answer(pharmacy, asked, client, yes=True)


async def test_one_medicine_does_not_take_the_place_of_two(pharmacy: Pharmacy) -> None:
    made = await pharmacy.approved(await pharmacy.client(), "NIF", "INS")
    await _propose(pharmacy, made)
    with pytest.raises(BadPrescription, match="AML already"):
        await _propose(pharmacy, made, old_code="INS")
