"""Who may open a follow-up's page, when, and in which language."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from bot import news, sweep
from bot.outbox import unseal
from integrations.hospital import accounts
from integrations.hospital.models import (
    FollowUpAlert,
)
from tests.bot.pages.follow_up.sheet import FINE
from tests.bot.pages.money import words


async def test_the_link_is_good_for_one_time(sheet):
    await sheet.send(**FINE)
    again = await sheet.send(**FINE | {"pressure-systolic": "150"})
    assert again.status_code == 410
    assert "您已经答好了" in words(again)
    assert (await sheet.answers())["pressure"]["systolic"] == 135
    assert (await sheet.show()).status_code == 410
    await news.tell(sheet.rt, 10)
    assert len(await sheet.commands()) == 1


async def test_it_is_its_owners_alone(sheet):
    for answer in (await sheet.other.get(sheet.link), await sheet.other.post(sheet.link, **FINE)):
        assert answer.status_code == 403
        assert "血压" not in words(answer)
    assert await sheet.answers() == {}


async def test_without_consent_nothing_is_taken(sheet):
    async with sheet.rt.database.begin() as session:
        contact = await accounts.contact(session, sheet.who.contact_id)
        await accounts.withdraw_consents(session, contact, accounts.OWN_CONSENTS, sheet.rt.now(), None)
    for answer in (await sheet.show(), await sheet.send(**FINE)):
        assert answer.status_code == 403
        assert "还需要您的同意" in words(answer)
    assert await sheet.answers() == {}


async def test_under_the_notice_before_an_alarm_still_reaches_staff(sheet, monkeypatch):
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    told = await sheet.send(**FINE | {"pressure-systolic": "200", "pressure-diastolic": "130"})
    assert "请立刻拨打120" in words(told)
    assert [one.status for one in await sheet.rows(FollowUpAlert)] == ["open"]


async def test_a_stopped_plan_asks_nothing(sheet):
    async with sheet.rt.database.begin() as session:
        await session.execute(text("UPDATE follow_up_tasks SET status = 'stopped'"))
    assert "现在没有要答的问题" in words(await sheet.send(**FINE))
    assert await sheet.answers() == {}


async def test_an_old_link_says_how_to_go_on(sheet, clock):
    clock.forward(days=4)
    late = await sheet.show()
    assert late.status_code == 410
    assert "说“开始随访”" in words(late)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Follow-up",
                "3 short questions",
                "What is your blood pressure",
                "Upper number",
                "Skip this one",
            ),
        ),
        ("zh-Hant", ("隨訪", "3 個小問題", "血壓是多少", "高壓", "按時吃了嗎")),
    ],
)
async def test_it_speaks_the_patients_language(sheet, said):
    shown = words(await sheet.show())
    assert all(part in shown for part in said)


async def test_the_notice_in_a_shut_window_leads_to_the_page(sheet, clock):
    clock.time = (await sheet.task()).due_at
    await sweep.hospital(sheet.rt)
    async with sheet.rt.database.begin() as session:
        [content] = (
            await session.scalars(text("SELECT content FROM outbound WHERE notice IS NOT NULL"))
        ).all()

    notice = unseal(sheet.rt.crypto, content).notice
    assert notice.page.startswith("/p/followup/")
    assert "血压" not in notice.words
    shown = await sheet.phone.get(notice.page)
    assert "3 个小问题" in words(shown)
    clock.forward(days=1)
    assert (await sheet.phone.get(notice.page)).status_code == 200
