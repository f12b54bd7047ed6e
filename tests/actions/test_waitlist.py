"""From a full half day onto the waitlist, and from an offer to a number."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from integrations.hospital import booking, waitlist_offers
from integrations.hospital.models import Appointment, Slot, SlotStatus, WaitlistEntry, WaitlistStatus
from integrations.runtime import Runtime

from .bookings import appointments, day, occupy
from .conftest import NOW, TODAY, WEDNESDAY, Chat, Clinic, Outside, Said

TIMES = {"08:30", "09:00", "09:30", "10:00"}
WAIT = "候补排队"


async def full(clinic: Clinic, runtime: Runtime, doctor: str = "李静", fee_fen: int = 0) -> str:
    schedule = await clinic.session(doctor, WEDNESDAY, fee_fen=fee_fen)
    await occupy(runtime, schedule, TIMES)
    return schedule


async def ask(clinic: Clinic, chat: Chat, doctor: str = "李静") -> Said:
    return await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]), day(WEDNESDAY))


async def offer(runtime: Runtime, schedule: str) -> None:
    """Somebody gives a number back, and the first of the line is asked."""
    async with runtime.database.begin() as session:
        slot = (await session.scalars(select(Slot).where(Slot.schedule_id == UUID(schedule)))).first()
        assert slot
        slot.status = SlotStatus.KEPT
        await session.flush()
        assert await waitlist_offers.sweep(
            session, runtime.now(), waitlist_offers.Terms(timedelta(minutes=20))
        )


async def entries(runtime: Runtime) -> list[WaitlistStatus]:
    async with runtime.database.begin() as session:
        return list(await session.scalars(select(WaitlistEntry.status).order_by(WaitlistEntry.seq)))


async def waiting(
    clinic: Clinic, runtime: Runtime, doctor: str = "李静", *, fee_fen: int = 0
) -> tuple[Chat, str]:
    schedule = await full(clinic, runtime, doctor, fee_fen=fee_fen)
    chat = await clinic.chat()
    await chat.press(await ask(clinic, chat, doctor), WAIT)
    return chat, schedule


async def test_one_tap_from_full_to_the_line(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await ask(clinic, chat)
    assert "约满" in said.text
    assert any(title.startswith("王建国") for title in said.buttons)
    said = await chat.press(said, WAIT)
    assert "排上候补了：心血管内科 李静，11月25日（周三），排在第一位" in said.text
    assert "20 分钟内回复“接受候补”" in said.text
    assert chat.form == ""
    assert await entries(runtime) == [WaitlistStatus.WAITING]


async def test_said_in_words_it_is_the_same(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    said = await chat.say("join_waitlist", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert "排上候补了" in said.text
    said = await chat.say("join_waitlist", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert "已经在候补了" in said.text
    assert chat.form == ""
    assert len(await entries(runtime)) == 1


async def test_a_word_to_wait_joins_nothing(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    for words in ("等一下", "等等", "稍等", "wait a moment"):
        for intent in ("join_waitlist", "pause", "nlu_fallback"):
            assert "好的，不急" in (await chat.say(intent, text=words)).text
            assert chat.form == ""
    chat = await clinic.chat()
    asked = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert any(title.startswith(WAIT) for title in asked.buttons)
    open_now = chat.slots["requested_slot"]
    for intent in ("join_waitlist", "pause"):
        assert (await chat.say(intent, text="等一下")).text.startswith("好的，不急。")
        assert (chat.form, chat.slots["requested_slot"]) == ("booking_form", open_now)
    assert await entries(runtime) == []


async def test_the_line_stays_open_after_something_else(clinic: Clinic, runtime: Runtime) -> None:
    """The only doctor's only half day is taken: another department is asked for, and a question comes between."""
    await full(clinic, runtime)
    chat = await clinic.chat()
    said = await ask(clinic, chat)
    assert any(title.startswith(WAIT) for title in said.buttons)
    said = await chat.say("help")
    assert any(title.startswith(WAIT) for title in said.buttons)
    said = await chat.press(said, WAIT)
    assert "排上候补了：心血管内科 李静，11月25日（周三），排在第一位" in said.text
    assert await entries(runtime) == [WaitlistStatus.WAITING]


