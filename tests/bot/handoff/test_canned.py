"""Canned replies, and those of the demo hospital."""

import pytest

from bot.handoff import canned
from bot.handoff.canned import BadReply, ShortcutTaken, UnknownReply, Written
from bot.handoff.models import Skill

BY = "staff:fang"
REFUND = Written(" /TK ", " 退款 ", " 三天内到账 ")


async def test_the_demo_hospital_has_some_for_everybody_in_both_languages(rt):
    async with rt.database.begin() as session:
        made = await canned.add_demo(session)
        every = await canned.listed(session)
        assert len(every) == made >= 20
        assert all(one.words_en for one in every)
        for skill in Skill:
            theirs = await canned.listed(session, [skill.value])
            assert {one.skill for one in theirs} == {None, skill.value}


async def test_what_was_removed_is_not_brought_again(rt):
    async with rt.database.begin() as session:
        await canned.add_demo(session)
        first = (await canned.listed(session))[0]
        await canned.remove(session, first.id, actor=BY)
        assert await canned.add_demo(session) == 0
        assert first.shortcut not in [one.shortcut for one in await canned.listed(session)]


async def test_a_shortcut_belongs_to_one(rt):
    async with rt.database.begin() as session:
        await canned.add(session, REFUND, actor=BY)
        [one] = await canned.listed(session)
        assert (one.shortcut, one.title, one.words) == ("tk", "退款", "三天内到账")
        with pytest.raises(ShortcutTaken):
            await canned.add(session, REFUND, actor=BY)
        await canned.add(session, Written("fp", "发票", "开在账单里"), actor=BY)
        with pytest.raises(ShortcutTaken):
            await canned.change(session, one.id, Written("fp", "退款", "三天内"), actor=BY)
        await canned.change(session, one.id, Written("tk", "退款", "原路退回"), actor=BY)
        assert one.words == "原路退回"
        await canned.remove(session, one.id, actor=BY)
        with pytest.raises(UnknownReply):
            await canned.change(session, one.id, REFUND, actor=BY)


@pytest.mark.parametrize(
    "written",
    [
        Written("", "退款", "x"),
        Written("退款", "退款", "x"),
        Written("a b", "退款", "x"),
        Written("a" * 13, "退款", "x"),
        Written("tk", " ", "x"),
        Written("tk", "退" * 31, "x"),
        Written("tk", "退款", " "),
        Written("tk", "退款", "x" * 2001),
        Written("tk", "退款", "x", "y" * 2001),
    ],
)
def test_what_cannot_be_found_or_sent_is_refused(written):
    with pytest.raises(BadReply):
        written.checked()


async def test_the_most_used_come_first(rt):
    async with rt.database.begin() as session:
        for shortcut in ("a", "b", "c"):
            await canned.add(session, Written(shortcut, shortcut, shortcut), actor=BY)
        await canned.count_use(session, "b")
        assert [one.shortcut for one in await canned.listed(session)] == ["b", "a", "c"]
