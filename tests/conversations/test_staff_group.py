"""Answered elsewhere than at the desk, through the platforms' own doors: from the staff's Telegram group, and by
WeChat's own agents. A program of its own, for WeChat's agents change what happens to all who ask for a person."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conversations.hospital import Hospital
from tests.patients import Patient, TelegramPatient, WeChatPatient
from tests.stack import Stack, eventually, running_stack

pytestmark = pytest.mark.slow

GROUP = -1001234567890
AGENT = 4711  # the user id of an agent of the demo hospital's
PACE = 240  # seconds: the group takes twenty messages a minute
SETTINGS = {
    "TELEGRAM_STAFF_GROUP_ID": str(GROUP),
    "WECHAT_NATIVE_AGENTS": "true",
    "WECHAT_NATIVE_AGENTS_RED_FLAGS_UNSEEN": "true",
}


@pytest.fixture(scope="module")
def stack(servers: Path) -> Iterator[Stack]:
    """Stands in for the shared program here."""
    var = servers / "other-ways"
    var.mkdir()
    with running_stack(var, environment=SETTINGS) as running:
        command = [
            sys.executable,
            "-m",
            "bot.cli",
            "staff",
            "telegram",
            "agent",
            str(AGENT),
            "--var",
            str(var),
        ]
        subprocess.run(command, check=True, capture_output=True)
        yield running
        for process in ("gateway", "worker"):
            log = (running.log_dir / f"{process}.log").read_text()
            assert "Traceback" not in log, f"something failed in the {process}"


@pytest.fixture(scope="module")
def hospital(stack: Stack) -> Hospital:
    return Hospital(stack)


class Group:
    """The staff's group as its members see it."""

    def __init__(self, hospital: Hospital) -> None:
        self.hospital = hospital
        self.sandbox = hospital.stack.sandbox

    def look(self) -> dict[str, Any]:
        answer = self.sandbox.get("/telegram/group")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def does(self, kind: str, **more: Any) -> None:
        """What an administrator of the group does."""
        self.sandbox.post("/telegram/group", json={"type": kind, **more}).raise_for_status()

    def topic_of(self, person: Patient) -> Topic:
        """Waits until it stands."""
        found: list[tuple[Any, ...]] = []

        def stands() -> bool:
            found[:] = self.hospital.rows(
                "SELECT thread_id FROM staff_topics WHERE conversation_id = %s AND thread_id IS NOT NULL",
                self.hospital.contact(person),
            )
            return bool(found)

        eventually(stands, PACE)
        return Topic(self, found[0][0])


class Topic:
    def __init__(self, group: Group, number: int) -> None:
        self.group = group
        self.number = number

    def about(self) -> dict[str, Any]:
        return next(one for one in self.group.look()["topics"] if one["id"] == self.number)

    def told(self) -> list[dict[str, Any]]:
        """What the program told there."""
        said = self.group.look()["messages"]
        return [one for one in said if one.get("topic") == self.number and one["side"] == "account"]

    def lines(self) -> list[str]:
        return [line for one in self.told() for line in (one.get("text") or "").split("\n")]

    def hears(self, words: str, times: int = 1) -> None:
        eventually(lambda: sum(words in line for line in self.lines()) >= times, PACE)

    def write(self, text: str, *, kind: str = "text", user: int = AGENT) -> None:
        order = {"type": kind, "topic": self.number, "text": text, "user_id": user}
        answer = self.group.sandbox.post("/telegram/group", json=order)
        answer.raise_for_status()
        assert answer.json()["taken"]


@pytest.fixture
def group(hospital: Hospital) -> Iterator[Group]:
    made = Group(hospital)
    yield made
    for kind in ("admit", "promote", "grant", "topics_on"):
        made.does(kind)


def reads(person: Patient, words: str, seconds: float = PACE) -> None:
    """Waits until the patient has read the words."""
    eventually(lambda: any(words in said for said in person.all_said()), seconds)


def talk(hospital: Hospital, person: Patient) -> tuple[Any, ...]:
    """(id, status, answered_in) of the patient's last."""
    return hospital.rows(
        "SELECT id, status, answered_in FROM talks WHERE conversation_id = %s ORDER BY requested_at DESC LIMIT 1",
        hospital.contact(person),
    )[0]


def asked_how_it_was(hospital: Hospital, person: Patient) -> int:
    number: int = hospital.one(
        "SELECT count(*) FROM ratings WHERE subject_id = %s", talk(hospital, person)[0]
    )
    return number


