"""WeChat's own agents: handed over, accepted, switched, closed; and when nothing comes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError

from bot import claims, conversations, delivery, inbox, outbox
from bot.handoff import native, talking, timers
from bot.launching.operator_errors import in_words
from bot.outbox import Reply
from bot.understanding import Reading
from integrations.channel import SendError, Unavailable, Unreachable
from integrations.messages import Answer, Kind, NativeSession, SessionChange
from integrations.settings import Settings
from tests.bot.handoff.conftest import rows, state

KF = "kf2001@renhe"


class Plain:
    async def read(self, rt, conversation_id, words, expects):
        return Reading(words, [])


@pytest.fixture(autouse=True)
def switched_on(rt, rasa, wechat) -> None:
    settings = rt.settings.model_copy(
        update={"wechat_native_agents": True, "wechat_native_agents_red_flags_unseen": True}
    )
    object.__setattr__(rt, "settings", settings)
    rasa.say["转人工"] = [
        {"text": "请拨打电话", "custom": {"handoff": {"skill": "service", "reason": "asked"}}}
    ]
    rasa.say['/talk_to_human{"purpose": "pharmacist"}'] = [
        {"text": "请拨打电话", "custom": {"handoff": {"skill": "pharmacy"}}}
    ]
    wechat.passive = lambda out, _: Answer(b"TRANSFER" if out.transfer else out.text.encode())


@pytest.fixture
def writes(rt, message, clock):
    """A patient of WeChat's writes; gives what WeChat gets in the same breath, and the conversation."""

    async def write(words: str = "", *, passive: bool = True, channel: str = "wechat", **more):
        said = message(words, channel=channel, **more)
        until = clock() + timedelta(seconds=4) if passive else None
        taken = await inbox.accept(rt, rt.channels[channel], said, passive_until=until)
        await conversations.answer_pending(rt, Plain(), taken.conversation_id)
        claimed = (
            await claims.claim(rt, taken.conversation_id, passive_for=taken.inbound_id) if passive else None
        )
        if claimed is None:
            return None, taken.conversation_id
        await claims.finish(rt, claimed, "sent")
        return claimed.message, taken.conversation_id

    return write


@pytest.fixture
def event(rt, message, clock):
    """WeChat tells of its agents, and the event is stored."""

    async def tell(change: str, agent: str = KF, *, at=None, times: int = 1):
        names = {"opened": "kf_create_session", "closed": "kf_close_session", "switched": "kf_switch_session"}
        at = at or clock()
        said = message(
            "", channel="wechat", kind=Kind.EVENT, choice=names[change], sent_at=at,
            external_id=f"patient-1:{int(at.timestamp())}:{names[change]}:",
            session=NativeSession(SessionChange(change), agent),
        )  # fmt: skip
        for _ in range(times):
            await native.hear(rt, said)
            await inbox.accept(rt, rt.channels["wechat"], said, passive_until=None)

    return tell


async def talk(rt):
    [row] = await rows(
        rt, "SELECT status, answered_in, native_agent, staff_id, ended_by FROM talks ORDER BY id DESC LIMIT 1"
    )
    return row


async def test_the_wish_for_a_person_is_handed_over_and_so_is_all_that_follows(rt, wechat, writes):
    await hire_somebody(rt)
    reply, patient = await writes("转人工")
    assert (reply.transfer, reply.text) == (True, "")
    assert (await talk(rt))[:2] == ("waiting", "wechat")
    assert await state(rt, patient) == ("waiting", 1)
    for words in ("我想改约", "要等多久"):
        reply, _ = await writes(words)
        assert reply.transfer
    await delivery.deliver(rt, patient)
    assert wechat.sent == []


async def test_who_is_not_understood_is_handed_over_to_them(rt, rasa, writes):
    """They answer there, where the bot cannot go on beside."""
    wish = {"skill": "service", "reason": "failed", "instead_of": "找人请打 010-1"}
    rasa.say["听不懂的话"] = [{"text": "没听懂。\n找人请打 010-1\n哪个科？", "custom": {"handoff": wish}}]
    await hire_somebody(rt)
    reply, patient = await writes("听不懂的话")
    assert reply.transfer
    assert (await talk(rt))[:2] == ("waiting", "wechat")
    assert await state(rt, patient) == ("waiting", 1)


async def hire_somebody(rt) -> None:
    await rows(
        rt,
        "INSERT INTO staff (login, name, role, password_hash, password_changed_at)"
        " VALUES ('one', '小李', 'agent', '-', :now) RETURNING id",
        now=rt.now(),
    )


@pytest.fixture
async def waits(rt, writes):
    """A patient who waits for WeChat's agents."""
    await hire_somebody(rt)
    _, patient = await writes("转人工")
    return patient


