"""What all forms share. A form is a journey in which questions are asked: Rasa keeps it open, and every
message of the patient then comes to its `validate_…` action, once. That one call takes the answer, acts,
and asks the next question, so that a turn costs one request and a digression never leaves the form."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker

from actions import hospital_questions, putting_right
from actions.directory import DirectoryCache
from actions.facts import read_facts
from actions.turn import Reply, Turn, read_turn
from actions.wishes import Wishes, rates, wish_of
from actions.wording import Wording
from integrations.catalogue import ENGLISH
from integrations.language.asides import is_aside
from integrations.language.denials import is_denied
from integrations.language.giving_up import gives_up
from integrations.language.health import books, is_none
from integrations.runtime import Runtime

_ON_THE_WAY = frozenset({"registration_form", "family_form"})  # what waits goes on waiting there
_PARTINGS = frozenset({"goodbye"})  # the form stays open, its question is not put once more
# After so long a pause nobody remembers the question: what was going on is told before it goes on.
LONG_AWAY = timedelta(hours=6)
# What then decides nothing: a "确认" was meant for a question that is days old.
_RESUMES = frozenset({"greet", "affirm", "inform", "nlu_fallback", "book_appointment", "register"})

# What is said to a message, or the form that it opens instead, where none is open.
Answer = Callable[[Turn, Reply], Awaitable[str | None]]

REQUESTED = "requested_slot"
_NOT_UNDERSTOOD = "nlu_fallback"
_ASIDE = "pause"  # an intent
_VAGUE = frozenset({"inform", "correct", _NOT_UNDERSTOOD})
FAILURES = "failures"  # messages in a row that were not understood
PATIENCE = 2  # such messages bring a person; in elder mode the first does
TO_PERSON = '/talk_to_human{"purpose": "failed"}'  # what a button below a misunderstanding says
THEN = "then"  # the form to go on with when this one is done
# "同意" is a yes wherever no consent is asked.
_ELSEWHERE = {"give_consent": "affirm", "refuse_consent": "deny"}


@dataclass(slots=True)
class Outcome:
    """How a form's turn ends. `asked`: the question now open; "" closes the form. `go_on`: the form to open
    next. `understood` is False when the message said nothing to this form."""

    draft: Mapping[str, Any] | None
    asked: str = ""
    go_on: str = ""
    understood: bool = True
    slots: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def closed(cls, *, go_on: str = "", slots: Mapping[str, Any] | None = None) -> Outcome:
        return cls(None, go_on=go_on, slots=dict(slots or {}))


class Journey(Action):
    """An action with its runtime. Subclasses give a name and take a turn."""

    def __init__(self, runtime: Runtime, words: Wording, names: DirectoryCache, wishes: Wishes) -> None:
        self.runtime = runtime
        self.words = words
        self.names = names
        self.wishes = wishes

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]
    ) -> list[EventType]:
        turn = read_turn(
            tracker,
            runtime=self.runtime,
            words=self.words,
            names=self.names,
            action=self.name(),
            wishes=self.wishes,
        )
        reply = Reply(turn.words, language=turn.chosen_language)
        events = await self._own_or_another(turn, reply)
        open_now = any(event.get("name") == REQUESTED and event.get("value") for event in events)
        await self.wishes.after(turn, reply, events, open_now=open_now)
        if turn.language == ENGLISH:
            reply.put_english((await turn.directory()).english)
        reply.dispatch(dispatcher)
        return events

    async def _own_or_another(self, turn: Turn, reply: Reply) -> list[EventType]:
        """What puts an answer of a follow-up right goes back to it, until something else is begun."""
        if self.name() == f"validate_{putting_right.FORM}":
            return await self.take(turn, reply)
        if await putting_right.meant_afterwards(turn):
            return self.hand_over(turn, putting_right.FORM)
        events = await self.take(turn, reply)
        return [SlotSet(putting_right.SLOT, None), *events] if putting_right.is_over(turn) else events

    def hand_over(self, turn: Turn, form: str) -> list[EventType]:
        """Nothing is done here: the message is the other form's."""
        return [FollowupAction(form)]

    @abstractmethod
    async def take(self, turn: Turn, reply: Reply) -> list[EventType]:
        """Answers the turn into `reply`; gives the events for Rasa."""


class Saying(Journey):
    """A journey of one answer. Every intent that may come at any time has one: `action_<intent>`."""

    def __init__(
        self,
        runtime: Runtime,
        words: Wording,
        names: DirectoryCache,
        wishes: Wishes,
        *,
        intent: str,
        answer: Answer,
    ) -> None:
        super().__init__(runtime, words, names, wishes)
        self.intent = intent
        self.answer = answer

    def name(self) -> str:
        return f"action_{self.intent}"

    async def take(self, turn: Turn, reply: Reply) -> list[EventType]:
        begun = await self.wishes.answered(turn, reply)
        if begun is not None:
            return begun
        if is_denied(turn.intent, turn.text):
            reply.say("say_kept_as_is_now")
        elif form := await self.answer(turn, reply):
            return self.hand_over(turn, form)
        return count_failures(turn, understood=True)


