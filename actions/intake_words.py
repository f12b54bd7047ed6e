"""Intake put into words: its questions, and the summary, which Rasa sees as one token."""

from __future__ import annotations

import re
from datetime import date

from actions.revealing import shown_back
from actions.turn import Reply, Turn
from actions.wording import Wording
from integrations.catalogue import CHINESE
from integrations.hospital.intake.story import (
    ACCOMPANYING,
    ALLERGIES,
    COMPLAINT,
    FIELDS,
    HISTORY,
    MEDICINES,
    NONE,
    ONSET,
    PREGNANCY,
    SEVERITY,
    UNKNOWN,
    Story,
    readable,
    severity_of,
)
from integrations.hospital.patients import PatientView
from integrations.language.health import read_onset
from integrations.language.script import simplify

_ANY_DAY = date(2000, 1, 1)  # whether a time is named, whenever that comes to
# Questions that may well have nothing to answer.
_MAY_BE_NONE = frozenset({ACCOMPANYING, HISTORY, ALLERGIES, MEDICINES, PREGNANCY})
_CALLED = {
    COMPLAINT: r"主诉|症状|不舒服|病情|complaint|symptoms?",
    ONSET: r"(?:开始)?时间|开始|多久|几天|onset|since|duration",
    SEVERITY: r"程度|严重程度|分数|评分|几分|severity|score",
    ACCOMPANYING: r"伴随(?:症状)?|其他症状|accompanying(?: symptoms)?|other symptoms",
    HISTORY: r"既往史?|病史|以前的病|history",
    ALLERGIES: r"过敏史?|allerg(?:y|ies)",
    MEDICINES: r"用药|吃的?药|药物|药|medicines?|medications?|drugs?",
    PREGNANCY: r"怀孕|孕|pregnan(?:t|cy)",
}
_CHANGES = {
    name: re.compile(
        rf"(?:把|请|帮我)?(?:{words})(?:那一?[项栏个条])?(?:不对|错了|有误|要改|改一?下|修改)?[,，。 ]*"
        r"(?:(?:应该|要)?(?:改[为成]|换成|是|为|写|有|[:：]|should be|is|are|to)\s*(?P<value>.+)|(?P<none>没有))?",
        re.IGNORECASE,
    )
    for name, words in _CALLED.items()
}


