"""Staff's queues: each opens for whom it is, and for nobody else; what is done there is done by the services."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from nicegui import ui
from sqlalchemy import select, text

from bot import media
from bot.desk.registry import PAGES
from bot.desk.work import counts
from bot.desk.work.case_media import Pass
from bot.desk.work.cases import Cases
from bot.models import Conversation
from integrations.hospital import identity_reviews, unanswered
from integrations.hospital.cases import handling
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.models import (
    Appointment,
    Case,
    CaseKind,
    CaseStatus,
    Category,
    HospitalTerm,
    Patient,
    PatientStatus,
    Role,
    Schedule,
    ScheduleStatus,
)
from integrations.hospital.models.cases import CaseMedium
from integrations.hospital.pharmacy import medicines
from integrations.messages import Picture
from integrations.runtime import Runtime
from tests.bot.desk.clicking import LONG, WHY, audited, click, fill, open_row, patient_of, press, see
from tests.bot.desk.conftest import Desks
from tests.integrations.hospital.conftest import Clinic
from tests.pharmacy_rows import Pharmacy

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
WORK = [page.path for page in PAGES.values() if page.build.__module__.startswith("bot.desk.work.")]


async def _case(desks: Desks, words: str = "等了两个小时") -> str:
    account, contact, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        return await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, words,
            account_id=account, contact_id=contact, patient_id=patient, about=About(), now=desks.rt.now(),
        )  # fmt: skip


async def test_every_page_opens_for_its_roles_alone(desks: Desks) -> None:
    supervisor, pharmacist, admin = [
        await desks.enter(role) for role in (Role.SUPERVISOR, Role.PHARMACIST, Role.ADMINISTRATOR)
    ]
    for path in WORK:
        who = pharmacist if path == "/prescriptions" else supervisor
        await who.user.open(path)
        assert (await admin.http.get(path)).status_code == (200 if path == "/start" else 403), path
    assert (await supervisor.http.get("/prescriptions")).status_code == 403
    assert (await pharmacist.http.get("/refunds")).status_code == 403


async def test_the_start_page_counts_what_waits(desks: Desks) -> None:
    await _case(desks)
    async with desks.rt.database.begin() as session:
        found = {one.name: one for one in await counts.waiting(session, counts.RIGHTS, desks.rt.now())}
    assert {name for name, one in found.items() if one.count} == {"cases"}
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/start")
    await see(agent, "投诉", "1")
    await agent.user.should_see(marker="queue-cases")
    await agent.user.should_not_see(marker="queue-prescriptions")


async def test_a_case_from_reading_to_closing(desks: Desks) -> None:
    number = await _case(desks)
    agent = await desks.enter(Role.AGENT, login="zhou")
    await open_row(agent, "/cases", number)
    await agent.user.should_not_see("等了两个小时")
    await press(agent, "read", reason="to answer it")
    await see(agent, "等了两个小时")
    [(actor, detail)] = await audited(desks, "case_revealed")
    assert (actor, detail["reason"]) == ("staff:zhou", "to answer it")
    await press(agent, "take")
    await agent.told("由您负责")
    await press(agent, "close", words="   ")
    await see(agent, "请填写：内容")
    await fill(agent, words="已向您道歉。")
    await agent.told("已结案")
    async with desks.rt.database.begin() as session:
        [line] = await handling.listed(session, standing=False)
    assert (line.status, line.owner) == (CaseStatus.CLOSED, "staff:zhou")


async def test_who_complains_of_nobodys_visit_in_particular_is_known_and_can_be_called(desks: Desks) -> None:
    """The account's owner."""
    number = await _case(desks)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE cases SET patient_id = NULL"))
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", number)
    await see(agent, "*明")
    await press(agent, "phone", reason="to apologise")
    await see(agent, "张明", "13812345678")
    [(_, detail)] = await audited(desks, "phone_revealed")
    assert (detail["for"], detail["reason"]) == (f"case:{number}", "to apologise")


