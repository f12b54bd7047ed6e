from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import cases
from integrations.hospital.cases import ending, escalation, figures, following, handling, reading
from integrations.hospital.cases.suspicion import suspected
from integrations.hospital.models import (
    Adverse,
    Case,
    CaseKind,
    CaseNote,
    CaseStatus,
    Category,
    HospitalEvent,
    StatusChange,
)
from integrations.hospital.operations import OperationKey

from .conftest import Booker, Clinic

WORDS = "护士让我等了三个小时，还很凶"
STAFF = "staff:lin"


@dataclass
class Office:
    clinic: Clinic
    crypto: Crypto

    async def open(self, who: Booker, words: str = WORDS, *, now: datetime | None = None, **more) -> str:
        async with self.clinic.database.begin() as session:
            return await cases.open_case(
                session,
                self.crypto,
                more.pop("kind", CaseKind.COMPLAINT),
                Category.WAITING,
                words,
                account_id=who.account_id,
                contact_id=who.contact_id,
                now=now or self.clinic.now,
                **more,
            )

    async def row(self, number: str) -> Case:
        async with self.clinic.database.begin() as session:
            return (await session.scalars(select(Case).where(Case.number == number))).one()

    async def do(self, step, *args, **more):
        async with self.clinic.database.begin() as session:
            return await step(session, *args, **more)

    async def close(self, number: str, *, now: datetime | None = None) -> None:
        await self.do(
            handling.close,
            self.crypto,
            number,
            "已经核实，向您道歉。",
            actor=STAFF,
            now=now or self.clinic.now,
        )

    async def told(self) -> list[str]:
        async with self.clinic.database.begin() as session:
            return list(await session.scalars(select(HospitalEvent.kind).order_by(HospitalEvent.id)))


@pytest.fixture
def office(clinic: Clinic, crypto: Crypto) -> Office:
    return Office(clinic, crypto)


@pytest.fixture
async def who(clinic: Clinic) -> Booker:
    return await clinic.booker()


async def test_a_case_has_a_short_number_and_a_day_and_its_words_are_sealed(office, who):
    first, second = await office.open(who), await office.open(who, "收费多了")
    assert (first, second) == ("TS-20261122-001", "TS-20261122-002")
    tomorrow = await office.open(who, now=office.clinic.now + timedelta(days=1))
    assert tomorrow == "TS-20261123-001"
    case = await office.row(first)
    assert case.deadline == date(2026, 11, 27)
    assert case.status is CaseStatus.OPEN
    assert WORDS.encode() not in case.words
    assert office.crypto.decrypt(case.words, "cases.words") == WORDS


async def test_many_at_once_have_different_numbers(office, who):
    async def job(session):
        return await cases.open_case(
            session, office.crypto, CaseKind.COMPLAINT, Category.OTHER, WORDS,
            account_id=who.account_id, contact_id=who.contact_id, now=office.clinic.now,
        )  # fmt: skip

    numbers = await office.clinic.together(*[job] * 8)
    assert sorted(map(str, numbers)) == [f"TS-20261122-{n:03}" for n in range(1, 9)]


async def test_a_list_that_is_too_long_ends_with_what_matters_least(office, who):
    days = [office.clinic.now + timedelta(days=count) for count in range(3)]
    first, second, third = [await office.open(who, now=day) for day in days]

    async def seen(**which):
        return [one.number for one in await office.do(handling.listed, limit=2, **which)]

    assert await seen() == [first, second]  # the nearest deadline
    assert await seen(standing=False) == [third, second]  # what was closed long ago hides nothing new
    await office.do(handling.assign, third, STAFF, actor=STAFF, now=office.clinic.now)
    assert await seen(owner=STAFF) == [third]


async def test_repeated_it_is_opened_once(office, who):
    key = OperationKey(uuid4().hex, "validate_complaint_form", "open")
    assert await office.open(who, key=key) == await office.open(who, key=key)
    async with office.clinic.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM cases")) == 1


@pytest.mark.parametrize(
    "words",
    ["用药后全身起疹子", "吃了你们开的药之后一直吐", "我妈在走廊摔倒了", "护士打错针了", "给我发错药了",
     "药物过敏了没人管",
     "打完针胳膊肿了", "术后伤口感染", "the nurse gave me the wrong medicine", "I fell in the corridor",
     "since taking the pills I vomit"],
)  # fmt: skip
def test_words_that_may_tell_of_harm(words: str) -> None:
    assert suspected(words)


