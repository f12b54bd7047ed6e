"""Triage put into words: its questions, the departments with the words that led there, the next free numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from actions.answers import GENERAL_MEDICINE, offer_department
from actions.booking_draft import Wish, not_before
from actions.booking_people import whom as named
from actions.booking_search import search
from actions.booking_today import bound, say_nothing_today, until
from actions.booking_words import session_title
from actions.relations import yours
from actions.symptoms import Someone, Symptoms, asks_only, departments_for, judge, someone, understood
from actions.turn import Reply, Turn
from actions.waiting_wish import waiting_wish
from integrations.hospital.booking import SessionView
from integrations.hospital.directory import DepartmentView
from integrations.hospital.triage.assess import Offer, Question

_NUMBERS = 3  # free half days shown of the first choice
_REASONS = 3  # words that led to a department
_HOW_LONG = re.compile(
    r"[一二三四五六七八九十两半几多好个来\d]+(?:小时|天|周|星期|礼拜|月|年|阵子)(?:了|多|半|左右)*"
)
Best = Sequence[tuple[DepartmentView, Offer]]


def say_question(turn: Turn, reply: Reply, question: Question) -> None:
    texts = turn.words.texts
    reply.say(f"ask_triage_{question.key}")
    for answer in question.answers:
        title = texts.text(f"word_triage_{question.key}_{answer}")
        reply.offer(title, f'/inform{{"choice": "{question.key}:{answer}"}}')
    reply.offer(texts.text("word_triage_unknown"), f'/inform{{"choice": "{question.key}:unknown"}}')


async def say_result(turn: Turn, reply: Reply, best: Best, whom: Someone, symptoms: Symptoms) -> None:
    """The departments, the way to a number of the first, and when to call 120."""
    texts = turn.words.texts
    (first, offer), *others = best
    reply.say("say_triage_result", who=_who(turn, whom), department=_because(turn, first, offer))
    if others:
        reply.say("say_triage_others", departments=turn.words.all_of(_because(turn, *one) for one in others))
    reply.say("say_triage_120")
    shown = [view for view, _ in best if view.bookable]
    if not first.bookable:
        place = turn.words.place(first.campus, first.location)
        reply.say("say_triage_walk_in", department=first.name, place=place)
    elif not await _say_numbers(turn, reply, first, symptoms):
        shown.remove(first)
    for view in shown:
        offer_department(turn, reply, view)
    reply.offer(texts.text("word_triage_more"), '/correct{"field": "symptoms"}')


def say_result_again(turn: Turn, reply: Reply, best: Best, symptoms: Symptoms) -> None:
    """In short, after something else was answered."""
    reply.say("say_triage_again", departments=turn.words.all_of(view.name for view, _ in best))
    for view, _ in best:
        if view.bookable:
            offer_department(turn, reply, view)


async def answer_unclear(turn: Turn, reply: Reply) -> None:
    """Where the words lead nowhere: more of them, or general medicine, where one may start."""
    general = (await turn.directory()).named(GENERAL_MEDICINE)
    if general is None:
        reply.say("say_which_department_unknown", phone=turn.runtime.settings.hospital_phone)
    else:
        reply.say("say_which_department", department=general.name)
        offer_department(turn, reply, general)
    reply.say("ask_triage_more")
    reply.offer(turn.words.texts.text("intent_talk_to_human"), "/talk_to_human")


async def answer_inside(turn: Turn, reply: Reply) -> None:
    """In the middle of something else: the departments in a sentence, without questions."""
    if turn.text and not asks_only(turn.text):
        symptoms = Symptoms().for_whom(turn.facts, turn.text).told(turn.text)
        whom = await someone(turn, symptoms)
        found = judge(symptoms, whom)
        best = departments_for(found, await turn.directory(), whom, turn.today)
        if best and understood(found):
            reply.say("say_triage_inside", departments=turn.words.all_of(view.name for view, _ in best))
            return
    reply.say("say_triage_inside_unclear")


def _who(turn: Turn, whom: Someone) -> str:
    """（*明，36 岁）: so that a slip is seen at once."""
    texts = turn.words.texts
    if whom.view:
        return texts.text("word_triage_who", person=named(turn, whom.view), age=whom.view.age(turn.today))
    return texts.text("word_triage_relative", person=yours(turn.words, whom.kin)) if whom.kin else ""


def _because(turn: Turn, view: DepartmentView, offer: Offer) -> str:
    told = [
        one.strip() for one in offer.because if not asks_only(one.strip())
    ]  # 看什么科 tells of no illness
    words = [one for one in told if not _HOW_LONG.fullmatch(one)][:_REASONS]
    if not words:
        return view.name
    return turn.words.texts.text("word_triage_because", department=view.name, words=turn.words.all_of(words))


async def _say_numbers(turn: Turn, reply: Reply, department: DepartmentView, symptoms: Symptoms) -> bool:
    """The next free numbers, on the days that were wished for; or that the department is to be chosen. False: it has to
    be today, and nothing is left."""
    wish = replace(_when(turn, symptoms), departments=(str(department.id),))
    free = await _free(turn, wish)
    if bound(turn, wish) and not free:
        say_nothing_today(turn, reply)
        return False
    if bound(turn, wish):
        reply.say("say_booking_today_only")
    reply.say("say_triage_next" if free else "say_triage_book", department=department.name)
    for one in free:
        title = session_title(turn.words, one, day=True, department=True, doctor=True)
        reply.offer(
            title, f'/book_appointment{{"department": "{department.id}", "schedule": "{one.schedule_id}"}}'
        )
    return True


def _when(turn: Turn, symptoms: Symptoms) -> Wish:
    """The days, half day and time that were said, beside the illness or before it."""
    before = waiting_wish(turn)
    said = Wish(apart=before.apart)
    if bound(turn, said):
        return said
    told = before.as_draft() if not before.schedule else {}  # what was only proposed is not wished for
    when = Wish.read({**told, **symptoms.when})
    wished = replace(said, period=when.period, time=when.time).on(when.days)
    return not_before(wished, turn.today)[0]


async def _free(turn: Turn, wish: Wish) -> list[SessionView]:
    last = until(turn, wish, (await turn.directory()).last_day(wish.departments, turn.now))
    async with turn.runtime.database.begin() as session:
        found = await search(session, wish, now=turn.now, today=turn.today, last=last)
    return found.sessions[:_NUMBERS] if found.exact else []
