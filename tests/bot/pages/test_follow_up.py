"""The page on which a follow-up's questions are answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import select, text

from bot import news, sweep
from bot.outbox import unseal
from integrations.hospital import accounts, page_subjects
from integrations.hospital.follow_up import answering, enrolment
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    FollowUpAlert,
    FollowUpAnswer,
    FollowUpTask,
    Measurement,
    Method,
    TaskStatus,
)
from tests.bot.said import commands

from .money import Phone, words

FINE = {
    "pressure-systolic": "135",
    "pressure-diastolic": "85",
    "medicine": "yes",
    "complaint": "none",
}


@dataclass
class Sheet:
    """Somebody on a plan, with the page of the first asking open in their own browser."""

    rt: object
    who: object
    task_id: UUID
    link: str
    phone: Phone
    other: Phone

    async def show(self):
        return await self.phone.get(self.link)

    async def send(self, **typed):
        await self.show()  # whose browser it is
        return await self.phone.post(self.link, **typed)

    async def answers(self):
        async with self.rt.database.begin() as session:
            return await answering.answers_of(session, self.rt.crypto, self.task_id)

    async def task(self):
        async with self.rt.database.begin() as session:
            return await session.get_one(FollowUpTask, self.task_id)

    async def rows(self, model):
        async with self.rt.database.begin() as session:
            return list(await session.scalars(select(model)))

    async def in_the_chat(self, question, value):
        known = plans(self.rt.settings)
        async with self.rt.database.begin() as session:
            task = await answering.open_task(session, self.who.contact_id, self.rt.now(), self.task_id)
            asked = known.get(task.plan_id).question(question)
            await answering.give(
                session,
                self.rt.crypto,
                known,
                task,
                Given(asked, value),
                method=Method.CHAT,
                now=self.rt.now(),
            )

    async def commands(self):
        return await commands(self.rt)


@pytest.fixture
def plan():
    return "hypertension"


@pytest.fixture
def language():
    return "zh-Hans"


@pytest.fixture
async def sheet(cash, plan, language):
    rt, who = cash.rt, await cash.patient(language=language)
    async with rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, rt.now(), None)
        await enrolment.start_by_staff(
            session,
            rt.settings,
            plans(rt.settings).get(plan),
            who.patient_id,
            actor="staff:test",
            now=rt.now(),
        )
        first = select(FollowUpTask.id).order_by(FollowUpTask.due_at).limit(1)
        task_id = (await session.scalars(first)).one()
        link = await page_subjects.follow_up_link(session, who.contact_id, task_id, rt.now())
    return Sheet(rt, who, task_id, link, await cash.owner(who), cash.browser())


async def test_all_questions_on_one_page_and_nothing_filled_in(sheet):
    shown = await sheet.show()
    assert shown.status_code == 200
    said = words(shown)
    for part in (
        "*明",
        "3 个小问题",
        "血压是多少",
        "高压",
        "mmHg",
        "可以填 50–280",
        "按时吃了吗",
        "头晕",
        "有一点",
    ):
        assert part in said
    assert " checked" not in shown.text
    assert shown.text.count('value=""') == 3
    assert shown.headers["cache-control"] == "no-store"


async def test_answers_are_kept_as_the_chat_keeps_them_and_the_chat_hears(sheet):
    done = await sheet.send(**FINE)
    assert done.status_code == 200
    assert "谢谢，记下了" in words(done)
    assert await sheet.answers() == {
        "pressure": {"systolic": 135, "diastolic": 85},
        "medicine": True,
        "complaint": "none",
    }
    assert (await sheet.task()).status is TaskStatus.DONE
    [measured] = await sheet.rows(Measurement)
    assert (measured.kind, measured.method) == ("blood_pressure", Method.PAGE)
    assert await news.tell(sheet.rt, 10) == [sheet.who.contact_id]
    [command] = await sheet.commands()
    assert json.loads(command.removeprefix("/follow_up_answered")) == {"task": str(sheet.task_id)}


async def test_the_link_is_good_for_one_time(sheet):
    await sheet.send(**FINE)
    again = await sheet.send(**FINE | {"pressure-systolic": "150"})
    assert again.status_code == 410
    assert "您已经答好了" in words(again)
    assert (await sheet.answers())["pressure"]["systolic"] == 135
    assert (await sheet.show()).status_code == 410
    await news.tell(sheet.rt, 10)
    assert len(await sheet.commands()) == 1


async def test_an_alarm_is_answered_at_once_and_reaches_staff(sheet):
    shown = await sheet.send(**FINE | {"pressure-systolic": "200", "pressure-diastolic": "120"})
    said = words(shown)
    assert "这个数很高。请马上坐下休息" in said
    assert "已经转给随访的医护人员" in said
    assert "现在是下班时间，随访的医护人员明天 8:00 上班后才看得到" in said  # Sunday
    assert "接着答" not in said
    [alert] = await sheet.rows(FollowUpAlert)
    assert alert.duty == "心血管内科随访护士"


async def test_after_an_alarm_the_rest_can_wait(sheet):
    shown = await sheet.send(**{"pressure-systolic": "200", "pressure-diastolic": "120"})
    assert "其余的问题不急" in words(shown)
    assert len(await sheet.rows(FollowUpAlert)) == 1
    assert (await sheet.task()).status is TaskStatus.ANSWERING
    rest = await sheet.show()
    assert "前面答过的都记着，还剩 2 个" in words(rest)
    assert "200" not in rest.text
    assert "血压是多少" not in words(rest)
    assert (await sheet.send(medicine="yes", complaint="none")).status_code == 200
    assert (await sheet.task()).status is TaskStatus.DONE


async def test_half_a_pressure_that_alarms_by_itself_as_in_the_chat(sheet):
    half = {"pressure-systolic": "200"}
    shown = await sheet.send(**half)
    assert "请立刻拨打120" in words(shown)
    assert "已经转给随访的医护人员" in words(shown)
    await sheet.send(**half)  # once more
    assert [one.status for one in await sheet.rows(FollowUpAlert)] == ["open"]
    assert await sheet.answers() == {}
    assert await sheet.commands() == []
    await sheet.send(**FINE | half | {"pressure-diastolic": "110"})
    [alert] = await sheet.rows(FollowUpAlert)
    assert (alert.status, alert.measurement_id) == ("open", None)


@pytest.mark.parametrize("half", [{"pressure-systolic": "135"}, {"pressure-diastolic": "70"}])
async def test_another_half_of_a_pressure_alarms_nobody(sheet, half):
    shown = await sheet.send(**half)
    assert shown.status_code == 422
    assert await sheet.rows(FollowUpAlert) == []


async def test_what_is_missing_is_asked_for_and_the_rest_is_kept(sheet):
    half = await sheet.send(medicine="no", complaint="mild")
    assert half.status_code == 422
    said = words(half)
    assert "这一项还没有填" in said
    assert "其余的已经记下" in said
    assert "请尽量每天固定时间吃" in said  # the advice for what is to be watched
    assert "按时吃了吗" not in said
    assert await sheet.answers() == {"medicine": False, "complaint": "mild"}
    done = await sheet.send(**{"pressure-skip": "yes"})
    assert done.status_code == 200
    assert (await sheet.answers())["pressure"] is None


async def test_what_was_answered_in_the_chat_meanwhile_stands(sheet):
    await sheet.in_the_chat("medicine", False)
    done = await sheet.send(**FINE)
    assert "您在聊天里已经答过" in words(done)
    assert (await sheet.answers())["medicine"] is False
    assert len(await sheet.rows(FollowUpAnswer)) == 3


async def test_all_answered_in_the_chat_meanwhile(sheet):
    for question, value in {"pressure": None, "medicine": True, "complaint": "none"}.items():
        await sheet.in_the_chat(question, value)
    for answer in (await sheet.show(), await sheet.send(**FINE)):
        assert answer.status_code == 200
        assert "在聊天里已经答完" in words(answer)
    assert (await sheet.answers())["pressure"] is None


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ({"pressure-systolic": "135"}, "请一起填"),
        ({"pressure-systolic": "早上", "pressure-diastolic": "85"}, "请一起填"),
        ({"pressure-systolic": "早上", "pressure-diastolic": "晚上"}, "请填数字"),
        ({"pressure-systolic": "85", "pressure-diastolic": "135"}, "和平常的数差得很多"),
        ({"pressure-systolic": "135", "pressure-diastolic": "85", "pressure-pulse": "快"}, "请填数字"),
    ],
)
async def test_a_slip_is_told_beside_its_field_and_kept_on_the_page(sheet, typed, fault):
    shown = await sheet.send(**FINE | {"pressure-diastolic": ""} | typed)
    assert shown.status_code == 422
    assert fault in words(shown)
    assert all(f'value="{value}"' in shown.text for value in typed.values())
    assert "pressure" not in await sheet.answers()


async def test_both_in_one_field(sheet):
    await sheet.send(**FINE | {"pressure-systolic": "１３５／８５", "pressure-diastolic": ""})
    assert (await sheet.answers())["pressure"] == {"systolic": 135, "diastolic": 85}


async def test_a_value_that_can_hardly_be_is_left_out_when_it_comes_twice(sheet):
    odd = FINE | {"pressure-systolic": "500"}
    first = await sheet.send(**odd)
    assert 'name="pressure-doubted"' in first.text
    done = await sheet.send(**odd, **{"pressure-doubted": "500 85"})
    assert "没有算进记录，但我已经转给随访的医护人员" in words(done)
    assert (await sheet.answers())["pressure"] is None
    assert all(one.replaced_at for one in await sheet.rows(Measurement))
    [alert] = await sheet.rows(FollowUpAlert)
    assert (alert.status, alert.page_at is not None) == ("open", True)


@pytest.mark.parametrize("plan", ["diabetes"])
@pytest.mark.parametrize(("chosen", "kept"), [("other", {"value": 65}), ("told", {"value": 130})])
async def test_a_weight_that_may_be_in_jin_is_asked_about_once(sheet, chosen, kept):
    heavy = {"sugar": "6.1", "sugar-when": "fasting", "weight": "130", "medicine": "yes", "feet": "no"}
    shown = await sheet.send(**heavy)
    assert "是哪一个" in words(shown)
    assert "130 斤，也就是体重 65 公斤" in words(shown)
    assert "weight" not in await sheet.answers()
    assert 'name="weight-doubted" value="130"' in shown.text
    await sheet.send(weight="130", **{"weight-doubted": "130", "weight-meant": chosen})
    assert (await sheet.answers())["weight"] == kept


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_a_weight_in_either_unit_is_left_out_when_it_comes_twice_as_in_the_chat(sheet):
    rest = {"sugar": "6.1", "sugar-when": "fasting", "medicine": "yes", "feet": "no"}
    await sheet.send(**rest, weight="130")
    done = await sheet.send(weight="130", **{"weight-doubted": "130"})
    assert "我先不记" in words(done)
    assert (await sheet.answers())["weight"] is None
    assert [one.kind for one in await sheet.rows(Measurement)] == ["glucose"]


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_a_weight_that_cannot_be_is_refused_with_a_reason_as_in_the_chat(sheet):
    rest = {"sugar": "6.1", "sugar-when": "fasting", "medicine": "yes", "feet": "no"}
    shown = await sheet.send(**rest, weight="700")
    assert "和平常的数差得很多，先没有记" in words(shown)
    assert 'name="weight-doubted" value="700"' in shown.text
    done = await sheet.send(weight="700", **{"weight-doubted": "700"})
    assert "没有算进记录" in words(done)
    assert "120" in words(done)
    assert (await sheet.answers())["weight"] is None
    assert [one.kind for one in await sheet.rows(Measurement) if not one.replaced_at] == ["glucose"]
    assert [one.page_at for one in await sheet.rows(FollowUpAlert)] == [None]


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_what_was_doubted_vouches_for_no_other_value(sheet):
    await sheet.send(sugar="6.1", **{"sugar-when": "fasting"}, weight="700", medicine="yes", feet="no")
    shown = await sheet.send(weight="130", **{"weight-doubted": "700"})
    assert "是哪一个" in words(shown)
    assert "weight" not in await sheet.answers()


@pytest.mark.parametrize("plan", ["after_visit"])
async def test_words_that_cannot_wait_are_answered_like_in_the_chat(sheet):
    shown = await sheet.send(condition="better", medicine="yes", words="胸口很痛，喘不上气")
    assert "120" in words(shown)
    assert "请先看这里" in words(shown)
    async with sheet.rt.database.begin() as session:
        [row] = (await session.execute(text("SELECT alarm, status, content FROM inbound"))).all()
        assert row.alarm.startswith("emergency:")
        assert row.status == "done"
        assert "喘不上气" not in str(row.content)
        assert (await session.scalars(text("SELECT exempt FROM outbound"))).all() == [True]


@pytest.mark.parametrize("plan", ["after_visit"])
async def test_words_may_be_left_out(sheet):
    half = await sheet.send(condition="better", words="")
    assert "words" not in await sheet.answers()
    assert "还有什么想告诉医生" in words(half)
    assert (await sheet.send(medicine="skip", words="")).status_code == 200
    assert await sheet.answers() == {"condition": "better", "medicine": None, "words": ""}


@pytest.mark.parametrize("plan", ["diabetes"])
async def test_blood_sugar_with_its_time_of_day(sheet):
    await sheet.send(
        **{"sugar": "3.2", "sugar-when": "fasting", "weight": "124斤", "medicine": "yes", "feet": "no"}
    )
    answers = await sheet.answers()
    assert answers["sugar"] == {"value": 3.2, "when": "fasting"}
    assert answers["weight"] == {"value": 62.0}
    assert len(await sheet.rows(FollowUpAlert)) == 1  # too low


async def test_it_is_its_owners_alone(sheet):
    for answer in (await sheet.other.get(sheet.link), await sheet.other.post(sheet.link, **FINE)):
        assert answer.status_code == 403
        assert "血压" not in words(answer)
    assert await sheet.answers() == {}


async def test_without_consent_nothing_is_taken(sheet):
    async with sheet.rt.database.begin() as session:
        contact = await accounts.contact(session, sheet.who.contact_id)
        await accounts.withdraw_consents(session, contact, accounts.OWN_CONSENTS, sheet.rt.now(), None)
    for answer in (await sheet.show(), await sheet.send(**FINE)):
        assert answer.status_code == 403
        assert "还需要您的同意" in words(answer)
    assert await sheet.answers() == {}


async def test_under_the_notice_before_an_alarm_still_reaches_staff(sheet, monkeypatch):
    monkeypatch.setattr(accounts, "CONSENT_VERSION", "2027-01")
    told = await sheet.send(**FINE | {"pressure-systolic": "200", "pressure-diastolic": "130"})
    assert "请立刻拨打120" in words(told)
    assert [one.status for one in await sheet.rows(FollowUpAlert)] == ["open"]


async def test_a_stopped_plan_asks_nothing(sheet):
    async with sheet.rt.database.begin() as session:
        await session.execute(text("UPDATE follow_up_tasks SET status = 'stopped'"))
    assert "现在没有要答的问题" in words(await sheet.send(**FINE))
    assert await sheet.answers() == {}


async def test_an_old_link_says_how_to_go_on(sheet, clock):
    clock.forward(days=4)
    late = await sheet.show()
    assert late.status_code == 410
    assert "说“开始随访”" in words(late)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            (
                "Follow-up",
                "3 short questions",
                "What is your blood pressure",
                "Upper number",
                "Skip this one",
            ),
        ),
        ("zh-Hant", ("隨訪", "3 個小問題", "血壓是多少", "高壓", "按時吃了嗎")),
    ],
)
async def test_it_speaks_the_patients_language(sheet, said):
    shown = words(await sheet.show())
    assert all(part in shown for part in said)


async def test_the_notice_in_a_shut_window_leads_to_the_page(sheet, clock):
    clock.time = (await sheet.task()).due_at
    await sweep.hospital(sheet.rt)
    async with sheet.rt.database.begin() as session:
        [content] = (
            await session.scalars(text("SELECT content FROM outbound WHERE notice IS NOT NULL"))
        ).all()

    notice = unseal(sheet.rt.crypto, content).notice
    assert notice.page.startswith("/p/followup/")
    assert "血压" not in notice.words
    shown = await sheet.phone.get(notice.page)
    assert "3 个小问题" in words(shown)
    clock.forward(days=1)
    assert (await sheet.phone.get(notice.page)).status_code == 200
