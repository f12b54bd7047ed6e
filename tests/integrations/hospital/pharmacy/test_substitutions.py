"""Another medicine only with the patient's yes, and only with the doctor's."""

from __future__ import annotations

from uuid import UUID

import pytest

from integrations.hospital.billing import orders
from integrations.hospital.models import OrderStatus, SubstitutionStatus
from integrations.hospital.pharmacy import reviews, substitutions
from integrations.hospital.pharmacy.terms import AnswerFirst, BadPrescription, NotNow, UnknownPrescription
from tests.pharmacy_rows import NOW, PHARMACIST, TERMS, Client, Pharmacy


async def _propose(pharmacy: Pharmacy, made: UUID, **more: object) -> UUID:
    values: dict[str, object] = {"old_code": "NIF", "code": "AML", "quantity": 1, "dose": "每次1片"}
    values |= {"agreed_by": pharmacy.staff_no} | more
    async with pharmacy.database.begin() as session:
        return await substitutions.propose(session, made, pharmacist=PHARMACIST, now=NOW, **values)  # type: ignore[arg-type]


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


async def test_nobody_else_answers_and_what_is_forbidden_online_takes_no_place(pharmacy: Pharmacy) -> None:
    client, stranger = await pharmacy.client(), await pharmacy.client()
    made = await pharmacy.approved(client, "NIF", online=True)
    with pytest.raises(BadPrescription):
        await _propose(pharmacy, made, code="DZP")
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


async def test_who_is_asked_about_a_rejected_prescription_is_asked_no_more(pharmacy: Pharmacy) -> None:
    client = await pharmacy.client()
    made = await pharmacy.issue(client, "NIF")
    asked = await _propose(pharmacy, made)
    async with pharmacy.database.begin() as session:
        await reviews.reject(session, made, pharmacist=PHARMACIST, reason="剂量不对", terms=TERMS, now=NOW)
    assert (await pharmacy.see(made)).asked is None
    with pytest.raises(NotNow):
        await _answer(pharmacy, asked, client, yes=True)


async def test_one_medicine_does_not_take_the_place_of_two(pharmacy: Pharmacy) -> None:
    made = await pharmacy.approved(await pharmacy.client(), "NIF", "INS")
    await _propose(pharmacy, made)
    with pytest.raises(BadPrescription, match="AML already"):
        await _propose(pharmacy, made, old_code="INS")
