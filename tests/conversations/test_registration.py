"""Consent and registration: what the database keeps, failing services, the page. The talk is in dialogs/."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient, TelegramPatient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def begin(patient: Patient) -> None:
    """Up to the question for the name."""
    patient.say("注册")
    patient.agree()
    if "就在这里" in patient.last:
        patient.choose("就在这里")
    assert "姓名" in patient.last


def link_in(said: object) -> str:
    found = re.search(r"http://\S+/p/\S+", str(said))
    assert found, said
    return found[0]


def changed_digit(number: str) -> str:
    """The number with a check digit that does not fit."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


@pytest.fixture
def newcomer(arrive: Arrive) -> Patient:
    """Where the platform makes no difference: Telegram takes only one message a second."""
    return arrive("wechat")


# Consent


def test_nothing_is_asked_before_consent(stranger: Patient, hospital: Hospital) -> None:
    assert "同意" in stranger.say("明天挂心内科")
    assert "姓名？" not in stranger.last
    stranger.choose("先不同意")
    assert "您同意吗" in stranger.say("注册")
    assert "例如：张" not in stranger.last
    rows = hospital.rows("SELECT * FROM consents WHERE contact_id = %s", hospital.contact(stranger))
    assert rows == []


def test_each_consent_is_kept_with_its_version(stranger: Patient, hospital: Hospital) -> None:
    stranger.say("挂号")
    stranger.agree()
    kinds = hospital.rows(
        "SELECT kind FROM consents WHERE contact_id = %s AND version <> '' AND withdrawn_at IS NULL ORDER BY kind",
        hospital.contact(stranger),
    )
    expected = ["data_abroad", "health_data"] if stranger.channel == "telegram" else ["health_data"]
    assert [kind for (kind,) in kinds] == expected


def test_consent_given_elsewhere_meanwhile_is_enough(stranger: Patient, hospital: Hospital) -> None:
    hospital.register([stranger])
    assert "心血管内科" in stranger.say("下周三上午挂心内科")


# The identity check


def test_with_the_check_down_booking_goes_on_and_the_check_is_made_up_for(
    newcomer: Patient, hospital: Hospital, faults: object
) -> None:
    faults(platform="identity", code="InternalError")  # type: ignore[operator]
    said = newcomer.register()
    assert "还在核实" in said
    assert "哪个科" in newcomer.say("挂号")
    status = hospital.one(
        "SELECT status FROM patients JOIN account_patients ON patient_id = patients.id JOIN contacts USING (account_id)"
        " WHERE contacts.id = %s",
        hospital.contact(newcomer),
    )
    assert status == "pending"


def test_without_sms_the_patient_hears_what_to_do(newcomer: Patient, faults: object) -> None:
    faults(platform="sms", code="InternalError")  # type: ignore[operator]
    begin(newcomer)
    for value in (newcomer.name, newcomer.id_number, newcomer.phone):
        newcomer.say(value)
    assert "重发" in newcomer.last
    assert "010" in newcomer.last


# Who is known already


def test_the_same_person_on_both_platforms_is_one_patient(arrive: Arrive, hospital: Hospital) -> None:
    first = arrive("wechat", registered=True)
    second = arrive("telegram", person=first.person)
    assert "以前" in second.register()
    same = hospital.one(
        "SELECT count(DISTINCT patient_id) FROM account_patients JOIN contacts USING (account_id)"
        " WHERE contacts.id IN (%s, %s)",
        hospital.contact(first),
        hospital.contact(second),
    )
    assert same == 1


def test_somebody_elses_number_shows_nothing_of_them(arrive: Arrive, hospital: Hospital) -> None:
    known, other = arrive("wechat", registered=True), arrive("wechat")
    other.name, other.id_number = known.name, known.id_number
    said = other.register()
    assert "核实" in said  # by a code to the phone on file, of which two digits are shown
    assert known.phone[-4:] not in said
    assert "还没有登记" in other.say("我的信息")


# The page


@pytest.fixture
def at_page(stranger: Patient) -> str:
    """The address of the page that was offered."""
    stranger.say("挂号")
    stranger.agree()
    if "/p/" not in stranger.last.text:
        stranger.choose("安全页面")
    return link_in(stranger.last)


def test_after_the_page_the_chat_goes_on_by_itself(stranger: Patient, at_page: str) -> None:
    form = {"name": stranger.name, "id_number": stranger.id_number, "phone": stranger.phone}
    shown = httpx.get(at_page)
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    assert httpx.post(at_page, data={**form, "action": "code"}).status_code == 200
    before = len(stranger.all_said())
    done = httpx.post(
        at_page, data={**form, "action": "register", "code": stranger.sms_code(), "code_sent": "true"}
    )
    assert done.status_code == 200
    assert "注册好了" in done.text
    assert stranger.id_number not in done.text
    eventually(lambda: "哪个科" in "".join(stranger.all_said()[before:]))
    assert httpx.get(at_page).status_code == 410


def test_the_page_says_what_is_wrong_beside_the_field(stranger: Patient, at_page: str) -> None:
    wrong = {"name": "x", "id_number": changed_digit(stranger.id_number), "phone": "123", "action": "code"}
    shown = httpx.post(at_page, data=wrong)
    assert shown.status_code == 422
    for field in ("name", "id_number", "phone"):
        assert f'id="{field}-fault"' in shown.text
    assert "就在这里" in stranger.say("我还没填好")


def test_a_link_that_does_not_exist_says_so(at_page: str) -> None:
    assert httpx.get(at_page[:-4] + "zzzz").status_code == 404


def test_the_page_is_left_for_the_chat(stranger: Patient, at_page: str) -> None:
    offered = "就在这里" in stranger.last
    assert "姓名" in (stranger.choose("就在这里") if offered else stranger.say("就在这里填"))
    assert "身份证" in stranger.say(stranger.name)


# What Telegram shows


def test_a_typed_number_is_taken_out_of_the_chat(arrive: Arrive) -> None:
    patient = arrive("telegram")
    assert isinstance(patient, TelegramPatient)
    begin(patient)
    patient.say(patient.name)
    entry = patient.act("text", text=patient.id_number)["entry"]
    patient.read(entry)
    eventually(lambda: next(e for e in patient.entries() if e["id"] == entry)["state"] == "deleted")
    assert patient.id_number not in str(patient.entries())