@pytest.mark.parametrize(
    "words",
    ["护士态度不好", "等了三个小时", "药寄了五天还没到", "多收了我一次钱", "网页打不开", "医生没听我说完", "排错队了",
     "the nurse was rude", "my medicine has not arrived", "charged twice"],
)  # fmt: skip
def test_words_that_do_not(words: str) -> None:
    assert not suspected(words)


async def test_suspected_harm_is_marked_and_staff_decide(office, who):
    number, other = await office.open(who, "打错针了"), await office.open(who)
    assert (await office.row(number)).adverse is Adverse.SUSPECTED
    assert (await office.row(other)).adverse is Adverse.NONE
    assert (
        await office.row(await office.open(who, kind=CaseKind.ADVERSE_EVENT))
    ).adverse is Adverse.SUSPECTED
    await office.do(
        following.add_words, office.crypto, (await office.row(other)).id, "后来用药后还吐了",
        account_id=who.account_id, key=None, now=office.clinic.now,
    )  # fmt: skip
    assert (await office.row(other)).adverse is Adverse.SUSPECTED
    await office.do(handling.mark_adverse, number, Adverse.CONFIRMED, actor=STAFF)
    await office.do(handling.mark_adverse, other, Adverse.DISMISSED, actor=STAFF)
    listed = await office.do(handling.listed, adverse=True)
    assert {one.number for one in listed} >= {number}
    assert other not in {one.number for one in listed}


async def test_across_departments_it_may_take_ten_days_and_the_patient_is_told(office, who):
    number = await office.open(who)
    await office.do(handling.assign, number, "wang", actor=STAFF, now=office.clinic.now)
    assert (await office.row(number)).deadline == date(2026, 11, 27)
    assert await office.told() == []
    await office.do(handling.assign, number, "wang", across=True, actor=STAFF, now=office.clinic.now)
    case = await office.row(number)
    assert (case.owner, case.status, case.deadline) == ("wang", CaseStatus.IN_PROGRESS, date(2026, 12, 4))
    assert await office.told() == ["case_extended"]


async def test_reopened_it_may_take_as_many_days_more(office, who):
    number = await office.open(who)
    await office.close(number)
    later = office.clinic.now + timedelta(days=14)
    case_id = (await office.row(number)).id
    await office.do(following.reopen, case_id, who.account_id, key=None, now=later)
    assert (await office.row(number)).deadline == date(2026, 12, 11)
    await office.do(handling.assign, number, "wang", across=True, actor=STAFF, now=later)
    assert (await office.row(number)).deadline == date(2026, 12, 18)


async def test_answered_closed_judged_reopened_once(office, who):
    number, now = await office.open(who), office.clinic.now
    await office.do(handling.answer, office.crypto, number, "正在核实", actor=STAFF, now=now)
    case_id = (await office.row(number)).id
    with pytest.raises(cases.NothingClosed):
        await office.do(following.judge, case_id, who.account_id, satisfied=True, key=None)
    await office.do(
        following.add_words,
        office.crypto,
        case_id,
        "那天是周三",
        account_id=who.account_id,
        key=None,
        now=now,
    )
    assert (await office.row(number)).status is CaseStatus.IN_PROGRESS
    await office.close(number)
    [view] = await office.do(reading.of_account, office.crypto, who.account_id, now)
    assert (view.answer, view.closing, view.to_judge) == ("正在核实", "已经核实，向您道歉。", True)
    await office.do(following.judge, case_id, who.account_id, satisfied=False, key=None)
    later = now + timedelta(days=15)
    await office.do(following.reopen, case_id, who.account_id, key=None, now=later)
    case = await office.row(number)
    assert (case.status, case.deadline, case.satisfied) == (CaseStatus.REOPENED, date(2026, 12, 14), False)
    await office.close(number, now=later)
    with pytest.raises(cases.ReopenedAlready):
        await office.do(following.reopen, case_id, who.account_id, key=None, now=later)
    async with office.clinic.database.begin() as session:
        steps = await session.scalars(
            select(StatusChange.after).where(StatusChange.subject_id == case_id).order_by(StatusChange.id)
        )
        assert list(steps) == ["answered", "in_progress", "closed", "reopened", "closed"]
    assert await office.told() == ["case_answered", "case_closed", "case_closed"]