async def test_pictures_of_a_case_are_opened_by_who_read_it(desks: Desks, clock: Any) -> None:
    """Once the conversation is the bot's nobody else's right reaches them."""
    rt = desks.rt
    number = await _case(desks)
    medium = await _picture_of(rt, number)
    agent, other = await desks.enter(Role.AGENT, login="zhou"), await desks.enter(Role.AGENT)
    nurse = await desks.enter(Role.NURSE)
    await open_row(agent, "/cases", number)
    await press(agent, "read", reason="to answer it")
    await see(agent, "等了两个小时")
    [link] = [one for one in agent.user.find(kind=ui.link).elements if "/cases/media/" in one.props["href"]]
    at = link.props["href"]
    shown = await agent.http.get(at)
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, _PNG, "image/png")
    assert "sandbox" in shown.headers["content-security-policy"]
    assert [one[1]["medium"] for one in await audited(desks, "case_medium_opened")] == [str(medium)]
    [(actor, detail)] = await audited(desks, "case_medium_opened")
    assert (actor, detail["reason"]) == ("staff:zhou", "to answer it")
    forged = Pass(number, uuid4(), agent.member.id, "x", rt.now()).address(rt.crypto)  # type: ignore[union-attr]
    for browser, address in (
        (other.http, at), (nurse.http, at), (desks.browser(), at), (agent.http, forged),
        (agent.http, f"{at[:-8]}AAAAAAA="), (agent.http, "/cases/media/x"),
    ):  # fmt: skip
        assert (await browser.get(address)).status_code == 404, address
    clock.forward(minutes=6)
    assert (await agent.http.get(at)).status_code == 404
    assert len(await audited(desks, "case_medium_opened")) == 1


async def _picture_of(rt: Runtime, number: str) -> UUID:
    """A stored one, of a message that the case was opened with."""
    async with rt.database.begin() as session:
        case, contact = (await session.execute(select(Case.id, Case.contact_id))).one()
        session.add(Conversation(id=contact))
        await session.flush()
        message = await session.scalar(
            text("""
                INSERT INTO inbound (conversation_id, channel, external_id, kind, content, sent_at, received_at,
                                     status)
                VALUES (:id, 'telegram', '1', 'image', :content, :now, :now, 'done') RETURNING id"""),
            {"id": contact, "content": b"-", "now": rt.now()},
        )
        session.add(CaseMedium(case_id=case, message_id=message))
        kept: UUID = await media.keep(session, rt.crypto, contact, Picture(_PNG, "image/png"), rt.now())
        await session.execute(text("UPDATE media SET inbound_id = :id"), {"id": message})
    return kept


async def test_the_second_of_two_is_told(desks: Desks) -> None:
    number = await _case(desks)
    first, second = await desks.enter(Role.AGENT), await desks.enter(Role.AGENT)
    for one in (first, second):
        await open_row(one, "/cases", number)
    await press(first, "close", words="第一个答复")
    await first.told("已结案")
    await press(second, "close", words="第二个答复")
    await second.told("已经结案")


async def test_whoever_lost_the_role_is_stopped_at_the_next_click(desks: Desks) -> None:
    number = await _case(desks)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", number)
    await agent.user.should_see(marker="do-take", retries=LONG)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE staff SET role = 'nurse'"))
    await press(agent, "take")
    await agent.told("您的岗位不能做")
    async with desks.rt.database.begin() as session:
        [line] = await handling.listed(session)
    assert line.owner is None


async def test_an_identity_is_shown_with_a_reason_and_verified(desks: Desks) -> None:
    _, _, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        (await session.get_one(Patient, patient)).status = PatientStatus.REVIEW
    supervisor = await desks.enter(Role.SUPERVISOR)
    await open_row(supervisor, "/identities", patient)
    await supervisor.user.should_not_see("13812345678")
    await press(supervisor, "reveal", reason="document at the counter")
    await see(supervisor, "张明", "11010519900307013X", "13812345678")
    await press(supervisor, "verify", seen=True)
    await supervisor.told("已通过")
    async with desks.rt.database.begin() as session:
        assert await identity_reviews.waiting(session) == []


async def test_a_pharmacist_approves_and_hands_over(desks: Desks) -> None:
    pharmacy = await Pharmacy(desks.rt.database, desks.rt.crypto).open()
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/prescriptions", made)
    await see(pharmacist, "氨氯地平片 5mg×28片 × 2盒 · ¥65.20\n每次1片，每天1次，7 天")
    await press(pharmacist, "approve", checked=True)
    await pharmacist.told("已通过")
    await press(pharmacist, "hand_over", code="000000")
    await pharmacist.told("没有这个取药码")


async def test_a_prescription_opens_whose_medicine_the_pharmacy_gave_up(desks: Desks) -> None:
    pharmacy = await Pharmacy(desks.rt.database, desks.rt.crypto).open()
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    async with desks.rt.database.begin() as session:
        (await medicines.by_code(session, "AML")).active = False
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/prescriptions", made)
    await see(pharmacist, "没有过敏史记录，请核实")
    await press(pharmacist, "reject", reason="药房不再配这种药")
    await pharmacist.told("医生和患者会收到通知")


