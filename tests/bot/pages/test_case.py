"""The page of a case: its answer is read there and judged, by whoever told it and by nobody else."""

import pytest
from sqlalchemy import text

from bot import sweep
from bot.outbox import unseal
from integrations.hospital import cases
from integrations.hospital.cases import handling
from integrations.hospital.models import CaseKind, Category
from tests.bot.said import commands

from .money import IN_WECHAT, words

STAFF = "staff:lin"
ANSWER = "李静医生的处方已经核对。\n请到 305 诊室。"


async def told(cash, step, language="zh-Hans"):
    """The browser of who told it, its number, and the page behind the notice of what staff did with it."""
    who = await cash.patient(language=language)
    rt = cash.rt
    async with rt.database.begin() as session:
        number = await cases.open_case(
            session, rt.crypto, CaseKind.COMPLAINT, Category.CARE, "李静医生开错了药",
            account_id=who.account_id, contact_id=who.contact_id, now=rt.now(),
        )  # fmt: skip
        await step(session, rt.crypto, number, ANSWER, actor=STAFF, now=rt.now())
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        [content] = await session.scalars(text("SELECT content FROM outbound WHERE notice LIKE 'case_%'"))
    path = unseal(rt.crypto, content).notice.page
    assert path.startswith("/p/case/")
    return await cash.owner(who), number, path


async def standing(cash):
    async with cash.rt.database.begin() as session:
        return tuple((await session.execute(text("SELECT status, satisfied FROM cases"))).one())


async def in_chat(cash):
    await sweep.hospital(cash.rt)
    return await commands(cash.rt)


@pytest.mark.parametrize(
    ("said", "kept", "then"), [("yes", True, "谢谢您告诉我们"), ("no", False, "重新处理")]
)
async def test_its_result_is_read_and_judged(cash, said, kept, then):
    owner, number, path = await told(cash, handling.close)
    shown = words(await owner.get(path))
    for part in (number, "已办结", "李静医生的处方已经核对", "满意吗"):
        assert part in shown, part
    assert await standing(cash) == ("closed", None)  # looking decides nothing
    for _ in range(2):
        after = words(await owner.post(f"{path}/judge", satisfied=said))
        assert then in after
        assert "满意吗" not in after
        assert await standing(cash) == ("closed", kept)


async def test_who_is_not_satisfied_has_it_taken_up_once_more(cash):
    owner, _, path = await told(cash, handling.close)
    await owner.get(path)
    after = words(await owner.post(f"{path}/judge", satisfied="no"))
    assert "12345" in after
    for _ in range(2):
        assert "正在重新处理" in words(await owner.post(f"{path}/reopen"))
    assert await standing(cash) == ("reopened", False)
    await owner.post(f"{path}/judge", satisfied="yes")  # nothing is closed now
    assert await standing(cash) == ("reopened", False)


async def test_too_late_only_the_ways_outside_are_left(cash, clock):
    owner, _, path = await told(cash, handling.close)
    clock.forward(days=16)
    await owner.get(path)
    after = words(await owner.post(f"{path}/judge", satisfied="no"))
    assert "12345" in after
    assert "另一位同事" not in after
    await owner.post(f"{path}/reopen")
    assert await standing(cash) == ("closed", False)
    clock.forward(days=15)
    expired = await owner.get(path)
    assert (expired.status_code, "处理进度" in words(expired)) == (410, True)


async def test_an_answer_is_added_to_in_the_chat(cash):
    owner, _, path = await told(cash, handling.answer)
    shown = words(await owner.get(path))
    assert "我们的答复" in shown
    assert "满意吗" not in shown
    for _ in range(2):
        assert "回到聊天里" in words(await owner.post(f"{path}/add"))
    async with cash.rt.database.begin() as session:
        case = await session.scalar(text("SELECT id FROM cases"))
    assert await in_chat(cash) == [f'/complain{{"case": "{case}", "purpose": "add"}}']
    assert await standing(cash) == ("answered", None)


async def test_nobody_else_reads_or_judges_it(cash):
    _, number, path = await told(cash, handling.close)
    for browser in (cash.browser(IN_WECHAT, "o-stranger"), cash.browser()):
        seen = words(await browser.get(path))
        assert "处方" not in seen
        assert number not in seen
        assert "付款" not in seen
        assert (await browser.post(f"{path}/judge", satisfied="yes")).status_code == 403
    assert await standing(cash) == ("closed", None)


async def test_of_another_account_there_is_nothing(cash):
    """Accounts parted since the link was made."""
    owner, _, path = await told(cash, handling.close)
    other = await cash.patient()
    async with cash.rt.database.begin() as session:
        await session.execute(text("UPDATE cases SET account_id = :id"), {"id": other.account_id})
    assert (await owner.get(path)).status_code == 404
    await owner.post(f"{path}/judge", satisfied="yes")
    assert (await owner.post(f"{path}/add")).status_code == 404
    assert await standing(cash) == ("closed", None)


async def test_it_speaks_english(cash):
    owner, _, path = await told(cash, handling.close, "en")
    shown = words(await owner.get(path))
    for part in ("What you told us", "Closed", "The result", "Not satisfied"):
        assert part in shown, part