async def test_the_line_in_a_word_after_something_else(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    await ask(clinic, chat)
    await chat.say("help")
    assert "排上候补了：心血管内科 李静，11月25日（周三）" in (await chat.say("join_waitlist")).text
    chat = await clinic.chat()
    await ask(clinic, chat)
    said = await chat.say("inform", ("department", clinic.departments["骨科"]))
    assert not any(title.startswith(WAIT) for title in (await chat.say("go_back")).buttons), said.text


async def test_nobody_waits_where_there_are_numbers(clinic: Clinic, runtime: Runtime) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("join_waitlist", ("practitioner", clinic.doctors["李静"]), day(WEDNESDAY))
    assert "不用候补" in said.text
    assert "请确认" in said.text
    assert await entries(runtime) == []


async def test_a_wish_without_a_name_is_asked_for_one(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    said = await chat.say("join_waitlist")
    assert "心血管内科" in said.buttons
    said = await chat.press(said, "心血管内科")
    said = await chat.press(said, WAIT)
    assert "排上候补了：心血管内科，" in said.text
    async with runtime.database.begin() as session:
        days = await session.scalar(select(WaitlistEntry.days))
    assert days is not None
    assert days[0] == TODAY + timedelta(days=1)


async def test_the_rules_are_heard_before_the_line(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    await clinic.rule("sex", "female", "心血管内科")
    await clinic.rule("age_to", "13", "心血管内科")
    chat = await clinic.chat()
    said = await ask(clinic, chat)
    said = await chat.press(said, WAIT)
    assert "排上" not in said.text
    assert await entries(runtime) == []


async def test_today_is_not_waited_for(clinic: Clinic, runtime: Runtime) -> None:
    schedule = await clinic.session("李静", TODAY, "afternoon")
    await occupy(runtime, schedule, {"14:00", "14:30", "15:00", "15:30"})
    chat = await clinic.chat()
    said = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), day(TODAY))
    assert not any(title.startswith(WAIT) for title in said.buttons)
    said = await chat.say("join_waitlist", ("practitioner", clinic.doctors["李静"]), day(TODAY))
    assert "从明天的号开始" in said.text


async def test_an_offer_is_taken_in_a_word(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    assert "没有给您留着" in (await chat.say("accept_offer")).text
    await offer(runtime, schedule)
    said = await chat.say("my_waitlist")
    assert "已为您留号：周三 11月25日上午 8:30，09:20 前有效" in said.text
    assert [title.split()[0] for title in said.buttons] == ["接受", "放弃", "取消候补"]
    said = await chat.say("affirm")  # 要
    assert "8:30" in said.text
    assert await appointments(runtime) == [("booked", "08:30")]
    assert await entries(runtime) == [WaitlistStatus.ACCEPTED]


async def test_a_yes_that_denies_takes_no_offer(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    said = await chat.say("affirm", text="嗯不要")
    assert [title.split()[0] for title in said.buttons] == ["接受", "放弃"]
    assert await appointments(runtime) == []
    assert await entries(runtime) == [WaitlistStatus.OFFERED]


async def test_an_offer_with_a_fee_is_held_for_the_payment(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime, fee_fen=2500)
    await offer(runtime, schedule)
    said = await chat.say("accept_offer", message_id="a" * 32)
    assert "09:15" in said.text
    assert await appointments(runtime) == [("held", "08:30")]
    async with runtime.database.begin() as session:
        entry = await session.scalar(select(WaitlistEntry.id))
    said = await chat.say("accept_offer", ("entry", str(entry)))  # the button once more
    assert "已经接受了" in said.text
    assert await appointments(runtime) == [("held", "08:30")]


async def test_an_offer_over_is_told_kindly(clinic: Clinic, runtime: Runtime, outside: Outside) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    async with runtime.database.begin() as session:
        entry = await session.scalar(select(WaitlistEntry.id))
    outside.now = NOW + timedelta(minutes=20)
    said = await chat.say("accept_offer", ("entry", str(entry)))
    assert "过了时限" in said.text
    assert await appointments(runtime) == []


async def test_an_offer_that_the_rules_refuse_by_now_says_why(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    await clinic.rule("open_at_once", "1")
    await clinic.session("张伟", WEDNESDAY)
    await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    await chat.say("affirm")
    said = await chat.say("accept_offer")
    assert "1" in said.text
    assert await entries(runtime) == [WaitlistStatus.OFFERED]


async def test_an_offer_is_let_go(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    said = await chat.say("deny")  # 不要了
    assert "让给下一位" in said.text
    assert await entries(runtime) == [WaitlistStatus.DECLINED]
    assert "过了时限" not in (await chat.say("deny")).text


async def test_inside_another_question_an_offer_is_answered_and_the_question_stays(
    clinic: Clinic, runtime: Runtime
) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await clinic.session("张伟", WEDNESDAY)
    await chat.say("book_appointment", ("practitioner", clinic.doctors["张伟"]))
    await offer(runtime, schedule)
    said = await chat.say("decline_offer")
    assert "让给下一位" in said.text
    assert "请确认" in said.text
    assert chat.form == "booking_form"


async def test_without_consent_no_number_is_taken(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    async with runtime.database.begin() as session:
        await session.execute(text("UPDATE consents SET withdrawn_at = given_at"))
    said = await chat.say("accept_offer")
    assert "请先回复“同意”" in said.text
    assert await appointments(runtime) == []


async def test_leaving_the_line(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await waiting(clinic, runtime)
    await full(clinic, runtime, "张伟")
    await chat.press(await ask(clinic, chat, "张伟"), WAIT)
    said = await chat.say("leave_waitlist")
    assert "退出哪一个" in said.text
    said = await chat.press(said, "取消候补")
    assert "已退出候补：心血管内科 李静" in said.text
    said = await chat.say("leave_waitlist")
    assert "骨科 张伟" in said.text
    assert await entries(runtime) == [WaitlistStatus.CANCELLED] * 2
    assert "现在没有候补" in (await chat.say("my_waitlist")).text


async def test_an_old_button_leaves_no_other_line(clinic: Clinic, runtime: Runtime) -> None:
    chat, _ = await waiting(clinic, runtime)
    await full(clinic, runtime, "张伟")
    await chat.press(await ask(clinic, chat, "张伟"), WAIT)
    shown = await chat.say("leave_waitlist")
    await chat.press(shown, "取消候补")
    said = await chat.press(shown, "取消候补")
    assert "退出哪一个" in said.text
    assert [title for title in said.buttons if "张伟" in title] == list(said.buttons)
    assert await entries(runtime) == [WaitlistStatus.CANCELLED, WaitlistStatus.WAITING]


async def test_english(clinic: Clinic, runtime: Runtime) -> None:
    await full(clinic, runtime)
    chat = await clinic.chat()
    chat.language = "en"
    said = await chat.press(await ask(clinic, chat), "Put me on the waitlist")
    assert "is on the waitlist" in said.text
    assert "first in line" in said.text
    assert "Wed, Nov 25" in (await chat.say("my_waitlist")).text


async def test_somebody_else_s_offer_is_not_mine(clinic: Clinic, runtime: Runtime) -> None:
    _, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    other = await clinic.chat()
    async with runtime.database.begin() as session:
        entry = await session.scalar(select(WaitlistEntry.id))
    said = await other.say("accept_offer", ("entry", str(entry)))
    assert "过了时限" in said.text
    async with runtime.database.begin() as session:
        assert (await session.scalars(select(Appointment.id))).all() == []
        assert await booking.upcoming(session, other.contact.account_id, NOW) == []


async def test_an_old_button_below_an_offer_tells_what_became_of_it(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    async with runtime.database.begin() as session:
        entry = ("entry", str(await session.scalar(select(WaitlistEntry.id))))
    await chat.say("accept_offer", entry)
    assert "已经接受了" in (await chat.say("decline_offer", entry)).text
    assert await entries(runtime) == [WaitlistStatus.ACCEPTED]
    other, schedule = await waiting(clinic, runtime, "张伟")
    await offer(runtime, schedule)
    async with runtime.database.begin() as session:
        newest = select(WaitlistEntry.id).order_by(WaitlistEntry.seq.desc()).limit(1)
        entry = ("entry", str(await session.scalar(newest)))
    await other.say("decline_offer", entry)
    assert "已经让给下一位" in (await other.say("accept_offer", entry)).text
    said = await other.say("accept_offer", text="接受候补")
    assert "您也没有在排候补" in said.text  # nothing is promised to who waits no longer


async def test_who_is_not_understood_sees_what_is_offered_again(clinic: Clinic, runtime: Runtime) -> None:
    chat, schedule = await waiting(clinic, runtime)
    await offer(runtime, schedule)
    said = await chat.say("nlu_fallback", text="多少钱啊")
    assert "已为您留号" in said.text
    assert [title[:2] for title in said.buttons] == ["接受", "放弃"]
    await chat.press(said, "接受")
    assert await entries(runtime) == [WaitlistStatus.ACCEPTED]