async def test_another_medicine_is_proposed_after_its_warnings_were_answered(desks: Desks) -> None:
    pharmacy = await Pharmacy(desks.rt.database, desks.rt.crypto).open()
    client = await pharmacy.client()
    waiting, made = await pharmacy.issue(client, "NIF"), await pharmacy.approved(client, "NIF")
    async with desks.rt.database.begin() as session:
        (await medicines.by_code(session, "NIF")).stock = 0
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/prescriptions", waiting)
    await see(pharmacist, "库存只有 0")
    await pharmacist.user.should_not_see(marker="do-substitute")
    await click(pharmacist, "view-unpaid")
    await click(pharmacist, f"row-{made}")
    await press(pharmacist, "substitute", old="NIF", code="AML", packs=1, dose="每次1片", agreed=True)
    await see(pharmacist, "没有过敏史记录，请核实")
    await fill(pharmacist, reason="电话问过，无过敏史")
    await pharmacist.told("已发给患者确认")
    await see(pharmacist, "硝苯地平控释片 → 氨氯地平片", "电话问过，无过敏史")
    assert (await pharmacy.see(made)).asked
    [(actor, detail)] = await audited(desks, "substitution_asked")
    assert (actor, detail["agreed_by"]) == (pharmacist.member.actor, pharmacy.staff_no)


async def test_a_desk_in_english_names_departments_doctors_and_titles_in_english(desks: Desks) -> None:
    """As patients read them; and medicines as the pack says them in either language, those of before too."""
    pharmacy = await Pharmacy(desks.rt.database, desks.rt.crypto).open()
    client = await pharmacy.client()
    await pharmacy.approved(client, "NIF")
    made = await pharmacy.issue(client, "AML")
    pharmacist = await desks.enter(Role.PHARMACIST)
    async with desks.rt.database.begin() as session:
        title = await session.scalar(text("SELECT title FROM practitioners"))
        session.add(HospitalTerm(term=title, english="Chief Physician"))
        await session.execute(text("UPDATE departments SET name_en = 'Geriatrics'"))
        await session.execute(text("UPDATE medicines SET name_en = 'Nifedipine' WHERE code = 'NIF'"))
        await session.execute(text("UPDATE staff SET language = 'en'"))
    await open_row(pharmacist, "/prescriptions", made)
    await see(pharmacist, "Li Jing · Geriatrics", "Li Jing, Chief Physician · Geriatrics")
    await see(pharmacist, "Nifedipine 硝苯地平控释片 30mg×7片")
    await pharmacist.user.should_not_see("老年医学科")


async def test_a_half_day_is_stopped(desks: Desks) -> None:
    clinic = Clinic(desks.rt.database)
    clinic.now = desks.rt.now()
    today = desks.rt.local_now().date()
    schedule_id = await clinic.schedule(day=today + timedelta(days=1))
    made = await clinic.book(await clinic.booker(), schedule_id)
    supervisor = await desks.enter(Role.SUPERVISOR)
    await supervisor.user.open("/schedules")
    await press(supervisor, "choose", day=f"{today + timedelta(days=1)}", department="all")
    await click(supervisor, f"row-{schedule_id}")
    await press(supervisor, "stop", reason="the doctor is ill")
    await supervisor.told("影响 1 位患者")
    async with desks.rt.database.begin() as session:
        assert (await session.get_one(Schedule, schedule_id)).status is ScheduleStatus.STOPPED
        assert (await session.get_one(Appointment, made.id)).disturbed_at


async def test_booking_for_a_caller_step_by_step(desks: Desks) -> None:
    clinic = Clinic(desks.rt.database)
    clinic.now = desks.rt.now()
    _, _, patient = await patient_of(desks)
    day = desks.rt.local_now().date() + timedelta(days=2)
    schedule_id = await clinic.schedule(day=day)
    async with desks.rt.database.begin() as session:
        schedule = await session.get_one(Schedule, schedule_id)
        slot = await session.scalar(text("SELECT id FROM slots ORDER BY number LIMIT 1"))
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/callers")
    await press(agent, "find", who="138 1234 5678", reason=".")
    await agent.told("请写明原因")
    await press(agent, "find", who="138 1234 5678", reason=WHY)
    await agent.told("找到 1 份档案")
    await click(agent, f"row-{patient}")
    await agent.user.should_see(marker="do-book", retries=LONG)
    await agent.user.should_not_see(marker="do-refund")  # for supervisors
    department = str(schedule.department_id)
    await press(agent, "book", proof="called_back", note="rang back", department=department, day=f"{day}")
    await fill(agent, schedule=str(schedule_id))
    await fill(agent, slot=str(slot))
    await agent.told("已预约")
    [(actor, detail)] = await audited(desks, "booked_for_caller")
    assert (actor, detail["proof"]) == (agent.member.actor, "called_back")