@pytest.fixture
def answered(telegram: TelegramPatient, group: Group) -> Topic:
    """A patient whom an agent answers from the group."""
    telegram.say("转人工")
    topic = group.topic_of(telegram)
    topic.write("/take")
    reads(telegram, "接通了")
    topic.hears("✅")  # nothing is left to be told there
    return topic


def test_answered_from_the_group_in_the_middle_of_a_booking(
    telegram: TelegramPatient, hospital: Hospital, group: Group
) -> None:
    assert "李静" in telegram.say("下周三上午想看心内科")
    assert "请确认" in telegram.choose("李静")
    assert "不等了" in telegram.say("转人工")
    topic = group.topic_of(telegram)
    topic.hears("/take")
    topic.hears("患者：转人工")
    assert topic.about()["name"] == f"*{telegram.name[-1]}"
    assert telegram.name not in str(group.look())
    assert "心内科" not in "".join(topic.lines()), "what was said to the bot is nobody's business there"

    topic.write("我来回答", user=1)
    topic.hears("⛔ 您不能在这里回复患者")
    topic.write("您好")
    topic.hears("先发 /take")
    seen = len(telegram.all_said())
    topic.write("/take")
    reads(telegram, "接通了")
    topic.write("您好，请问什么事？")
    reads(telegram, "您好，请问什么事？")
    topic.write("/note 先核对一下预约")
    topic.hears("📝")
    topic.write("路线图", kind="photo")
    eventually(lambda: any(one["kind"] == "photo" for one in telegram.entries() if one["side"] == "account"))

    telegram.act("text", text="这是我的检查单")
    telegram.act("photo")
    telegram.act("text", text="确认")  # said to a person, not to the bot
    topic.hears("患者：这是我的检查单")
    topic.hears("患者：确认")
    eventually(lambda: any(one["kind"] == "photo" for one in topic.told()), PACE)
    told = [one["kind"] if one["kind"] == "photo" else one["text"] for one in topic.told()]
    assert told.index("photo") < next(at for at, said in enumerate(told) if "患者：确认" in said)
    said = telegram.all_said()[seen:]
    assert [one for one in said if one] == [said[0], "您好，请问什么事？", "路线图"], "the bot is silent"
    assert not hospital.appointments(telegram)

    topic.write("/close")
    reads(telegram, "人工服务结束了")
    eventually(lambda: topic.about()["closed"], PACE)
    eventually(lambda: all(words in telegram.all_said()[-1] for words in ("请确认", "李静")))
    assert "已为您保留" in telegram.say("确认")
    assert asked_how_it_was(hospital, telegram) == 1
    assert not any("先核对一下预约" in one for one in telegram.all_said())


def test_a_red_flag_while_an_agent_answers(
    telegram: TelegramPatient, hospital: Hospital, answered: Topic
) -> None:
    def paged() -> bool:
        found = "SELECT outcome, paged_at IS NOT NULL FROM alarms WHERE conversation_id = %s"
        return hospital.rows(found, hospital.contact(telegram)) == [("emergency", True)]

    assert "120" in telegram.say("我爸叫不醒了")
    answered.hears("患者：我爸叫不醒了")
    answered.hears("🚨 红旗（急症）")
    eventually(paged)  # the duty phones get one message in half a minute
    answered.write("救护车到之前别离开他")
    reads(telegram, "救护车到之前别离开他")


@pytest.mark.parametrize("fault", [{"code": 500, "count": 3}, {"code": 429, "retry_after": 16, "count": 1}])
def test_an_answer_that_is_late_is_told_in_the_topic_and_arrives(
    telegram: TelegramPatient, answered: Topic, faults: Any, fault: dict[str, int]
) -> None:
    faults(platform="telegram", operation="sendMessage", **fault)
    answered.write("请带上医保卡")
    answered.hears("⏳ 还没有送到患者，正在重试：请带上医保卡")
    reads(telegram, "请带上医保卡")
    assert telegram.all_said().count("请带上医保卡") == 1


def test_an_answer_that_will_never_arrive_is_told_in_the_topic(
    telegram: TelegramPatient, answered: Topic
) -> None:
    """403: the patient has blocked the bot."""
    telegram.act("block")
    answered.write("您还在吗")
    answered.hears("⚠️ 没有送到患者：您还在吗")


