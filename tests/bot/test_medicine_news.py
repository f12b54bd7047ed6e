"""What is pushed about medicine names none of it, and is told to whoever acts for the patient by now."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, text

from bot import notices, sweep
from integrations import courier
from integrations.hospital.delivery import parcels, shipping, silence
from integrations.hospital.models import AccountPatient, Handing, ParcelState
from integrations.hospital.pharmacy import counter, reviews, substitutions
from integrations.tracking import ParcelNews, ParcelStep
from tests.bot.neutral_words import read_aloud
from tests.bot.said import news
from tests.clinic_rows import talks
from tests.consultation_rows import Asker, Online
from tests.pharmacy_rows import NOW, PHARMACIST, SHELF, TERMS, Pharmacy


@pytest.fixture
async def pharmacy(rt, clock):
    clock.time = NOW
    return await Pharmacy(rt.database, rt.crypto).open()


async def _chatting(pharmacy):
    client = await pharmacy.client()
    async with pharmacy.database.begin() as session:
        await talks(session, client.contact_id)
    return client


def _neutral(replies):
    names = [name for name, *_ in SHELF.values()]
    for reply in replies:
        assert read_aloud(reply.text) is None
        assert "prescription" not in reply.text  # its link does not say it either
        assert not any(name in reply.text for name in (*names, "李静", "老年医学"))
        assert read_aloud(reply.notice.words) is None
        assert len(reply.notice.words) <= notices.LONGEST_WORDS


async def test_a_prescriptions_way_is_told_without_a_word_of_what_it_is(rt, pharmacy, clock):
    client = await _chatting(pharmacy)
    made = await pharmacy.approved(client, "NIF")
    rejected = await pharmacy.issue(client, "AML")
    async with rt.database.begin() as session:
        await reviews.reject(
            session, rejected, pharmacist=PHARMACIST, reason="氨氯地平重复", terms=TERMS, now=NOW
        )
        await substitutions.propose(
            session, rt.crypto, made, old_code="NIF", code="AML", quantity=1, dose="1片", pharmacist=PHARMACIST,
            agreed_by=pharmacy.staff_no, reason="电话问过，无过敏史", now=NOW,
        )  # fmt: skip
    said = await news(rt)
    assert [reply.notice.kind for reply in said] == [
        "prescription_approved",
        "prescription_rejected",
        "substitution_asked",
    ]
    assert "11月22日 24:00 前" in said[0].text
    assert rt.settings.hospital_phone in said[2].text
    for one in said:
        assert one.notice.page.startswith("/p/document/")
        assert one.text.endswith(f"{rt.settings.public_url}{one.notice.page}")
    _neutral(said)
    clock.forward(days=1)
    expired = await news(rt)
    assert [reply.notice.kind for reply in expired] == ["prescription_expired"]
    _neutral(expired)


async def test_what_its_doctor_amends_or_leaves_is_told_as_neutrally(rt, pharmacy, clock):
    online = await Online(rt.database, rt.crypto).open()
    client = await _chatting(pharmacy)
    made = await online.active(Asker(client.account_id, client.contact_id, client.patient_id))
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM hospital_events"))
    clock.forward(minutes=3)

    async def sent_back(prescription):
        async with rt.database.begin() as session:
            await reviews.reject(
                session, prescription, pharmacist=PHARMACIST, reason="剂量", terms=TERMS, now=rt.now()
            )
        return await news(rt)

    first = await online.prescribe(made, "AML", now=rt.now())
    said = await sent_back(first)
    assert "现在不用缴费" in said[0].text
    clock.forward(minutes=61)
    said += await news(rt)
    assert rt.settings.hospital_phone in said[1].text
    second = await online.prescribe(made, "AML", amends=first, now=rt.now())
    said += await news(rt)
    assert "正在重新审核" in said[2].text
    assert [reply.notice.kind for reply in said] == [
        "prescription_rejected",
        "prescription_not_amended",
        "prescription_amended",
    ]
    _neutral(said)
    clock.forward(minutes=1)
    await sent_back(second)
    await online.prescribe(made, "AML", amends=second, now=rt.now())
    async with rt.database.begin() as session:
        third = await session.scalar(
            text("SELECT id FROM prescriptions WHERE amends_id = :id"), {"id": second}
        )
        await reviews.approve(session, third, pharmacist=PHARMACIST, now=rt.now())
    assert [reply.notice.kind for reply in await news(rt)] == [
        "prescription_approved"
    ]  # the rest is old news


async def test_a_prescription_that_ends_at_midnight_is_told_in_quiet_hours_too(rt, pharmacy, clock):
    client = await _chatting(pharmacy)
    clock.time = NOW.replace(hour=14, minute=40)  # 22:40 in Shanghai
    await pharmacy.approved(client, "AML")
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        [waits] = await session.scalars(text("SELECT not_before FROM outbound"))
    assert waits is None


async def test_a_parcel_is_told_state_by_state_and_what_is_older_by_now_is_not(rt, pharmacy):
    client = await _chatting(pharmacy)
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    _, picked_up = await pharmacy.paid("AML", client=client)
    kinds = [reply.notice.kind for reply in await news(rt)]
    assert kinds == ["parcel_planned", "pickup_ready"]  # what may be paid is no news once it is
    async with rt.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    shipped = await news(rt)
    assert "5678" in shipped[0].text
    assert f"{rt.settings.public_url}{shipped[0].notice.page}" in shipped[0].text
    assert shipped[0].notice.page.startswith("/p/parcel/")

    async def moves(state, hours):
        step = ParcelStep(NOW.replace(hour=hours), "北京")
        await courier.take_note(rt, ParcelNews("ems", "EM12345678", state, (step,)))

    await moves(ParcelState.COLLECTED, 2)
    assert await news(rt) == []
    await moves(ParcelState.IN_TRANSIT, 3)
    await moves(ParcelState.OUT_FOR_DELIVERY, 4)
    moved = await news(rt)
    assert len(moved) == 1
    assert "派送" in moved[0].text
    _neutral([*shipped, *moved])
    await moves(ParcelState.PROBLEM, 5)
    problem = await news(rt)
    assert rt.settings.hospital_phone in problem[0].text
    assert (await pharmacy.see(picked_up)).pickup_code not in "".join(one.text for one in problem)
    _neutral(problem)


async def test_of_a_parcel_that_fell_silent_is_told_as_of_any_problem(rt, pharmacy, clock):
    client = await _chatting(pharmacy)
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    async with rt.database.begin() as session:
        delivery = await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    step = ParcelStep(NOW.replace(hour=3), "北京")
    await courier.take_note(rt, ParcelNews("ems", "EM12345678", ParcelState.IN_TRANSIT, (step,)))
    await news(rt)
    clock.forward(days=6, hours=3)
    async with rt.database.begin() as session:
        patience = silence.Patience.read(rt.settings)
        await silence.give_up(session, rt.crypto, delivery, patience, rt.now())
    [lost] = await news(rt)
    assert "路上遇到问题" in lost.text
    assert rt.settings.hospital_phone in lost.text
    _neutral([lost])


async def test_what_has_gone_on_meanwhile_is_no_news(rt, pharmacy):
    client = await _chatting(pharmacy)
    _, picked_up = await pharmacy.paid("AML", client=client)
    code = (await pharmacy.see(picked_up)).pickup_code
    _, sent = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    async with rt.database.begin() as session:
        await counter.hand_over(session, code, actor="staff:counter", now=NOW)
        delivery = await shipping.ship(session, sent, "ems", "EM12345678", actor="staff:counter", now=NOW)
    assert [reply.notice.kind for reply in await news(rt)] == ["parcel_moved"]
    step = ParcelStep(NOW.replace(hour=3), "北京")
    await courier.take_note(rt, ParcelNews("ems", "EM12345678", ParcelState.IN_TRANSIT, (step,)))
    async with rt.database.begin() as session:
        await parcels.confirm_receipt(session, delivery, account_id=client.account_id, key=None, now=NOW)
    assert await news(rt) == []


async def test_who_does_not_act_for_the_patient_any_more_hears_nothing(rt, pharmacy):
    client = await _chatting(pharmacy)
    await pharmacy.approved(client, "AML")
    async with rt.database.begin() as session:
        await session.execute(delete(AccountPatient))
    assert await news(rt) == []


async def test_a_parcel_that_the_carrier_scanned_at_once_is_told_to_have_left(rt, pharmacy):
    client = await _chatting(pharmacy)
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    await news(rt)
    async with rt.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    step = ParcelStep(NOW.replace(hour=2), "北京")
    await courier.take_note(rt, ParcelNews("ems", "EM12345678", ParcelState.COLLECTED, (step,)))
    [shipped] = await news(rt)  # before anybody had heard of the first step
    assert "5678" in shipped.text