async def test_accepted_switched_and_closed_by_events(rt, wechat, waits, event, clock):
    clock.forward(seconds=20)
    await event("opened", times=3)
    assert (await talk(rt))[:4] == ("active", "wechat", KF, None)
    assert await state(rt, waits) == ("agent", 2)
    clock.forward(seconds=20)
    await event("switched", "kf2002@renhe")
    assert (await talk(rt)).native_agent == "kf2002@renhe"
    clock.forward(seconds=20)
    await event("closed", "kf2002@renhe", times=3)
    assert (await talk(rt))[:2] == ("closed", "wechat")
    assert (await talk(rt)).ended_by == "wechat:kf2002@renhe"
    assert await state(rt, waits) == ("bot", 3)
    assert len(await rows(rt, "SELECT 1 FROM ratings")) == 1
    [told] = await rows(rt, "SELECT external_id FROM inbound WHERE channel = 'system'")
    assert told.external_id.endswith(":closed")
    actions = await rows(rt, "SELECT actor, action FROM audit_events WHERE action LIKE 'talk.%' ORDER BY id")
    assert [row.action for row in actions] == ["talk.accept", "talk.switched", "talk.closed"]
    assert wechat.sent == []


async def test_the_bot_is_silent_while_an_agent_is_there_and_says_afterwards_what_it_held(
    rt, wechat, waits, event, writes, clock
):
    await event("opened")
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, waits, [Reply("提醒：明天就诊")], epoch=2)
    reply, _ = await writes("还在吗")  # WeChat's forwarding and our hearing overlap for a moment
    assert reply.transfer
    for _ in range(4):
        clock.forward(minutes=5)
        await timers.keep(rt)
        await delivery.deliver(rt, waits)
    assert wechat.sent == []
    assert (await talk(rt)).status == "active"
    await event("closed")
    await delivery.deliver(rt, waits)
    assert "提醒：明天就诊" in wechat.texts


async def test_what_the_bot_is_just_sending_does_not_hold_up_wechat_s_webhook(rt, waits, event, monkeypatch):
    """The call may hang for as long as the platform likes; the conversation's row was locked meanwhile."""
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, waits, [Reply("提醒：明天就诊")], epoch=1)
    await rows(rt, "UPDATE outbound SET status = 'sending', claimed_at = :now RETURNING id", now=rt.now())
    monkeypatch.setattr(talking, "_LONGEST_WAIT", math.inf)
    async with asyncio.timeout(90):
        await event("opened")
    assert (await talk(rt))[:3] == ("active", "wechat", KF)


async def test_forwarding_ends_after_half_an_hour_and_the_bot_is_back(rt, waits, event, clock):
    await event("opened")
    clock.forward(minutes=30, seconds=1)
    await timers.keep(rt)
    assert ((await talk(rt)).status, (await talk(rt)).ended_by) == ("closed", "time")
    assert (await state(rt, waits))[0] == "bot"
    assert len(await rows(rt, "SELECT 1 FROM inbound WHERE channel = 'system'")) == 1


async def test_when_nobody_accepts_the_patient_comes_into_our_queue_and_is_told(
    rt, wechat, waits, hire, writes, event, clock
):
    ours = await hire("ours", there=True)
    await timers.keep(rt)
    assert (await talk(rt)).staff_id is None  # nobody of ours is asked meanwhile
    clock.forward(seconds=121)
    await rows(rt, "UPDATE staff_presence SET seen_at = :now RETURNING staff_id", now=clock())
    await timers.keep(rt)
    await delivery.deliver(rt, waits)
    assert "医院自己的人工排队" in wechat.texts[0]
    assert ((await talk(rt)).answered_in, (await talk(rt)).staff_id) == ("desk", ours.id)
    reply, _ = await writes("要等多久")
    assert not reply.transfer
    clock.forward(seconds=5)
    await event("opened")  # late, and still better than nobody
    assert (await talk(rt))[:3] == ("active", "wechat", KF)


async def test_a_tap_on_the_menu_cannot_be_handed_over_so_one_sentence_is_asked_for(rt, rasa, writes):
    await hire_somebody(rt)
    rasa.say["/talk_to_human"] = rasa.say["转人工"]
    reply, _ = await writes(kind=Kind.MENU, choice="talk_to_human")
    assert "用一句话" in reply.text
    reply, _ = await writes("我想改约")
    assert reply.transfer


async def test_a_turn_that_is_too_late_for_the_reply_asks_for_one_sentence_too(rt, wechat, writes):
    await hire_somebody(rt)
    _, patient = await writes("转人工", passive=False)
    await delivery.deliver(rt, patient)
    assert "用一句话" in wechat.texts[0]
    assert (await talk(rt)).answered_in == "wechat"


