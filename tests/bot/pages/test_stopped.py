"""The page of a visit that is called off: moved, given back with the money, or gone on with in the chat."""

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text

from bot import sweep
from bot.outbox import unseal
from integrations.hospital import stops
from integrations.hospital.models import Period, Practitioner, Schedule
from tests.clinic_rows import half_day

from .money import IN_WECHAT, words


async def stopped(cash, fee_fen=3500, language="zh-Hans", slots=1):
    """Whose visit was called off, their browser, the page behind the notice, and the half day offered instead."""
    who = await cash.patient(language=language)
    schedule = await cash.clinic.schedule(fee_fen=fee_fen)
    made = await cash.clinic.book(who, schedule)
    if fee_fen:
        await cash.pay(made.order_no, fee_fen)
    async with cash.rt.database.begin() as session:
        one = await session.get_one(Schedule, schedule)
        own = await session.get_one(Practitioner, one.practitioner_id)
        other = await half_day(
            session, own, one.date + timedelta(days=1), time(14), Period.AFTERNOON,
            fee_fen=fee_fen, slots=slots, minutes=10,
        )  # fmt: skip
        await session.execute(text("DELETE FROM hospital_events"))
        await stops.stop(session, one, reason="ill", actor="test", now=cash.rt.now())
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        [content] = await session.scalars(text("SELECT content FROM outbound WHERE notice = 'visit_stopped'"))
    return who, await cash.owner(who), unseal(cash.rt.crypto, content).notice.page, str(other)


async def visits(cash):
    async with cash.rt.database.begin() as session:
        return list(await session.scalars(text("SELECT status FROM appointments ORDER BY id")))


async def refunds(cash):
    async with cash.rt.database.begin() as session:
        return list(await session.scalars(text("SELECT amount_fen FROM refunds")))


@pytest.mark.parametrize("fee_fen", [3500, 0])
async def test_it_is_moved_in_one_tap(cash, fee_fen):
    _, owner, path, other = await stopped(cash, fee_fen)
    shown = words(await owner.get(path))
    assert "停诊" in shown
    assert "改到11月26日（周四）下午 2:00" in shown
    assert ("¥35" in shown) == bool(fee_fen)
    assert await visits(cash) == ["booked"]  # looking decides nothing
    for _ in range(2):
        card = words(await owner.post(f"{path}/take", schedule=other))
        assert "已约好" in card
        assert "11月26日（周四）下午 2:00" in card
    assert await visits(cash) == ["cancelled", "booked"]
    assert await refunds(cash) == []
    assert "11月26日（周四）下午 2:00" in words(await owner.post(f"{path}/back"))  # and so it stays
    assert await visits(cash) == ["cancelled", "booked"]
    assert "11月26日（周四）下午 2:00" in words(await owner.get(path))


@pytest.mark.parametrize(("fee_fen", "back"), [(3500, [3500]), (0, [])])
async def test_it_is_given_back_with_all_that_was_paid(cash, fee_fen, back):
    _, owner, path, other = await stopped(cash, fee_fen)
    await owner.get(path)
    for _ in range(2):
        said = words(await owner.post(f"{path}/back"))
        assert "已取消" in said
        assert ("¥35 全额原路退回" in said) == bool(fee_fen)
    assert await refunds(cash) == back
    assert "已取消" in words(await owner.post(f"{path}/take", schedule=other))
    assert await visits(cash) == ["cancelled"]


async def test_what_filled_up_meanwhile_leaves_it_as_it_was(cash):
    _, owner, path, other = await stopped(cash)
    await owner.get(path)
    await cash.clinic.book(await cash.clinic.booker(), other)
    refused = await owner.post(f"{path}/take", schedule=other)
    assert (refused.status_code, "刚刚约满" in words(refused)) == (409, True)
    assert "改到11月26日" not in words(refused)
    assert await visits(cash) == ["booked", "held"]


async def test_another_day_is_asked_for_in_the_chat_once(cash):
    _, owner, path, _ = await stopped(cash)
    await owner.get(path)
    for _ in range(2):
        assert "回到聊天里" in words(await owner.post(f"{path}/other"))
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        visit = await session.scalar(text("SELECT id FROM appointments"))
        rows = await session.scalars(text("SELECT content FROM inbound WHERE kind = 'system'"))
        said = [json.loads(cash.rt.crypto.decrypt(row, "inbound.content"))["choice"] for row in rows]
    assert said == [f'/reschedule_appointment{{"appointment": "{visit}"}}']


async def test_on_its_day_nothing_is_left_to_choose(cash, clock):
    _, owner, path, other = await stopped(cash)
    clock.time = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
    assert "不用再选" in words(await owner.get(path))
    for pressed in (owner.post(f"{path}/take", schedule=other), owner.post(f"{path}/back")):
        assert "不用再选" in words(await pressed)
    assert await visits(cash) == ["booked"]
    clock.forward(days=2)
    assert (await owner.get(path)).status_code == 410


async def test_nobody_else_decides(cash):
    _, _, path, other = await stopped(cash)
    for browser in (cash.browser(IN_WECHAT, "o-stranger"), cash.browser()):
        assert "李静" not in words(await browser.get(path))
        assert (await browser.post(f"{path}/back")).status_code == 403
        assert (await browser.post(f"{path}/take", schedule=other)).status_code == 403
    assert await visits(cash) == ["booked"]


async def test_let_go_of_the_patient_it_shows_nothing(cash):
    who, owner, path, other = await stopped(cash)
    async with cash.rt.database.begin() as session:
        await session.execute(
            text("DELETE FROM account_patients WHERE patient_id = :id"), {"id": who.patient_id}
        )
    gone = await owner.get(path)
    assert (gone.status_code, "李静" in words(gone)) == (404, False)
    await owner.post(f"{path}/take", schedule=other)
    await owner.post(f"{path}/back")
    assert await visits(cash) == ["booked"]


async def test_it_speaks_english(cash):
    _, owner, path, _ = await stopped(cash, language="en")
    shown = words(await owner.get(path))
    for part in ("called off", "Move to Thu, Nov 26, 2:00 pm", "Refund it all", "all of ¥35 goes back"):
        assert part in shown, part
