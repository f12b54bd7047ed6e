"""A doctor works through a consultation at the desk."""

from __future__ import annotations

import asyncio
import base64
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text

from bot import inbox, media, sweep
from bot.consulting import work
from bot.desk.talks import hub as hubs
from bot.desk.talks.seeing import may_see, viewer_of
from bot.desk.talks.shapes import facts
from bot.desk.words import Words
from bot.handoff import alarmed
from integrations.hospital import accounts
from integrations.hospital.consultations import accepting, finishing, prescribing, views
from integrations.hospital.consultations.prescribing import Signed
from integrations.hospital.consultations.terms import UnknownConsultation
from integrations.hospital.follow_up import enrolment
from integrations.hospital.models import (
    ConsultationStatus,
    FollowUpEnrolment,
    Patient,
    Practitioner,
    Prescription,
    PrescriptionLine,
    ReturnReason,
    Role,
    StopReason,
)
from integrations.hospital.pharmacy import reviews
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.messages import Kind, Media, MessageIn, Picture
from integrations.runtime import Runtime
from tests.bot.desk.clicking import audited, click, fill, open_row, press, see
from tests.bot.desk.conftest import Desks, Visitor
from tests.clinic_rows import talks
from tests.consultation_rows import NOW, TERMS, Asker, Online
from tests.pharmacy_rows import TERMS as PHARMACY
from tests.pharmacy_rows import Pharmacy

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def _prescribe(visitor: Visitor, *codes: str) -> None:
    """Two medicines, each of which is warned of: nothing is known of allergies."""
    for number, code in enumerate(codes, 1):
        if number > 1:
            await click(visitor, "rx-add")
        await _fills(visitor, number, code)
    for number in (1, 2):
        await visitor.user.should_see(marker=f"rx-why-{number}", retries=100)
    await see(visitor, "氨氯地平片 5mg×28片")  # whole, with its strength: a phone's field is too short for it
    await click(visitor, "rx-sign")
    await see(visitor, "请写明仍要开的理由。")
    for number in (1, 2):
        next(iter(visitor.user.find(marker=f"rx-why-{number}").elements)).set_value("问过，不过敏")
    await click(visitor, "rx-sign")


async def _fills(visitor: Visitor, number: int, code: str) -> None:
    """One line, whose warnings stand there then."""
    fields = {"code": code, "dose": "每次1片", "frequency": "每天1次", "days": 7, "packs": 1}
    for name, value in fields.items():
        await visitor.user.should_see(marker=f"rx-{name}-{number}", retries=100)
        next(iter(visitor.user.find(marker=f"rx-{name}-{number}").elements)).set_value(value)
    await visitor.user.should_see(marker=f"rx-why-{number}", retries=100)


async def _doctor_with_one_waiting(desks: Desks) -> tuple[Online, Any, Any]:
    """The department, the consultation, and its doctor at the desk."""
    rt = desks.rt
    await Pharmacy(rt.database, rt.crypto).open()
    online = await Online(rt.database, rt.crypto).open()
    _, made = await _waiting(rt, online)
    async with rt.database.begin() as session:
        doctor = await session.get_one(Practitioner, online.doctor)
    visitor = await desks.enter(Role.DOCTOR, doctor=doctor)
    await sweep.hospital(rt)
    return online, made, visitor


