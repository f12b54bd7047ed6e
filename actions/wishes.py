"""Two wishes in one message: the first is taken at once; the second is answered beside it, begun after an answer, or
remembered until what the first one opened is over, and then offered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.facts import read_facts

if TYPE_CHECKING:
    from actions.turn import Reply, Turn

SLOT = "next_wish"
TOLD = "next_wish"  # the entity by which the understanding of language hands a second wish over
KEPT = timedelta(days=1)
ANSWERABLE = timedelta(hours=6)  # so long a bare "好的" is taken for an answer to the offer
_PERSONAL = "[["  # a personal value begins so, and is not remembered
# Answers that ask nothing: what was wished beside them begins in the same turn.
_PLAIN = frozenset({"ask_hospital", "ask_privacy"})


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
    """The slot. `turn` is the message that is being taken apart; `now` the remembered wish that it begins, or its
    own second one ({})."""

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
    """What an action takes of a message: all of it, or one wish of it."""

    intent: str
    entities: tuple[Mapping[str, Any], ...]
    text: str
    second: Wish | None = None


def meant(
    message: Mapping[str, Any],
    slots: Mapping[str, Any],
    now: datetime,
    takes_all: Callable[[Mapping[str, Any]], bool],
) -> Meant:
    """Which wish of a message this action is for. `takes_all`: whether what is open takes such a message whole."""
    entities = tuple(one for one in message.get("entities") or () if one["entity"] != TOLD)
    two = next((one["value"] for one in message.get("entities") or () if one["entity"] == TOLD), None)
    text = str(message.get("text") or "")
    state = slots.get(SLOT) or {}
    mine = state.get("turn") == (message.get("metadata") or {}).get("message_id")
    if mine and state.get("now"):
        return Meant(state["now"]["intent"], tuple(state["now"]["entities"]), "")
    if two is None:
        return Meant(str((message.get("intent") or {}).get("name") or ""), entities, text)
    if not mine and takes_all(two):  # once taken apart it stays so, whatever opens in the same turn
        return Meant(two["whole"], entities, text)
    before = tuple(one for one in entities if int(one.get("start") or 0) < two["start"])
    after = tuple(one for one in entities if int(one.get("start") or 0) >= two["start"])
    if mine and state.get("now") is not None:
        return Meant(two["intent"], after, text[two["start"] :])
    second = Wish(two["intent"], after, now.isoformat(), text=text[two["start"] :])
    return Meant(two["first"], before, text[: two["end"]], second)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What becomes of second wishes. `answers` are given in one message, `opens` names the form of the others."""

    answers: Mapping[str, Callable[[Turn, Reply], Awaitable[None]]]
    opens: Mapping[str, str]

    async def after(self, turn: Turn, reply: Reply, events: list[EventType], *, open_now: bool) -> None:
        """The end of an action: its reply and its events are added to. `open_now`: a question of its form is open."""
        memory = Memory.read(turn.slots, _since(turn))
        before = turn.slots.get(SLOT)
        memory.waiting = [one for one in memory.waiting if one.intent != turn.intent]
        goes_on = any(event["event"] == "followup" for event in events)
        if memory.turn != turn.message_id:
            memory.turn, memory.now = "", None
        if turn.second and goes_on:
            memory.turn = turn.message_id
        elif turn.second:
            await self._second(turn, reply, events, memory, open_now=open_now)
        if turn.form and not goes_on and not open_now:
            await offer(turn, reply, memory)
        if memory.as_json() != before:
            events.insert(0, SlotSet(SLOT, memory.as_json()))

    async def _second(
        self, turn: Turn, reply: Reply, events: list[EventType], memory: Memory, *, open_now: bool
    ) -> None:
        wish = turn.second
        assert wish
        if wish.intent in self.answers:
            await self._answer(turn, wish, reply, open_now=open_now)
            return
        if turn.form or (reply.buttons and turn.intent not in _PLAIN):
            memory.waiting.append(wish)
            if not turn.form:  # the answer asks something itself
                await offer(turn, reply, memory)
            return
        reply.forget_question()
        memory.turn, memory.now = turn.message_id, {}
        events.append(FollowupAction(self.opens[wish.intent]))

    async def _answer(self, turn: Turn, wish: Wish, reply: Reply, *, open_now: bool) -> None:
        """The second answer behind the first; before the question, if one is open."""
        said = replace(reply, parts=[], buttons=[], expects="")
        facts = read_facts(wish.entities)
        action = f"action_{wish.intent}"
        await self.answers[wish.intent](
            replace(turn, intent=wish.intent, facts=facts, text=wish.text, action=action, second=None), said
        )
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
    known = [directory.departments[one].name for one in facts.departments[:1] if one in directory.departments]
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