class Form(Journey):
    """A form of domain.yml. Its one slot, named by `slot`, holds the draft: what is known so far, as JSON."""

    form: ClassVar[str]
    slot: ClassVar[str]
    own: ClassVar[frozenset[str]] = frozenset()  # intents that this form answers itself
    leaving: ClassVar[Mapping[str, Any]] = {}  # slots set when another form takes over
    # Intents beside those that open it which it goes on with, when they come behind a question of another kind.
    goes_on_with: ClassVar[frozenset[str]] = frozenset()
    # Questions whether something is to be given up: "取消" is a yes to them.
    ends: ClassVar[frozenset[str]] = frozenset()
    names_visits: ClassVar[bool] = False  # days, doctors and departments are answers to its own questions

    def __init__(
        self,
        runtime: Runtime,
        words: Wording,
        names: DirectoryCache,
        wishes: Wishes,
        *,
        digressions: Mapping[str, Answer],
        entries: Mapping[str, str],
        waiting: Mapping[str, Answer],
    ) -> None:
        super().__init__(runtime, words, names, wishes)
        self.digressions = {intent: said for intent, said in digressions.items() if intent not in self.own}
        self.entries = {
            intent: form for intent, form in entries.items() if form != self.form and intent not in self.own
        }
        # What the hospital begins by itself never comes between: it is put off.
        self.waiting = {intent: put_off for intent, put_off in waiting.items() if intent not in self.own}

    def name(self) -> str:
        return f"validate_{self.form}"

    @abstractmethod
    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """One message to this form: the answer taken, the next question put into `reply`."""

    @abstractmethod
    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The open question once more, with the draft as it is."""

    async def take(self, turn: Turn, reply: Reply) -> list[EventType]:
        draft = turn.slots.get(self.slot) or {}
        open_here = turn.form == self.form and bool(turn.asked)
        if is_aside(turn.text) and (open_here or not turn.asked):
            # What its words name is nothing either: "hold on a second" chooses no second one.
            turn = replace(turn, intent=_ASIDE, facts=read_facts(()))
        elif open_here and turn.asked in self.ends and gives_up(turn.text):
            turn = replace(turn, intent="affirm", facts=read_facts(()))
        if self.denied(turn) and not (open_here and self.in_own_words(turn)):
            outcome = await self._not_wanted(turn, reply, draft, open_here=open_here)
        elif open_here:
            outcome = await self._inside(self._booked(turn), reply, draft)
        elif turn.intent == _ASIDE:  # whatever it was taken for, it begins nothing
            await self.digressions[_ASIDE](turn, reply)
            outcome = Outcome(draft or None)
        else:
            outcome = await self.step(turn, reply, draft)
        question = f"ask_{outcome.asked}"
        if outcome.asked and question in turn.words.texts:
            reply.expects = turn.words.texts.variations(question)[0].expects
        return self._events(turn, outcome)

    async def _not_wanted(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], *, open_here: bool
    ) -> Outcome:
        """不投诉了 leaves the complaint; to every other question 不要人工 says nothing, and it begins nothing."""
        if open_here and self._goes_on_with(turn.intent):
            return await self._inside(replace(turn, intent="cancel"), reply, draft)
        if open_here:
            reply.say("say_kept_as_is")
            return await self.ask(turn, reply, draft)
        reply.say("say_kept_as_is_now")
        return Outcome(draft or None)

    def denied(self, turn: Turn) -> bool:
        """Whether what the message sounds like is just what is not wanted: 不要人工."""
        return is_denied(turn.intent, turn.text)

    def in_own_words(self, turn: Turn) -> bool:
        """Whether the message is told for the open question, whatever else it sounds like: a story, an illness."""
        return False

    def _booked(self, turn: Turn) -> Turn:
        """下周三上午挂骨科 books, whatever else it may sound like, where no visit is what the form is about."""
        elsewhere = turn.intent in _VAGUE and "book_appointment" in self.entries and books(turn.text)
        return replace(turn, intent="book_appointment") if elsewhere and not self.names_visits else turn

    def _as_answer(self, turn: Turn) -> Turn:
        """What a yes or a no to another question is to this one; 没了 is no farewell, and 是2分 rates nothing."""
        if turn.intent in _PARTINGS and is_none(turn.text):
            return replace(turn, intent="deny")
        if turn.intent in self.own:
            return turn
        if turn.intent == "rate" and turn.text and not rates(turn.text):
            return replace(turn, intent="inform")
        return replace(turn, intent=_ELSEWHERE.get(turn.intent, turn.intent))

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        turn = self._as_answer(turn)
        if turn.intent in self.waiting and turn.away < LONG_AWAY:
            await self.waiting[turn.intent](turn, reply)
            return Outcome(draft, turn.asked)
        if turn.intent in self.entries and self.holds(draft):
            reply.wished.append(wish_of(turn))
            return await self.ask(turn, reply, draft)
        if turn.intent in self.entries:
            await self.before_leaving(turn, reply, draft)
            go_on = self.entries[turn.intent]
            return Outcome.closed(go_on=go_on, slots={} if go_on in _ON_THE_WAY else self.leaving)
        says_something = self.says_something(turn)
        back_again = turn.away >= LONG_AWAY and not says_something
        if back_again and turn.intent in _RESUMES:
            return await self._resume(turn, reply, draft)
        if turn.intent in self.digressions and not says_something:
            await self.digressions[turn.intent](turn, reply)
            if turn.intent in _PARTINGS:
                return Outcome(draft, turn.asked)
            reply.forget_question()
            reply.parts.append("")  # the question stands apart from the answer
            if turn.later and self._goes_on_with(turn.later[0].intent):
                return await self._take_wish(turn, reply, draft)
            return await (self._resume if back_again else self.ask)(turn, reply, draft)
        outcome = await self.step(turn, reply, draft)
        if not outcome.understood and outcome.asked:
            return await self._again(turn, reply, draft)
        return outcome

    def _goes_on_with(self, intent: str) -> bool:
        return intent in self.goes_on_with or self.wishes.opens.get(intent) == self.form

    async def _take_wish(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """What was said behind a question that is answered by now belongs to this form."""
        reply.taken = 1
        wish, *later = turn.later
        rest = replace(
            turn, intent=wish.intent, facts=read_facts(wish.entities), text=wish.text, later=tuple(later)
        )
        outcome = await self.step(rest, reply, draft)
        again = outcome.asked and not outcome.understood
        return await self.ask(rest, reply, draft) if again else outcome

    async def _resume(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """After hours or days: what is still open, its question anew, and a way out."""
        if turn.intent == "greet":
            reply.say("say_greeting_back")
        reply.say("say_resume", what=await self.left_open(turn, draft))
        outcome = await self.ask(turn, reply, draft)
        if outcome.asked:
            reply.offer(turn.words.texts.text("word_stop"), "/cancel")
        return outcome

    async def left_open(self, turn: Turn, draft: Mapping[str, Any]) -> str:
        """What the form was about, in a few words, for a patient who comes back after days."""
        key = f"word_left_{self.slot}"
        return turn.words.texts.text(key if key in turn.words.texts else "word_left_other")

    async def _again(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Nothing was understood: the question once more, from the second time on with a person who comes."""
        reply.parts.clear()
        reply.forget_question()
        if turn.intent == _NOT_UNDERSTOOD and await hospital_questions.answered_anyway(turn, reply):
            reply.parts.append("")
            return await self.ask(turn, reply, draft)
        reply.say(f"say_not_understood{how_often(turn)}")
        brought = bring_person_at_last(turn, reply)
        outcome = await self.ask(turn, reply, draft)
        if brought and outcome.asked:
            reply.offer(turn.words.texts.text("intent_talk_to_human"), TO_PERSON)
        outcome.understood = False
        return outcome

    async def before_leaving(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> None:
        """What the message answers here, beside the wish that another form is opened for."""

    def holds(self, draft: Mapping[str, Any]) -> bool:
        """Whether so much was told that another journey has to wait until this one is done."""
        return False

    def says_something(self, turn: Turn) -> bool:
        """Whether a message that sounds like a digression also answers this form."""
        return False

    def hand_over(self, turn: Turn, form: str) -> list[EventType]:
        return self._events(turn, Outcome(turn.slots.get(self.slot), go_on=form))

    def _events(self, turn: Turn, outcome: Outcome) -> list[EventType]:
        """At least one slot besides the requested one is set: Rasa takes a form that sets none for rejected."""
        draft = dict(outcome.draft) if outcome.draft is not None else None
        events: list[EventType] = [SlotSet(self.slot, draft)]
        events += [SlotSet(name, value) for name, value in outcome.slots.items()]
        events += count_failures(turn, understood=outcome.understood)
        if outcome.go_on:
            events.append(FollowupAction(outcome.go_on))
        events.append(SlotSet(REQUESTED, outcome.asked or None))
        return events


def how_often(turn: Turn) -> str:
    """The ending of the text for one more message that was not understood: "" for the first in a row, then
    "_twice" and "_often" in turn, for the same words again and again are no help."""
    before = int(turn.slots.get(FAILURES) or 0)
    return ("_twice", "_often")[(before - 1) % 2] if before else ""


def bring_person_at_last(turn: Turn, reply: Reply) -> bool:
    """Who was not understood twice in a row is brought a person, in elder mode at once. Whether that is so."""
    if int(turn.slots.get(FAILURES) or 0) + 1 < (1 if turn.elder else PATIENCE):
        return False
    reply.bring_person("failed", turn.runtime.settings.hospital_phone)
    return True


def count_failures(turn: Turn, *, understood: bool) -> list[EventType]:
    """How often in a row the patient was not understood, written only when it changes."""
    before = int(turn.slots.get(FAILURES) or 0)
    after = 0 if understood else before + 1
    return [SlotSet(FAILURES, after)] if after != before else []
