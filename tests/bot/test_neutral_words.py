"""What leaves as news may be read by anybody who holds the phone: no department, doctor, illness or medicine in it.

Scanned are the catalogue's texts for news, and whole messages made from events about every department and doctor of
the seeded hospital, as all of them leave: in the chat, as a platform's notice, on the page behind it, and by SMS.
"""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text

from bot import notices, sweep, texts
from bot.app import create_app
from bot.outbox import unseal
from integrations.hospital import accounts, events, seed
from integrations.hospital.demo_hospital import DEPARTMENTS
from integrations.hospital.events import EventKind
from integrations.hospital.models import (
    AccountPatient,
    Appointment,
    Contact,
    Department,
    Period,
    Practitioner,
    Relation,
    Schedule,
    Sex,
    Slot,
    WaitlistEntry,
)
from integrations.sms.tencent import TencentSms
from tests.clinic_rows import doctor, half_day, known_patient
from tests.contracts.platforms import settings as platform_settings
from tests.integrations.hospital.conftest import Clinic

LANGUAGES = ("zh-Hans", "en")

# Illnesses, findings, medicines and situations that nobody else should read, beside what the hospital itself names.
CONDITIONS = [
    "癌",
    "肿瘤",
    "化疗",
    "放疗",
    "艾滋",
    "HIV",
    "梅毒",
    "性病",
    "乙肝",
    "丙肝",
    "结核",
    "新冠",
    "怀孕",
    "妊娠",
    "流产",
    "人流",
    "避孕",
    "不孕",
    "抑郁",
    "焦虑",
    "精神",
    "心理",
    "自杀",
    "成瘾",
    "戒毒",
    "糖尿病",
    "高血压",
    "血糖",
    "血压",
    "阳性",
    "阴性",
    "病理",
    "化验",
    "检验",
    "报告",
    "确诊",
    "诊断",
    "手术",
    "急诊",
    "发热",
    "复诊",
    "处方",
    "药",
    "胰岛素",
    "阿司匹林",
    "二甲双胍",
    "科室",
    "门诊",
    "医生",
    "医师",
    "主任",
    "挂号科",
    "cancer",
    "tumour",
    "tumor",
    "chemo",
    "HIV",
    "AIDS",
    "syphilis",
    "hepatitis",
    "tuberculosis",
    "covid",
    "pregnan",
    "abortion",
    "depress",
    "psychiat",
    "diabet",
    "hypertens",
    "insulin",
    "aspirin",
    "positive",
    "negative",
    "patholog",
    "diagnos",
    "surgery",
    "department",
    "clinic",
    "doctor",
    "prescription",
    "medicine",
]


def forbidden() -> re.Pattern[str]:
    """Every name of the hospital in Chinese and every condition. Names of two characters and more; a doctor's
    speciality is taken apart into its words."""
    words = set(CONDITIONS)
    for department in DEPARTMENTS:
        words |= {department.name, *department.aliases}
        words |= set(re.split(r"[、，。的与和]", department.description))
        for one in department.doctors:
            name, title, speciality = one.split(" ", 2)
            words |= {name, f"{title}医师", *re.split(r"[、与和]", speciality)}
    return re.compile(
        "|".join(re.escape(word) for word in words if len(word) > 1 or word in {"癌", "药"}), re.IGNORECASE
    )


FORBIDDEN = forbidden()


def read_aloud(words: str) -> str | None:
    """What should not stand there, if anything."""
    found = FORBIDDEN.search(re.sub(r"/p/\w+/[\w-]+", "", words))  # a link's token is chance
    return found and found[0]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["say_follow_up_due", "say_follow_up_again", "ask_follow_up_begin"])
def test_a_follow_up_that_comes_unasked_begins_neutrally(key: str, language: str) -> None:
    assert read_aloud(texts.say(key, language=language, name="·", count=3)) is None


def test_the_scan_finds_what_it_should() -> None:
    for words in (
        "李静医生",
        "心血管内科",
        "您的HIV检查",
        "Your diabetes visit",
        "王建国",
        "冠心病",
        "退药",
        "心内科",
    ):
        assert read_aloud(words)
    assert len(FORBIDDEN.pattern) > 2000


