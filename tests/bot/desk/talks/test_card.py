"""The card beside a talk: what was asked for last, and personal data for a reason."""

from __future__ import annotations

import asyncio
from dataclasses import astuple
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import text

from bot.desk.talks import hub as hubs
from bot.desk.talks.elements import ConversationList, Transcript
from bot.handoff import talking
from bot.handoff.models import Skill
from integrations.hospital import deceased, revealing
from integrations.hospital.follow_up import measuring
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.models import (
    AccountPatient,
    Method,
    Patient,
    PatientStatus,
    Relation,
    Role,
    Sex,
    StaffMember,
)
from integrations.language.measurements import MeasurementKind
from tests.bot.desk.clicking import audited
from tests.bot.desk.talks.visiting import enter, one, sees, sees_at_once, tell
from tests.integrations.hospital.conftest import Booker
from tests.pharmacy_rows import Client, Pharmacy
from tests.waiting import until


async def test_what_is_pressed_is_about_what_was_asked_for_last(desks, queued, accept, monkeypatch):
    """The first of two talks takes longer to read than the second."""
    first = await queued(sender="p1", words="我是第一位")
    second = await queued(sender="p2", words="我是第二位")
    agent = await desks.enter(Role.AGENT)
    for conversation in (first, second):
        await accept(conversation, agent.member)
    await enter(agent)
    hub, read = hubs.of(desks.rt), asyncio.Event()
    plain = hub.items

    async def slowly(row, readable, **more):
        items = await plain(row, readable, **more)
        if row.id == first and not more:
            await read.wait()
        return items

    monkeypatch.setattr(hub, "items", slowly)
    shown = one(agent, Transcript)
    tell(agent, ConversationList, "choose", str(first))
    await asyncio.sleep(0.5)  # it is being read
    tell(agent, ConversationList, "choose", str(second))
    await until(lambda: any(item["text"] == "我是第二位" for item in shown.said))
    read.set()
    await asyncio.sleep(0.3)
    assert not any(item["text"] == "我是第一位" for item in shown.said)


async def test_what_is_revealed_is_never_shown_on_another_card(desks, rt, queued, monkeypatch):
    first, second = await queued(sender="p1"), await queued(sender="p2")
    async with rt.database.begin() as session:
        accounts = dict((await session.execute(text("SELECT id, account_id FROM contacts"))).all())
        await _register(session, rt.crypto, accounts[first])
        await _register(session, rt.crypto, accounts[second], "110101198001010010", "+8613712348765")
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    looked_up, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args, **more):
        found = await revealing.reveal(*args, **more)
        looked_up.set()
        await go_on.wait()
        return found

    monkeypatch.setattr("bot.desk.card.panel.reveal", slowly)
    tell(agent, ConversationList, "choose", str(first))
    await sees(agent, "138****5678")
    agent.user.find(marker="reveal").click()
    await sees(agent, "为什么需要")
    next(iter(agent.user.find(marker="reveal-reason").elements)).set_value("核对")
    agent.user.find(marker="reveal-show").click()
    await looked_up.wait()
    tell(agent, ConversationList, "choose", str(second))
    await sees(agent, "137****8765")
    go_on.set()
    await asyncio.sleep(0.3)
    await agent.user.should_not_see("13812345678")


async def test_personal_data_is_shown_for_a_reason_and_hides_again(desks, rt, queued, monkeypatch):
    monkeypatch.setattr("bot.desk.card.panel.SHOWN_SECONDS", 0.5)
    conversation = await queued()
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        await _register(session, rt.crypto, account)
    agent = await desks.enter(Role.AGENT)
    await enter(agent)
    tell(agent, ConversationList, "choose", str(conversation))
    await sees(agent, "138****5678", "110*************14")
    agent.user.find(marker="reveal").click()
    await sees(agent, "为什么需要")
    agent.user.find(marker="reveal-show").click()
    await agent.told("请写明原因")
    await agent.user.should_not_see("13812345678")
    next(iter(agent.user.find(marker="reveal-reason").elements)).set_value("核对 13912345678")
    agent.user.find(marker="reveal-show").click()
    await sees_at_once(agent, "13812345678", "110101199003074514", "张明")
    await sees(agent, "138****5678")
    async with rt.database.begin() as session:
        detail = await session.scalar(
            text("SELECT detail FROM audit_events WHERE action = 'patient_revealed'")
        )
    assert detail["values"] == ["id_number", "name", "phone"]
    assert detail["reason"] == "核对 [phone]"


