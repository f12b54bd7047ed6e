"""A patient in the middle of a booking asks for a person: one talks with them, a doctor prescribes, a pharmacist
reviews, and the booking goes on where it was. Three browsers, one phone, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.desk import Agent
from tests.browser.phone import Phone
from tests.conversations import acts
from tests.conversations.hospital import Hospital
from tests.conversations.passing import calm_duty_phones, let_pass
from tests.conversations.staff import put_on_duty
from tests.patients import WeChatPatient
from tests.stack import Stack, eventually

pytestmark = [pytest.mark.slow, pytest.mark.browser]
DOCTOR, SECRET, DUTY_PHONE = "李静", "像是同一位患者昨天也问过退款", "13900001234"


@dataclass(frozen=True, slots=True)
class Case:
    """A registered patient who has asked 李静 online, free of charge, and waits."""

    patient: WeChatPatient
    conversation: UUID
    consultation: UUID


@pytest.fixture
def case(stack: Stack) -> Iterator[Case]:
    with ThreadPoolExecutor(1) as apart:  # Playwright's loop runs in this thread
        yield apart.submit(_case, stack).result()
    stack.rows("DELETE FROM duty_shifts")


def _case(stack: Stack) -> Case:
    hospital = Hospital(stack)
    patient = WeChatPatient.arrive(stack.sandbox, follow=False)
    hospital.register([patient])
    patient.does("follow")
    put_on_duty(hospital, "nurse", DUTY_PHONE)
    made = acts.ask_online(hospital, patient, acts.consults(hospital, "RH0103", 0))
    return Case(patient, hospital.contact(patient), made)


@pytest.fixture
def phone(browser: Browser, stack: Stack, case: Case) -> Iterator[Phone]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield Phone(context.new_page(), stack.sandbox_url, "wechat", person=case.patient.person)
    context.close()


@pytest.fixture
def staff(browser: Browser, stack: Stack) -> Iterator[Any]:
    """`staff("agent")`: logs in with password and code. Whoever came in goes at the end."""
    there: list[Agent] = []

    def enter(login: str, **more: Any) -> Agent:
        there.append(Agent(browser, stack, login, **more))
        return there[-1]

    yield enter
    for one in there:
        one.context.close()


def test_from_the_queue_to_the_survey(
    phone: Phone, stack: Stack, case: Case, staff: Any, tmp_path: Path
) -> None:
    picture = tmp_path / "guide.png"
    Image.new("RGB", (120, 80), "#0f6e84").save(picture)
    eventually(lambda: _status(stack, case) == "unanswered")  # the doctor is asked, the bot goes on
    phone.write("下周三上午想看心内科", expecting=DOCTOR)
    phone.write(DOCTOR, expecting="请确认")
    agent = staff("agent")
    agent.goes_online()
    phone.write("转人工", expecting="不等了")

    agent.accepts(case.conversation)
    phone.hears("接通了，何晓婷为您服务")
    begun = _now(stack)
    agent.says_canned("wenhao", "您好，我来为您处理")
    phone.hears("您好，我来为您处理")
    agent.says("您好，请问什么事？")
    phone.hears("您好，请问什么事？")
    phone.write("我申请的复诊，医生一直没来")
    phone.write("确认")  # said to a person: nothing is booked by it
    agent.hears("我申请的复诊")
    phone.send_picture()
    agent.sees_picture()
    agent.sends_picture(picture)
    phone.sees_picture()
    agent.notes(SECRET)

    phone.write("突然胸口剧痛，喘不上气，浑身冒冷汗", expecting="120")
    agent.sees_alarm()
    calm_duty_phones(Hospital(stack))
    number = _one(stack, "SELECT number::text FROM alarms WHERE conversation_id = %s", case)
    eventually(lambda: any(number in words for words in _paged(stack)))
    phone.write("现在好了，刚才是搬东西闪着了")
    agent.hears("闪着了")

    doctor = staff("doctor.li", size=(390, 844))
    doctor.goes_online()
    agent.hands_over_to(DOCTOR, "复诊的患者，等您接诊")
    phone.hears("正在为您转给另一位同事")
    doctor.opens_consultation(case.consultation)
    doctor.does("接诊")
    doctor.speaks()
    phone.hears(f"接通了，{DOCTOR}为您服务")
    doctor.says("血压现在多少？")
    phone.hears("血压现在多少？")
    phone.write("早上135/85")
    doctor.hears("早上135/85")

    doctor.opens_consultation(case.consultation)
    doctor.has_done("确认已确诊", "已确认")
    doctor.prescribes(
        ("苯磺酸氨氯地平片", "每次1片", "每天1次", 28, 1),
        ("阿托伐他汀钙片", "每次1片", "每晚1次", 28, 4),
        why="问过患者，没有过敏",
    )
    pharmacist = staff("pharmacist")
    pharmacist.open("/prescriptions")
    pharmacist.page.locator(".queue-row", has_text="阿托伐他汀钙片").first.click()
    pharmacist.does("通过")
    pharmacist.page.locator(".queue-asking").get_by_role("checkbox").click()
    pharmacist.confirms("已通过")
    doctor.opens_consultation(case.consultation)
    doctor.does("结束并写小结")
    doctor.confirms("已结束", **{"小结（患者会看到）": "血压稳定，原方案不变，一月后复查。"})

    phone.hears("这次在线服务结束了")
    phone.hears("请确认")
    _the_bot_was_silent(stack, case, begun)
    phone.write("确认", expecting="已为您")
    assert _one(stack, "SELECT count(*) FROM appointments WHERE contact_id = %s", case) == 1

    _survey(phone, stack, case)
    said = phone.page.get_by_test_id("conversation").inner_text()
    assert SECRET not in said
    assert "等您接诊" not in said


def test_a_desk_that_dies_in_a_talk_starts_again_and_the_talk_goes_on(
    phone: Phone, stack: Stack, case: Case, staff: Any
) -> None:
    """Until it is handed back, and the bot asks again what it had asked."""
    agent = staff("agent")
    agent.goes_online()
    phone.write("下周三上午想看心内科", expecting=DOCTOR)
    phone.write("转人工", expecting="不等了")
    agent.accepts(case.conversation)
    phone.hears("接通了")
    stack.kill("desk")
    phone.write("您还在吗")
    agent.comes_back(case.conversation)
    agent.hears("您还在吗")
    agent.says("在的，刚才断线了")
    phone.hears("在的，刚才断线了")
    agent.hands_back()
    phone.says(DOCTOR)  # the question that was open
    phone.write(DOCTOR, expecting="请确认")


def _survey(phone: Phone, stack: Stack, case: Case) -> None:
    """Asked once for all who helped, when the conversation has rested, and answered."""
    let_pass(Hospital(stack), case.patient, 1200)
    stack.rows(
        "UPDATE reminders SET due_at = now() WHERE subject_id IN (SELECT id FROM ratings WHERE contact_id = %s)",
        case.conversation,
    )
    phone.hears("您感觉怎么样")
    phone.write("评价5", expecting="谢谢")
    assert stack.rows("SELECT stars FROM ratings WHERE contact_id = %s", case.conversation) == [(5,)]
    asked = phone.answers.filter(has_text="5 分最满意").count()
    assert asked == 1, asked


def _the_bot_was_silent(stack: Stack, case: Case, begun: datetime) -> None:
    """What left between the first person's word and the last's: theirs, words about the talk, and the alarm's answer.
    Nothing of the dialog, no news."""
    left = stack.rows(
        "SELECT count(*) FROM outbound, consultations c WHERE outbound.conversation_id = %s AND c.id = %s"
        " AND outbound.sent_at BETWEEN %s AND c.ended_at AND staff_id IS NULL AND talk_id IS NULL AND NOT exempt",
        case.conversation,
        case.consultation,
        begun,
    )
    assert left == [(0,)]
    assert _one(stack, "SELECT count(*) FROM appointments WHERE contact_id = %s", case) == 0


def _paged(stack: Stack) -> list[str]:
    """What whoever is on call read on their phone."""
    messages = stack.sandbox.get("/sms", params={"phone": DUTY_PHONE}).json()["messages"]
    return [message["text"] for message in messages]


def _status(stack: Stack, case: Case) -> str:
    found = stack.rows("SELECT status FROM talks WHERE conversation_id = %s", case.conversation)
    return str(found[-1][0]) if found else ""


def _one(stack: Stack, statement: str, case: Case) -> Any:
    [(value,)] = stack.rows(statement, case.conversation)
    return value


def _now(stack: Stack) -> datetime:
    [(now,)] = stack.rows("SELECT now()")
    assert isinstance(now, datetime)
    return now
