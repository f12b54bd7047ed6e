"""Triage before the consent and the registration: what is answered at once, and what waits."""

from __future__ import annotations

import pytest

from actions import symptoms as symptoms_module
from integrations.hospital import accounts

from .conftest import WEDNESDAY, Clinic
from .triages import play, words_kept


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symptoms_module, "assess", play)


async def test_before_registration_the_way_leads_through_it_to_the_booking(clinic: Clinic) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("tell_symptoms", text="胸口闷")
    assert "建议就诊科室：心血管内科" in said.text
    assert chat.slots["triage"].keys() == {"kept"}
    said = await chat.press(said, "挂心血管内科")
    assert chat.form == "consent_form"
    assert "心血管内科" in said.text  # what is wished for is kept
    assert chat.slots["then"] == "booking_form"


async def test_the_question_for_a_consent_does_not_stand_in_the_way(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("greet")
    assert chat.form == "consent_form"
    said = await chat.say("tell_symptoms", text="胸口闷")
    assert "建议就诊科室：心血管内科" in said.text
    assert "挂心血管内科" in said.buttons


@pytest.mark.parametrize("channel", ["wechat", "telegram"])
async def test_nothing_about_the_body_is_asked_before_the_consent(clinic: Clinic, channel: str) -> None:
    chat = await clinic.chat(channel, consent=False, registered=False)
    said = await chat.say("tell_symptoms", text="好累")
    assert "发烧" not in said.text
    assert "挂哪个科" in said.text
    assert "您同意吗" in said.text
    assert chat.form == "consent_form"
    said = await chat.press(said, "同意")
    if channel == "telegram":
        assert "境外" in said.text
        assert "发烧" not in said.text
        said = await chat.press(said, "同意")
    assert "发烧吗" in said.text  # what was told is not asked again
    assert "建议就诊科室：骨科" in (await chat.say("deny", text="没有")).text


async def test_who_agreed_to_the_text_that_knew_no_triage_is_asked_anew_before_it_asks(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And hears what is new, and 120 as everybody does."""
    with monkeypatch.context() as before:
        before.setattr(accounts, "CONSENT_VERSION", "2026-11")
        chat = await clinic.chat()
    said = await chat.say("tell_symptoms", text="好累")
    assert "发烧" not in said.text
    assert "新版本" in said.text
    assert "您说的病情" in said.text.split("新版本")[1].split("重新同意")[0]
    assert "120" in said.text
    assert "您同意吗" in said.text
    assert "发烧吗" in (await chat.press(said, "同意")).text
    said = await chat.say("deny", text="没有")
    assert "建议就诊科室：骨科" in said.text
    assert "同意" not in (await chat.press(said, "挂骨科")).text


async def test_more_is_told_while_the_consent_is_open(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("which_department", text="请问我该挂什么科")
    said = await chat.say("tell_symptoms", text="好累")
    assert "您同意吗" in said.text
    said = await chat.say("tell_symptoms", text="膝盖也疼")
    assert "您同意吗" in said.text
    said = await chat.press(said, "同意")
    assert "发烧吗" in said.text
    assert await words_kept(clinic, chat) == ["好累", "膝盖也疼"]


async def test_without_the_consent_what_was_told_is_dropped(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    said = await chat.say("tell_symptoms", text="好累")
    said = await chat.press(said, "先不同意")
    assert "不会收集您的信息" in said.text
    assert chat.slots["triage"] is None
    assert "您想办什么" in (await chat.say("give_consent", text="同意")).text


async def test_a_booking_that_waited_for_its_department_goes_on_after_consent_and_triage(
    clinic: Clinic,
) -> None:
    await clinic.session("李静", WEDNESDAY)
    chat = await clinic.chat(consent=False)
    await chat.say("book_appointment", ("date", WEDNESDAY.isoformat()), text="我想挂周三的号")
    said = await chat.say("tell_symptoms", text="好累")
    said = await chat.press(said, "同意")
    assert "发烧吗" in said.text
    await chat.say("affirm", text="发烧")
    said = await chat.say("affirm", text="好")
    assert "11月25日" in said.text
    assert "李静" in said.text


@pytest.mark.parametrize(
    ("intent", "title", "form"),
    [
        ("online_consultation", "在线复诊", "consultation_form"),
        ("start_intake", "预问诊", "intake_form"),
        ("register", "登记就诊信息", "registration_form"),
    ],
)
@pytest.mark.parametrize("twice", [False, True])
async def test_what_waited_for_the_consent_is_offered_after_triage(
    clinic: Clinic, intent: str, title: str, form: str, twice: bool
) -> None:
    """It is said at once that it is not forgotten."""
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say(intent)
    assert chat.slots["then"] == form
    said = await chat.say("tell_symptoms", text="好累")
    if twice:
        said = await chat.say("tell_symptoms", text="膝盖也疼")
    said = await chat.press(said, "同意")
    assert f"还有：{title}，我记下了" in said.text
    assert "发烧吗" in said.text
    assert "建议就诊科室：骨科" in (await chat.say("deny", text="没有")).text
    said = await chat.say("thanks", text="谢谢")
    assert f"您刚才还说：{title}" in said.text
    await chat.say("affirm", text="好的")
    assert chat.form == "registration_form"  # which comes before all of them
    assert chat.slots["then"] == (None if intent == "register" else form)


async def test_what_waited_is_offered_where_triage_needs_no_consent_too(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("online_consultation")
    said = await chat.say("tell_symptoms", text="胸口闷")
    assert "还有：在线复诊，我记下了" in said.text
    assert "建议就诊科室：心血管内科" in said.text
    assert "您刚才还说：在线复诊" in (await chat.say("thanks", text="谢谢")).text
    said = await chat.say("affirm", text="好的")
    assert "您同意吗" in said.text
    assert chat.slots["then"] == "consultation_form"


async def test_without_the_consent_nothing_waits_behind_triage(clinic: Clinic) -> None:
    chat = await clinic.chat(consent=False, registered=False)
    await chat.say("online_consultation")
    said = await chat.say("tell_symptoms", text="好累")
    said = await chat.press(said, "先不同意")
    assert "在线复诊" not in said.text
    assert (chat.slots["then"], chat.slots["triage"]) == (None, None)
