"""Who sees which conversation, and what a browser hears of changes: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bot.desk.talks.list_view import ListView
from bot.desk.talks.masking import masked
from bot.desk.talks.rows import BOUND, Row
from bot.desk.talks.seeing import Filter, Viewer, may_see, urgency

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


def test_a_red_flag_stands_before_who_waits_longest():
    early, late = row(unanswered_since=NOW - timedelta(minutes=9)), row()
    flagged, answered = row(alarm="emergency"), row(status="active", unanswered_since=None)
    assert sorted([answered, late, early, flagged], key=urgency) == [flagged, early, late, answered]


def test_a_browser_hears_of_its_own_list_only():
    mine, theirs = row(status="active", staff_id=AGENT.id, unread=3), row(status="active", staff_id=uuid4())
    view = ListView(AGENT)
    view.note([mine, theirs])
    assert view.first({mine.id: mine, theirs.id: theirs}) == [mine]
    assert view.unread == 3
    assert view.counts == {"mine": 1, "waiting": 0, "all": 2}
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
        one.id: one for one in (row(unanswered_since=NOW + timedelta(seconds=at)) for at in range(BOUND + 5))
    }
    view = ListView(AGENT, Filter.WAITING)
    view.note(every.values())
    first = view.first(every)
    assert len(first) == BOUND
    assert first[0].unanswered_since == NOW
    taken = replace(first[0], status="active", staff_id=uuid4())
    view.note([taken])
    assert view.change([taken]).afresh


def test_numbers_of_persons_are_covered_and_others_stay():
    assert masked("我的身份证110101199003074514") == "我的身份证****************14"
    assert masked("打 138 1234 5678 给我") == "打 ***********78 给我"
    assert masked("血压150/95，挂号费50元，2026年11月23日9点") == "血压150/95，挂号费50元，2026年11月23日9点"