async def test_accepted_prescribed_and_finished(desks: Desks) -> None:
    rt = desks.rt
    online, made, visitor = await _doctor_with_one_waiting(desks)
    await open_row(visitor, "/consultations", made)
    await see(visitor, "高血压，在吃氨氯地平", "版本 2026-12")
    await press(visitor, "accept")
    await see(visitor, "您接待中", "复诊与处方")  # the talk itself
    assert (await online.see(made)).status is ConsultationStatus.ACTIVE
    await open_row(visitor, "/consultations", made)
    await press(visitor, "confirm")
    await visitor.told("已确认")
    await press(visitor, "prescribe")
    await visitor.user.should_see(marker="rx-code-1", retries=100)
    for name in ("code", "dose", "frequency", "days", "packs"):  # every word on it is the doctor's
        assert not next(iter(visitor.user.find(marker=f"rx-{name}-1").elements)).value
    await visitor.user.should_not_see(marker="rx-code-2")
    await _prescribe(visitor, "AML", "INS")
    await visitor.told("送药师审核")
    async with rt.database.begin() as session:
        one = (await session.scalars(select(Prescription))).one()
        assert visitor.member
        assert one.signed_by == visitor.member.actor
        await reviews.reject(
            session, one.id, pharmacist="staff:p", reason="天数太长", terms=PHARMACY, now=rt.now()
        )
    await open_row(visitor, "/consultations", made)
    await see(visitor, "处方被退回", "药师退回：天数太长")
    await press(visitor, "amend")
    await see(visitor, "药师退回：天数太长")
    visitor.user.notify.messages.clear()
    await _prescribe(visitor)  # what stood on it stands there again
    await visitor.told("送药师审核")
    async with rt.database.begin() as session:
        again = (await session.scalars(select(Prescription).where(Prescription.amends_id == one.id))).one()
        lines = await session.scalar(select(func.count()).where(PrescriptionLine.prescription_id == again.id))
        assert lines == 2
    pharmacist = await desks.enter(Role.PHARMACIST)
    await open_row(pharmacist, "/prescriptions", again.id)
    await see(pharmacist, "上次退回原因", "天数太长", "医生签名", "内容与签名一致")
    async with rt.database.begin() as session:
        more = text("UPDATE prescription_lines SET dose = '每次2片' WHERE prescription_id = :id")
        await session.execute(more, {"id": again.id})
    await open_row(pharmacist, "/prescriptions", again.id)
    await see(pharmacist, "处方内容和医生签名时的不一样了")
    await press(visitor, "finish")
    await visitor.user.should_see(marker="ask-plan", retries=100)
    offered = next(iter(visitor.user.find(marker="ask-plan").elements)).options
    assert offered["hypertension"] == "血压随访"
    await fill(visitor, summary="继续原方案", plan="hypertension")
    await visitor.told("已结束")
    seen = await online.see(made)
    assert seen.status is ConsultationStatus.FINISHED
    async with rt.database.begin() as session:
        [on] = list(await session.scalars(select(FollowUpEnrolment)))
    assert (on.plan, on.patient_id) == ("hypertension", seen.patient_id)


async def test_a_reason_that_is_written_while_the_click_before_is_looked_into_counts(desks, monkeypatch):
    """What there is to warn of stands there as soon as a medicine is chosen: nobody has to wait for the answer to sign
    again."""
    rt = desks.rt
    _, made, visitor = await _doctor_with_one_waiting(desks)
    async with rt.database.begin() as session:
        await work.take_up(session, rt, made, visitor.member, rt.now())
    await open_row(visitor, "/consultations", made)
    await press(visitor, "confirm")
    await visitor.told("已确认")
    looked_into, go_on, write = asyncio.Event(), asyncio.Event(), prescribing.write

    async def slowly(*args, **more):
        looked_into.set()
        await go_on.wait()
        return await write(*args, **more)

    monkeypatch.setattr("bot.desk.consultations.writing.prescribing.write", slowly)
    await press(visitor, "prescribe")
    await _fills(visitor, 1, "AML")
    await click(visitor, "rx-sign")
    await looked_into.wait()
    next(iter(visitor.user.find(marker="rx-why-1").elements)).set_value("问过，不过敏")
    for _ in range(2):
        await click(visitor, "rx-sign")
    go_on.set()
    await visitor.told("送药师审核")
    await visitor.user.should_not_see(marker="rx-sign")
    async with rt.database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Prescription)) == 1


async def test_who_wants_no_follow_up_is_offered_none_and_the_summary_is_kept(desks: Desks) -> None:
    rt = desks.rt
    _, made, visitor = await _doctor_with_one_waiting(desks)
    assert visitor.member
    async with rt.database.begin() as session:
        await work.take_up(session, rt, made, visitor.member, rt.now())
        patient = (await views.consultation(session, made)).patient_id
        await enrolment.stop_all(session, patient, StopReason.OPTED_OUT, actor="patient", now=rt.now())
    await open_row(visitor, "/consultations", made)
    await press(visitor, "finish")
    await see(visitor, "患者不再接受随访")
    await visitor.user.should_not_see(marker="ask-plan")
    await fill(visitor, summary="一月后复查")
    await visitor.told("已结束")
    async with rt.database.begin() as session:
        assert (await views.told(session, rt.crypto, made)).summary == "一月后复查"


