"""Several wishes in one message: the first is taken at once; the others are answered beside it, begun after an answer,
or remembered until what the first one opened is over, and then offered."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.facts import read_facts
from actions.relations import kin_of, yours

if TYPE_CHECKING:
    from actions.turn import Reply, Turn

SLOT = "next_wish"
TOLD = "next_wish"  # the entity by which the understanding of language hands the later wishes over
KEPT = timedelta(days=1)
ANSWERABLE = timedelta(hours=6)  # so long a bare "好的" is taken for an answer to the offer
_PERSONAL = "[["  # a personal value begins so, and is not remembered
# Answers that ask nothing: what was wished beside them begins in the same turn.
_PLAIN = frozenset({"ask_hospital", "ask_privacy"})
# Kinds of answers that are kept as the patient puts them. Beside an illness a question is one of its own.
_OWN_WORDS, _ILLNESS = "words", "health"
_ASKS = re.compile(
    r"[?？吗呢]|怎么|多少|几点|哪|能不能|可不可以|\b(?:where|when|how|what|which|do|is|can)\b", re.IGNORECASE
)
_SHORT_QUESTION = 24  # characters
# "说错了，是2分" puts a number right, and rates nothing.
_RATES = re.compile(r"评|星|打分|满意|\b(?:rat(?:e|ing)|stars?|review)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wish:
    """`at`: when it was said; `offered`: the patient was asked whether to begin it now. `text`: its words, known in
    the message's own turn alone."""

    intent: str
    entities: tuple[Mapping[str, Any], ...]
    at: str
    offered: bool = False
    text: str = ""

    def as_json(self) -> dict[str, Any]:
        kept = [one for one in self.entities if not str(one.get("value")).startswith(_PERSONAL)]
        return {"intent": self.intent, "entities": kept, "at": self.at, "offered": self.offered}


@dataclass(slots=True)
class Memory:
    """The slot. `turn` is the message that is being taken apart; `now` the remembered wish that it begins, or the
    place of one of its own ({"part": 1} is its second)."""

    waiting: list[Wish] = field(default_factory=list)
    turn: str = ""
    now: dict[str, Any] | None = None

    @classmethod
    def read(cls, slots: Mapping[str, Any], after: datetime) -> Memory:
        """What was wished after a moment."""
        state = slots.get(SLOT) or {}
        wishes = [Wish(**{**one, "entities": tuple(one["entities"])}) for one in state.get("waiting", ())]
        kept = [one for one in wishes if datetime.fromisoformat(one.at) >= after]
        return cls(kept, str(state.get("turn", "")), state.get("now"))

    def as_json(self) -> dict[str, Any] | None:
        if not self.waiting and not self.turn:
            return None
        return {"waiting": [one.as_json() for one in self.waiting], "turn": self.turn, "now": self.now}


@dataclass(frozen=True, slots=True)
class Meant:
    """What an action takes of a message: all of it, or one wish of it. `later`: the wishes behind that one."""

    intent: str
    entities: tuple[Mapping[str, Any], ...]
    text: str
    later: tuple[Wish, ...] = ()


def meant(
    message: Mapping[str, Any],
    slots: Mapping[str, Any],
    now: datetime,
    takes_all: Callable[[Mapping[str, Any], Sequence[Wish]], bool],
) -> Meant:
    """Which wish of a message this action is for. `takes_all`: whether what is open takes a message, told as all its
    wishes, whole."""
    entities = tuple(one for one in message.get("entities") or () if one["entity"] != TOLD)
    told = next((one["value"] for one in message.get("entities") or () if one["entity"] == TOLD), None)
    text = str(message.get("text") or "")
    state = slots.get(SLOT) or {}
    mine = state.get("turn") == (message.get("metadata") or {}).get("message_id")
    begun = (state.get("now") or {}) if mine else {}
    if "intent" in begun:
        return Meant(begun["intent"], tuple(begun["entities"]), "")
    if told is None:
        return Meant(str((message.get("intent") or {}).get("name") or ""), entities, text)
    wishes = _wishes(told, entities, text, now)
    if not mine and takes_all(told, wishes):  # once taken apart it stays so, whatever opens in the same turn
        return Meant(told["whole"], entities, text)
    part = int(begun.get("part", 0))
    return Meant(wishes[part].intent, wishes[part].entities, wishes[part].text, tuple(wishes[part + 1 :]))


