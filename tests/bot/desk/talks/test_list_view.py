"""Who sees which conversation, and what a browser hears of changes: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bot.desk.talks.list_view import ListView
from bot.desk.talks.masking import masked, published
from bot.desk.talks.readable import EVERYTHING, DoctorsTalk
from bot.desk.talks.rows import BOUND, Row
from bot.desk.talks.seeing import Filter, Viewer, as_seen, may_see, readable, urgency
from integrations.settings import Settings

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
CARDIOLOGY, SKIN = uuid4(), uuid4()
AGENT = Viewer(uuid4(), "shen", frozenset({"service"}), None)
DOCTOR = Viewer(uuid4(), "gu", frozenset({"doctor"}), CARDIOLOGY)
SUPERVISOR = Viewer(uuid4(), "fang", frozenset({"service", "doctor", "pharmacy"}), None, True, True)


def row(**more) -> Row:
    return Row(
        **{
            "id": uuid4(), "channel": "wechat", "language": "zh-Hans", "control": "waiting", "talk_id": uuid4(),
            "status": "waiting", "skill": "service", "department_id": None, "department": None,
            "department_en": None, "reason": "asked", "priority": 0, "staff_id": None, "wanted_staff_id": None,
            "consultation_id": None, "agent": None, "name": "*明", "elderly": False, "last": "", "last_kind": "text",
            "last_by": "patient", "last_state": None, "last_at": NOW, "unread": 1, "requested_at": NOW,
            "unanswered_since": NOW, "ended_at": None, "closes_at": None, "left": None, "alarm": None,
        }
        | more
    )  # fmt: skip


def bots(**more) -> Row:
    return row(talk_id=None, status=None, skill=None, control="bot", **more)


def test_doctors_see_own_consultations_and_the_talks_of_their_department():
    ward = row(skill="doctor", department_id=CARDIOLOGY)
    own = row(skill="doctor", department_id=SKIN, consultation_id=uuid4(), wanted_staff_id=DOCTOR.id)
    colleagues = replace(ward, consultation_id=uuid4(), wanted_staff_id=uuid4())
    hidden = [colleagues, row(skill="doctor", department_id=SKIN), row(), bots(), row(skill="doctor")]
    assert may_see(DOCTOR, ward)
    assert may_see(DOCTOR, own)
    assert not any(may_see(DOCTOR, one) for one in hidden)
    assert all(may_see(SUPERVISOR, one) for one in [ward, own, *hidden])


def test_agents_see_their_queue_and_nothing_of_the_bots():
    assert may_see(AGENT, row())
    assert may_see(AGENT, row(skill="doctor", staff_id=AGENT.id))
    assert not may_see(AGENT, row(skill="doctor", department_id=SKIN))
    assert not may_see(AGENT, row(skill="pharmacy"))
    assert not may_see(AGENT, bots())
    ended = row(status="closed", control="bot", skill="doctor")
    assert not may_see(AGENT, ended)
    assert may_see(AGENT, replace(ended, staff_id=AGENT.id))


def with_doctor(**more) -> DoctorsTalk:
    return DoctorsTalk(
        **{
            "id": uuid4(), "consultation": True, "staff_id": uuid4(), "department_id": CARDIOLOGY,
            "begin": NOW - timedelta(minutes=60), "end": NOW - timedelta(minutes=30),
        }
        | more
    )  # fmt: skip


def test_a_consultation_is_read_by_its_doctor_and_by_those_who_watch():
    online, ward = with_doctor(), with_doctor(consultation=False, begin=NOW - timedelta(days=1))
    talk = row(with_doctors=(online, ward))
    own = row(
        with_doctors=(with_doctor(staff_id=DOCTOR.id), with_doctor(staff_id=DOCTOR.id, department_id=SKIN))
    )
    assert readable(AGENT, talk).closed == (online, ward)
    assert readable(replace(DOCTOR, department_id=SKIN), talk).closed == (online, ward)
    assert readable(DOCTOR, talk).closed == (online,)  # a colleague's
    assert readable(DOCTOR, own) == readable(SUPERVISOR, talk) == EVERYTHING
    nowhere = replace(DOCTOR, department_id=None)
    assert readable(nowhere, row(with_doctors=(with_doctor(consultation=False, department_id=None),))).closed


def test_what_is_closed_begins_and_ends_with_the_talk():
    over, goes_on = with_doctor(), with_doctor(begin=NOW, end=None)
    allowed = readable(AGENT, row(with_doctors=(over, goes_on)))
    minute = timedelta(minutes=1)
    for at in (over.begin, over.end, NOW, NOW + minute):
        assert not allowed.has(at)
    for at in (over.begin - minute, over.end + minute):
        assert allowed.has(at)
    assert not allowed.has(over.end + minute, over.id)  # said once more afterwards
    assert allowed.has(over.begin - minute, over.id)  # before it was handed to the doctor


def test_whose_talk_has_ended_reads_no_further():
    ended = row(status="closed", control="bot", staff_id=AGENT.id, ended_at=NOW, last="我有抑郁症")
    later = replace(ended, last_at=NOW + timedelta(minutes=1))
    assert may_see(AGENT, later)
    assert readable(AGENT, later).has(NOW)
    assert not readable(AGENT, later).has(later.last_at)
    assert as_seen(AGENT, ended).last
    seen = as_seen(AGENT, later)
    assert (seen.last, seen.last_at, seen.unread) == ("", NOW, 0)
    assert as_seen(SUPERVISOR, later) == later


def test_last_words_of_a_consultation_are_not_in_the_list():
    over = with_doctor()
    within = row(with_doctors=(over,), last="药减半", last_by="staff", last_at=over.end)
    again = replace(within, last_at=NOW, last_talk_id=over.id)
    for one in (within, again):
        assert (as_seen(AGENT, one).last, as_seen(AGENT, one).last_kind) == ("", "hidden")
    assert as_seen(AGENT, replace(again, last_talk_id=None)).last == "药减半"


def test_a_red_flag_stands_before_who_waits_longest():
    nine = NOW - timedelta(minutes=9)
    early, late = row(unanswered_since=nine, requested_at=nine), row()
    flagged, answered = row(alarm="emergency"), row(status="active", unanswered_since=None)
    assert sorted([answered, late, early, flagged], key=urgency) == [flagged, early, late, answered]


def test_who_waits_stands_as_in_the_queue_with_the_head_start_of_an_elder_or_a_complaint():
    def asked(minutes: int, **more) -> Row:
        at = NOW + timedelta(minutes=minutes)
        return row(requested_at=at, unanswered_since=at, **more)

    first, elder, complaint = asked(0), asked(9, priority=10), asked(15, priority=20, status="unanswered")
    assert sorted([first, elder, complaint], key=urgency) == [complaint, elder, first]


def test_who_was_let_wait_too_long_stands_before_who_waits_and_in_a_list_of_its_own():
    waits, flagged = row(unanswered_since=NOW - timedelta(minutes=9)), row(alarm="crisis")
    nobody = row(escalated_at=NOW)
    silent = row(
        status="active", staff_id=uuid4(), silent_since=NOW, unanswered_since=NOW + timedelta(minutes=1)
    )
    taken = replace(nobody, id=uuid4(), status="active", staff_id=uuid4(), unanswered_since=None)
    assert sorted([taken, waits, silent, nobody, flagged], key=urgency) == [
        flagged,
        nobody,
        silent,
        waits,
        taken,
    ]
    assert [one.late for one in (nobody, silent, waits, taken)] == ["nobody", "silent", "", ""]
    view = ListView(SUPERVISOR, Filter.LATE)
    every = [waits, nobody, silent, taken]
    view.note(every)
    assert view.first({one.id: one for one in every}) == [nobody, silent]
    assert view.counts == {"mine": 0, "waiting": 2, "late": 2, "all": 4}
    answered = replace(silent, silent_since=None)
    view.note([answered])
    assert view.change([answered]).gone == (silent.id,)


def test_a_browser_hears_of_its_own_list_only():
    mine, theirs = row(status="active", staff_id=AGENT.id, unread=3), row(status="active", staff_id=uuid4())
    view = ListView(AGENT)
    view.note([mine, theirs])
    assert view.first({mine.id: mine, theirs.id: theirs}) == [mine]
    assert view.unread == 3
    assert view.counts == {"mine": 1, "waiting": 0, "late": 0, "all": 2}
    moved = replace(theirs, last="more")
    view.note([moved])
    assert not view.change([moved])
    gone = replace(mine, staff_id=uuid4())
    view.note([gone])
    change = view.change([gone])
    assert change.gone == (mine.id,)
    assert not change.rows
    assert view.unread == 0


def test_a_row_that_leaves_makes_room_for_one_that_was_never_sent():
    every = {
        one.id: one for one in (row(requested_at=NOW + timedelta(seconds=at)) for at in range(BOUND + 5))
    }
    view = ListView(AGENT, Filter.WAITING)
    view.note(every.values())
    first = view.first(every)
    assert len(first) == BOUND
    assert first[0].requested_at == NOW
    taken = replace(first[0], status="active", staff_id=uuid4())
    view.note([taken])
    assert view.change([taken]).afresh


def test_numbers_of_persons_are_covered_and_others_stay():
    assert masked("我的身份证110101199003074514") == "我的身份证****************14"
    assert masked("打 138 1234 5678 给我") == "打 ***********78 给我"
    assert masked("血压150/95，挂号费50元，2026年11月23日9点") == "血压150/95，挂号费50元，2026年11月23日9点"


def test_telephones_of_the_hospital_stay_as_they_are():
    public = published(Settings(_env_file=None, hospital_phone="400 810 6666"))
    assert masked("请拨打400-810-6666，不要打13812345678", public) == "请拨打400-810-6666，不要打*********78"
    assert (
        masked("急诊楼1层，电话 010-8888 6120；东院 01088887120", public)
        == "急诊楼1层，电话 010-8888 6120；东院 01088887120"
    )
    assert masked("我家 010-8888 6121", public) == "我家 ***********21"
