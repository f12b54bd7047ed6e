"""The parcel tracker at our door, and us at its: down, slow, lying, repeating."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import json
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from bot import sweep
from integrations import courier
from integrations.hospital.delivery import following, shipping, views
from integrations.hospital.models import (
    Case,
    CaseKind,
    Delivery,
    DeliveryStatus,
    Handing,
    HospitalEvent,
    ParcelState,
)
from integrations.parcel.interface import NothingKnown, Refused, Unavailable
from integrations.parcel.kuaidi100 import Kuaidi100
from integrations.tracking import ParcelNews, ParcelStep
from tests.bot.gateway import gateway_on
from tests.contracts.platforms import settings
from tests.pharmacy_rows import NOW, Pharmacy

WAYBILL = "SF1234567890"


class Tracker:
    """Fails as it is told to, one error a call; knows nothing of a parcel until it has `news`."""

    def __init__(self):
        self.fail, self.asked, self.subscribed = [], [], []
        self.news = None

    async def subscribe(self, carrier, waybill, *, phone):
        self._fail()
        self.subscribed.append((carrier, waybill, phone))

    async def query(self, carrier, waybill, *, phone):
        self.asked.append(waybill)
        self._fail()
        if self.news is None:
            raise NothingKnown("-")
        return self.news

    def _fail(self):
        if self.fail:
            raise self.fail.pop(0)


@pytest.fixture
async def parcel(rt, clock):
    clock.time = NOW
    return await _shipped(rt, "AML")


async def _shipped(rt, code):
    pharmacy = await Pharmacy(rt.database, rt.crypto).open()
    _, made = await pharmacy.paid(code, handing=Handing.DELIVERY)
    async with rt.database.begin() as session:
        return await shipping.ship(session, made, "shunfeng", WAYBILL, actor="staff:counter", now=NOW)


async def _see(rt, parcel):
    async with rt.database.begin() as session:
        return await views.parcel(session, parcel)


def _news(state, **after):
    """`after` NOW; an hour where nothing is said."""
    at = NOW + timedelta(**(after or {"hours": 1}))
    return ParcelNews("shunfeng", WAYBILL, state, (ParcelStep(at, "北京"),))


async def _told(rt):
    async with rt.database.begin() as session:
        found = await session.scalars(
            select(HospitalEvent).where(HospitalEvent.kind == "parcel_moved").order_by(HospitalEvent.id)
        )
        return [one.payload["state"] for one in found]


async def _cases(rt):
    async with rt.database.begin() as session:
        return list(await session.scalars(select(Case)))


async def test_a_tracker_that_is_down_is_asked_again_for_the_subscription(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    tracker.fail = [Unavailable("down"), Unavailable("slow")]
    await sweep.parcels(rt)
    await sweep.parcels(rt)  # not yet again
    assert len(tracker.fail) == 1
    for _ in range(2):
        clock.forward(minutes=2)
        await sweep.parcels(rt)
    assert tracker.subscribed == [("shunfeng", WAYBILL, "+8613812345678")]
    clock.forward(hours=5)
    await sweep.parcels(rt)
    assert len(tracker.subscribed) == 1


async def test_a_refused_subscription_is_not_tried_for_ever(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    tracker.fail = [Refused("our key", "600")]
    await sweep.parcels(rt)
    clock.forward(hours=5)
    await sweep.parcels(rt)
    assert tracker.subscribed == []
    assert tracker.fail == []


async def test_a_parcel_of_which_we_are_refused_the_news_is_asked_about_now_and_then(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    tracker.fail = [Refused("our key", "601")]
    tracker.news = _news(ParcelState.IN_TRANSIT)
    await sweep.parcels(rt)
    assert tracker.asked == []  # its carrier has hardly seen it
    clock.forward(hours=6)
    await asyncio.gather(sweep.parcels(rt), sweep.parcels(rt))  # two workers
    assert tracker.asked == [WAYBILL]
    assert (await _see(rt, parcel)).state is ParcelState.IN_TRANSIT
    clock.forward(hours=5)
    await sweep.parcels(rt)
    assert await courier.ask(rt, parcel)  # the patient asks: that counts as well
    tracker.fail = [Refused("our key", "601")]
    clock.forward(hours=5)
    await sweep.parcels(rt)
    assert len(tracker.asked) == 2
    clock.forward(hours=1)
    await sweep.parcels(rt)  # still refused
    tracker.news = _news(ParcelState.SIGNED, hours=20)
    clock.forward(hours=6)
    await sweep.parcels(rt)
    assert (await _see(rt, parcel)).status is DeliveryStatus.DELIVERED
    assert await _told(rt) == ["shipped", "in_transit", "signed"]
    clock.forward(days=9)
    await sweep.parcels(rt)
    assert len(tracker.asked) == 4
    assert await _cases(rt) == []


async def test_after_a_pause_of_its_pushes_a_parcel_is_asked_about(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    await sweep.parcels(rt)
    clock.forward(hours=2)
    await courier.take_note(rt, _news(ParcelState.COLLECTED))
    clock.forward(days=2, hours=22)
    await sweep.parcels(rt)
    assert tracker.asked == []
    tracker.news = _news(ParcelState.REFUSED, days=2)  # the push of it was lost
    clock.forward(hours=1)
    await sweep.parcels(rt)
    assert tracker.asked == [WAYBILL]
    assert (await _see(rt, parcel)).status is DeliveryStatus.PROBLEM
    assert await _told(rt) == ["shipped", "collected", "refused"]


async def test_a_day_after_its_carrier_expected_it_a_parcel_is_asked_about(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    await sweep.parcels(rt)
    late = dataclasses.replace(_news(ParcelState.IN_TRANSIT, hours=30), expected=NOW + timedelta(hours=20))
    await courier.take_note(rt, late)
    for hours, asked in ((43, 0), (1, 1), (5, 1), (1, 2)):
        clock.forward(hours=hours)
        await sweep.parcels(rt)
        assert len(tracker.asked) == asked


@pytest.mark.parametrize(("code", "days"), [("AML", 6), ("INS", 2)])
async def test_a_parcel_that_stays_silent_is_given_to_staff_once(rt, clock, code, days):
    clock.time = NOW
    parcel = await _shipped(rt, code)
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    await sweep.parcels(rt)
    await courier.take_note(rt, _news(ParcelState.IN_TRANSIT))
    tracker.fail = [Unavailable("down")]
    clock.forward(days=days, minutes=59)
    await sweep.parcels(rt)
    assert len(tracker.asked) == 1
    assert await _cases(rt) == []
    clock.forward(minutes=1)
    await asyncio.gather(sweep.parcels(rt), sweep.parcels(rt))  # two workers
    seen = await _see(rt, parcel)
    assert (seen.status, seen.lost) == (DeliveryStatus.PROBLEM, True)
    [case] = await _cases(rt)
    assert (case.kind, case.delivery_id) == (CaseKind.PARCEL_PROBLEM, parcel)
    assert "nothing heard since 2026-11-22 02:00 UTC" in rt.crypto.decrypt(case.words, "cases.words")
    assert await _told(rt) == ["shipped", "in_transit", "problem"]
    clock.forward(days=days)
    await sweep.parcels(rt)
    assert len(tracker.asked) == 2
    assert len(await _told(rt)) == 3
    tracker.news = _news(ParcelState.IN_TRANSIT, days=2 * days)  # it is found
    clock.forward(hours=6)
    await sweep.parcels(rt)
    assert (await _see(rt, parcel)).status is DeliveryStatus.SHIPPED
    assert (await _told(rt))[3:] == ["in_transit"]
    assert len(await _cases(rt)) == 1


async def test_without_a_tracker_no_parcel_is_lost(rt, parcel, clock):
    clock.forward(days=20)
    await sweep.parcels(dataclasses.replace(rt, parcels=None))
    assert (await _see(rt, parcel)).status is DeliveryStatus.SHIPPED


async def test_what_we_know_stands_while_the_tracker_does_not_answer(rt, parcel, clock):
    tracker = Tracker()
    rt = dataclasses.replace(rt, parcels=tracker)
    tracker.news = _news(ParcelState.IN_TRANSIT)
    assert await courier.ask(rt, parcel)
    tracker.fail = [Unavailable("down"), NothingKnown("-")]
    assert await courier.ask(rt, parcel)  # within half an hour nobody is asked
    assert len(tracker.asked) == 1
    clock.forward(minutes=31)
    assert not await courier.ask(rt, parcel)
    clock.forward(minutes=31)
    assert await courier.ask(rt, parcel)
    assert (await _see(rt, parcel)).state is ParcelState.IN_TRANSIT
    assert not await courier.ask(dataclasses.replace(rt, parcels=None), parcel)


async def test_a_problem_becomes_one_case(rt, parcel):
    for state, hours in ((ParcelState.PROBLEM, 1), (ParcelState.IN_TRANSIT, 2), (ParcelState.REFUSED, 3)):
        step = ParcelStep(NOW + timedelta(hours=hours), state)
        await courier.take_note(rt, ParcelNews("shunfeng", WAYBILL, state, (step,)))
    async with rt.database.begin() as session:
        [case] = await session.scalars(select(Case))
    assert (case.kind, case.delivery_id) == (CaseKind.PARCEL_PROBLEM, parcel)


@pytest.fixture
async def door(rt):
    about = settings(kuaidi100_customer="C", kuaidi100_key="K", kuaidi100_salt="S")
    rt = dataclasses.replace(rt, parcels=Kuaidi100(about, http=rt.http))
    async with (
        gateway_on(rt) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        client.app = app
        yield client


def _push(state, *, salt="S", waybill=WAYBILL, at="2026-11-22 17:30:00"):
    step = {"ftime": at, "context": "【北京市】朝阳营业部"}
    result = {"com": "shunfeng", "nu": waybill, "state": state, "data": [step]}
    param = json.dumps({"status": "polling", "lastResult": result}, ensure_ascii=False)
    sign = hashlib.md5((param + salt).encode()).hexdigest().upper()  # noqa: S324
    return urlencode({"param": param, "sign": sign})


async def test_pushed_news_moves_the_parcel_and_repeats_change_nothing(rt, parcel, door):
    for _ in range(2):
        answer = await door.post("/webhooks/kuaidi100", content=_push("3"))
        assert (answer.status_code, answer.json()["result"]) == (200, True)
    assert (await _see(rt, parcel)).status is DeliveryStatus.DELIVERED
    async with rt.database.begin() as session:
        assert len(await following.steps(session, rt.crypto, parcel)) == 1


async def test_lies_and_junk_move_nothing(rt, parcel, door):
    assert (await door.post("/webhooks/kuaidi100", content=_push("3", salt="x"))).status_code == 403
    assert (await door.post("/webhooks/kuaidi100", content="junk")).status_code == 400
    assert (await door.post("/webhooks/kuaidi100", content=b"\xff" * 300_000)).status_code == 413
    assert (await door.get("/webhooks/kuaidi100")).status_code in (404, 405)
    other = await door.post("/webhooks/kuaidi100", content=_push("3", waybill="SF9999999999"))
    assert other.status_code == 200  # it would only come again
    assert (await _see(rt, parcel)).status is DeliveryStatus.SHIPPED
    door.app.state.runtime = dataclasses.replace(rt, parcels=None)
    assert (await door.post("/webhooks/kuaidi100", content=_push("3"))).status_code == 404


async def test_an_older_push_after_a_newer_one_is_kept_but_not_followed(rt, parcel, door):
    await door.post("/webhooks/kuaidi100", content=_push("5", at="2026-11-22 18:00:00"))
    await door.post("/webhooks/kuaidi100", content=_push("0", at="2026-11-22 17:00:00"))
    async with rt.database.begin() as session:
        one = await session.get_one(Delivery, parcel)
        assert one.state is ParcelState.OUT_FOR_DELIVERY
        assert len(await following.steps(session, rt.crypto, parcel)) == 2
