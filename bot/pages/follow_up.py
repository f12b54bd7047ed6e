"""The page behind a follow-up's notice: all questions of the asking, answered where the chat would ask them one by
one. What is answered already is not shown, an alarm is answered at once, and the chat hears when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox
from bot.pages import questionnaire
from bot.pages.permission import key_for, origin
from bot.pages.questionnaire import Filled
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell
from bot.pages.speech import line
from integrations.hospital import accounts, events, links
from integrations.hospital.events import EventKind
from integrations.hospital.follow_up import answering, aside, hours, wording
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.measuring import Taken
from integrations.hospital.follow_up.plans import Plan, Plans, Question, plans
from integrations.hospital.models import Level, Method
from integrations.hospital.page_subjects import FOLLOW_UP

router = APIRouter(prefix=f"/p/{FOLLOW_UP}")

Owner = Annotated[Reader, owner_of(FOLLOW_UP)]


@dataclass(frozen=True, slots=True)
class Asked:
    """An asking, as its page finds it. `left`: what nobody has answered yet; `answered`: the rest."""

    task: OpenTask
    plans: Plans
    plan: Plan

    @property
    def left(self) -> list[Question]:
        return self.task.open_questions(self.plan)

    @property
    def answered(self) -> list[Question]:
        return [question for question in self.plan.questions if question.id in self.task.answered]


@router.get("/{token}")
async def show(reader: Owner) -> Response:
    """The questions that are open, as often as it is looked at; what was answered stands nowhere."""
    async with reader.rt.database.begin() as session:
        asked = await _asked(session, reader)
    return _form(reader, asked, {})


@router.post("/{token}")
async def answer(reader: Owner) -> Response:
    """Keeps what was filled in and can be kept; asks again for the rest."""
    typed = {name: value for name, value in (await reader.request.form()).items() if isinstance(value, str)}
    async with reader.rt.database.begin() as session:
        await answering.lock(session, reader.about)
        asked = await _asked(session, reader)
        filled = questionnaire.read_filled(asked.plans, asked.left, typed, reader.speech)
        filled.meanwhile = questionnaire.answers_any(typed, asked.answered)
        urgent = await _hear(session, reader, filled)
        asked = await _keep(session, reader, asked, filled)
        await _pass_on(session, reader, asked, filled)
        if any(read.level is Level.ALARM for read in filled.reads) or not asked.left:
            await _conclude(session, reader, asked)
    if filled.alarmed or urgent:
        return _alarm(reader, asked, filled, urgent)
    if asked.left:
        return _form(reader, asked, typed, filled)
    return await _done(reader, asked, filled)


async def _asked(session: AsyncSession, reader: Reader) -> Asked:
    """What is asked. Raises Answered: nothing is asked any more, it was answered, or may not be kept."""
    if not await accounts.may_go_on(session, reader.contact):
        raise _told(reader, "no_consent", status=403)
    known = plans(reader.rt.settings)
    task = await answering.open_task(session, reader.contact.id, reader.rt.now(), reader.about)
    plan = known.get(task.plan_id) if task else None
    if task is None or plan is None:
        raise _told(reader, "asked_over", status=410)
    asked = Asked(task, known, plan)
    if asked.left:
        return asked
    here = reader.link.finished_at is not None
    raise _told(reader, "asked_used" if here else "asked_meanwhile", status=410 if here else 200, done=True)


def _told(reader: Reader, name: str, *, status: int = 200, done: bool = False) -> Answered:
    words = line(f"page_{name}")
    title = f"page_{name}_title"
    return Answered(tell(reader.request, reader.speech, title, words, status=status, done=done))


async def _hear(session: AsyncSession, reader: Reader, filled: Filled) -> str:
    """What was written freely may tell of an emergency. Gives what is to be shown then."""
    said = "\n".join(filled.words)
    if not said:
        return ""
    urgent = await inbox.hear(
        session, reader.rt, reader.contact.id, external_id=f"{reader.link.id}:{uuid4()}", words=said
    )
    return reader.speech.write(urgent)


async def _keep(session: AsyncSession, reader: Reader, asked: Asked, filled: Filled) -> Asked:
    """By the service of the chat. Gives the asking as it stands afterwards."""
    rt, task = reader.rt, asked.task
    for given in filled.given:
        await answering.give(session, rt.crypto, asked.plans, task, given, method=Method.PAGE, now=rt.now())
        task = replace(task, answered=task.answered | {given.question.id})
    return replace(asked, task=task)


async def _pass_on(session: AsyncSession, reader: Reader, asked: Asked, filled: Filled) -> None:
    """What is no answer, and staff see all the same."""
    rt, known = reader.rt, asked.plans
    for read in (*filled.halves, *filled.stood_by):
        if kind := read.question.measures:
            taken = Taken(kind, read.value, known.rules.of(kind).unit, rt.now())
            duty = aside.duty_of(known, asked.plan, read.question, read.level)
            await aside.pass_on(
                session, rt.crypto, asked.task.patient_id, taken, duty, method=Method.PAGE, now=rt.now()
            )


async def _conclude(session: AsyncSession, reader: Reader, asked: Asked) -> None:
    """All is answered, and the link has done its work; or somebody was told to act. The chat hears of both."""
    if not asked.left:
        await links.finish(session, reader.link, reader.rt.now())
    await events.emit(
        session,
        EventKind.PAGE_COMPLETED,
        account_id=reader.contact.account_id,
        contact_id=reader.contact.id,
        payload={"purpose": FOLLOW_UP, "task_id": str(asked.task.id)},
    )


def _form(reader: Reader, asked: Asked, typed: Mapping[str, str], filled: Filled | None = None) -> Response:
    speech = reader.speech
    return render(
        reader.request,
        "follow_up.html",
        speech,
        status=422 if filled and filled.faults else 200,
        name=asked.task.patient,
        count=len(asked.left),
        fields=questionnaire.fields(asked.plans, asked.left, speech, typed, filled),
        begun=bool(asked.task.answered),
        noted=_noted(reader, asked, filled) if filled else [],
        skip=questionnaire.SKIP,
        longest=questionnaire.LONGEST_WORDS,
    )


def _noted(reader: Reader, asked: Asked, filled: Filled) -> list[str]:
    """What becomes of what was kept just now, while something else has to be looked at."""
    said = [reader.speech.say("page_asked_kept")] if filled.given else []
    return said + _left_out(reader, filled) + _advice(reader, asked, filled)


def _left_out(reader: Reader, filled: Filled) -> list[str]:
    """What was filled in and is not kept."""
    said = [reader.speech.say("page_asked_one_meanwhile")] if filled.meanwhile else []
    said += [
        reader.speech.say(
            "say_measurement_stood_by", value=wording.counted(reader.speech.texts, read.question, read.value)
        )
        for read in filled.stood_by
    ]
    return said + ([reader.speech.say("say_measurement_doubtful")] if filled.dropped else [])


def _advice(reader: Reader, asked: Asked, filled: Filled) -> list[str]:
    """In the plan's words; beside an alarm's nothing lighter is said."""
    told = [*filled.reads, *filled.halves]
    gravest = [read for read in told if read.level is Level.ALARM] or told
    found = [asked.plans.advice(read.question, read.level, low=read.low) for read in gravest]
    language = reader.speech.language
    return list(dict.fromkeys(reader.speech.write(one.text(language)) for one in found if one))


def _alarm(reader: Reader, asked: Asked, filled: Filled, urgent: str) -> Response:
    """Nothing else is asked of somebody who was just told to act."""
    advice = [urgent] if urgent else []
    return render(
        reader.request,
        "follow_up_alarm.html",
        reader.speech,
        advice=advice + (_advice(reader, asked, filled) if filled.alarmed else []),
        staff=[reader.speech.say("say_follow_up_alarm"), *_shut(reader)] if filled.alarmed else [],
        rest=reader.request.url.path if asked.left else "",
    )


def _shut(reader: Reader) -> list[str]:
    """Outside of office hours: when somebody looks."""
    rt, speech = reader.rt, reader.speech
    found = hours.shut(rt.settings, rt.now())
    if found is None:
        return []
    opens = speech.wording(rt.zone).moment(found.opens, rt.local_now().date())
    return [speech.say(found.key, opens=opens, phone=rt.settings.hospital_phone)]


async def _done(reader: Reader, asked: Asked, filled: Filled) -> Response:
    key = await key_for(reader)
    speech = reader.speech
    return render(
        reader.request,
        "follow_up_done.html",
        speech,
        scripts=origin(key.script) if key else "",
        closing=speech.write(asked.plan.closing.text(speech.language)),
        advice=_left_out(reader, filled) + _advice(reader, asked, filled),
        page_key=key,
    )
