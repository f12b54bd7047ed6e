"""A consultation from asking to its end, and its money."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text

from integrations.catalogue import Texts
from integrations.hospital import accounts, audit_reading
from integrations.hospital.billing.paying import Received
from integrations.hospital.consultations import accepting, asking, finishing, limits, offers, views
from integrations.hospital.consultations.terms import (
    Closed,
    FirstVisit,
    Full,
    NoGuardian,
    NotNow,
    NotOffered,
    NotVerified,
    SayWhy,
    Standing,
    TooYoung,
    UnknownConsultation,
)
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    AppointmentStatus,
    Consent,
    ConsentKind,
    Consultation,
    ConsultationStatus,
    EndedBy,
    Evidence,
    FollowUpEnrolment,
    FollowUpTask,
    OrderStatus,
    Patient,
    PatientStatus,
    Period,
    Practitioner,
    Rating,
    Refund,
    RefundReason,
    Relation,
    ReturnReason,
    Slot,
    StopReason,
)
from integrations.settings import ROOT, Settings
from tests.clinic_rows import doctor, half_day, ward
from tests.consultation_rows import ACTOR, MINUTE, NOW, TERMS, Online

SMALL = date(2022, 1, 1)
FEE = 3000
SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


async def _refunds(online: Online) -> list[RefundReason]:
    """Why something goes back: each time all of the ¥30."""
    async with online.database.begin() as session:
        found = list(await session.scalars(select(Refund)))
    assert all(one.amount_fen == FEE for one in found)
    return [one.reason for one in found]


async def test_it_is_asked_for_paid_accepted_and_ended_with_a_summary(online: Online) -> None:
    who = await online.asker()
    made = await online.ask(who)
    seen = await online.see(made)
    assert (seen.status, seen.evidence, seen.fee_fen) == (ConsultationStatus.UNPAID, Evidence.PICTURE, 3000)
    assert seen.pay_by == NOW + TERMS.hold
    assert await online.pay(made) is Received.PAID
    seen = await online.see(made)
    assert (seen.status, seen.accept_by) == (ConsultationStatus.WAITING, NOW + TERMS.accept)
    await online.accept(made)
    seen = await online.see(made)
    assert (seen.status, seen.ends_at) == (ConsultationStatus.ACTIVE, NOW + MINUTE + TERMS.length)
    async with online.database.begin() as session:
        await limits.doctor_said(session, made, NOW + 2 * MINUTE)
        started = await finishing.finish(
            session, online.crypto, Settings(_env_file=None), made, "继续原方案，一月后复查。",  # type: ignore[call-arg]
            practitioner_id=online.doctor, actor=ACTOR, now=NOW + 9 * MINUTE,
        )  # fmt: skip
        assert not started
        told = await views.told(session, online.crypto, made)
        assert (told.summary, told.condition) == ("继续原方案，一月后复查。", "高血压，在吃氨氯地平")
        sealed = (await session.get_one(Consultation, made)).summary
        assert sealed is not None
        assert "复查".encode() not in sealed
        rated = (await session.scalars(select(Rating))).one()
        assert (rated.subject_id, rated.practitioner_id) == (made, online.doctor)
    seen = await online.see(made)
    assert (seen.status, seen.ended_by, seen.summed_up) == (
        ConsultationStatus.FINISHED,
        EndedBy.DOCTOR,
        True,
    )
    assert seen.order_status is OrderStatus.PAID
    assert await _refunds(online) == []
    assert [kind for kind in await online.events() if kind.startswith("consultation")] == [
        "consultation_paid",
        "consultation_accepted",
        "consultation_finished",
    ]


async def test_it_does_not_end_without_a_summary(online: Online) -> None:
    made = await online.active()
    own = {"practitioner_id": online.doctor, "actor": ACTOR, "now": NOW + 2 * MINUTE}
    async with online.database.begin() as session:
        with pytest.raises(SayWhy):
            await finishing.finish(session, online.crypto, SETTINGS, made, " \n", **own)  # type: ignore[arg-type]
    assert (await online.see(made)).status is ConsultationStatus.ACTIVE


async def test_the_consent_is_kept_once_with_its_version(online: Online) -> None:
    who = await online.asker()
    first = await online.ask(who)
    async with online.database.begin() as session:
        assert not await asking.cancel(session, first, account_id=who.account_id, key=None, now=NOW)
    second = await online.ask(who)
    async with online.database.begin() as session:
        kept = (await session.scalars(select(Consent).where(Consent.kind == ConsentKind.CONSULTATION))).one()
        used = await session.scalars(select(Consultation.consent_id))
        assert set(used) == {kept.id}
    assert (kept.patient_id, kept.version) == (who.patient_id, asking.CONSENT_VERSION)
    assert (kept.account_id, kept.contact_id, kept.given_at) == (who.account_id, who.contact_id, NOW)
    seen = await online.see(second)
    assert (seen.status, seen.consent_version) == (ConsultationStatus.UNPAID, asking.CONSENT_VERSION)


async def test_an_auditor_reads_back_which_version_was_agreed_to_for_whom(
    online: Online, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await online.asker()
    before = await online.ask(who)
    async with online.database.begin() as session:
        await asking.cancel(session, before, account_id=who.account_id, key=None, now=NOW)
    monkeypatch.setattr(asking, "CONSENT_VERSION", "2031-02")
    after = await online.ask(who, NOW + MINUTE)
    versions = []
    async with online.database.begin() as session:
        for made in (before, after):
            [asked] = await audit_reading.search(
                session, subject=f"consultation:{made}", action="consultation_asked"
            )
            kept = await session.get_one(Consent, UUID(asked.detail["consent"]))
            assert (await session.get_one(Consultation, made)).consent_id == kept.id
            assert asked.actor == "patient"
            assert asked.detail["patient"] == str(kept.patient_id) == str(who.patient_id)
            assert asked.detail["version"] == kept.version
            versions.append((kept.version, kept.given_at))
    assert versions == [("2026-12", NOW), ("2031-02", NOW + MINUTE)]


def test_what_is_agreed_to_stands_with_its_version() -> None:
    """A text that changes is another version: a new CONSENT_VERSION, and a page of its own beside this one."""
    page = (ROOT / f"docs/consents/consultation-{asking.CONSENT_VERSION}.md").read_text("utf-8")
    asked = ("ask_consultation_consent", "ask_consultation_consent_elder")
    read = [one for key in asked for one in Texts.load().variations(key)]
    assert {one.language for one in read} == {"", "en"}
    for one in read:
        buttons = "".join(f"[{title}]\n" for title, _ in one.buttons)
        assert f"```text\n{one.text}\n{buttons}```" in page


async def test_not_accepted_in_time_the_whole_fee_goes_back_by_itself(online: Online) -> None:
    made = await online.ask(await online.asker())
    await online.pay(made)
    assert await online.expire(NOW + TERMS.accept - MINUTE) == 0
    assert await online.expire(NOW + TERMS.accept) == 1
    assert await online.expire(NOW + TERMS.accept) == 0
    seen = await online.see(made)
    assert (seen.status, seen.order_status) == (ConsultationStatus.EXPIRED, OrderStatus.REFUND_DUE)
    assert await _refunds(online) == [RefundReason.STOPPED]
    with pytest.raises(NotNow):
        await online.accept(made, NOW + TERMS.accept)


async def test_its_time_over_it_cannot_be_accepted_before_the_sweep_either(online: Online) -> None:
    made = await online.ask(await online.asker())
    await online.pay(made)
    with pytest.raises(NotNow):
        await online.accept(made, NOW + TERMS.accept)
    assert await online.expire(NOW + TERMS.accept) == 1


@pytest.mark.parametrize("accepted", [False, True])
async def test_given_back_by_the_doctor_the_whole_fee_goes_back(online: Online, accepted: bool) -> None:
    made = await online.ask(await online.asker())
    await online.pay(made)
    if accepted:
        await online.accept(made)
    back = {"practitioner_id": online.doctor, "actor": ACTOR, "now": NOW + MINUTE}
    async with online.database.begin() as session:
        with pytest.raises(SayWhy):
            await accepting.give_back(session, online.crypto, made, ReturnReason.MUST_BE_SEEN, " ", **back)  # type: ignore[arg-type]
        await accepting.give_back(
            session, online.crypto, made, ReturnReason.MUST_BE_SEEN, "要当面听诊，请到门诊。", **back
        )  # type: ignore[arg-type]
        with pytest.raises(NotNow):
            await accepting.give_back(session, online.crypto, made, ReturnReason.CHANGED, "再退", **back)  # type: ignore[arg-type]
        assert (await views.told(session, online.crypto, made)).return_words == "要当面听诊，请到门诊。"
    seen = await online.see(made)
    assert (seen.status, seen.order_status) == (ConsultationStatus.RETURNED, OrderStatus.REFUND_DUE)
    assert await _refunds(online) == [RefundReason.STOPPED]


async def test_cancelled_before_it_is_accepted_it_is_paid_back_and_never_after(online: Online) -> None:
    who, other = await online.asker(), await online.asker()
    made = await online.ask(who)
    await online.pay(made)
    async with online.database.begin() as session:
        with pytest.raises(UnknownConsultation):
            await asking.cancel(session, made, account_id=other.account_id, key=None, now=NOW)
        assert await asking.cancel(session, made, account_id=who.account_id, key=None, now=NOW)
    assert (await online.see(made)).status is ConsultationStatus.CANCELLED
    assert await _refunds(online) == [RefundReason.CANCELLED]
    talking = await online.active(who)
    async with online.database.begin() as session:
        with pytest.raises(NotNow):
            await asking.cancel(session, talking, account_id=who.account_id, key=None, now=NOW)


async def test_not_paid_in_time_it_ends_and_what_is_paid_late_goes_back(online: Online) -> None:
    made = await online.ask(await online.asker())
    await online.open_payment(made)
    assert await online.expire(NOW + TERMS.hold) == 1
    assert "order_expired" in await online.events()
    assert await online.pay(made, NOW + TERMS.hold + MINUTE) is Received.REFUND_DUE
    assert (await online.see(made)).status is ConsultationStatus.EXPIRED
    assert await _refunds(online) == [RefundReason.TOO_LATE]


async def test_a_talk_ends_with_its_time_and_without_a_word_of_the_doctor_goes_back(online: Online) -> None:
    silent, answered = await online.active(), await online.active()
    async with online.database.begin() as session:
        await limits.doctor_said(session, answered, NOW + 5 * MINUTE)
    assert await online.expire(NOW + MINUTE + TERMS.length) == 2
    seen = await online.see(silent)
    assert (seen.status, seen.return_reason) == (ConsultationStatus.RETURNED, ReturnReason.NOT_ANSWERED)
    assert await _refunds(online) == [RefundReason.STOPPED]
    seen = await online.see(answered)
    assert (seen.status, seen.ended_by, seen.summed_up) == (ConsultationStatus.FINISHED, EndedBy.TIME, False)
    async with online.database.begin() as session:
        assert [one.id for one in await views.of_doctor(session, online.doctor)] == [answered]
        late = {"practitioner_id": online.doctor, "actor": ACTOR, "now": NOW + timedelta(days=1)}
        settings = Settings(_env_file=None)  # type: ignore[call-arg]
        await finishing.finish(session, online.crypto, settings, answered, "补小结", **late)  # type: ignore[arg-type]
        with pytest.raises(NotNow):
            await finishing.finish(session, online.crypto, settings, answered, "再补", **late)  # type: ignore[arg-type]
        asked = list(await session.scalars(select(Rating.subject_id)))
    assert asked == [answered]  # once, though it was summed up late; not about the silent one
    assert (await online.see(answered)).ended_by is EndedBy.TIME


async def test_messages_are_counted_told_when_few_are_left_and_given_more(online: Online) -> None:
    who = await online.asker()
    made = await online.active(who)
    lefts = []
    for _ in range(TERMS.turns + 1):
        async with online.database.begin() as session:
            [left] = await limits.patient_said(session, who.contact_id, NOW + 2 * MINUTE)
            lefts.append(left.turns)
    assert lefts == [4, 3, 2, 1, 0, 0]
    assert (await online.events()).count("consultation_few_left") == 2
    async with online.database.begin() as session:
        more = await limits.extend(
            session, made, turns=4, time=30 * MINUTE, practitioner_id=online.doctor, actor=ACTOR, now=NOW
        )
    assert (more.turns, more.ends_at) == (4, NOW + 31 * MINUTE + TERMS.length)
    assert (await online.events())[-1] == "consultation_extended"
    async with online.database.begin() as session:
        assert await limits.patient_said(session, (await online.asker()).contact_id, NOW) == []


async def test_only_its_doctor_gives_it_more_while_it_goes_on(online: Online) -> None:
    made = await online.active()

    async def extend(by: UUID) -> limits.Left:
        async with online.database.begin() as session:
            return await limits.extend(
                session, made, turns=4, time=30 * MINUTE, practitioner_id=by, actor=ACTOR, now=NOW
            )

    with pytest.raises(UnknownConsultation):
        await extend(uuid4())
    assert (await extend(online.doctor)).ends_at == NOW + 31 * MINUTE + TERMS.length
    assert await online.expire(NOW + MINUTE + TERMS.length) == 0
    assert await online.expire(NOW + 31 * MINUTE + TERMS.length) == 1
    with pytest.raises(NotNow):
        await extend(online.doctor)


@pytest.mark.parametrize("refuses", [False, True])
async def test_the_doctor_chooses_a_plan_at_the_end_and_the_patient_is_on_it(
    online: Online, refuses: bool
) -> None:
    """Who wants no more of it is not asked, and then it does not end so either."""
    who = await online.asker()
    made = await online.active(who)
    async with online.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, NOW, None)
        if refuses:
            await enrolment.stop_all(session, who.patient_id, StopReason.OPTED_OUT, actor="patient", now=NOW)
    plan, own = plans(SETTINGS).by_id["hypertension"], {"practitioner_id": online.doctor, "actor": ACTOR}
    ending = (online.crypto, SETTINGS, made, "一月后复查")
    if refuses:
        with pytest.raises(enrolment.Refused):
            async with online.database.begin() as session:
                await finishing.finish(session, *ending, plan=plan, **own, now=NOW + 2 * MINUTE)
        assert (await online.see(made)).status is ConsultationStatus.ACTIVE
        return
    async with online.database.begin() as session:
        assert await finishing.finish(session, *ending, plan=plan, **own, now=NOW + 2 * MINUTE)
        [on] = list(await session.scalars(select(FollowUpEnrolment)))
        department = (await session.get_one(Consultation, made)).department_id
        tasks = await session.scalar(select(func.count(FollowUpTask.id)))
    assert (on.plan, on.patient_id, on.department_id) == ("hypertension", who.patient_id, department)
    assert on.contact_id == who.contact_id
    assert tasks


@pytest.mark.parametrize(
    ("status", "department", "days", "shows"),
    [
        (AppointmentStatus.FULFILLED, "own", 364, True),
        (AppointmentStatus.FULFILLED, "own", 366, False),  # too long ago
        (AppointmentStatus.FULFILLED, "other", 20, False),  # was seen for something else
        (AppointmentStatus.NOSHOW, "own", 20, False),
        (AppointmentStatus.CANCELLED, "own", 20, False),
        (AppointmentStatus.FULFILLED, "own", -1, False),  # is to be seen
    ],
)
async def test_a_visit_that_took_place_in_the_department_shows_the_diagnosis(
    online: Online, status: AppointmentStatus, department: str, days: int, shows: bool
) -> None:
    who = await online.asker()
    await _visited(online, who, status, department, NOW - timedelta(days=days))
    if not shows:
        with pytest.raises(FirstVisit):
            await online.ask(who, messages=())
        return
    seen = await online.see(await online.ask(who, messages=()))
    assert (seen.evidence, seen.evidence_confirmed_at) == (Evidence.ON_FILE, NOW)
    other = await online.asker()
    with pytest.raises(FirstVisit):  # somebody else's visit shows nothing
        await online.ask(other, messages=())


async def _visited(
    online: Online, who: Any, status: AppointmentStatus, department: str, at: datetime
) -> None:
    async with online.database.begin() as session:
        seen_by = await session.get_one(Practitioner, online.doctor)
        if department == "other":
            seen_by = await doctor(session, "张伟", (await ward(session, uuid4().hex[:8])).id)
        # the rows of a booking, which in the past nobody could make
        schedule = await half_day(
            session, seen_by, at.date(), time(9), Period.MORNING, fee_fen=0, slots=1, minutes=10
        )
        slot = (await session.scalars(select(Slot).where(Slot.schedule_id == schedule))).one()
        slot.starts_at = at
        about = {"patient_id": who.patient_id, "account_id": who.account_id, "contact_id": who.contact_id}
        session.add(Appointment(schedule_id=schedule, slot_id=slot.id, status=status, fee_fen=0, **about))


@pytest.mark.parametrize(("born", "small"), [(date(2020, 11, 22), False), (date(2020, 11, 23), True)])
async def test_the_sixth_birthday_counts(online: Online, born: date, small: bool) -> None:
    child = await online.asker(born, relation=Relation.CHILD)
    if not small:
        assert await online.ask(child)
        return
    with pytest.raises(NoGuardian):
        await online.ask(child)


async def test_another_doctor_sees_and_does_nothing(online: Online) -> None:
    made = await online.ask(await online.asker())
    await online.pay(made)
    async with online.database.begin() as session:
        with pytest.raises(UnknownConsultation):
            await accepting.accept(
                session, made, practitioner_id=uuid4(), actor=ACTOR, terms=TERMS, now=NOW + MINUTE
            )


async def _guardian(online: Online, who: Any) -> None:
    async with online.database.begin() as session:
        agreed = Consent(
            account_id=who.account_id, contact_id=who.contact_id, patient_id=who.patient_id,
            kind=ConsentKind.GUARDIAN, version="1", given_at=NOW,
        )  # fmt: skip
        session.add(agreed)
        await session.flush()
        link = await session.get_one(AccountPatient, (who.account_id, who.patient_id))
        link.guardian_since, link.guardian_consent_id = NOW, agreed.id


async def test_who_may_ask(online: Online) -> None:
    who = await online.asker()
    with pytest.raises(FirstVisit):  # nothing on file, nothing shown
        await online.ask(who, messages=())
    with pytest.raises(FirstVisit):  # the pilot's setting is off
        await online.ask(who, messages=(), first_visit=True)
    async with online.database.begin() as session:
        (await session.get_one(Patient, who.patient_id)).status = PatientStatus.PENDING
    with pytest.raises(NotVerified):
        await online.ask(who)
    child = await online.asker(SMALL, relation=Relation.CHILD)
    with pytest.raises(NoGuardian):
        await online.ask(child)
    await _guardian(online, child)
    from dataclasses import replace

    with pytest.raises(TooYoung):
        await online.ask(child, terms=replace(TERMS, under_six=False))
    with pytest.raises(NotOffered):  # not by a doctor who sees grown-ups only
        await online.ask(child)
    await online.open(practitioner=online.doctor, children=True)
    assert await online.ask(child)
    pilot = await online.asker()
    made = await online.ask(pilot, messages=(), first_visit=True, terms=replace(TERMS, first_visits=True))
    assert (await online.see(made)).evidence is Evidence.STATED


async def test_hours_places_and_a_second_time(online: Online) -> None:
    who = await online.asker()
    evening = NOW + timedelta(hours=12)  # 21:00
    with pytest.raises(Closed) as closed:
        await online.ask(who, evening)
    assert closed.value.opens_at == NOW + timedelta(hours=23)
    await online.ask(who)
    with pytest.raises(Standing):
        await online.ask(who)
    await online.ask(await online.asker())
    with pytest.raises(Full):
        await online.ask(await online.asker())
    async with online.database.begin() as session:
        [doctor] = await offers.doctors(session, NOW)
        assert (doctor.left, doctor.free, doctor.fee_fen) == (0, False, 3000)
        assert await offers.doctors(session, NOW, small_child=True) == []
        await offers.close(session, online.doctor, actor="staff:head")
    with pytest.raises(NotOffered):
        await online.ask(await online.asker())


async def test_free_of_charge_it_waits_at_once_and_owes_nothing(online: Online) -> None:
    await online.open(practitioner=online.doctor, fee_fen=0)
    made = await online.ask(await online.asker())
    assert (await online.see(made)).status is ConsultationStatus.WAITING
    assert await online.expire(NOW + TERMS.accept) == 1
    assert await _refunds(online) == []


async def test_the_database_refuses_a_step_that_is_none(online: Online) -> None:
    from sqlalchemy.exc import IntegrityError

    made = await online.active()
    with pytest.raises(IntegrityError):
        async with online.database.begin() as session:
            await session.execute(
                text("UPDATE consultations SET status = 'waiting' WHERE id = :id"), {"id": made}
            )
