"""Staff's queues: each opens for whom it is, and for nobody else; what is done there is done by the services."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from bot.desk.registry import PAGES
from bot.desk.work import counts
from integrations.hospital import identity_reviews, unanswered
from integrations.hospital.cases import handling
from integrations.hospital.intake.story import NONE
from integrations.hospital.models import (
    Appointment,
    HospitalTerm,
    Patient,
    PatientStatus,
    Role,
    Schedule,
    ScheduleStatus,
)
from integrations.hospital.pharmacy import medicines
from tests.bot.desk.case_rows import complaint
from tests.bot.desk.clicking import LONG, WHY, audited, click, fill, open_row, patient_of, press, see
from tests.bot.desk.conftest import Desks
from tests.integrations.hospital.conftest import Clinic
from tests.pharmacy_rows import Pharmacy

WORK = [page.path for page in PAGES.values() if page.build.__module__.startswith("bot.desk.work.")]


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
    await complaint(desks)
    async with desks.rt.database.begin() as session:
        found = {one.name: one for one in await counts.waiting(session, counts.RIGHTS, desks.rt.now())}
    assert {name for name, one in found.items() if one.count} == {"cases"}
    agent = await desks.enter(Role.AGENT)
    await agent.user.open("/start")
    await see(agent, "投诉", "1")
    await agent.user.should_see(marker="queue-cases")
    await agent.user.should_not_see(marker="queue-prescriptions")


async def test_the_second_of_two_is_told(desks: Desks) -> None:
    number = await complaint(desks)
    first, second = await desks.enter(Role.AGENT), await desks.enter(Role.AGENT)
    for one in (first, second):
        await open_row(one, "/cases", number)
    await press(first, "close", words="第一个答复")
    await first.told("已结案")
    await press(second, "close", words="第二个答复")
    await second.told("已经结案")


async def test_whoever_lost_the_role_is_stopped_at_the_next_click(desks: Desks) -> None:
    number = await complaint(desks)
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


async def test_a_pharmacist_reads_what_the_patient_told_of_allergies(desks: Desks) -> None:
    """In the patient's words, also where no rule holds them against what is prescribed."""
    pharmacy = await Pharmacy(desks.rt.database, desks.rt.crypto).open()
    client, other = await pharmacy.client(), await pharmacy.client()
    await pharmacy.tells_of_allergies(client, "吃头胞起过疹子")
    await pharmacy.tells_of_allergies(other, NONE)
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/prescriptions", await pharmacy.issue(client, "CEF"))
    await see(pharmacist, "患者自述的过敏：“吃头胞起过疹子”")
    await open_row(pharmacist, "/prescriptions", await pharmacy.issue(other, "AML"))
    await see(pharmacist, "患者自述没有过敏")


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