async def test_sent_back_after_the_end_it_is_amended_and_what_is_left_reaches_a_supervisor(
    desks: Desks, clock: Any
) -> None:
    rt, clock.time = desks.rt, NOW
    online, made, visitor = await _doctor_with_one_waiting(desks)
    doctor_at_desk = visitor.member
    assert doctor_at_desk
    first = await _over(rt, online, made)
    await open_row(visitor, "/consultations", made)
    await see(visitor, "处方被退回", "药师退回：天数太长")
    await visitor.user.should_not_see(marker="do-prescribe")
    clock.forward(minutes=61)
    await sweep.hospital(rt)
    supervisor = await desks.enter(Role.SUPERVISOR)
    await open_row(supervisor, "/amendments", first)
    await see(supervisor, "医生没有按时改方")
    await press(supervisor, "phone", reason="to explain the delay")
    await see(supervisor, "13812345678")
    visitor = await desks.let_in(doctor_at_desk)  # the session of an hour ago is over
    await open_row(visitor, "/consultations", made)
    await press(visitor, "amend")
    await visitor.user.should_see(marker="rx-why-1", retries=100)
    next(iter(visitor.user.find(marker="rx-why-1").elements)).set_value("问过，不过敏")
    await click(visitor, "rx-sign")
    await visitor.told("送药师审核")
    await see(visitor, "没有等待的在线复诊。")
    await press(supervisor, "settle", reason="the doctor was called")
    await supervisor.told("已经有同事处理了")  # the doctor, meanwhile
    assert (await visitor.http.get("/amendments")).status_code == 403


async def _over(rt: Runtime, online: Online, made: UUID) -> UUID:
    """Prescribed, ended, and sent back afterwards; gives the prescription."""
    own: dict[str, Any] = {"practitioner_id": online.doctor, "actor": "staff:d", "now": rt.now()}
    signed = Signed([Prescribed("AML", "每次1片", "每天1次", 7, 1)], {1: "问过"})
    async with rt.database.begin() as session:
        await accepting.accept(session, made, terms=TERMS, **own)
        await accepting.confirm_diagnosis(session, made, **own)
        first = await prescribing.write(session, rt.crypto, made, signed, terms=PHARMACY, **own)
        await finishing.finish(session, rt.crypto, rt.settings, made, "继续原方案", **own)
        await reviews.reject(
            session, first, pharmacist="staff:p", reason="天数太长", terms=PHARMACY, now=rt.now()
        )
    return first


async def test_nobody_but_its_doctor_gets_at_a_consultation(desks: Desks) -> None:
    """Neither by its address, nor by the talk, nor by the pictures in it: not a doctor of the same department, not a
    colleague of another, not a supervisor."""
    rt = desks.rt
    online = await Online(rt.database, rt.crypto).open()
    who, made = await _waiting(rt, online)
    async with rt.database.begin() as session:
        own = await session.get_one(Practitioner, online.doctor)
        beside = Practitioner(
            staff_no="RH9", department_id=own.department_id, name="周文斌", title="医师", rank=2
        )
        session.add(beside)
        await session.flush()
        medium = await media.keep(session, rt.crypto, who.contact_id, Picture(_PNG, "image/png"), rt.now())
    doctor, colleague = (
        await desks.enter(Role.DOCTOR, doctor=own),
        await desks.enter(Role.DOCTOR, doctor=beside),
    )
    stranger = await desks.enter(
        Role.DOCTOR, doctor=await Pharmacy(rt.database, rt.crypto).doctor_named("王芳")
    )
    await sweep.hospital(rt)
    [row] = await hubs.of(rt).read([who.contact_id])
    async with rt.database.begin() as session:
        for visitor, may in ((doctor, True), (colleague, False), (stranger, False)):
            assert visitor.member
            assert may_see(viewer_of(visitor.member), row) is may
    address = f"/talks/media/{who.contact_id}/{medium}"
    assert (await doctor.http.get(address)).status_code == 200
    for visitor in (colleague, stranger):
        assert (await visitor.http.get(address)).status_code == 404
        await visitor.user.open(f"/consultations?open={made}")
        await see(visitor, "没有等待的在线复诊。")
        await visitor.user.should_not_see("高血压，在吃氨氯地平")
        assert visitor.member
        for act in (work.take_up, work.go_on):
            with pytest.raises(UnknownConsultation):
                async with rt.database.begin() as session:
                    await act(session, rt, made, visitor.member, rt.now())
    supervisor = await desks.enter(Role.SUPERVISOR)
    assert (await supervisor.http.get("/consultations")).status_code == 403
    await doctor.user.open(f"/consultations?open={made}")
    await see(doctor, "高血压，在吃氨氯地平")