def _wishes(
    told: Mapping[str, Any], entities: Sequence[Mapping[str, Any]], text: str, now: datetime
) -> list[Wish]:
    """All of a message, the first one among them."""
    starts = [0, *(one["start"] for one in told["later"]), len(text) + 1]
    ends = [told["end"], *(one["end"] for one in told["later"])]
    intents = [told["first"], *(one["intent"] for one in told["later"])]
    found = []
    for intent, start, end, stop in zip(intents, starts, ends, starts[1:], strict=False):
        own = tuple(one for one in entities if start <= int(one.get("start") or 0) < stop)
        found.append(Wish(intent, own, now.isoformat(), text=text[start:end]))
    return found


def wish_of(turn: Turn, intent: str = "") -> Wish:
    """What a turn wishes, to be remembered; without what it names when it is for another intent."""
    return Wish(intent or turn.intent, () if intent else turn.entities, turn.now.isoformat())


def rates(text: str) -> bool:
    """Whether words speak of a rating at all."""
    return bool(_RATES.search(text))


def is_question(wish: Wish) -> bool:
    """停车怎么收费: a question for the hospital, and nothing else."""
    topical = any(one["entity"] == "topic" for one in wish.entities)
    short = len(wish.text.strip()) <= _SHORT_QUESTION
    return wish.intent == "ask_hospital" and topical and short and bool(_ASKS.search(wish.text))


@dataclass(frozen=True, slots=True)
class Wishes:
    """What becomes of later wishes. `answers` are given in one message, `opens` names the form of the others."""

    answers: Mapping[str, Callable[[Turn, Reply], Awaitable[str | None]]]
    opens: Mapping[str, str]

    def parted(self, wishes: Sequence[Wish], form: str, expects: str) -> bool:
        """Whether an open form is told several things with a message, not one. `expects`: the kind of answer that its
        question wants."""
        first, *others = wishes
        later = [one for one in others if one.intent != "rate" or rates(one.text)]
        if not later:
            return False
        if expects == _OWN_WORDS:
            return is_question(first)
        if expects == _ILLNESS:
            return is_question(first) or any(map(is_question, later))
        if expects:
            return first.intent in self.answers or all(one.intent in self.answers for one in later)
        if first.intent in self.answers or first.intent == "affirm":
            return True
        return all(self.opens.get(one.intent) != form or one.intent == first.intent for one in later)

    async def after(self, turn: Turn, reply: Reply, events: list[EventType], *, open_now: bool) -> None:
        """The end of an action: its reply and its events are added to. `open_now`: a question of its form is open."""
        memory = Memory.read(turn.slots, _since(turn))
        before = turn.slots.get(SLOT)
        if not (turn.form and turn.asked and self.opens.get(turn.intent) == turn.form):
            memory.waiting = [one for one in memory.waiting if one.intent != turn.intent]
        goes_on = any(event["event"] == "followup" for event in events)
        if memory.turn != turn.message_id:
            memory.turn, memory.now = "", None
        if goes_on:
            memory.waiting += reply.wished
        if goes_on and reply.begins and not turn.later:
            memory.turn, memory.now = turn.message_id, reply.begins.as_json()
        elif goes_on and (turn.later or reply.taken):
            memory.turn = turn.message_id
            if reply.taken:
                memory.now = {"part": _part(memory) + reply.taken}
        elif not goes_on:
            await self._later(turn, reply, events, memory, open_now=open_now)
        if turn.form and not goes_on and not open_now:
            await offer(turn, reply, memory)
        if memory.as_json() != before:
            events.insert(0, SlotSet(SLOT, memory.as_json()))

    async def _later(
        self, turn: Turn, reply: Reply, events: list[EventType], memory: Memory, *, open_now: bool
    ) -> None:
        """Answered each; the first of the others begins when nothing is open, the rest waits."""
        memory.waiting += reply.wished
        noted = list(reply.wished)
        for place, wish in list(enumerate(turn.later, start=_part(memory) + 1))[reply.taken :]:
            if wish.intent in self.answers:
                await self._answer(turn, wish, reply, open_now=open_now)
            elif turn.form or (reply.buttons and turn.intent not in _PLAIN):
                memory.waiting.append(wish)
                noted.append(wish)
            else:
                reply.forget_question()
                memory.turn, memory.now = turn.message_id, {"part": place}
                events.append(FollowupAction(self.opens[wish.intent]))
                return
        if noted and open_now:
            words = [await _in_words(turn, one) for one in noted]
            reply.parts.insert(0, turn.words.texts.text("say_wish_noted", what=turn.words.all_of(words)))
        elif noted and not turn.form:  # the answer asks something itself
            await offer(turn, reply, memory)

    async def _answer(self, turn: Turn, wish: Wish, reply: Reply, *, open_now: bool) -> None:
        """The second answer behind the first; before the question, if one is open."""
        said = replace(reply, parts=[], buttons=[], expects="")
        facts = read_facts(wish.entities)
        action = f"action_{wish.intent}"
        await self.answers[wish.intent](
            replace(turn, intent=wish.intent, facts=facts, text=wish.text, action=action, later=()), said
        )
        reply.handoff = said.handoff or reply.handoff
        if open_now:
            place = max((at for at, part in enumerate(reply.parts) if not part), default=0)
            reply.parts[place:place] = [*([""] if place else []), *said.parts, *([] if place else [""])]
            return
        reply.parts += ["", *said.parts]
        reply.buttons += said.buttons
        reply.expects = said.expects or reply.expects

    async def answered(self, turn: Turn, reply: Reply) -> list[EventType] | None:
        """ "好的" or "不用了" to an offer; None when none is open."""
        memory = Memory.read(turn.slots, _since(turn))
        asked = next((one for one in memory.waiting if one.offered), None)
        if asked is None or turn.away >= ANSWERABLE or turn.intent not in ("affirm", "deny"):
            return None
        memory.waiting.remove(asked)
        events: list[EventType] = []
        if turn.intent == "affirm":
            memory.turn, memory.now = turn.message_id, asked.as_json()
            events.append(FollowupAction(self.opens[asked.intent]))
        else:
            reply.say("say_wish_dropped")
            await offer(turn, reply, memory)
        return [SlotSet(SLOT, memory.as_json()), *events]


