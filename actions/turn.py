"""One call of the action server: what the patient said, and what is said back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Tracker

from actions.directory import Directory, DirectoryCache
from actions.facts import PERSONAL, Facts, read_facts
from actions.wishes import Wish, Wishes, meant
from actions.wording import Wording
from integrations.catalogue import CHINESE
from integrations.hospital.operations import OperationKey
from integrations.language.denials import denies
from integrations.language.glossary import Glossary
from integrations.language.languages import LANGUAGES
from integrations.runtime import Runtime

_CORRECTING = ("correct", "deny", "reschedule_appointment")
# What changes something at once has to be clear.
_WEIGHTY = frozenset({"affirm", "give_consent", "withdraw_consent", "cancel"})
_CLEAR = 0.4
_YESES = frozenset({"affirm", "give_consent"})
# Where "换手机号" cannot mean what was just typed: it is about what is on file.
_NOTHING_PERSONAL = frozenset({"", "booking_form", "cancellation_form"})
# "I have no Chinese phone" chooses no language.
_LACKS = re.compile(
    r"\b(?:no|not|without|don['’]?t|haven['’]?t)\b.*\b(?:phone|mobile|cell|number|id|card|sim|passport)\b",
    re.IGNORECASE,
)
# "correct" by itself says that it is, and puts nothing right.
_IS_RIGHT = re.compile(
    r"(?:yes,? |yeah,? )?(?:that'?s |that is |it'?s |it is |this is |all )?(?:all )?correct[.! ]*",
    re.IGNORECASE,
)
# The words that our help names leave what is open, whatever else they may be taken for.
_LEAVES = re.compile(
    r"(?:please )?(?:cancel|stop(?: here)?|never ?mind|forget (?:about )?it(?:,? (?:please )?stop)?)(?: please)?[.! ]*",
    re.IGNORECASE,
)
_EMERGENCY_NUMBER = "120"  # for the language model one number is like another


@dataclass(frozen=True, slots=True)
class Turn:
    """What is known when an action runs. `today` and `now` are the hospital's; `now` is UTC."""

    runtime: Runtime
    words: Wording
    names: DirectoryCache
    action: str
    contact_id: UUID
    message_id: str
    channel: str
    kind: str
    intent: str
    likely: tuple[str, ...]  # intents by falling likelihood
    facts: Facts
    chosen_language: str  # by this message; the turn speaks it already
    now: datetime
    today: date
    form: str  # the form that is open, or ""
    asked: str  # what it asked last, or ""
    slots: Mapping[str, Any]
    text: str = ""  # the patient's words, personal values as tokens; empty for a pressed button
    elder: bool = False  # elder mode: few choices, short sentences, a person sooner
    away: timedelta = timedelta()  # since the patient's message before this one
    urgent: bool = False  # what they told of should be seen today
    alarm_ago: timedelta | None = None  # since their last alarm
    entities: tuple[Mapping[str, Any], ...] = ()  # those of `facts`, as they were found
    later: tuple[Wish, ...] = ()  # what the message wishes besides, in its order

    @property
    def language(self) -> str:
        return self.words.texts.language

    async def directory(self) -> Directory:
        """The hospital's departments and doctors."""
        return await self.names.get(self.runtime, self.now)

    def key(self, operation: str) -> OperationKey:
        """Names one effect of this message: repeated, it is not done again."""
        return OperationKey(self.message_id, self.action, operation)


