"""A parcel's way: old words never overwrite newer ones, problems reach staff, receipt is confirmed once."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from integrations.hospital import events
from integrations.hospital.cases import reading
from integrations.hospital.cases.escalation import escalate
from integrations.hospital.delivery import following, parcels, shipping, views
from integrations.hospital.delivery.following import Noted
from integrations.hospital.delivery.views import NotOnTheWay, UnknownParcel, WaybillTaken
from integrations.hospital.models import (
    Case,
    CaseStatus,
    DeliveryStatus,
    Handing,
    ParcelState,
    PrescriptionStatus,
)
from integrations.hospital.pharmacy import checkout
from integrations.hospital.pharmacy.terms import NotNow
from integrations.tracking import ParcelNews, ParcelStep
from tests.pharmacy_rows import HOME, MINUTE, NOW, Client, Pharmacy

HOUR = timedelta(hours=1)
WAYBILL = "SF1234567890"


async def _shipped(pharmacy: Pharmacy, waybill: str = WAYBILL) -> tuple[Client, UUID, UUID]:
    client, made = await pharmacy.paid("AML", handing=Handing.DELIVERY)
    async with pharmacy.database.begin() as session:
        delivery = await shipping.ship(session, made, "ShunFeng", waybill, actor="staff:counter", now=NOW)
    return client, made, delivery


def _news(state: ParcelState | None, hours: int, waybill: str = WAYBILL, *, lost: bool = False) -> ParcelNews:
    """As the tracker tells it: all steps so far, one an hour."""
    steps = tuple(ParcelStep(NOW + at * HOUR, f"第{at}站 北京转运中心") for at in range(1, hours + 1))
    return ParcelNews("shunfeng", waybill, state, steps, lost_track=lost)


async def _note(pharmacy: Pharmacy, news: ParcelNews) -> Noted:
    async with pharmacy.database.begin() as session:
        return await following.take_note(session, pharmacy.crypto, news, NOW)


async def _see(pharmacy: Pharmacy, delivery: UUID) -> views.ParcelView:
    async with pharmacy.database.begin() as session:
        return await views.parcel(session, delivery)


async def _told(pharmacy: Pharmacy) -> list[str]:
    async with pharmacy.database.begin() as session:
        found = await events.claim(session, 100, NOW)
    return [event.payload["state"] for event in found if event.kind == "parcel_moved"]


async def test_a_parcel_that_is_shipped_is_told_and_its_number_is_its_own(pharmacy: Pharmacy) -> None:
    _, made, delivery = await _shipped(pharmacy)
    seen = await _see(pharmacy, delivery)
    assert (seen.status, seen.carrier, seen.waybill) == (DeliveryStatus.SHIPPED, "shunfeng", WAYBILL)
    assert (await pharmacy.see(made)).status is PrescriptionStatus.SHIPPED
    assert await _told(pharmacy) == ["shipped"]
    with pytest.raises(NotNow):
        async with pharmacy.database.begin() as session:
            await shipping.ship(session, made, "shunfeng", "SF999999999", actor="staff:counter", now=NOW)
    _, other = await pharmacy.paid("AML", handing=Handing.DELIVERY)
    with pytest.raises(WaybillTaken):
        async with pharmacy.database.begin() as session:
            await shipping.ship(session, other, "shunfeng", WAYBILL, actor="staff:counter", now=NOW)
    with pytest.raises(shipping.BadWaybill):
        async with pharmacy.database.begin() as session:
            await shipping.ship(session, other, "shunfeng", "12 34", actor="staff:counter", now=NOW)
    _, picked_up = await pharmacy.paid("AML")
    with pytest.raises(NotNow):
        async with pharmacy.database.begin() as session:
            await shipping.ship(session, picked_up, "shunfeng", "SF888888888", actor="staff:counter", now=NOW)


WAY = (
    (ParcelState.COLLECTED, 1),
    (ParcelState.IN_TRANSIT, 2),
    (ParcelState.OUT_FOR_DELIVERY, 3),
    (ParcelState.SIGNED, 4),
)


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
async def test_in_whatever_order_and_however_often_it_comes_it_ends_the_same(
    pharmacy: Pharmacy, order: tuple[int, ...]
) -> None:
    _, made, delivery = await _shipped(pharmacy)
    seen: list[datetime | None] = []
    for at in [*order, *order]:
        await _note(pharmacy, _news(*WAY[at]))
        seen.append((await _see(pharmacy, delivery)).state_at)
    assert seen == sorted(seen, key=lambda at: at or NOW)
    done = await _see(pharmacy, delivery)
    assert (done.status, done.state, done.delivered_at) == (
        DeliveryStatus.DELIVERED,
        ParcelState.SIGNED,
        NOW + 4 * HOUR,
    )
    assert (await pharmacy.see(made)).status is PrescriptionStatus.DELIVERED
    told = await _told(pharmacy)
    assert len(told) == len(set(told))
    assert told[-1] == "signed"
    async with pharmacy.database.begin() as session:
        kept = await following.steps(session, pharmacy.crypto, delivery)
    assert [step.at for step in kept] == [NOW + at * HOUR for at in (4, 3, 2, 1)]


async def test_a_problem_stands_with_staff_until_the_parcel_goes_on(pharmacy: Pharmacy) -> None:
    _, _, delivery = await _shipped(pharmacy)

    async def problems() -> list[UUID]:
        async with pharmacy.database.begin() as session:
            return [one.id for one in await views.problems(session)]

    assert await _note(pharmacy, _news(ParcelState.PROBLEM, 1)) is Noted.MOVED
    assert await _note(pharmacy, _news(ParcelState.PROBLEM, 1)) is Noted.OLD
    assert await problems() == [delivery]
    await _note(pharmacy, _news(ParcelState.IN_TRANSIT, 2))
    assert await problems() == []
    await _note(pharmacy, _news(ParcelState.REFUSED, 3))
    await _note(pharmacy, _news(ParcelState.RETURNED, 4))
    assert await problems() == [delivery]
    assert (await _see(pharmacy, delivery)).status is DeliveryStatus.RETURNED
    assert await _told(pharmacy) == ["shipped", "problem", "in_transit", "refused", "returned"]


@pytest.mark.parametrize(("code", "left"), [("AML", []), ("INS", [CaseStatus.OPEN])])
async def test_a_problem_that_the_patient_did_not_tell_of_troubles_nobody_but_staff(
    pharmacy: Pharmacy, code: str, left: list[CaseStatus]
) -> None:
    client, made = await pharmacy.paid(code, handing=Handing.DELIVERY)
    async with pharmacy.database.begin() as session:
        delivery = await shipping.ship(session, made, "shunfeng", WAYBILL, actor="staff:counter", now=NOW)
    await _note(pharmacy, _news(ParcelState.PROBLEM, 1))
    async with pharmacy.database.begin() as session:
        late = NOW + timedelta(days=9)
        [found] = await escalate(session, late, 10)
        assert found.late
        assert await reading.of_account(session, pharmacy.crypto, client.account_id, late) == []
        told = [event.kind for event in await events.claim(session, 100, late)]
        assert "case_overdue" not in told
        await parcels.confirm_receipt(session, delivery, account_id=client.account_id, key=None, now=late)
        assert await reading.of_account(session, pharmacy.crypto, client.account_id, late) == []
        standing = select(Case.status).where(Case.status != CaseStatus.CLOSED)
        assert list(await session.scalars(standing)) == left


async def test_what_came_back_leaves_once_more(pharmacy: Pharmacy) -> None:
    _, made, first = await _shipped(pharmacy)

    async def again() -> UUID:
        async with pharmacy.database.begin() as session:
            return await shipping.ship_again(
                session, made, "shunfeng", "SF777777777", actor="staff:counter", now=NOW
            )

    with pytest.raises(NotOnTheWay):
        await again()
    await _note(pharmacy, _news(ParcelState.REFUSED, 1))
    await _note(pharmacy, _news(ParcelState.RETURNED, 2))
    second = await again()
    assert (await _see(pharmacy, first)).status is DeliveryStatus.CANCELLED
    assert (await _see(pharmacy, second)).status is DeliveryStatus.SHIPPED
    assert await _note(pharmacy, _news(ParcelState.IN_TRANSIT, 3)) is Noted.OLD
    async with pharmacy.database.begin() as session:
        assert (await parcels.destination(session, pharmacy.crypto, second)) == HOME
    assert (await pharmacy.see(made)).delivery_id == second
    await _note(pharmacy, _news(ParcelState.SIGNED, 4, "SF777777777"))
    assert (await pharmacy.see(made)).status is PrescriptionStatus.DELIVERED
    async with pharmacy.database.begin() as session:
        assert list(await session.scalars(select(Case.status))) == [CaseStatus.CLOSED]
    assert (await _told(pharmacy))[-2:] == ["shipped", "signed"]


async def test_a_parcel_of_which_nothing_more_is_told_is_a_problem(pharmacy: Pharmacy) -> None:
    _, _, delivery = await _shipped(pharmacy)
    assert await _note(pharmacy, _news(None, 0, lost=True)) is Noted.MOVED
    assert (await _see(pharmacy, delivery)).status is DeliveryStatus.PROBLEM
    assert await _note(pharmacy, _news(ParcelState.SIGNED, 1, "SF000000000")) is Noted.UNKNOWN


async def test_what_is_brought_again_does_not_turn_a_parcel_back(pharmacy: Pharmacy) -> None:
    """Two words of one moment, and each once more; then that the tracker gave up, which is older by now."""
    _, _, delivery = await _shipped(pharmacy)
    first = _news(ParcelState.IN_TRANSIT, 1)
    beside = ParcelStep(NOW + HOUR, "派送中")
    second = ParcelNews("shunfeng", WAYBILL, ParcelState.OUT_FOR_DELIVERY, (*first.steps, beside))
    assert [await _note(pharmacy, news) for news in (first, second, first, second)] == [
        Noted.MOVED,
        Noted.MOVED,
        Noted.OLD,
        Noted.OLD,
    ]
    assert (await _see(pharmacy, delivery)).state is ParcelState.OUT_FOR_DELIVERY
    assert await _note(pharmacy, _news(None, 0, lost=True)) is Noted.OLD
    assert (await _see(pharmacy, delivery)).status is DeliveryStatus.SHIPPED
    assert await _told(pharmacy) == ["shipped", "in_transit", "out_for_delivery"]


async def test_receipt_is_confirmed_once_by_the_patient_and_by_nobody_else(pharmacy: Pharmacy) -> None:
    client, made, delivery = await _shipped(pharmacy)
    stranger = await pharmacy.client()

    async def confirm(who: Client) -> views.ParcelView:
        async with pharmacy.database.begin() as session:
            return await parcels.confirm_receipt(
                session, delivery, account_id=who.account_id, key=None, now=NOW + HOUR
            )

    with pytest.raises(UnknownParcel):
        await confirm(stranger)
    assert (await confirm(client)).delivered_at == NOW + HOUR
    assert (await confirm(client)).delivered_at == NOW + HOUR
    assert (await pharmacy.see(made)).status is PrescriptionStatus.DELIVERED
    assert await _note(pharmacy, _news(*WAY[3])) is Noted.OLD
    _, waiting = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=client)
    packed = (await pharmacy.see(waiting)).delivery_id
    assert packed
    with pytest.raises(NotOnTheWay):
        async with pharmacy.database.begin() as session:
            await parcels.confirm_receipt(session, packed, account_id=client.account_id, key=None, now=NOW)


async def test_the_tracker_is_asked_at_most_every_half_hour(pharmacy: Pharmacy) -> None:
    _, _, delivery = await _shipped(pharmacy)

    async def may(now: datetime) -> bool:
        async with pharmacy.database.begin() as session:
            found = await following.may_ask(session, pharmacy.crypto, delivery, now)
            assert found is None or found.phone == HOME.phone
            return found is not None

    assert [await may(NOW + at * MINUTE) for at in (0, 1, 29, 30, 31)] == [True, False, False, True, False]
    assert not await may(NOW + MINUTE)
    assert await may(NOW - HOUR)  # the clock was set back: nobody waits until it has caught up


async def test_a_parcel_left_unsubscribed_comes_again_after_growing_pauses(pharmacy: Pharmacy) -> None:
    _, _, delivery = await _shipped(pharmacy)

    async def claimed(now: datetime) -> int:
        async with pharmacy.database.begin() as session:
            return len(await following.claim_unsubscribed(session, pharmacy.crypto, now, 10))

    seconds = timedelta(seconds=1)
    assert [await claimed(NOW + at * seconds) for at in (0, 29, 30, 60, 90)] == [1, 0, 1, 0, 1]
    assert await claimed(NOW - 2 * HOUR) == 1  # the clock was set back
    async with pharmacy.database.begin() as session:
        await following.subscribed(session, delivery, NOW)
    assert await claimed(NOW + 10 * HOUR) == 0


async def test_money_back_by_staff_calls_the_parcel_off_without_its_packs(pharmacy: Pharmacy) -> None:
    _, made, delivery = await _shipped(pharmacy)
    async with pharmacy.database.begin() as session:
        await checkout.refund_by_staff(session, made, now=NOW)
    assert (await _see(pharmacy, delivery)).status is DeliveryStatus.CANCELLED
    assert await pharmacy.stock("AML") == 18
    assert await _note(pharmacy, _news(*WAY[3])) is Noted.OLD


async def test_when_it_is_expected_is_known_as_long_as_that_is_of_use(pharmacy: Pharmacy) -> None:
    _, _, delivery = await _shipped(pharmacy)
    by = NOW + 30 * HOUR

    async def told(state: ParcelState, hours: int, expected: datetime | None = None) -> datetime | None:
        await _note(pharmacy, replace(_news(state, hours), expected=expected))
        return (await _see(pharmacy, delivery)).expected(NOW)

    assert await told(ParcelState.COLLECTED, 1, by) == by
    assert await told(ParcelState.IN_TRANSIT, 2) == by  # no word of it is no other word
    assert await told(ParcelState.IN_TRANSIT, 2, by + HOUR) == by + HOUR  # a better guess without a new step
    assert await told(ParcelState.COLLECTED, 1, by) == by + HOUR  # an old word
    seen = await _see(pharmacy, delivery)
    assert seen.expected(by + HOUR) is None  # it did not come by then: nothing more is promised
    assert await told(ParcelState.PROBLEM, 3) is None
    assert await told(ParcelState.IN_TRANSIT, 4) == by + HOUR
    assert await told(ParcelState.SIGNED, 5, by) is None