async def test_a_transfer_never_leaves_actively(rt, wechat, writes, message, clock):
    await hire_somebody(rt)
    said = message("转人工", channel="wechat")
    taken = await inbox.accept(rt, wechat, said, passive_until=clock() + timedelta(seconds=4))
    await conversations.answer_pending(rt, Plain(), taken.conversation_id)
    clock.forward(seconds=10)  # the gateway is gone
    await delivery.deliver(rt, taken.conversation_id)
    assert wechat.sent == []
    assert [row.status for row in await rows(rt, "SELECT status FROM outbound")] == ["dropped"]


async def test_a_redelivery_gets_the_transfer_once_more(rt, wechat, waits):
    [inbound] = await rows(rt, "SELECT id FROM inbound WHERE channel = 'wechat'")
    again = await claims.passive_again(rt, inbound.id, waits)
    assert again.message.transfer


async def test_not_waiting_any_longer_is_understood(rt, rasa, waits, writes):
    rasa.say['/handed_back{"purpose": "left"}'] = [{"text": "好的"}]
    reply, _ = await writes("不等了")
    assert reply.text == "好的"
    assert (await talk(rt)).status == "left"
    assert (await state(rt, waits))[0] == "bot"


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_red_flag_that_reaches_us_all_the_same_is_answered(
    rt, waits, event, message, clock, accepted
):
    """While they wait; and after a session's end that we have not heard of yet."""
    if accepted:
        await event("opened")
    said = message("胸口剧痛，喘不上气", channel="wechat")
    taken = await inbox.accept(rt, rt.channels["wechat"], said, passive_until=clock() + timedelta(seconds=4))
    assert taken.alarm
    claimed = await claims.claim(rt, waits, passive_for=taken.inbound_id, alarms_only=True)
    assert "120" in claimed.message.text
    assert not claimed.message.transfer


async def test_events_that_others_have_overtaken_change_nothing(rt, waits, event, clock):
    opened = clock()
    clock.forward(seconds=30)
    await event("closed")  # came first: the session was had all the same
    assert (await talk(rt)).status == "closed"
    await event("opened", at=opened)
    assert (await talk(rt)).status == "closed"
    clock.forward(seconds=30)
    await event("opened")
    assert (await talk(rt)).status == "active"
    await event("closed", at=clock() - timedelta(seconds=20))
    assert (await talk(rt)).status == "active"


@pytest.fixture
def wechat_says(wechat):
    """Which agent has the patient, when asked; an error is raised."""

    def says(answer: str | SendError) -> None:
        async def agent_of(recipient: str) -> str:
            assert recipient == "patient-1"
            if isinstance(answer, SendError):
                raise answer
            return answer

        wechat.agent_of = agent_of

    return says


async def test_an_end_that_we_never_heard_of_is_found_and_the_bot_is_back(
    rt, waits, event, clock, wechat_says
):
    await event("opened")
    clock.forward(seconds=31)
    wechat_says("")
    await native.look(rt)
    assert ((await talk(rt)).status, (await talk(rt)).ended_by) == ("closed", "time")
    assert (await state(rt, waits))[0] == "bot"
    assert len(await rows(rt, "SELECT 1 FROM ratings")) == 1
    await native.look(rt)
    assert len(await rows(rt, "SELECT 1 FROM inbound WHERE channel = 'system'")) == 1


async def test_a_beginning_that_we_never_heard_of_is_found_and_the_bot_is_silent(
    rt, wechat, waits, clock, wechat_says
):
    clock.forward(seconds=31)
    wechat_says(KF)
    await native.look(rt)
    assert (await talk(rt))[:3] == ("active", "wechat", KF)
    assert (await state(rt, waits))[0] == "agent"
    clock.forward(seconds=121)
    await timers.keep(rt)
    await delivery.deliver(rt, waits)
    assert wechat.sent == []  # nobody is told that no agent came


@pytest.mark.parametrize("says", [KF, Unavailable("500"), Unreachable("errcode 40003")])
async def test_while_the_agent_is_there_or_wechat_does_not_say_nothing_changes(
    rt, waits, event, clock, wechat_says, says
):
    await event("opened")
    clock.forward(minutes=20)
    before = await rows(rt, "SELECT * FROM talks")
    wechat_says(says)
    await native.look(rt)
    assert await rows(rt, "SELECT * FROM talks") == before