def _part(memory: Memory) -> int:
    """Which wish of the message is being taken, 0 for the first."""
    return int((memory.now or {}).get("part", 0))


async def offer(turn: Turn, reply: Reply, memory: Memory) -> None:
    """Asks whether to begin the next remembered wish. One that was offered already, and not taken, is forgotten."""
    memory.waiting = [one for one in memory.waiting if not one.offered]
    if not memory.waiting:
        return
    if reply.parts:
        reply.parts.append("")
    reply.say("say_next_wish", what=await _in_words(turn, memory.waiting[0]))
    memory.waiting[0] = replace(memory.waiting[0], offered=True)


async def _in_words(turn: Turn, wish: Wish) -> str:
    texts, facts = turn.words.texts, read_facts(wish.entities)
    directory = await turn.directory()
    known = [turn.words.texts.text("word_kin_self")] if facts.oneself else []
    known += [yours(turn.words, kin_of(facts.relative))] if facts.relative and not facts.oneself else []
    known += [
        directory.departments[one].name for one in facts.departments[:1] if one in directory.departments
    ]
    known += [
        directory.practitioners[one].name for one in facts.practitioners if one in directory.practitioners
    ]
    known.append(turn.words.when(facts.days, facts.period))
    detail = turn.words.all_of(filter(None, known))
    what = texts.text(f"intent_{wish.intent}")
    return texts.text("word_wish_detail", what=what, detail=detail) if detail else what


def _since(turn: Turn) -> datetime:
    """What was wished before an alarm is forgotten, and so is everything after a day."""
    if turn.intent == "emergency_help":
        return turn.now
    kept = turn.now - KEPT
    return kept if turn.alarm_ago is None else max(kept, turn.now - turn.alarm_ago)