# What begins so is about the answer before, not about the question that is open.
_OF_BEFORE = re.compile(
    r"(?:哎呀?|啊|抱歉|对不起|sorry|oops)?[，, ]*(?:我)?(?:刚才?|前面|上面)?(?:的)?"
    r"(?:(?:写|说|讲|填|打|搞|弄)错了?|不对(?!劲)|(?:上|前)一[题个]|漏(?:了|说了?|写了?)|忘(?:了?[说写]|说|写)了?"
    r"|i (?:was|got (?:it|that)) wrong|that was wrong|i made a mistake|i forgot(?: to (?:say|mention))?"
    r"|(?:no,? |wait,? |sorry,? )*i meant|the (?:one|question) before)"
    r"[，,。.:： ]*(?:应该)?是?(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
# Said of how bad it is, whatever is asked: 7分.
_N = r"(?:10|\d|[零一二两三四五六七八九十])"
_SCORED = re.compile(
    rf"(?:是|大概|大约|差不多|应该|it'?s |about )*{_N}(?:[到至~-]{_N})?"
    r" ?(?:分|/ ?10|out of (?:10|ten)|points?)(?:吧|左右|了|的样子)*",
    re.IGNORECASE,
)
# 以前没病, 不过敏: no to one of the questions, by its own words.
_ONCE = r"(?:以前|之前|过去|从前|从来|一直|从小|平时)"
_DENIED = {
    HISTORY: rf"{_ONCE}(?:都|也|就)?(?:没有?|无|不)(?:得过|生过|做过|开过|动过|患过|有过|有|怎么|啥|什么|任何)*"
    r"(?:大?病史?|毛病|手术|刀|问题)?(?:过|的)?"
    r"|(?:没有?|无)(?:得过|生过|做过|开过|什么|任何|既往)*(?:病史|大病|手术|老毛病)"
    rf"|{_ONCE}(?:身体)?(?:都|也)?(?:很|挺|蛮)?(?:健康|好好的|好)"
    r"|no (?:past |medical |previous )?(?:history|illnesse?s?|operations?)|(?:always |been )healthy",
    ALLERGIES: r"(?:都|对什么都|什么都|从来)?(?:没有?|不|无)(?:对什么|药物|食物|任何|什么)*过敏(?:史)?(?:的)?"
    r"|no allerg(?:y|ies)|not allergic",
    MEDICINES: r"(?:现在|最近|目前|平时)?(?:都|也)?(?:没有?|不|没在|无)(?:吃|服|用|在吃|在用)"
    r"(?:什么|任何|别的|其他)*药(?:物)?"
    r"|no (?:medicines?|medications?)|not (?:taking|on) any(?:thing| medicines?| medications?)",
    PREGNANCY: r"(?:没有?|没在|不是?|未)(?:怀孕|怀|孕妇)|not pregnant",
}
_DENIALS = {
    name: re.compile(
        rf"(?:我|本人|病人|患者|他|她|应该是?|i have |i am |i'm )*(?:{words})(?:了|啊|呢|吧)*", re.IGNORECASE
    )
    for name, words in _DENIED.items()
}
_MORE = re.compile(r"^(?:还有|另外|也有|而且|补充|also|and )[，, ]*", re.IGNORECASE)
_ALLERGIC = re.compile(r"(?:我?对)?[^，。,.;；]{1,12}(?<!抗)过敏|allergic to .{2,40}", re.IGNORECASE)


def put_right(story: Story, asked: str, said: str) -> tuple[str, str] | None:
    """The field that a message is about instead of the one that is asked, and what stands there now: "写错了，还有糖尿
    病" is about the answer before, "青霉素过敏" no medicine that is taken, and 7分 no illness."""
    if asked == MEDICINES and _ALLERGIC.fullmatch(said.strip(" 。.!！")):
        return ALLERGIES, _with(story.answers.get(ALLERGIES, ""), said)
    if (
        asked not in (SEVERITY, ONSET)
        and SEVERITY in story.answers
        and _SCORED.fullmatch(said.strip(" 。.!！"))
    ):
        return SEVERITY, said
    told = _OF_BEFORE.fullmatch(simplify(said.strip()))
    if told is None or not story.answers:
        return None
    name, rest = list(story.answers)[-1], told["rest"].strip()
    if asked != ONSET and ONSET in story.answers and read_onset(rest, _ANY_DAY):
        return ONSET, rest  # 不对，头晕两个月了
    more = _MORE.match(rest)
    words = _with(story.answers[name], rest[more.end() :]) if more else rest
    return (name, words) if words and readable(name, words) else None


def _with(before: str, words: str) -> str:
    return words if before in ("", NONE, UNKNOWN) or words in before else f"{before}；{words}"


async def ask_field(turn: Turn, reply: Reply, name: str, known: str) -> None:
    """One question, with what an earlier intake says of allergies to be confirmed."""
    texts = turn.words.texts
    if name == ALLERGIES and known:
        words = texts.text("word_intake_none") if known == NONE else known
        reply.say("ask_intake_allergies_known", words=await shown_back(turn, words))
        reply.offer(texts.text("word_intake_same"), '/inform{"choice": "same"}')
    else:
        reply.say(f"ask_intake_{name}")
    if name in _MAY_BE_NONE and known != NONE:
        reply.offer(texts.text("word_intake_none"), '/inform{"choice": "none"}')
    if name in _MAY_BE_NONE:
        reply.offer(texts.text("word_intake_unknown"), '/inform{"choice": "unknown"}')


async def say_started(turn: Turn, reply: Reply, person: PatientView, story: Story) -> None:
    """Who asks and for whom, and what need not be asked any more."""
    who = turn.words.person(person.name, person.relation, person.sex)
    reply.say("say_intake_start", who=who)
    if story.answers:
        reply.say("say_intake_known", words=await shown_back(turn, "\n".join(lines(turn.words, story))))


async def shown_summary(turn: Turn, story: Story, person: PatientView) -> str:
    who = turn.words.person(person.name, person.relation, person.sex)
    patient = _line(turn.words, "patient", who)
    return await shown_back(turn, "\n".join([patient, *lines(turn.words, story)]))


def summary_for_the_doctor(turn: Turn, story: Story) -> str:
    """In Chinese, whatever language the patient speaks; the patient's own words stay as they are."""
    return "\n".join(lines(turn.words.speaking(CHINESE), story))


def lines(words: Wording, story: Story) -> list[str]:
    told = [_line(words, name, _value(words, name, story)) for name in FIELDS if name in story.answers]
    if story.messages:
        count = words.texts.text("word_intake_pictured", count=len(story.messages))
        told.append(_line(words, "pictures", count))
    return told


def changed_field(said: str) -> tuple[str, str]:
    """ "过敏改成青霉素", 以前没病: the field and its new value; ("", "") when the words name none."""
    text = said.strip(" ，。,.!！")
    for name, pattern in _CHANGES.items():
        if found := pattern.fullmatch(text):
            return name, (found["value"] or found["none"] or "").strip()
    denied = next((name for name, pattern in _DENIALS.items() if pattern.fullmatch(text)), "")
    return (denied, NONE) if denied else ("", "")


def _line(words: Wording, name: str, value: str) -> str:
    return words.texts.text("word_intake_line", name=words.texts.text(f"word_intake_{name}"), value=value)


def _value(words: Wording, name: str, story: Story) -> str:
    said = story.answers[name]
    if said in (NONE, UNKNOWN):
        return words.texts.text(f"word_intake_{said}")
    if name == SEVERITY and (severity := severity_of(said)) is not None:
        return f"{severity}/10"
    if name == ONSET and (day := story.onset_day):
        return words.texts.text("word_intake_onset_day", words=said, day=words.day(day))
    return said