@pytest.mark.parametrize(("error", "asked"), [(Unavailable("500"), 1), (Unreachable("errcode 40003"), 2)])
async def test_while_wechat_is_away_nobody_is_asked_about_in_vain(
    rt, wechat, waits, writes, clock, error, asked
):
    await writes("转人工", sender="patient-2")
    clock.forward(seconds=31)
    about = []

    async def agent_of(recipient: str) -> str:
        about.append(recipient)
        raise error

    wechat.agent_of = agent_of
    await native.look(rt)
    assert len(about) == asked


async def test_what_has_only_just_begun_is_not_asked_about(rt, waits, event, clock, wechat_says):
    """WeChat may not show it yet."""
    await event("opened")
    clock.forward(seconds=29)
    wechat_says("")
    await native.look(rt)
    assert (await talk(rt)).status == "active"


async def test_a_session_that_begins_while_it_is_asked_about_stands(rt, wechat, waits, event, clock):
    clock.forward(seconds=31)

    async def agent_of(_: str) -> str:
        clock.forward(seconds=1)
        await event("opened")
        return ""

    wechat.agent_of = agent_of
    await native.look(rt)
    assert (await talk(rt)).status == "active"


async def test_a_second_session_has_a_half_hour_of_its_own(rt, waits, event, clock):
    """Of the end of the first we heard nothing; it is the same agent."""
    await event("opened")
    clock.forward(minutes=20)
    again = clock()
    await event("opened", times=2)
    clock.forward(minutes=11)
    await event("opened", at=again)  # brought once more
    await timers.keep(rt)
    assert (await talk(rt)).status == "active"
    clock.forward(minutes=20)
    await timers.keep(rt)
    assert (await talk(rt)).status == "closed"


async def test_an_agent_who_begins_by_themselves_silences_the_bot(rt, writes, event):
    _, patient = await writes("你好")
    await event("opened")
    assert (await talk(rt))[:3] == ("active", "wechat", KF)
    assert (await state(rt, patient))[0] == "agent"


async def test_our_own_people_s_talk_is_not_taken_away(rt, writes, waits, event, hire, clock):
    ours = await hire("ours")
    [row] = await rows(rt, "SELECT id FROM talks")
    async with rt.database.begin() as session:
        await talking.accept(session, rt, row.id, ours, clock())
    for change in ("opened", "switched", "closed"):
        clock.forward(seconds=1)
        await event(change)
    assert ((await talk(rt)).status, (await talk(rt)).staff_id) == ("active", ours.id)
    assert (await talk(rt)).answered_in == "desk"


async def test_other_skills_other_channels_and_other_times_wait_for_our_own_people(rt, writes, hire, clock):
    await hire_somebody(rt)
    await rows(
        rt,
        "INSERT INTO staff (login, name, role, password_hash, password_changed_at)"
        " VALUES ('chemist', '药师', 'pharmacist', '-', :now) RETURNING id",
        now=clock(),
    )
    reply, _ = await writes("问药师")
    assert not reply.transfer
    _, theirs = await writes("转人工", passive=False, channel="telegram", sender="t")
    clock.forward(hours=12)
    reply, _ = await writes("转人工", sender="late")
    assert not reply.transfer
    assert {row.answered_in for row in await rows(rt, "SELECT answered_in FROM talks")} == {"desk"}
    assert theirs


async def test_switched_off_nothing_is_handed_over_and_events_say_nothing(rt, writes, event):
    object.__setattr__(rt, "settings", rt.settings.model_copy(update={"wechat_native_agents": False}))
    await hire_somebody(rt)
    reply, patient = await writes("转人工")
    assert not reply.transfer
    await event("opened")
    assert (await talk(rt)).status == "waiting"
    assert await assigning_of(rt) == ["desk"]
    assert patient


async def assigning_of(rt) -> list[str]:
    return [row.answered_in for row in await rows(rt, "SELECT answered_in FROM talks")]


async def test_an_event_about_somebody_unknown_is_nothing(rt, event):
    await event("opened")
    assert await rows(rt, "SELECT 1 FROM talks") == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"wechat_native_agents": True}, "WECHAT_NATIVE_AGENTS_RED_FLAGS_UNSEEN both to true"),
        ({"wechat_native_agents_red_flags_unseen": True}, "no red flag is found there"),
        (
            {
                "wechat_native_agents": True,
                "wechat_native_agents_red_flags_unseen": True,
                "wechat_reply_mode": "active",
            },
            "WECHAT_REPLY_MODE cannot be active",
        ),
    ],
)
def test_the_operator_has_to_say_it_twice(said, words):
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, **said)
    assert words in in_words(refused.value)
    assert not Settings(_env_file=None).wechat_native_agents


def test_a_transfer_bears_no_words():
    with pytest.raises(ValueError, match="alone"):
        replace(Reply("x"), transfer=True)
