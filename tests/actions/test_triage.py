"""The triage dialog. What the engine makes of words is its own tests' business: here it is played."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions import symptoms as symptoms_module
from actions.symptoms import Symptoms, asks_only
from actions.symptoms_told import told_answer
from actions.triage import FORM
from integrations.hospital.triage.assess import Assessment, Person, Question, Ranked

from .conftest import TODAY, WEDNESDAY, Clinic
from .triages import BONES, CHILD, HEART, play, words_kept


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symptoms_module, "assess", play)


async def test_departments_with_reasons_numbers_and_120(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="胸口闷了三天")
    assert "我是导诊助手，不是医生" in said.text
    assert "建议就诊科室：心血管内科（您说到胸）" in said.text
    assert "骨科" in said.text
    assert "36 岁" in said.text  # the file's, not asked
    assert "120" in said.text
    number = next(title for title in said.buttons if "李静" in title)
    said = await chat.press(said, number)
    assert "请确认" in said.text
    assert "心血管内科 李静" in said.text
    said = await chat.say("affirm")
    assert "约好了" in said.text


async def test_after_an_alarm_of_today_only_numbers_of_today_are_shown(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    chat.urgent = True
    said = await chat.say("tell_symptoms", text="胸口闷了三天")
    assert "建议就诊科室：心血管内科" in said.text
    assert "直接去急诊" in said.text
    assert not any("李静" in title for title in said.buttons)
    assert "挂心血管内科" not in said.buttons
    await clinic.session("王建国", TODAY, period="afternoon")
    chat = await clinic.chat()
    chat.urgent = True
    said = await chat.say("tell_symptoms", text="胸口闷了三天")
    assert "只看今天的号" in said.text
    assert not any("李静" in title for title in said.buttons)
    assert "请确认：11月22日" in (await chat.press(said, "王建国")).text


async def test_the_number_that_was_picked_is_the_one_to_confirm(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("王建国", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="胸口闷了三天")
    said = await chat.press(said, "王建国")
    assert "请确认" in said.text
    assert "心血管内科 王建国" in said.text


async def test_what_is_improbable_is_not_offered(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    sure = Assessment((Ranked(HEART, 0.99, ("胸",)), Ranked(BONES, 0.01)))
    monkeypatch.setattr(symptoms_module, "assess", lambda *_: sure)
    chat = await clinic.chat(registered=False)
    said = await chat.say("tell_symptoms", text="胸口闷")
    assert "也可以看" not in said.text


async def test_the_question_for_a_department_is_no_reason(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    sure = Assessment((Ranked(HEART, 0.99, ("胸", "看什么科", "三天了")),))
    monkeypatch.setattr(symptoms_module, "assess", lambda *_: sure)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="胸口闷三天了，看什么科")
    assert "心血管内科（您说到胸）" in said.text


async def test_one_question_at_a_time_and_its_answers_inwords_kept(clinic: Clinic) -> None:
    for words, expected in (("发烧", HEART), ("没有", BONES), ("不清楚", BONES)):
        chat = await clinic.chat(registered=False)
        said = await chat.say("tell_symptoms", text="好累")
        assert "发烧吗" in said.text
        assert list(said.buttons) == ["发烧", "不发烧", "不清楚"]
        said = await chat.say("nlu_fallback", text=words)
        assert f"建议就诊科室：{expected}" in said.text, words


@pytest.mark.parametrize("intent", ["help", "refuse_consent", "talk_to_human", "deny"])
async def test_not_to_know_is_an_answer_whatever_it_sounds_like(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say(intent, text="不知道")
    assert f"建议就诊科室：{BONES}" in said.text


async def test_yes_and_what_sounds_like_leaving(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("affirm", text="嗯嗯")
    assert "建议就诊科室：心血管内科" in said.text
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("deny", text="不是好累，是脖子疼")  # no answer to the question
    assert "建议就诊科室：骨科" in said.text
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("cancel", text="取消手术以后膝盖一直疼")
    assert "建议就诊科室：骨科" in said.text


async def test_a_question_may_be_answered_by_telling_more(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("nlu_fallback", text="其实是膝盖疼得走不动路")
    assert "建议就诊科室：骨科" in said.text


@pytest.mark.parametrize("intent", ["inform", "nlu_fallback", "tell_symptoms", "join_waitlist"])
async def test_where_somebody_is_answers_nothing_and_tells_no_complaint(clinic: Clinic, intent: str) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("tell_symptoms", text="好累")
    for words in ("我在楼上", "等一下"):
        said = await chat.say(intent, text=words)
        assert "好的，不急" in said.text
        assert "发烧吗" in said.text
        assert list(said.buttons) == ["发烧", "不发烧", "不清楚"]
    assert "建议就诊科室：骨科" in (await chat.say("deny", text="没有")).text
    chat = await clinic.chat(registered=False)
    await chat.say("which_department", text="我该挂什么科")
    said = await chat.say(intent, text="我在楼上")
    assert "请说说哪里不舒服" in said.text
    assert chat.slots["requested_slot"] == "triage_symptoms"


async def test_what_tells_no_complaint_is_asked_about_once_and_then_believed(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("nlu_fallback", text="沙发真软")
    assert "没太明白" in said.text
    assert "发烧吗" in said.text
    assert "建议就诊科室：骨科" in (await chat.say("nlu_fallback", text="沙发真软")).text


async def test_an_age_may_be_a_bare_number(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def _aged(text: str, person: Person = Person(), answers: object = None) -> Assessment:  # noqa: B008
        given = dict(answers or {})  # type: ignore[call-overload]
        if "age" not in given:
            return Assessment((Ranked(HEART, 0.5, ("累",)),), Question("age", ("child", "adult", "elder")))
        return Assessment(
            (Ranked({"child": CHILD, "adult": HEART, "elder": BONES}[given["age"]], 0.9, ("累",)),)
        )

    monkeypatch.setattr(symptoms_module, "assess", _aged)
    for years, department in (("35", HEART), ("70", BONES)):
        chat = await clinic.chat(registered=False)
        assert "多大年纪" in (await chat.say("tell_symptoms", text="好累")).text
        assert f"建议就诊科室：{department}" in (await chat.say("inform", text=years)).text


async def test_asked_for_a_department_without_symptoms(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("which_department", text="请问我该挂什么科")
    assert "不是医生" in said.text
    assert "请说说哪里不舒服" in said.text
    said = await chat.say("ask_refund", text="我膝盖疼了半年，退不下去")  # whatever a story sounds like
    assert "建议就诊科室：骨科" in said.text


async def test_what_is_put_right(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="头疼三天了")
    said = await chat.say("correct", text="不是头，是脖子")
    assert "建议就诊科室：骨科" in said.text
    said = await chat.say("correct", text="说错了，是胸口闷")
    assert "建议就诊科室：心血管内科" in said.text
    said = await chat.say("deny", text="不是")
    assert "哪里不对" in said.text


async def test_ways_out_and_back(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="好累")
    said = await chat.say("ask_hospital", ("topic", "parking"), text="停车怎么收费")
    assert "发烧吗" in said.text  # the question once more
    await chat.say("nlu_fallback", text="有")
    said = await chat.say("go_back", text="返回")
    assert "发烧吗" in said.text
    said = await chat.say("cancel", text="算了")
    assert "120" in said.text
    assert chat.form == ""


async def test_thanks_ends_it(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="膝盖疼")
    said = await chat.say("thanks", text="谢谢")
    assert chat.form == ""
    assert "骨科" not in said.text


@pytest.mark.parametrize(("intent", "words"), [("goodbye", "没了"), ("deny", "没有"), ("deny", "没有别的了")])
async def test_nothing_more_to_tell_keeps_the_departments(clinic: Clinic, intent: str, words: str) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("tell_symptoms", text="膝盖疼")
    said = await chat.say(intent, text=words)
    assert "挂骨科" in said.buttons
    assert "张伟" in (await chat.say("book_appointment", text="挂号")).text


async def test_the_second_department_by_number_and_a_day(clinic: Clinic) -> None:
    await clinic.session("张伟", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("tell_symptoms", text="胸口闷")
    said = await chat.say("inform", ("ordinal", 2), text="第二个")
    assert "张伟" in said.text
    assert chat.form == "booking_form"


async def test_words_that_lead_nowhere(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("tell_symptoms", text="随便看看吧您说呢")
    assert "不是医生" in said.text
    assert "120" in said.text
    assert chat.form == FORM


async def test_inside_other_journeys_it_is_one_answer(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("register")
    said = await chat.say("which_department", text="膝盖疼挂什么科")
    assert "建议就诊科室：骨科" in said.text
    assert chat.form == "registration_form"


async def test_a_booking_that_does_not_know_the_department_asks_here(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    await chat.say("book_appointment", ("date", WEDNESDAY.isoformat()), text="周三挂号")
    said = await chat.say("tell_symptoms", text="胸口闷")
    assert "建议就诊科室：心血管内科" in said.text
    said = await chat.press(said, "挂心血管内科")
    assert "11月25日" in said.text


async def test_the_time_of_a_number_of_another_department_was_proposed_and_not_wished_for(
    clinic: Clinic,
) -> None:
    await clinic.session("李静", WEDNESDAY)
    await clinic.session("张伟", WEDNESDAY, period="afternoon")
    chat = await clinic.chat()
    proposed = await chat.say("book_appointment", ("practitioner", clinic.doctors["李静"]), text="李静有号吗")
    assert "11月25日（周三）上午" in proposed.text
    said = await chat.say("tell_symptoms", text="膝盖疼")
    said = await chat.press(said, "挂骨科")
    assert "11月25日（周三）下午" in said.text
    assert "不出诊" not in said.text  # in the morning, which nobody asked for


async def test_what_was_told_stands_sealed(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    await chat.say("tell_symptoms", text="膝盖疼")
    assert "膝" not in str(chat.slots)
    assert await words_kept(clinic, chat) == ["膝盖疼"]


async def test_english(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    chat.language = "en"
    said = await chat.say("tell_symptoms", text="my neck hurts")
    assert "I am an assistant, not a doctor" in said.text
    assert "call 120" in said.text


def test_a_bare_question_tells_nothing() -> None:
    assert all(map(asks_only, ("我该挂什么科", "请问看哪个科好", "which department should I see?", "")))
    assert not any(map(asks_only, ("头疼挂什么科", "my knee hurts, which department", "拉肚子")))


def test_what_the_words_answer_is_not_asked() -> None:
    where = ("head", "belly", "back_limbs")
    assert told_answer("where", "头疼三天了", where) == "head"
    assert told_answer("where", "头疼，肚子也疼", where) == ""
    assert told_answer("where", "浑身没劲", where) == ""
    assert [told_answer("fever", one, ("yes", "no")) for one in ("有点发烧", "没发烧", "咳嗽")] == [
        "yes",
        "no",
        "",
    ]
    assert [told_answer("injury", one, ("yes", "no")) for one in ("摔了一跤", "没摔过", "疼")] == [
        "yes",
        "no",
        "",
    ]


async def test_a_fever_that_was_told_is_not_asked(clinic: Clinic) -> None:
    chat = await clinic.chat(registered=False)
    said = await chat.say("tell_symptoms", text="好累，还发烧")
    assert "建议就诊科室：心血管内科" in said.text


def test_it_is_of_two_days() -> None:
    told = Symptoms(("头疼三天",)).on(TODAY)
    assert told.on(TODAY + timedelta(days=1)).day == TODAY.isoformat()
    assert told.lately(TODAY + timedelta(days=2)) == told
    assert told.lately(TODAY + timedelta(days=3)) == Symptoms()
    assert replace(told, words=()).on(TODAY).day == ""


def test_corrections() -> None:
    told = Symptoms(("头疼三天", "恶心"), {"fever": "yes"})
    assert told.told("不是头，是脖子").words == ("脖子疼三天", "恶心")
    assert told.told("不是头，是脖子").answers == {}
    assert told.told("不对，是胃疼").words == ("头疼三天", "胃疼")
    assert told.told("not my head, my neck").words[-1] == "neck"
    assert told.told("还有点晕").words == ("头疼三天", "恶心", "还有点晕")


@pytest.mark.parametrize("opening", ["tell_symptoms", "book_appointment"])
async def test_the_day_wished_for_beside_the_symptoms_is_kept(clinic: Clinic, opening: str) -> None:
    await clinic.session("李静", WEDNESDAY, "afternoon")
    await clinic.session("王建国", date(2026, 11, 24))
    chat = await clinic.chat()
    said = await chat.say(
        opening, ("date", WEDNESDAY.isoformat()), ("period", "afternoon"), text="要挂周三下午的，头疼"
    )
    assert chat.form == FORM
    assert "建议就诊科室：心血管内科" in said.text
    assert any("李静" in title for title in said.buttons)
    assert not any("王建国" in title for title in said.buttons)  # on another day
    said = await chat.press(said, "挂心血管内科")
    assert "11月25日（周三）" in said.text
    assert "李静" in said.text
    assert "王建国" not in said.text


async def test_the_day_on_which_it_began_is_no_day_of_a_visit(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat()
    said = await chat.say("tell_symptoms", ("date", "2026-11-20"), text="周五开始头疼，挂什么科")
    said = await chat.press(said, "挂心血管内科")
    assert "11月20日" not in said.text
    assert "11月25日" in said.text


async def test_what_was_meant_is_put_right_in_english(clinic: Clinic) -> None:
    assert Symptoms(("my head hurts",)).told("no, I meant my tooth, it hurts").text == "my tooth, it hurts"


async def test_an_illness_that_was_not_understood_as_one_is_still_heard(clinic: Clinic) -> None:
    chat = await clinic.chat()
    said = await chat.say("nlu_fallback", text="膝盖疼三天了，上下楼更疼")
    assert "不是医生" in said.text
    assert chat.form == FORM
