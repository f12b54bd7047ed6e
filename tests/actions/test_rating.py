from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from actions.rating import stars_in
from integrations.hospital import ratings
from integrations.hospital.models import Account, Rating, SubjectKind
from integrations.runtime import Runtime

from .conftest import NOW, Chat, Clinic, Outside


async def ask(runtime: Runtime, chat: Chat, kind: SubjectKind = SubjectKind.DELIVERY) -> UUID | None:
    async with runtime.database.begin() as session:
        contact = chat.contact
        return await ratings.ask(session, kind, uuid4(), contact.account_id, contact.id, NOW)


async def given(runtime: Runtime) -> list[tuple[int | None, str]]:
    async with runtime.database.begin() as session:
        rows = await session.scalars(select(Rating).order_by(Rating.id))
        return [
            (one.stars, runtime.crypto.decrypt(one.words, "ratings.words") if one.words else "")
            for one in rows
        ]


async def test_stars_then_words_then_thanks(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    said = await chat.say("rate", text="评价")
    assert "这次配送" in said.text
    assert list(said.buttons) == ["★", "★★", "★★★", "★★★★", "★★★★★"]
    said = await chat.press(said, "★★★★★")
    assert list(said.buttons) == ["不用"]
    said = await chat.say("book_appointment", text="快递员很客气，下次挂号还找你们")
    assert "谢谢" in said.text
    assert chat.form == ""
    assert await given(runtime) == [(5, "快递员很客气，下次挂号还找你们")]


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("我的单据", "my_prescriptions"),
        ("my documents", "my_prescriptions"),
        ("药到哪了", "where_is_my_parcel"),
    ],
)
async def test_what_our_news_tell_to_reply_is_no_comment(
    runtime: Runtime, chat: Chat, words: str, intent: str
) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价4")
    said = await chat.say(intent, text=words)
    assert "我们会看的" not in said.text
    assert await given(runtime) == [(4, "")]


