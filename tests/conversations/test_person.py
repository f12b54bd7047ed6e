"""A person in the middle of a booking: asked for, waited for, talked with through the platform's own door, gone; and
the booking goes on where it was."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.conversations.hospital import Hospital
from tests.conversations.staff import AGENT, Agent
from tests.patients import Patient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def test_a_person_in_the_middle_of_a_booking(registered: Patient, hospital: Hospital) -> None:
    def talk() -> tuple[UUID, UUID, str]:
        found = hospital.stack.rows(
            "SELECT t.id, t.conversation_id, t.status FROM talks t JOIN contacts c ON c.id = t.conversation_id"
            " WHERE c.platform_id = %s",
            registered.platform_id,
        )
        return found[-1]

    agent = Agent(hospital)
    assert "李静" in registered.say("下周三上午想看心内科")
    registered.choose("李静")
    words = registered.say("转人工")
    assert "不等了" in words
    assert talk()[2] == "waiting"
    seen = len(registered.all_said())

    agent.accepts(registered)
    agent.says(registered, "您好，我是小李，请问什么事？")
    eventually(lambda: any("我是小李" in said for said in registered.all_said()[seen:]))
    registered.act("text", text="李静医生看高血压吗")
    registered.act("text", text="确认")  # said to a person, not to the bot
    agent.says(registered, "看的，可以约")
    eventually(lambda: any("看的，可以约" in said for said in registered.all_said()[seen:]))
    silent = registered.all_said()[seen:]
    assert all(AGENT in said or "小李" in said or "看的" in said for said in silent), silent

    agent.closes(registered)
    eventually(lambda: any("人工服务结束了" in said for said in registered.all_said()[seen:]))
    # The question that was open.
    eventually(lambda: all(words in registered.all_said()[-1] for words in ("请确认", "李静")))
    assert "已为您保留" in registered.say("确认")
    [(asked,)] = hospital.stack.rows("SELECT count(*) FROM ratings WHERE subject_id = %s", talk()[0])
    assert asked == 1
