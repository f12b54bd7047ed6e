"""A follow-up through the platforms' doors: the hospital asks, the patient answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conversations import acts
from tests.conversations.hospital import Hospital
from tests.conversations.test_notices import cards, shut_window
from tests.conversations.test_pay_pages import IN_WECHAT, browser
from tests.patients import Patient
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow

Arrive = Callable[..., Patient]
FILLED = {"pressure-systolic": "135", "pressure-diastolic": "85", "medicine": "yes", "complaint": "none"}


def test_it_is_asked_answered_and_alarms(arrive: Arrive, hospital: Hospital, channel: str) -> None:
    patient = arrive(channel, registered=True)
    patient.say("你好")
    task = acts.follow_up(hospital, patient, "hypertension")
    patient.hears("到随访的时间了，有 3 个小问题")
    said = patient.choose("开始")
    assert "今天早上的血压是多少" in said
    said = patient.say("135 85，药按时吃了")
    assert "血压 135/85，记下了" in said
    assert "头晕、头痛或者胸闷" in said
    said = patient.choose("没有")
    assert "谢谢，记下了" in said
    eventually(lambda: hospital.one("SELECT status FROM follow_up_tasks WHERE id = %s", task) == "done")
    said = patient.say("血压 190/120")
    assert "190/120" in said
    assert "120" in said
    # Due at once; the page itself may wait for other pages of this hour.
    due = "SELECT count(*) FROM follow_up_alerts WHERE status = 'open' AND page_at <= now()"
    eventually(lambda: hospital.one(due) >= 1)
    said = patient.say("看看我的血压")
    assert "最近 90 天记了 2 次，平均 162/102" in said


def test_a_wrong_tap_is_put_right_in_words(arrive: Arrive, hospital: Hospital) -> None:
    patient = arrive("wechat", registered=True)
    patient.say("你好")
    task = acts.follow_up(hospital, patient, "after_visit")
    patient.hears("个小问题")
    assert "感觉怎么样" in patient.choose("开始")
    assert "按时用了吗" in patient.choose("好多了")
    assert "感觉怎么样" in patient.say("不对")
    assert "记的是“差不多”，不对就说“不对”" in patient.say("没有好转")
    assert "请尽快回医院看看" in patient.say("不对，是更不舒服了")
    told = "SELECT count(*) FROM follow_up_answers WHERE task_id = %s AND replaced_at IS NULL AND level = 'alarm'"
    assert hospital.one(told, task) == 1


def test_whom_the_chat_does_not_reach_answers_on_the_page(
    stack: Stack, hospital: Hospital, arrive: Arrive
) -> None:
    patient = arrive("wechat", registered=True)
    shut_window(stack, patient)
    task = acts.follow_up(hospital, patient, "hypertension")
    eventually(lambda: bool(cards(patient)))
    [card] = cards(patient)
    assert "血压" not in str(card["lines"])  # anybody may look at the phone
    with browser(IN_WECHAT, patient.platform_id) as own, browser(IN_WECHAT, "o-nobody") as other:
        assert "血压" not in other.get(card["url"]).text
        page = own.get(card["url"])
        assert "今天早上的血压是多少" in page.text
        assert "记下了" in own.post(page.url, data=FILLED).text
    assert hospital.one("SELECT status FROM follow_up_tasks WHERE id = %s", task) == "done"
    assert "135/85" in patient.say("看看我的血压")