async def test_what_shows_the_diagnosis_is_seen_by_the_doctor_who_is_asked_whoever_talks_meanwhile(
    desks: Desks,
) -> None:
    """A red flag rang: the patient's talk waits for the service. No other picture is shown for that, to nobody else,
    and not when it was given back."""
    rt = desks.rt
    online = await Online(rt.database, rt.crypto).open()
    who = await _chatting(rt, online)
    (record, proof), (_, private) = await _picture(rt, who, "record"), await _picture(rt, who, "private")
    made = await online.ask(who, rt.now(), messages=(str(record),))
    at, other = f"/talks/media/{who.contact_id}/{proof}", f"/talks/media/{who.contact_id}/{private}"
    async with rt.database.begin() as session:
        own = await session.get_one(Practitioner, online.doctor)
        beside = Practitioner(
            staff_no="RH9", department_id=own.department_id, name="周文斌", title="医师", rank=2
        )
        session.add(beside)
        await session.flush()
    doctor, colleague = (
        await desks.enter(Role.DOCTOR, doctor=own),
        await desks.enter(Role.DOCTOR, doctor=beside),
    )
    assert (await doctor.http.get(at)).status_code == 404  # not paid: nobody was asked yet
    await online.pay(made, rt.now())
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        await alarmed.to_the_front(session, who.contact_id, rt.now())
    [row] = await hubs.of(rt).read([who.contact_id])
    assert doctor.member
    assert not may_see(viewer_of(doctor.member), row)
    assert (await doctor.http.get(at)).status_code == 200
    assert (await colleague.http.get(at)).status_code == 404
    assert (await doctor.http.get(other)).status_code == 404
    assert (await doctor.http.get(f"/talks/media/{made}/{proof}")).status_code == 404
    [(actor, kept)] = await audited(desks, "talk.medium_opened")
    assert (actor, kept["medium"]) == (doctor.member.actor, str(proof))
    assert kept["address"]
    async with rt.database.begin() as session:
        await accepting.give_back(
            session, rt.crypto, made, ReturnReason.NO_DIAGNOSIS, "看不出诊断", practitioner_id=online.doctor,
            actor=doctor.member.actor, now=rt.now(),
        )  # fmt: skip
    assert (await doctor.http.get(at)).status_code == 404


async def _picture(rt: Runtime, who: Asker, name: str) -> tuple[UUID, UUID]:
    """One that the patient sent; gives the message and the medium."""
    async with rt.database.begin() as session:
        named = text("SELECT platform_id FROM contacts WHERE id = :id")
        sender = await session.scalar(named, {"id": who.contact_id})
    said = MessageIn(
        channel="wechat", external_id=name, sender=sender, kind=Kind.IMAGE, media=Media(name), sent_at=rt.now()
    )  # fmt: skip
    await inbox.accept(rt, rt.channels["wechat"], said, passive_until=None)
    async with rt.database.begin() as session:
        kept = text("""
            UPDATE media SET status = 'stored', content = :content, mime = 'image/png', stored_at = now()
            WHERE status = 'waiting' RETURNING inbound_id, id
        """)
        row = (await session.execute(kept, {"content": rt.crypto.data.seal(_PNG, media.CONTEXT)})).one()
        return row.inbound_id, row.id


async def test_how_long_it_goes_on_stands_above_the_talk(desks: Desks) -> None:
    rt = desks.rt
    online = await Online(rt.database, rt.crypto).open()
    who, made = await _waiting(rt, online)
    async with rt.database.begin() as session:
        own = await session.get_one(Practitioner, online.doctor)
    doctor = await desks.enter(Role.DOCTOR, doctor=own)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert doctor.member
        await work.take_up(session, rt, made, doctor.member, rt.now())
    [row] = await hubs.of(rt).read([who.contact_id])
    shown = facts(row, Words("zh"))
    assert shown["endsAt"] == int((await online.see(made)).ends_at.timestamp() * 1000)  # type: ignore[union-attr]
    assert "患者还可发 5 条" in shown["chips"]


async def _waiting(rt: Runtime, online: Online) -> tuple[Asker, UUID]:
    who = await _chatting(rt, online)
    made = await online.ask(who, rt.now())
    await online.pay(made, rt.now())
    return who, made


async def _chatting(rt: Runtime, online: Online) -> Asker:
    who = await online.asker()
    async with rt.database.begin() as session:
        await talks(session, who.contact_id)
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, rt.now(), None)
        person = await session.get_one(Patient, who.patient_id)
        person.phone = rt.crypto.encrypt("+8613812345678", "patients.phone")
        person.name = rt.crypto.encrypt("张明", "patients.name")
        person.id_number = rt.crypto.encrypt("11010519900307013X", "patients.id_number")
    return who