def test_a_bot_that_is_no_administrator_any_more_leaves_nobody_alone(
    telegram: TelegramPatient, hospital: Hospital, group: Group, answered: Topic
) -> None:
    group.does("demote")
    reads(telegram, "正在为您换一位")
    assert talk(hospital, telegram)[1:] == ("waiting", "desk")
    answered.hears("⛔ 机器人在群里不是管理员")
    answered.write("/take")  # commands come through
    answered.hears("⛔ 机器人在群里不是管理员", times=2)
    group.does("promote")
    answered.write("/take")
    eventually(lambda: talk(hospital, telegram)[1:] == ("active", "telegram"))


def test_a_group_that_is_gone_leaves_who_waits_to_the_desk(
    telegram: TelegramPatient, hospital: Hospital, group: Group
) -> None:
    group.does("kick")
    telegram.say("转人工")
    contact = hospital.contact(telegram)
    marked = "SELECT error IS NOT NULL FROM staff_topics WHERE conversation_id = %s"
    eventually(lambda: hospital.rows(marked, contact) == [(True,)], PACE)
    assert talk(hospital, telegram)[1:] == ("waiting", "desk")  # where the mark is seen
    group.does("admit")
    group.topic_of(telegram).hears("患者：转人工")


def agents(person: WeChatPatient, **order: str) -> dict[str, Any]:
    """What one of WeChat's own agents does, or, without an order, what they have of the patient."""
    if not order:
        answer = person.sandbox.get("/wechat/agents", params={"openid": person.openid})
    else:
        answer = person.sandbox.post("/wechat/agents", json={"openid": person.openid, **order})
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def test_wechat_s_own_agents_in_the_middle_of_a_booking(
    wechat: WeChatPatient, hospital: Hospital, group: Group
) -> None:
    assert "李静" in wechat.say("下周三上午想看心内科")
    assert "请确认" in wechat.choose("李静")
    answer = wechat.act("text", text="转人工")
    assert answer["reply"]["kind"] == "transfer_customer_service"
    answer = wechat.act("text", text="我想问问停车")
    assert answer["reply"]["kind"] == "transfer_customer_service"
    assert agents(wechat)["seen"] == ["转人工", "我想问问停车"]
    assert talk(hospital, wechat)[1:] == ("waiting", "wechat")
    seen = len(wechat.all_said())

    agents(wechat, type="accept")
    assert talk(hospital, wechat)[1:] == ("active", "wechat")
    for words in ("李静医生看高血压吗", "确认"):
        assert wechat.act("text", text=words)["outcome"] == "forwarded"
    agents(wechat, type="say", text="看的，可以约")
    agents(wechat, type="switch", agent="kf2002@renhe")
    assert wechat.all_said()[seen:] == ["看的，可以约"], "the bot is silent"
    assert not hospital.appointments(wechat)

    agents(wechat, type="close")
    reads(wechat, "人工服务结束了")
    eventually(lambda: "请确认" in wechat.all_said()[-1])
    assert "已为您保留" in wechat.say("确认")
    assert asked_how_it_was(hospital, wechat) == 1
    _not_in_the_group(hospital, group, wechat)


def test_a_red_flag_while_wechat_s_agents_are_waited_for(wechat: WeChatPatient, hospital: Hospital) -> None:
    """Until somebody accepts we hear every word."""
    wechat.act("text", text="转人工")
    answer = wechat.act("text", text="我爸叫不醒了")
    assert "120" in answer["reply"]["text"]
    alarms = "SELECT outcome FROM alarms WHERE conversation_id = %s"
    assert hospital.rows(alarms, hospital.contact(wechat)) == [("emergency",)]
    agents(wechat, type="accept")
    assert talk(hospital, wechat)[1:] == ("active", "wechat")


def test_nobody_of_wechat_s_accepts_and_the_patient_comes_into_our_own_queue(
    wechat: WeChatPatient, hospital: Hospital, group: Group
) -> None:
    wechat.act("text", text="转人工")
    assert talk(hospital, wechat)[1:] == ("waiting", "wechat")
    hospital.rows(
        "UPDATE talks SET requested_at = requested_at - interval '2 minutes' WHERE id = %s",
        talk(hospital, wechat)[0],
    )
    reads(wechat, "医院自己的人工排队")
    assert talk(hospital, wechat)[1:] == ("waiting", "desk")
    wechat.act("text", text="有人吗")
    _not_in_the_group(hospital, group, wechat)


def _not_in_the_group(hospital: Hospital, group: Group, person: WeChatPatient) -> None:
    """Whatever was said, and whoever was to answer."""
    contact = hospital.contact(person)
    assert hospital.rows("SELECT 1 FROM staff_topics WHERE conversation_id = %s", contact) == []
    shown = str(group.look())
    assert not any(words in shown for words in ("我想问问停车", "有人吗", "李静医生看高血压吗"))