def read_turn(
    tracker: Tracker,
    *,
    runtime: Runtime,
    words: Wording,
    names: DirectoryCache,
    action: str,
    wishes: Wishes,
) -> Turn:
    """Raises KeyError when the message has no id: nothing may be written then."""
    message = tracker.latest_message
    metadata = message.get("metadata") or {}
    form = (tracker.active_loop or {}).get("name") or ""
    asked = tracker.slots.get("requested_slot") or ""

    def takes_all(told: Mapping[str, Any], told_as: Sequence[Wish]) -> bool:
        if not (form and asked):
            return bool(told["replies"])
        return not wishes.parted(told_as, form, _expects(words, asked))

    part = meant(message, tracker.slots, runtime.now(), takes_all)
    text = part.text
    intent = _intent({**(message.get("intent") or {}), "name": part.intent}, text)
    if intent == "choose_language" and _LACKS.search(text):
        intent = "inform"
    facts = read_facts(part.entities, last_wins=intent in _CORRECTING)
    chosen = facts.language if intent == "choose_language" and facts.language in LANGUAGES else ""
    now = runtime.now()
    elder = bool(metadata.get("elder"))
    if intent == "correct" and facts.field in PERSONAL and form in _NOTHING_PERSONAL:
        intent = "change_profile"
    return Turn(
        runtime=runtime,
        words=words.speaking(chosen or str(metadata.get("language") or CHINESE), elder=elder),
        names=names,
        action=action,
        contact_id=UUID(tracker.sender_id),
        message_id=str(metadata["message_id"]),
        channel=str(metadata.get("channel") or ""),
        kind=str(metadata.get("kind") or "text"),
        intent=intent,
        likely=tuple(rank["name"] for rank in message.get("intent_ranking") or ()),
        facts=facts,
        chosen_language=chosen,
        now=now,
        today=now.astimezone(runtime.zone).date(),
        form=form,
        asked=asked,
        slots=tracker.slots,
        text="" if text.startswith("/") else text,
        elder=elder,
        away=timedelta(seconds=float(metadata.get("away") or 0)),
        urgent=bool(metadata.get("urgent")),
        alarm_ago=None if metadata.get("alarm") is None else timedelta(seconds=float(metadata["alarm"])),
        entities=part.entities,
        later=part.later,
    )


def _expects(words: Wording, asked: str) -> str:
    """The kind of answer that a question wants, such as the patient's own words."""
    question = f"ask_{asked}"
    return words.texts.variations(question)[0].expects if question in words.texts else ""


def _intent(found: Mapping[str, Any], text: str) -> str:
    if text.strip() == _EMERGENCY_NUMBER:
        return "emergency_help"
    if _IS_RIGHT.fullmatch(text.strip()):
        return "affirm"
    if _LEAVES.fullmatch(text.strip()):
        return "cancel"
    name = str(found.get("name") or "")
    unclear = name in _WEIGHTY and float(found.get("confidence") or 0) < _CLEAR
    return "nlu_fallback" if unclear or (name in _YESES and denies(text)) else name


@dataclass(slots=True)
class Button:
    title: str
    payload: str


@dataclass(slots=True)
class Reply:
    """One message to the patient, put together from texts of the catalogue."""

    words: Wording
    parts: list[str] = field(default_factory=list)
    buttons: list[Button] = field(default_factory=list)
    expects: str = ""
    language: str = ""  # chosen by the patient just now
    handoff: dict[str, str] = field(default_factory=dict)  # a person is to help: with which skill, and why
    taken: int = 0  # how many of the turn's later wishes the action took itself
    begins: Wish | None = None  # what the form that opens now takes of the message, instead of all of it
    wished: list[Wish] = field(default_factory=list)  # for when the form is done, as the action understood it

    def say(self, key: str, **values: object) -> None:
        """Adds a text, with its own buttons, as a paragraph."""
        said = self.words.texts.say(key, **values)
        self.parts.append(said.text)
        self.buttons.extend(Button(title, payload) for title, payload in said.buttons)
        self.expects = said.expects or self.expects

    def offer(self, title: str, payload: str) -> None:
        self.buttons.append(Button(title, payload))

    def ask_person(self, reason: str, skill: str = "service") -> None:
        """Has bot put the patient into the queue for a person; what the reply says is for when nobody answers there."""
        self.handoff = {"skill": skill, "reason": reason}

    def bring_person(self, reason: str, phone: str) -> None:
        """The same for who did not ask for one: the dialog goes on meanwhile. What is said here is the way by
        telephone; where a person comes, or a message may be left, bot says that in its place."""
        self.say("say_person_by_phone", phone=phone)
        self.handoff = {"skill": "service", "reason": reason, "instead_of": self.parts[-1]}

    def forget_question(self) -> None:
        """Drops buttons and expectation: another question follows."""
        self.buttons.clear()
        self.expects = ""

    def put_english(self, glossary: Glossary) -> None:
        """The hospital's own names, which came in Chinese."""
        self.parts = [glossary.put(part) for part in self.parts]
        self.buttons = [Button(glossary.put(button.title), button.payload) for button in self.buttons]

    def dispatch(self, dispatcher: CollectingDispatcher) -> None:
        if not self.parts:
            return
        told = {"expects": self.expects, "language": self.language}
        metadata = {name: value for name, value in told.items() if value}
        extra: dict[str, Any] = {"metadata": metadata} if metadata else {}
        if self.handoff:
            extra["json_message"] = {"handoff": self.handoff}
        dispatcher.utter_message(
            text="\n".join(self.parts).strip(),
            buttons=[{"title": button.title, "payload": button.payload} for button in self.buttons],
            **extra,
        )
