"""What the patient reads of their place in the queue; and what of a waiting patient's words is meant for us."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot import choices, texts
from bot.handoff.models import TalkStatus
from bot.handoff.queue import Place
from integrations.language.denials import is_denied
from integrations.language.languages import ENGLISH, SIMPLIFIED
from integrations.language.script import normalise
from integrations.messages import Kind, MessageIn
from integrations.runtime import Runtime
from integrations.wording import Wording

WORDLESS = frozenset({Kind.VOICE, Kind.IMAGE, Kind.VIDEO, Kind.FILE})  # may hold anything, an emergency too
STOP = "/stop_waiting"  # the payload of the button; answered by the worker
_LONGEST = 16  # characters of a wish: more is a message to the person
_LEAVE = re.compile(
    r"(?:我|那|那就|算了|先|还是|，|,| )*"
    r"(?:不等(?:了|啦)?|不排(?:队)?(?:了|啦)?|不用(?:等|排队?)?(?:了|啦)|算了(?:吧)?"
    r"|取消(?:排队|人工|等待|转接)?|退出(?:排队|人工)?|没事了)(?:吧|谢谢|，|,|。|！|!| )*"
    r"|(?:please )?(?:stop waiting|cancel|never ?mind|leave(?: the)?(?: line| queue)?|no need(?: any ?more)?"
    r"|forget it|i(?: wi|')ll not wait|i won't wait|don't wait)(?: please| thanks| thank you)?[.!]?",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"(?:请问|现在|我)*(?:还)?(?:要|得)?(?:等|排)?(?:多久|多长时间|几分钟|到哪(?:里|儿)?了|到我了吗?|轮到我了吗?"
    r"|排(?:到)?第?(?:几|多少)(?:位|个|号|了)?|(?:前面|前边)(?:还)?(?:有|排)?(?:着)?(?:几|多少)(?:个|位)?(?:人)?"
    r"|什么时候(?:到我|轮到我|有人)|有人(?:吗|在吗)|人呢|好了吗|怎么还没(?:人|到我|好))(?:呢|啊|呀|了|？|\?|。|！|!| )*"
    r"|(?:how (?:much )?long(?:er)?(?: .{0,12})?|where am i(?: in (?:the )?(?:line|queue))?"
    r"|is (?:any(?:body|one)) there"
    r"|what(?:'s| is) my (?:place|position)(?: .{0,12})?"
    r"|how many(?: people)? (?:are )?(?:ahead|before)(?: of)?(?: me)?)[?.! ]*",
    re.IGNORECASE,
)
_HELP = re.compile(
    r"(?:急救(?:电话)?(?:是多少)?|救护车|120|叫救护车|emergency|ambulance)[？?。！! ]*", re.IGNORECASE
)


class Asks(StrEnum):
    """What a patient who waits asks of us."""

    LEAVE = "leave"
    WITHDRAW = "withdraw"  # the message that they left
    PLACE = "place"
    HELP = "help"  # in an emergency
    MENU = "menu"  # something of ours, that the bot would do
    UNREAD = "unread"  # nobody has heard or seen yet what it is about
    NOTHING = ""  # it is for the person


_BUTTONS = {STOP: Asks.LEAVE, choices.WITHDRAW_MESSAGE: Asks.WITHDRAW}


def read(message: MessageIn, kept: dict[str, Any] | None) -> Asks:
    """Choices and plain wishes; anything else is for the person."""
    if message.kind is Kind.MENU:
        return {"emergency_help": Asks.HELP, "talk_to_human": Asks.PLACE}.get(message.choice, Asks.MENU)
    if message.kind is Kind.CHOICE:
        try:
            return _BUTTONS.get(choices.pressed(message.choice, kept), Asks.MENU)
        except choices.Stale:
            return Asks.MENU
    if message.kind in WORDLESS and not message.text:
        return Asks.UNREAD
    if message.kind not in (Kind.TEXT, Kind.VOICE):
        return Asks.NOTHING
    return _of_words(message.text, kept)


def _of_words(said: str, kept: dict[str, Any] | None) -> Asks:
    said = normalise(said).strip()
    if len(said) > _LONGEST * 3 or (len(said) > _LONGEST and not said.isascii()):
        return Asks.NOTHING
    if choices.typed(said, kept) == STOP or declines(said):
        return Asks.LEAVE
    if withdraws(said):
        return Asks.WITHDRAW
    if _WHERE.fullmatch(said):
        return Asks.PLACE
    return Asks.HELP if _HELP.fullmatch(said) else Asks.NOTHING


def declines(said: str) -> bool:
    """Whether nobody is waited for any more; said to "leave a message", that there is none."""
    return bool(_LEAVE.fullmatch(normalise(said).strip())) or is_denied("talk_to_human", said, alone=True)


def withdraws(said: str) -> bool:
    """Whether it is the title of the button that takes a message back: some platforms have it typed."""
    titles = {texts.say("bot_talk_withdraw_message", language=one) for one in (SIMPLIFIED, ENGLISH)}
    return normalise(said).strip(" 。.!！").casefold() in {title.casefold() for title in titles}


def place(rt: Runtime, where: Place, language: str) -> str:
    """After asking for a person."""
    who = _who(where, language)
    if where.status == TalkStatus.WAITING:
        key = "bot_talk_next" if where.position == 1 else "bot_talk_place"
        about = _about(where, language)
        return texts.say(key, language=language, who=who, ahead=where.position - 1, about=about)
    phone = rt.settings.hospital_phone
    if where.opens_at is None:
        return texts.say("bot_talk_urgent", language=language, hospital_phone=phone)
    words = Wording(texts.catalogue(language), rt.zone)
    opens = words.moment(where.opens_at, rt.local_now().date())
    return texts.say("bot_talk_shut", language=language, who=who, opens=opens, hospital_phone=phone)


def brought(where: Place, language: str) -> str:
    """Nobody asked for a person, one comes nevertheless; the bot goes on until then."""
    key = "bot_talk_brought_next" if where.position == 1 else "bot_talk_brought"
    return texts.say(key, language=language, ahead=where.position - 1, about=_about(where, language))


def shut(rt: Runtime, opens: datetime, language: str) -> str:
    """The same while nobody is there: from when on, and that a message may be left."""
    said = Wording(texts.catalogue(language), rt.zone).moment(opens, rt.local_now().date())
    phone = rt.settings.hospital_phone
    return texts.say("bot_talk_brought_shut", language=language, opens=said, hospital_phone=phone)


def still(where: Place, language: str) -> str:
    """On the way. That it is soon is said only where it was measured."""
    if where.position == 1 and where.minutes is None:
        return texts.say(
            "bot_talk_next", language=language, who=_who(where, language), about=_about(where, language)
        )
    key = "bot_talk_still_next" if where.position == 1 else "bot_talk_still"
    return texts.say(key, language=language, ahead=where.position - 1, about=_about(where, language))


def busy(where: Place, language: str) -> str:
    """Something else was asked of the bot meanwhile."""
    return texts.say("bot_talk_busy", language=language, about=_about(where, language))


def _who(where: Place, language: str) -> str:
    return texts.say(f"bot_talk_who_{where.skill}", language=language)


def _about(where: Place, language: str) -> str:
    """How long it takes, by what was measured; nothing where too little was; and that nobody is there yet."""
    if not where.there:
        return texts.say("bot_talk_nobody_there", language=language)
    if where.minutes is None:
        return ""
    return texts.say("bot_talk_about", language=language, minutes=where.minutes)
