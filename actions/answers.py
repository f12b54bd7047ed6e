"""Help, a person, emergencies, small talk: answers of one message that fit in anywhere."""

from __future__ import annotations

import re
from datetime import timedelta

from actions import hospital_questions
from actions.forms import bring_person_at_last, how_often
from actions.putting_right import alarmed_lately
from actions.turn import Reply, Turn
from integrations.hospital.directory import DepartmentView

# What may be offered when a message was not understood; each has its title in the catalogue: intent_<name>.
_OFFERED = frozenset(
    {
        "add_family",
        "answer_follow_up",
        "ask_hospital",
        "ask_privacy",
        "ask_receipt",
        "ask_refund",
        "book_appointment",
        "cancel_appointment",
        "change_profile",
        "choose_language",
        "collect_medicine",
        "complain",
        "complaint_status",
        "emergency_help",
        "help",
        "join_waitlist",
        "my_addresses",
        "my_appointments",
        "my_bills",
        "my_consultations",
        "my_family",
        "my_measurements",
        "my_prescriptions",
        "my_profile",
        "my_waitlist",
        "online_consultation",
        "rate",
        "register",
        "reschedule_appointment",
        "start_intake",
        "stop_reminders",
        "unbind",
        "where_is_my_parcel",
        "which_department",
    }
)
_OTHERWISE = ("book_appointment", "ask_hospital")  # when nothing likely may be offered
GENERAL_MEDICINE = "全科"  # how the name of that department begins
_EMERGENCY_DEPARTMENT = "急诊"
_LATELY = timedelta(hours=1)  # since an alarm
SAID_BY_KIND = frozenset({"voice", "image", "video", "file", "sticker", "location", "link"})


_MEANS = re.compile(r"意思|[没不]看?明白|[没看]不?懂|\bmean|understand|asking", re.IGNORECASE)


async def what_it_does(turn: Turn, reply: Reply) -> None:
    """ "什么意思", said to a question, asks for no more than the question in other words, and who can help."""
    if turn.asked and _MEANS.search(turn.text):
        reply.say("say_help_question")
        return
    reply.say("say_help", hospital=turn.runtime.settings.hospital_name_in(turn.language))


_CALLED = re.compile(
    r"(?:已经?|刚刚?|都|早就)[^，。]{0,3}[打拨叫][^，。]{0,4}(?:120|救护车)|[打拨叫](?:过|了)(?:120|救护车)|(?:120|救护车)(?:已经|马上|快)?(?:到了|来了|在路上)"
    r"|\b(?:called|phoned|rang) (?:120|an ambulance|the ambulance)|ambulance (?:is|has) (?:coming|come|here|on)",
    re.IGNORECASE,
)
_IN_VAIN = re.compile(
    r"没|不通|占线|忙音|怎么|要不要|该不该|[吗?？]|\bnot\b|n't|busy|no answer", re.IGNORECASE
)


async def emergency(turn: Turn, reply: Reply) -> None:
    """120 first, then the way to the emergency department. Who has called already is not sent to the phone again."""
    if _CALLED.search(turn.text) and not _IN_VAIN.search(turn.text):
        reply.say("say_emergency_called")
        return
    departments = (await turn.directory()).departments.values()
    reply.say("say_emergency")
    for one in departments:
        if one.name.startswith(_EMERGENCY_DEPARTMENT):
            place = turn.words.place(one.campus, one.location)
            reply.say("say_emergency_place", department=one.name, place=place)
    reply.say("say_emergency_phone", phone=turn.runtime.settings.hospital_phone)


async def thanks(turn: Turn, reply: Reply) -> None:
    reply.say("say_thanks")


async def goodbye(turn: Turn, reply: Reply) -> None:
    """Nobody is sent off lightly who was in danger a moment ago."""
    lately = alarmed_lately(turn) or (turn.alarm_ago is not None and turn.alarm_ago < _LATELY)
    reply.say("say_goodbye_after_alarm" if lately else "say_goodbye")


async def small_talk(turn: Turn, reply: Reply) -> None:
    reply.say("say_smalltalk")


async def hurry(turn: Turn, reply: Reply) -> None:
    """Who is pressed for time needs no apology but the next step."""
    reply.say("say_hurry" if turn.form else "say_hurry_now")


async def pause(turn: Turn, reply: Reply) -> None:
    """ "等一下", "我在楼上": nothing is asked of us, and nothing is lost meanwhile."""
    reply.say("say_pause" if turn.asked else "say_pause_now")


async def out_of_scope(turn: Turn, reply: Reply) -> None:
    reply.say("say_out_of_scope", phone=turn.runtime.settings.hospital_phone)


async def non_text(turn: Turn, reply: Reply) -> None:
    """A picture, a recording, a place: stored, but not read."""
    kind = turn.kind if turn.kind in SAID_BY_KIND else "other"
    reply.say(f"say_non_text_{kind}", phone=turn.runtime.settings.hospital_phone)


async def greeting(turn: Turn, reply: Reply) -> None:
    """A greeting in the middle of a journey."""
    reply.say("say_greeting_inside")


async def nothing_open(turn: Turn, reply: Reply) -> None:
    """ "确认", "取消", "返回" while nothing is going on."""
    reply.say("say_nothing_open")


def offer_department(turn: Turn, reply: Reply, department: DepartmentView) -> None:
    title = turn.words.texts.text("word_book_department", department=department.name)
    reply.offer(title, f'/book_appointment{{"department": "{department.id}"}}')


async def unclear(turn: Turn, reply: Reply) -> None:
    """Not understood: the likeliest things to choose from; the second time in a row a person comes."""
    if await hospital_questions.answered_anyway(turn, reply):
        return
    if turn.facts.ordinal:  # "1", while there is nothing to choose from
        await nothing_open(turn, reply)
        return
    if often := how_often(turn):
        reply.say(f"say_unclear{often}")
        bring_person_at_last(turn, reply)
        reply.say("say_unclear_choose")
        return
    bring_person_at_last(turn, reply)
    reply.say("say_unclear")
    likely = [intent for intent in turn.likely if intent in _OFFERED]
    for intent in list(dict.fromkeys([*likely, *_OTHERWISE]))[:2]:
        reply.offer(turn.words.texts.text(f"intent_{intent}"), f"/{intent}")
    reply.offer(turn.words.texts.text("intent_talk_to_human"), "/talk_to_human")
