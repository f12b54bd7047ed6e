"""The page of a rating that is asked for: given with words or without, changed, too late, and nobody else's."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from bot import sweep
from bot.outbox import unseal
from integrations.hospital import ratings
from integrations.hospital.models import SubjectKind
from tests.bot.said import commands

from .money import IN_WECHAT, words


async def asked(cash, language="zh-Hans"):
    """The browser of who is asked, and the page behind the notice."""
    who = await cash.patient(language=language)
    rt = cash.rt
    async with rt.database.begin() as session:
        await ratings.ask(session, SubjectKind.DELIVERY, uuid4(), who.account_id, who.contact_id, rt.now())
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        [content] = await session.scalars(text("SELECT content FROM outbound WHERE notice = 'rating_asked'"))
    path = unseal(rt.crypto, content).notice.page
    assert path.startswith("/p/rating/")
    return await cash.owner(who), path


async def given(cash):
    async with cash.rt.database.begin() as session:
        row = (await session.execute(text("SELECT stars, words FROM ratings"))).one()
    return row.stars, cash.rt.crypto.decrypt(row.words, "ratings.words") if row.words else ""


async def in_chat(cash):
    await sweep.hospital(cash.rt)
    return await commands(cash.rt)


async def test_stars_and_words_are_given_at_once_and_may_be_changed(cash, clock):
    owner, path = await asked(cash)
    assert "这次配送，您给几分" in words(await owner.get(path))
    assert await given(cash) == (None, "")
    for _ in range(2):
        assert "评价收到了" in words(await owner.post(path, stars="5", words=" 送得很快 "))
        assert await given(cash) == (5, "送得很快")
    assert 'value="5" checked' in (await owner.get(path)).text
    clock.forward(days=7)
    await owner.get(path)
    await owner.post(path, stars="4", words="")
    assert await given(cash) == (4, "送得很快")  # words left out are no words taken back
    clock.forward(minutes=1)
    late = await owner.post(path, stars="1", words="")
    assert (late.status_code, "过了时间" in words(late)) == (410, True)
    assert await given(cash) == (4, "送得很快")
    assert await in_chat(cash) == []


@pytest.mark.parametrize("stars", ["", "0", "6", "５", "five"])
async def test_words_without_stars_are_kept_in_the_form(cash, stars):
    owner, path = await asked(cash)
    await owner.get(path)
    again = await owner.post(path, stars=stars, words="还可以")
    assert (again.status_code, "请先选一个分数" in words(again)) == (422, True)
    assert ">还可以</textarea>" in again.text
    assert await given(cash) == (None, "")


async def test_few_stars_lead_to_a_complaint_or_a_person_in_the_chat(cash):
    owner, path = await asked(cash)
    await owner.get(path)
    assert "很抱歉没做好" in words(await owner.post(path, stars="2", words=""))
    for onward in ("complain", "complain", "talk_to_human"):
        assert "回到聊天里" in words(await owner.post(f"{path}/{onward}"))
    assert await in_chat(cash) == ["/complain", "/talk_to_human"]


async def test_an_emergency_in_the_words_is_met_at_once_and_the_rating_stands(cash):
    owner, path = await asked(cash)
    await owner.get(path)
    shown = words(await owner.post(path, stars="3", words="我现在胸口压榨样疼，喘不上气，出冷汗"))
    assert "拨打 120" in shown
    assert "评价收到了" not in shown
    assert (await given(cash))[0] == 3
    assert await cash.count("alarms") == 1


async def test_asked_no_more(cash):
    owner, path = await asked(cash)
    await owner.get(path)
    assert "不再请您评价" in words(await owner.post(f"{path}/stop"))
    async with cash.rt.database.begin() as session:
        assert set(await session.scalars(text("SELECT rating_requests FROM accounts"))) == {False}
    assert await given(cash) == (None, "")


async def test_nobody_else_rates_it(cash):
    _, path = await asked(cash)
    for browser in (cash.browser(IN_WECHAT, "o-stranger"), cash.browser()):
        assert "几分" not in words(await browser.get(path))
        assert (await browser.post(path, stars="1", words="")).status_code == 403
        assert (await browser.post(f"{path}/stop")).status_code == 403
    assert await given(cash) == (None, "")


async def test_of_another_account_there_is_nothing_to_rate(cash):
    owner, path = await asked(cash)
    other = await cash.patient()
    async with cash.rt.database.begin() as session:
        await session.execute(text("UPDATE ratings SET account_id = :id"), {"id": other.account_id})
    await owner.get(path)
    assert (await owner.post(path, stars="1", words="x")).status_code == 410
    assert await given(cash) == (None, "")


async def test_an_old_link_says_how_else(cash, clock):
    owner, path = await asked(cash)
    clock.forward(days=15)
    assert (await owner.get(path)).status_code == 410  # not answered within two weeks
    clock.forward(days=7)
    assert "说“评价”" in words(await owner.get(path))


async def test_it_speaks_english(cash):
    owner, path = await asked(cash, "en")
    shown = words(await owner.get(path))
    for part in ("How many stars do you give the delivery", "very good", "Send"):
        assert part in shown, part