async def test_in_one_message_and_no_words(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价4")
    said = await chat.say("deny", text="不用")
    assert "谢谢" in said.text
    assert await given(runtime) == [(4, "")]


@pytest.mark.parametrize(("words", "stars"), [("5", 5), ("2", 2), ("四", 4), ("three", 3)])
async def test_a_bare_number_answers_the_question(
    runtime: Runtime, chat: Chat, words: str, stars: int
) -> None:
    await ask(runtime, chat, SubjectKind.CONSULTATION)
    said = await chat.say("inform", ("ordinal", stars), text=words)
    assert ("很抱歉" if stars < 3 else "★" * stars) in said.text
    await chat.say("deny", text="不用")
    assert await given(runtime) == [(stars, "")]
    said = await chat.say("inform", ("ordinal", stars), text=words)
    assert "没有正在办的事" in said.text  # it was answered


async def test_a_bare_number_long_after_answers_nothing(
    runtime: Runtime, chat: Chat, outside: Outside
) -> None:
    await ask(runtime, chat)
    outside.now = NOW + timedelta(days=3)
    assert "没有正在办的事" in (await chat.say("inform", ("ordinal", 5), text="5")).text
    assert await given(runtime) == [(None, "")]


async def test_few_stars_are_offered_a_complaint_and_a_person(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    said = await chat.say("rate", text="给2分")
    assert "很抱歉" in said.text
    assert list(said.buttons) == ["不用", "投诉", "找人工"]
    said = await chat.press(said, "投诉")
    assert chat.form == "complaint_form"
    assert await given(runtime) == [(2, "")]


async def test_the_stars_may_be_changed_for_seven_days(
    runtime: Runtime, chat: Chat, outside: Outside
) -> None:
    rating = await ask(runtime, chat)
    await chat.say("rate", text="评价1")
    await chat.say("deny", text="不用")
    outside.now = NOW + timedelta(days=6)
    await chat.say("rate", text="改成五星")
    await chat.say("deny", text="不用")
    assert await given(runtime) == [(5, "")]
    outside.now = NOW + timedelta(days=8)
    said = await chat.say("rate", ("rating", str(rating)), ("stars", 3))
    assert "过了时间" in said.text
    assert "没有要评价的" in (await chat.say("rate", text="评价3")).text
    assert await given(runtime) == [(5, "")]


async def test_back_from_the_words_leads_to_the_stars(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价3")
    said = await chat.say("go_back", text="返回")
    assert "几分" in said.text
    await chat.press(said, "★★★★")
    await chat.say("deny", text="不用")
    assert await given(runtime) == [(4, "")]


async def test_a_button_that_is_pressed_twice_counts_once(runtime: Runtime, chat: Chat) -> None:
    rating = await ask(runtime, chat)
    for _ in range(2):
        await chat.say("rate", ("rating", str(rating)), ("stars", 3), message_id="b" * 32)
    assert await given(runtime) == [(3, "")]


async def test_a_question_in_between_and_back(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价")
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert list(said.buttons)[-1] == "★★★★★"
    said = await chat.say("nlu_fallback", text="还可以，三星吧")
    assert "★★★" in said.text
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "停车" in said.text
    assert list(said.buttons) == ["不用"]
    assert await given(runtime) == [(3, "")]


async def test_what_was_rated_on_its_page_meanwhile_is_not_asked_again(runtime: Runtime, chat: Chat) -> None:
    rating = await ask(runtime, chat)
    assert rating
    await chat.say("rate", text="评价")
    async with runtime.database.begin() as session:
        await ratings.rate(session, rating, chat.contact.account_id, 4, key=None, now=NOW)
    said = await chat.say("thanks", text="谢谢")
    assert said.buttons == {}
    assert "谢谢您" in said.text
    assert chat.form == ""
    assert await given(runtime) == [(4, "")]


async def test_nothing_to_rate(chat: Chat) -> None:
    said = await chat.say("rate", text="评价")
    assert list(said.buttons) == ["投诉", "找人工"]


async def test_not_now_is_fine(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价")
    assert "不评也没关系" in (await chat.say("cancel", text="算了")).text
    assert await given(runtime) == [(None, "")]


async def test_asked_no_more_and_again(runtime: Runtime, chat: Chat) -> None:
    async def wanted() -> bool:
        async with runtime.database.begin() as session:
            return (await session.get_one(Account, chat.contact.account_id)).rating_requests

    assert "不再请您评价" in (await chat.say("rate", text="不用再问评价")).text
    assert not await wanted()
    assert await ask(runtime, chat) is None
    assert "再请您评价" in (await chat.say("rate", text="恢复评价")).text
    assert await wanted()


async def test_nobody_else_rates_it(runtime: Runtime, clinic: Clinic, chat: Chat) -> None:
    rating = await ask(runtime, chat)
    stranger = await clinic.chat()
    said = await stranger.say("rate", ("rating", str(rating)), ("stars", 1))
    assert "没有要评价的" in said.text
    assert await given(runtime) == [(None, "")]


@pytest.mark.parametrize(
    ("said", "stars"),
    [
        ("评价5", 5), ("5", 5), ("5分", 5), ("给四星", 4), ("五星好评", 5), ("满分", 5), ("rate 3", 3),
        ("five stars", 5),
        ("4 out of 5", 4), ("★★", 2), ("打两分", 2), ("评价", 0), ("评价10", 0), ("等了3个小时", 0),
        ("不用再问评价", 0),
        ("我有2.5分", 0),
    ],
)  # fmt: skip
def test_stars_in_words(said: str, stars: int) -> None:
    assert stars_in(said) == stars


@pytest.mark.parametrize(
    ("words", "stars", "kept"),
    [
        ("5分，医生很耐心", 5, "5分，医生很耐心"),
        ("一星都嫌多，药盒都压扁了", 1, "一星都嫌多，药盒都压扁了"),
        ("还可以，三星吧", 3, ""),
    ],
)
async def test_words_beside_the_stars_are_not_asked_for_again(
    runtime: Runtime, chat: Chat, words: str, stars: int, kept: str
) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价")
    said = await chat.say("nlu_fallback", text=words)
    assert ("直接写" in said.text) is not bool(kept)
    assert ("投诉" in said.buttons) is (stars < 3)
    assert await given(runtime) == [(stars, kept)]


async def test_stars_are_put_right_where_words_are_asked_for(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    await chat.say("rate", text="评价4")
    said = await chat.say("correct", text="sorry, I meant five")
    assert "★★★★★" in said.text
    await chat.say("goodbye", text="没了")
    assert await given(runtime) == [(5, "")]


async def test_stars_open_it_whatever_they_are_taken_for(runtime: Runtime, chat: Chat) -> None:
    await ask(runtime, chat)
    said = await chat.say("nlu_fallback", text="一星都嫌多，药盒都压扁了")
    assert "很抱歉" in said.text
    assert await given(runtime) == [(1, "一星都嫌多，药盒都压扁了")]


def test_minutes_are_no_stars() -> None:
    assert stars_in("我等了5分钟") == 0