async def test_an_answer_that_stands_closes_the_case_and_it_may_be_taken_up_again(office, who):
    number = await office.open(who)
    case_id = (await office.row(number)).id
    week = timedelta(days=7)
    await office.do(handling.answer, office.crypto, number, "已核实。", actor=STAFF, now=office.clinic.now)
    more = office.clinic.now + timedelta(days=5)
    await office.do(
        following.add_words, office.crypto, case_id, "还是不对", account_id=who.account_id, key=None, now=more
    )
    assert await office.do(ending.close_answered, more + week, 7, 10) == []  # the patient waits again
    again = more + timedelta(days=2)
    await office.do(handling.answer, office.crypto, number, "再次核实。", actor=STAFF, now=again)
    assert await office.do(ending.close_answered, again + week - timedelta(seconds=1), 7, 10) == []
    assert await office.do(ending.close_answered, again + week, 7, 10) == [number]
    assert await office.do(ending.close_answered, again + week, 7, 10) == []
    async with office.clinic.database.begin() as session:
        [view] = await reading.of_account(session, office.crypto, who.account_id, again + week)
    assert (view.status, view.answer, view.to_judge) == (CaseStatus.CLOSED, "再次核实。", True)
    await office.do(following.reopen, case_id, who.account_id, key=None, now=again + 2 * week)
    assert (await office.row(number)).status is CaseStatus.REOPENED


async def test_after_fifteen_days_it_stays_closed(office, who):
    number = await office.open(who)
    await office.close(number)
    case_id = (await office.row(number)).id
    late = office.clinic.now + timedelta(days=15, seconds=1)
    with pytest.raises(cases.TooLateToReopen):
        await office.do(following.reopen, case_id, who.account_id, key=None, now=late)


async def test_of_two_who_close_at_once_one_hears_that_it_is_closed(office, who):
    number = await office.open(who)

    def closing(words: str):
        return lambda session: handling.close(
            session, office.crypto, number, words, actor=STAFF, now=office.clinic.now
        )

    results = await office.clinic.together(closing("甲"), closing("乙"))
    assert sorted(type(one).__name__ for one in results) == ["AlreadyClosed", "NoneType"]
    assert await office.told() == ["case_closed"]


async def test_withdrawn_takes_no_more_words_and_no_answer(office, who):
    number = await office.open(who)
    case_id = (await office.row(number)).id
    assert await office.do(following.withdraw, case_id, who.account_id, None) == number
    with pytest.raises(cases.NotOpen):
        await office.do(
            following.add_words, office.crypto, case_id, "再说一句",
            account_id=who.account_id, key=None, now=office.clinic.now,
        )  # fmt: skip
    with pytest.raises(cases.AlreadyClosed):
        await office.close(number)
    assert await office.do(reading.of_account, office.crypto, who.account_id, office.clinic.now) == []


async def test_the_database_itself_refuses_a_step_that_is_none(office, who):
    number = await office.open(who)
    await office.close(number)
    with pytest.raises(DBAPIError, match="may not go from closed to open"):
        async with office.clinic.database.begin() as session:
            await session.execute(text("UPDATE cases SET status = 'open'"))


async def test_nobody_else_reaches_it(office, who):
    number = await office.open(who)
    stranger = await office.clinic.booker()
    case_id = (await office.row(number)).id
    assert await office.do(reading.of_account, office.crypto, stranger.account_id, office.clinic.now) == []
    for step in (following.withdraw,):
        with pytest.raises(cases.UnknownCase):
            await office.do(step, case_id, stranger.account_id, None)
    with pytest.raises(cases.UnknownCase):
        await office.do(handling.assign, "TS-1", "wang", actor=STAFF, now=office.clinic.now)


async def test_near_and_over_its_deadline_it_is_brought_up_once_each(office, who):
    number, now = await office.open(who), office.clinic.now  # due on Friday the 27th
    await office.do(handling.assign, number, "wang", actor=STAFF, now=now)

    async def found(days: int):
        at = now + timedelta(days=days)
        return [(one.number, one.owner, one.late) for one in await office.do(escalation.escalate, at, 100)]

    assert await found(3) == []  # Wednesday
    assert await found(4) == [(number, "wang", False)]
    assert await found(5) == []
    assert [one.number for one in await office.do(handling.listed, escalated=True)] == [number]
    assert await found(6) == [(number, "wang", True)]
    assert await found(7) == []
    assert await office.told() == ["case_overdue"]