# The departments' news go through the chat, too: the texts of events, and what a page or a lost file says.
KEYS = [
    key
    for key in list(texts._catalogue().keys())
    if re.match(
        r"bot_(notice|page|media|hold|order|refund|refunded|appointment|identity|link|phone|request|guardian|agreement"
        r"|invoice|case|rating|visit|waitlist|follow_up|prescription|substitution|pickup|parcel)_",
        key,
    )
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
def test_texts_for_news_are_neutral(key: str, language: str) -> None:
    blanks = dict.fromkeys(
        (
            "order_no",
            "amount",
            "hospital_phone",
            "hospital_name",
            "megabytes",
            "link",
            "day",
            "time",
            "name",
            "until",
            "number",
            "hotline",
            "health",
            "mediation",
            "channel",
            "phone",
            "card",
            "receipt",
            "period",
            "place",
            "days",
            "fee",
            "minutes",
            "month",
            "tail",
        ),
        "·",
    )
    assert read_aloud(texts.say(key, language=language, **blanks)) is None


# Whose texts name a patient (masked): they are looked at in the catalogue, with the name left out.
NAMING = {
    EventKind.LINK_ADDED,
    EventKind.LINK_CUT,
    EventKind.PHONE_CHANGED,
    EventKind.GUARDIAN_ENDED,
    EventKind.AGREEMENT_ENDED,
    EventKind.FOLLOW_UP_DUE,
    EventKind.FOLLOW_UP_UNANSWERED,
}
# Likewise: tests/bot/test_medicine_news.py.
MEDICINE = {
    EventKind.PRESCRIPTION_APPROVED,
    EventKind.PRESCRIPTION_REJECTED,
    EventKind.PRESCRIPTION_EXPIRED,
    EventKind.SUBSTITUTION_ASKED,
    EventKind.PICKUP_READY,
    EventKind.PARCEL_PLANNED,
    EventKind.PARCEL_MOVED,
}
# Asked about rows of theirs when they are told: tests/bot/test_opinion_news.py looks at what leaves.
OPINIONS = {
    EventKind.CASE_ANSWERED,
    EventKind.CASE_CLOSED,
    EventKind.CASE_EXTENDED,
    EventKind.CASE_OVERDUE,
    EventKind.RATING_ASKED,
}


# Whose texts are made of the appointment or the entry itself: each department has one of its own below.
OF_ROWS = {kind for kind in EventKind if kind.startswith(("visit_", "waitlist_"))}


@pytest.fixture
async def hospital(rt, monkeypatch):
    monkeypatch.setattr(seed, "DAYS_AHEAD", 0)  # its names are what matters here
    async with rt.database.begin() as session:
        await seed.seed(session, date(2026, 11, 22))
        contact = await accounts.ensure_contact(session, "telegram", "42")
        await session.execute(text("INSERT INTO conversations (id) VALUES (:id)"), {"id": contact.id})
        await session.execute(text("INSERT INTO controls (conversation_id) VALUES (:id)"), {"id": contact.id})
    return contact


async def test_events_about_any_department_or_doctor_say_nothing_of_them(rt, hospital, clock):
    """The payloads hold all that an event could tell; what leaves holds none of it."""
    clinic = Clinic(rt.database)
    who = await clinic.booker(channel="telegram")
    async with rt.database.begin() as session:
        (await session.get_one(Contact, hospital.id)).account_id = who.account_id
    hospital.account_id = who.account_id
    visit = await clinic.book(replace(who, contact_id=hospital.id), await clinic.schedule())
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM hospital_events"))
        departments = list(await session.scalars(select(Department)))
        doctors = list(await session.scalars(select(Practitioner)))
        named = [*departments, *doctors[::6]]
        for number, one in enumerate(named):
            for kind in sorted(set(notices.KINDS) - NAMING - OPINIONS - OF_ROWS - MEDICINE):
                payload = {
                    **({"appointment_id": str(visit.id)} if kind == EventKind.APPOINTMENT_BOOKED else {}),
                    "patient_id": str(uuid4()),
                    "order_no": f"O2026112200{number:03}",
                    "status": ("verified", "review", "pending")[number % 3],
                    "by": "hospital",
                    "kind": ("link", "phone", "name", "dispute")[number % 4],
                    "approved": number % 3 == 0,
                    "reason": ("mismatch", "expired", "other")[number % 3],
                    "amount_fen": 3500,
                    "department": one.name,
                    "doctor": one.name,
                }
                await events.emit(
                    session, kind, account_id=hospital.account_id, contact_id=hospital.id, payload=payload
                )
    while True:
        await sweep.hospital(rt)
        async with rt.database.begin() as session:
            if not await session.scalar(
                text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL")
            ):
                break
    async with rt.database.begin() as session:
        contents = list(await session.scalars(text("SELECT content FROM outbound")))
    assert len(contents) > len(named)
    for content in contents:
        reply = unseal(rt.crypto, content)
        for words in (reply.text, *(option.title for option in reply.options)):
            assert read_aloud(words) is None
        if reply.notice:
            assert read_aloud(f"{reply.notice.words} {reply.notice.number} {reply.notice.kind}") is None
            assert len(reply.notice.words) <= notices.LONGEST_WORDS


async def test_visits_and_waitlists_of_any_department_say_nothing_of_it(rt, hospital, clock):
    """Only the name of the building stands there, which is the same for most of them."""
    async with rt.database.begin() as session:
        departments = list(await session.scalars(select(Department)))
        patient = known_patient("*明", date(1990, 3, 7), Sex.FEMALE)
        session.add(patient)
        await session.flush()
        relation = {"account_id": hospital.account_id, "patient_id": patient.id, "relation": Relation.SELF}
        session.add(AccountPatient(**relation))
        who = {"account_id": hospital.account_id, "contact_id": hospital.id}
        for department in departments:
            for kind in OF_ROWS:
                await _emit_of_row(session, kind, department, patient.id, who)
    await sweep.hospital(rt)
    async with rt.database.begin() as session:
        assert (
            await session.scalar(text("SELECT count(*) FROM hospital_events WHERE handled_at IS NULL")) == 0
        )
        rows = (await session.execute(text("SELECT content, notice FROM outbound"))).all()
    assert len(rows) == len(departments) * len(OF_ROWS)
    buildings = re.compile("|".join({one.building for one in departments}))
    for row in rows:
        reply = unseal(rt.crypto, row.content)
        for words in (reply.text, reply.notice.words, *(option.title for option in reply.options)):
            assert read_aloud(buildings.sub("", words)) is None


async def _emit_of_row(session, kind, department, patient_id, who):
    """A half day, a number in it, and what the event is about, in the state that the event tells of."""
    practitioner = await doctor(session, "李静", department.id)
    day = date(2026, 11, 25)
    schedule_id = await half_day(
        session, practitioner, day, time(8, 30), Period.MORNING, fee_fen=2500, slots=1, minutes=10
    )
    slot_id = await session.scalar(select(Slot.id).where(Slot.schedule_id == schedule_id))
    if kind.startswith("waitlist_"):
        made = WaitlistEntry(patient_id=patient_id, department_id=department.id, days=[day], **who)
        made.practitioner_id = practitioner.id
        if kind == EventKind.WAITLIST_OFFERED:
            made.status, made.slot_id = "offered", slot_id
            made.offered_until = datetime(2026, 11, 23, tzinfo=UTC)
    else:
        stopped, missed = kind == EventKind.VISIT_STOPPED, kind == EventKind.VISIT_MISSED
        if stopped:
            (await session.get_one(Schedule, schedule_id)).status = "stopped"
        made = Appointment(
            schedule_id=schedule_id, slot_id=slot_id, patient_id=patient_id, fee_fen=2500, **who
        )
        made.status, made.reminders_planned = "noshow" if missed else "booked", True
        made.disturbed_at = datetime(2026, 11, 22, 2, tzinfo=UTC) if stopped else None
    session.add(made)
    await session.flush()
    about = "waitlist_entry" if isinstance(made, WaitlistEntry) else "appointment_id"
    payload = {about: str(made.id), "order_no": "GH1"}
    await events.emit(session, kind, payload=payload, **who)


async def test_the_page_behind_a_notice_is_neutral_and_leads_back(rt, hospital):
    app = create_app(rt.settings, rt)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client,
    ):
        for kind in (*notices.KINDS, "something_new", "permission"):
            page = await client.get(f"/notice/{kind}")
            assert page.status_code == 200
            shown = re.sub(r"(?s)<style.*?</style>|<footer.*?</footer>|<[^>]+>", " ", page.text)
            assert read_aloud(shown.replace(rt.settings.hospital_name, "")) is None
            assert "聊天" in shown
            assert page.headers["cache-control"] == "no-store"


async def test_an_sms_holds_a_code_and_nothing_else():
    bodies = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        status = {"Code": "Ok", "Message": "", "SerialNo": "1", "PhoneNumber": "", "Fee": 1}
        return httpx.Response(200, json={"Response": {"SendStatusSet": [status], "RequestId": "r"}})

    about = platform_settings(
        sms_secret_id="i",
        sms_secret_key="k",
        sms_app_id="1",
        sms_sign_name="仁和互联网医院",
        sms_template_code="2",
    )
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        await TencentSms(about, http=http).send_code("+8613800138000", "482913")
    [body] = bodies
    assert all(re.fullmatch(r"\d{1,6}", value) for value in body["TemplateParamSet"])
    assert timedelta(minutes=int(body["TemplateParamSet"][-1])) <= timedelta(minutes=10)
