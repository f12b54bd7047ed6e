"""The page of a number that is offered to who waits: taken, left, or over."""

from datetime import date

import pytest
from sqlalchemy import text, update

from bot import sweep
from bot.outbox import unseal
from integrations.hospital import accounts, waitlist
from integrations.hospital.models import Slot, SlotStatus

from .money import IN_WECHAT, words

WEDNESDAY = date(2026, 11, 25)


async def offered(cash, who, fee_fen=3500):
    """The path behind the notice that a number is free."""
    schedule = await cash.clinic.schedule(day=WEDNESDAY, slots=1, fee_fen=fee_fen)
    async with cash.rt.database.begin() as session:
        await session.execute(update(Slot).values(status=SlotStatus.BUSY))
        department = await session.scalar(text("SELECT department_id FROM schedules"))
        await waitlist.join(
            session, department_id=department, practitioner_id=None, days=[WEDNESDAY], period=None,
            patient_id=who.patient_id, contact_id=who.contact_id, key=None, now=cash.rt.now(),
        )  # fmt: skip
        await session.execute(update(Slot).where(Slot.schedule_id == schedule).values(status=SlotStatus.FREE))
    await sweep.hospital(cash.rt)
    await sweep.hospital(cash.rt)
    async with cash.rt.database.begin() as session:
        [content] = await session.scalars(text("SELECT content FROM outbound WHERE notice IS NOT NULL"))
    return unseal(cash.rt.crypto, content).notice.page


async def agreeing(cash):
    """Somebody who waits and agreed, and their phone's browser."""
    who = await cash.patient()
    async with cash.rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, cash.rt.now(), None)
    return who, await cash.owner(who)


async def standing(cash):
    async with cash.rt.database.begin() as session:
        entry = (await session.scalars(text("SELECT status FROM waitlist_entries"))).one()
        visits = list(await session.scalars(text("SELECT status FROM appointments")))
    return entry, visits


@pytest.mark.parametrize(("fee_fen", "status", "then"), [(3500, "held", "微信支付"), (0, "booked", "已约好")])
async def test_it_is_taken_in_one_tap(cash, fee_fen, status, then):
    who, owner = await agreeing(cash)
    path = await offered(cash, who, fee_fen)
    shown = words(await owner.get(path))
    assert "10:20 前定下来" in shown
    assert "11月25日（周三）上午" in shown
    assert ("¥35" in shown) == bool(fee_fen)
    assert await standing(cash) == ("offered", [])  # looking decides nothing
    assert then in words(await owner.post(f"{path}/accept"))
    assert await standing(cash) == ("accepted", [status])
    assert "已经接受了" in words(await owner.post(f"{path}/accept"))
    assert await standing(cash) == ("accepted", [status])


async def test_it_is_left_to_the_next(cash):
    who, owner = await agreeing(cash)
    path = await offered(cash, who)
    await owner.get(path)
    assert "让给下一位" in words(await owner.post(f"{path}/decline"))
    assert await standing(cash) == ("declined", [])
    assert "让给下一位" in words(await owner.post(f"{path}/accept"))
    assert await standing(cash) == ("declined", [])


async def test_too_late_it_is_over(cash, clock):
    who, owner = await agreeing(cash)
    path = await offered(cash, who)
    clock.forward(minutes=20)
    for answer in (await owner.get(path), await owner.post(f"{path}/accept")):
        assert "过了时限" in words(answer)
    assert (await standing(cash))[1] == []


async def test_without_consent_nothing_is_taken(cash):
    who = await cash.patient()
    path = await offered(cash, who)
    owner = await cash.owner(who)
    await owner.get(path)
    refused = await owner.post(f"{path}/accept")
    assert (refused.status_code, "撤回过同意" in words(refused)) == (403, True)
    assert await standing(cash) == ("offered", [])


async def test_nobody_else_takes_it(cash):
    path = await offered(cash, await cash.patient())
    for browser in (cash.browser(IN_WECHAT, "o-stranger"), cash.browser()):
        await browser.get(path)
        assert (await browser.post(f"{path}/accept")).status_code == 403
    assert await standing(cash) == ("offered", [])