async def test_what_was_answered_is_not_escalated(office, who):
    number = await office.open(who)
    await office.do(handling.answer, office.crypto, number, "好了", actor=STAFF, now=office.clinic.now)
    assert await office.do(escalation.escalate, office.clinic.now + timedelta(days=30), 100) == []


async def test_words_are_shown_with_a_reason_that_is_kept(office, who):
    number = await office.open(who, messages=[uuid4()])
    await office.do(
        handling.note, office.crypto, number, "打电话问过科室", actor=STAFF, now=office.clinic.now
    )
    shown = await office.do(handling.reveal, office.crypto, number, actor=STAFF, reason="处理投诉")
    assert shown.words == WORDS
    assert [(one.kind, one.words) for one in shown.notes] == [("internal", "打电话问过科室")]
    assert WORDS not in repr(shown)
    async with office.clinic.database.begin() as session:
        note = (await session.scalars(select(CaseNote))).one()
        assert "打电话".encode() not in note.words
        audited = await session.execute(
            text("SELECT action, subject, detail->>'reason' FROM audit_events ORDER BY id")
        )
        assert [tuple(row) for row in audited] == [
            ("case_noted", f"case:{number}", None),
            ("case_revealed", f"case:{number}", "处理投诉"),
        ]


async def test_an_album_comes_with_its_first_picture(office, who):
    first, second, other = uuid4(), uuid4(), uuid4()
    async with office.clinic.database.begin() as session:
        await session.execute(text("INSERT INTO conversations (id) VALUES (:id)"), {"id": who.contact_id})
        for message, album in ((first, "a"), (second, "a"), (other, "b")):
            values = {"id": message, "conversation": who.contact_id, "external": message.hex, "album": album}
            await session.execute(
                text("""INSERT INTO inbound (id, conversation_id, channel, external_id, kind, content, sent_at,
                                             received_at)
                        VALUES (:id, :conversation, 'wechat', :external, 'image', '', now(), now())"""),
                {key: values[key] for key in ("id", "conversation", "external")},
            )  # fmt: skip
            await session.execute(
                text(
                    "INSERT INTO media (inbound_id, conversation_id, album) VALUES (:id, :conversation, :album)"
                ),
                {key: values[key] for key in ("id", "conversation", "album")},
            )
    number = await office.open(who, messages=[first, first])
    shown = await office.do(handling.reveal, office.crypto, number, actor=STAFF, reason="处理投诉")
    assert len(shown.media) == 2


async def test_the_numbers(office, who, database: Database):
    schedule = await office.clinic.schedule()
    made = await office.clinic.book(who, schedule)
    async with database.begin() as session:
        await session.execute(text("UPDATE appointments SET status = 'fulfilled'"))
    doctor = made.practitioner_id
    about = cases.About(appointment_id=made.id, practitioner_id=doctor)
    number = await office.open(who, about=about)
    await office.close(number)
    case_id = (await office.row(number)).id
    await office.do(following.judge, case_id, who.account_id, satisfied=True, key=None)
    late = await office.open(who, "打错针了")
    await office.do(escalation.escalate, office.clinic.now + timedelta(days=9), 100)
    await office.close(late, now=office.clinic.now + timedelta(days=9))
    span = date(2026, 11, 22), date(2026, 11, 25)
    found = await office.do(figures.complaints, *span)
    assert (found.opened, found.visits, found.rate) == (2, 1, 2.0)
    assert (found.answered, found.in_time, found.late, found.answered_in_time) == (2, 1, 1, 0.5)
    case_id = (await office.row(late)).id
    again = office.clinic.now + timedelta(days=10)
    await office.do(following.reopen, case_id, who.account_id, key=None, now=again)
    once_more = await office.do(figures.complaints, *span)  # a new deadline makes no late answer an early one
    assert (once_more.answered, once_more.in_time, once_more.late) == (2, 1, 1)
    assert (found.judged, found.satisfaction, found.suspected) == (1, 1.0, 1)
    assert found.categories == {"waiting": 2}
    assert (await office.do(figures.complaints, *span, doctor)).opened == 1
    assert (await office.do(figures.complaints, *span, UUID(int=1))).rate is None
    assert (await office.do(figures.complaints, date(2026, 11, 1), date(2026, 11, 21))).opened == 0