async def test_the_card_tells_what_is_known_and_what_is_clinical_to_those_who_treat(
    desks, rt, queued, clinic
):
    contact, agent = await queued(), await desks.enter(Role.AGENT, name="沈一鸣")
    await _talked(desks, contact, agent.member)
    await queued()
    pharmacy = await Pharmacy(rt.database, rt.crypto).open()
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        patient = await _register(session, rt.crypto, account)
        for days, pressure in ((3, (142, 91)), (1, (128, 82))):
            value = dict(zip(("systolic", "diastolic"), pressure, strict=True))
            at = rt.now() - timedelta(days=days)
            taken = Taken(MeasurementKind.BLOOD_PRESSURE, value, "mmHg", at)
            await measuring.note(session, rt.crypto, patient, taken, method=Method.CHAT, now=at)
    client = Client(account, contact, patient)
    await clinic.book(Booker(*astuple(client)), await clinic.schedule(fee_fen=3500))
    await pharmacy.issue(client, "AML")
    await pharmacy.tells_of_allergies(client, "青霉素")
    clinical = ("血压", "128/82 mmHg", "氨氯地平片 5mg", "问诊小结 (1)")
    known = ("预约 (1)", "待付款", "¥35.00", "处方 (1)", "以前的对话 (1)", "沈一鸣", "1 条备注")
    await enter(agent)
    tell(agent, ConversationList, "choose", str(contact))
    await sees(agent, *known, "仅限医务人员查看")
    for words in clinical:
        await agent.user.should_not_see(words)
    async with rt.database.begin() as session:
        talk = await talking.open_talk(session, contact)
        await talking.accept(session, rt, talk.id, agent.member, rt.now())
        await talking.transfer(session, rt, talk.id, agent.member, rt.now(), skill=Skill.PHARMACY)
    pharmacist = await desks.enter(Role.PHARMACIST)
    await enter(pharmacist)
    tell(pharmacist, ConversationList, "choose", str(contact))
    await sees(pharmacist, *known, *clinical)
    pharmacist.user.find(marker="intake-show").click()
    await sees(pharmacist, "摘要")
    assert [actor for actor, _ in await audited(desks, "intake_revealed")] == [pharmacist.member.actor]


async def _talked(desks, contact: UUID, agent: StaffMember) -> None:
    """A talk that is over."""
    async with desks.rt.database.begin() as session:
        talk = await talking.open_talk(session, contact)
        await talking.accept(session, desks.rt, talk.id, agent, desks.rt.now())
        await talking.note(session, desks.rt, talk.id, agent, "等财务", desks.rt.now())
        await talking.hand_back(session, desks.rt, talk.id, agent, desks.rt.now())


async def test_who_died_is_marked_and_a_mistake_is_taken_back_by_a_supervisor(desks, rt, queued):
    conversation = await queued()
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        patient = await _register(session, rt.crypto, account)
        await deceased.record(session, patient, actor="staff:nurse", now=rt.now())
    agent, boss = await desks.enter(Role.AGENT), await desks.enter(Role.SUPERVISOR, language="en")
    for visitor, marked in ((agent, "已故（"), (boss, "Deceased (noted on")):
        await enter(visitor)
        tell(visitor, ConversationList, "choose", str(conversation))
        await sees(visitor, marked)
    await until(lambda: hubs.of(desks.rt).rows[conversation].dead)
    await agent.user.should_not_see(marker="lives")
    boss.user.find(marker="lives").click()
    await sees(boss, "How do you know?")
    boss.user.find(marker="lives-lives").click()
    await boss.told("Please say what for")
    next(iter(boss.user.find(marker="lives-reason").elements)).set_value("she called 13912345678")
    boss.user.find(marker="lives-lives").click()
    await boss.told("Taken back")
    await boss.user.should_not_see("Deceased (noted on")
    async with rt.database.begin() as session:
        assert not await deceased.is_deceased(session, patient)
        kept = await session.execute(
            text("SELECT actor, detail ->> 'reason' FROM audit_events WHERE action = 'patient_not_deceased'")
        )
    assert kept.all() == [(boss.member.actor, "she called [phone]")]


async def test_of_two_who_take_the_same_back_the_second_is_told(desks, rt, queued):
    conversation = await queued()
    async with rt.database.begin() as session:
        account = await session.scalar(text("SELECT account_id FROM contacts"))
        patient = await _register(session, rt.crypto, account)
        await deceased.record(session, patient, actor="staff:nurse", now=rt.now())
    boss = await desks.enter(Role.SUPERVISOR)
    await enter(boss)
    tell(boss, ConversationList, "choose", str(conversation))
    await sees(boss, "已故（")
    async with rt.database.begin() as session:
        await deceased.take_back(session, patient, actor="staff:other", reason="本人来院")
    boss.user.find(marker="lives").click()
    await sees(boss, "怎么知道的")
    next(iter(boss.user.find(marker="lives-reason").elements)).set_value("本人来院")
    boss.user.find(marker="lives-lives").click()
    await boss.told("已经有同事处理了")


async def _register(
    session, crypto, account, number: str = "110101199003074514", phone: str = "+8613812345678"
) -> UUID:
    made = Patient(
        name=crypto.encrypt("张明", "patients.name"),
        masked_name="*明",
        id_number=crypto.encrypt(number, "patients.id_number"),
        id_number_index=crypto.blind(number, "patients.id_number"),
        phone=crypto.encrypt(phone, "patients.phone"),
        phone_index=crypto.blind(phone, "patients.phone"),
        birth_date=date(1990, 3, 7),
        sex=Sex.FEMALE,
        status=PatientStatus.VERIFIED,
    )
    session.add(made)
    await session.flush()
    session.add(AccountPatient(account_id=account, patient_id=made.id, relation=Relation.SELF))
    return made.id