async def test_a_question_is_dismissed(desks: Desks) -> None:
    async with desks.rt.database.begin() as session:
        await unanswered.note(session, "有理发店吗", "zh-Hans", desks.rt.now(), None)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/questions", "有理发店吗")
    await press(agent, "dismiss")
    await click(agent, "queue-confirm")
    await agent.told("已去掉")
    async with desks.rt.database.begin() as session:
        assert list(await unanswered.listed(session, 9)) == []


@pytest.mark.parametrize("key", ["j", "ArrowDown"])
async def test_the_list_is_worked_with_the_keyboard(desks: Desks, key: str) -> None:
    async with desks.rt.database.begin() as session:
        for words in ("有理发店吗", "能带狗进来吗"):
            await unanswered.note(session, words, "zh-Hans", desks.rt.now(), None)
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/questions")
    await see(agent, "能带狗进来吗")
    [keyboard] = agent.user.find(kind=ui.keyboard).elements
    _key(keyboard, key)
    _key(keyboard, "Enter")
    await agent.user.should_see(marker="do-dismiss", retries=LONG)
    _key(keyboard, "?")
    await see(agent, "键盘快捷键")
    _key(keyboard, "Escape")  # is the dialog's, and so is all that is pressed while it is open
    await asyncio.sleep(0.2)
    await agent.user.should_see(marker="do-dismiss")
    next(one for one in agent.user.client.elements.values() if isinstance(one, ui.dialog)).close()
    _key(keyboard, "Escape")
    await agent.user.should_not_see(marker="do-dismiss", retries=LONG)


async def test_a_row_that_takes_long_to_read_does_not_stand_in_the_place_of_a_later_one(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pressed there is done with the row that is seen."""
    first = await _case(desks)
    async with desks.rt.database.begin() as session:
        account, contact = (await session.execute(select(Case.account_id, Case.contact_id))).one()
        second = await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, "也等了两个小时",
            account_id=account, contact_id=contact, about=About(), now=desks.rt.now(),
        )  # fmt: skip
    plain, begun, go_on = Cases._describe, asyncio.Event(), asyncio.Event()

    async def slowly(self: Cases, session: Any, row: Any) -> Any:
        detail = await plain(self, session, row)
        if row.key == first:
            begun.set()
            await go_on.wait()
        return detail

    monkeypatch.setattr(Cases, "_describe", slowly)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", first)
    await begun.wait()
    await click(agent, f"row-{second}")
    await agent.user.should_see(marker="do-answer", retries=LONG)
    go_on.set()
    await asyncio.sleep(0.3)
    labels = agent.user.find(kind=ui.label).elements
    assert [label.text for label in labels if "drawer-title" in label.classes] == [second]


async def test_keys_do_nothing_below_a_dialog(desks: Desks) -> None:
    number = await _case(desks)
    agent = await desks.enter(Role.AGENT)
    await open_row(agent, "/cases", number)
    await agent.user.should_see(marker="do-take", retries=LONG)
    [keyboard] = agent.user.find(kind=ui.keyboard).elements
    _key(keyboard, "r")
    await agent.user.should_see(marker="ask-reason", retries=LONG)
    _key(keyboard, "t")
    await fill(agent, reason="to answer it")
    await see(agent, "等了两个小时")
    async with desks.rt.database.begin() as session:
        [line] = await handling.listed(session)
    assert line.owner is None
    _key(keyboard, "t")
    await agent.told("由您负责")


def _key(keyboard: Any, name: str) -> None:
    event = {"action": "keydown", "key": name, "code": name, "location": 0, "repeat": False}
    modifiers = {"altKey": False, "ctrlKey": False, "metaKey": False, "shiftKey": False}
    for listener in keyboard._event_listeners.values():
        keyboard._handle_event({"listener_id": listener.id, "args": event | modifiers})
