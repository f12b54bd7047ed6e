"""A complaint (投诉), told in the patient's own words. It is never argued with, and needs no consent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any
from uuid import UUID

from actions import own_words
from actions.complaint_cases import CaseSteps, offer_subjects, subject_title
from actions.complaint_words import (
    asks_when,
    category_of,
    category_put_right,
    command_in,
    content_of,
    is_plain_no,
    means_another,
    purpose_of,
)
from actions.forms import Outcome
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import cases
from integrations.hospital.cases import subjects
from integrations.hospital.cases.subjects import Subject
from integrations.hospital.cases.suspicion import suspected
from integrations.hospital.models import CaseKind, Category

_LONG_STORY = 12  # characters: no mere request
_NONE = "none"  # about nothing in particular
_STORY = frozenset({"complaint_words", "complaint_more"})
# Where words may be typed instead of the answer that is asked for.
_TYPED = _STORY | {"complaint_category", "complaint_confirm", "complaint_add", "complaint_correct"}
_BEFORE = {
    "complaint_words": "complaint_category",
    "complaint_more": "complaint_category",
    "complaint_about": "complaint_more",
    "complaint_confirm": "complaint_more",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is known so far. `words` are tokens, `messages` ids of those that brought pictures; `about` names a
    subject, or none of them."""

    category: str = ""
    words: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    about: str = ""

    @classmethod
    def of(cls, draft: Mapping[str, Any]) -> Complaint:
        return cls(
            str(draft.get("category") or ""),
            tuple(draft.get("words") or ()),
            tuple(draft.get("messages") or ()),
            str(draft.get("about") or ""),
        )

    def as_draft(self) -> dict[str, Any]:
        found = {key: value for key, value in asdict(self).items() if value}
        return {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}


class ComplaintForm(CaseSteps):
    """Opened by "我要投诉", from anywhere; and by what is said or pressed about an earlier complaint."""

    form = "complaint_form"
    slot = "complaint"
    own = frozenset({"complain", "non_text", "abuse"})
    ends = frozenset({"complaint_withdraw"})

    def denied(self, turn: Turn) -> bool:
        """不投诉了 takes back what was told."""
        return super().denied(turn) and purpose_of(turn.text) != "withdraw"

    def in_own_words(self, turn: Turn) -> bool:
        return not self.long_away(turn) and turn.asked in _TYPED and own_words.tells(turn)

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Whatever a story sounds like, it is the story; and 就这些 is no farewell."""
        nothing_more = turn.asked == "complaint_about" and own_words.is_done(turn.text)
        if self.in_own_words(turn) or nothing_more:
            outcome = await self.step(turn, reply, draft)
            again = not outcome.understood and outcome.asked
            return await self._again(turn, reply, draft) if again else outcome
        return await super()._inside(turn, reply, draft)

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked and turn.intent == "cancel" and not own_words.is_done(turn.text):
            kept = turn.asked == "complaint_withdraw"
            reply.say("say_complaint_kept" if kept else "say_complaint_stopped")
            return Outcome.closed()
        if not turn.asked and super().denied(turn) and not await self.standing(turn):
            reply.say("say_kept_as_is_now")
            return Outcome.closed()
        if (purpose := await self._purpose(turn)) or draft.get("case"):
            return await self.on_case(turn, reply, draft, purpose)
        complaint = Complaint.of(draft)
        if not turn.asked:
            return await self._enter(turn, reply)
        if turn.intent == "go_back" and not own_words.tells(turn):
            return await self._asking(turn, reply, complaint, _BEFORE.get(turn.asked, turn.asked))
        if own_words.brings_evidence(turn):
            return await self._evidence(turn, reply, complaint)
        if complaint.words and asks_when(turn.text):
            reply.say("say_complaint_when", day=turn.words.day(cases.answer_due(turn.now)))
            return await self._asking(turn, reply, complaint, turn.asked)
        if turn.asked in _TYPED and (commanded := await self._commanded(turn, reply, complaint)):
            return commanded
        return await self._answered(turn, reply, complaint)

    async def _commanded(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome | None:
        """ "补充投诉", "重新写": about the complaint that is being told, not a part of it; before anything is told,
        about the one that is being looked into."""
        command, rest = command_in(turn.text)
        begun = complaint.words or complaint.messages
        if command and not begun and (standing := await self.standing(turn)):
            return await self._commanded_about(turn, reply, {"case": str(standing[0].id)})
        asked = "complaint_more" if complaint.words else "complaint_words"
        match command:
            case "withdraw":
                reply.say("say_complaint_stopped")
                return Outcome.closed()
            case "anew":
                return await self._anew(turn, reply, complaint)
            case "more" if rest:
                told = await self._told(turn, complaint, rest)
                at_the_end = turn.asked == "complaint_confirm"
                return await self._asking(
                    turn, reply, told, "complaint_confirm" if at_the_end else "complaint_more"
                )
            case "more":
                return await self._asking(turn, reply, complaint, asked)
            case "change" if complaint.words:
                return self._changing(reply, complaint)
        return None

    def _changing(self, reply: Reply, complaint: Complaint) -> Outcome:
        reply.say("ask_complaint_change")
        return Outcome(complaint.as_draft(), "complaint_more")

    async def _anew(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        return await self._asking(turn, reply, replace(complaint, words=(), messages=()), "complaint_words")

    def holds(self, draft: Mapping[str, Any]) -> bool:
        return bool(draft.get("words"))

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if draft.get("case"):
            return await self.ask_about_case(turn, reply, draft)
        return await self._asking(turn, reply, Complaint.of(draft), turn.asked)

    async def _purpose(self, turn: Turn) -> str:
        """What is wanted with an earlier complaint. A story that only sounds so is a new one."""
        if turn.facts.case or turn.asked:
            return turn.facts.purpose if turn.facts.case else ""
        purpose = purpose_of(turn.text)
        if not purpose or purpose == "outside" or await self.meant(turn, purpose):
            return purpose
        return "" if len(content_of(turn.text)) > _LONG_STORY else purpose

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        if standing := await self.standing(turn):
            reply.say("say_complaint_standing", number=standing[0].number)
        complaint = Complaint(category=turn.facts.category)
        if content := content_of(turn.text):
            complaint = await self._told(turn, complaint, content)
            reply.say("say_complaint_sorry")
            return await self._asking(turn, reply, complaint, "complaint_more")
        return await self._asking(
            turn, reply, complaint, "complaint_words" if complaint.category else "complaint_category"
        )

    async def _answered(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        facts = turn.facts
        match turn.asked:
            case "complaint_category" if facts.category:
                known = replace(complaint, category=facts.category)
                return await self._asking(
                    turn, reply, known, "complaint_more" if known.words else "complaint_words"
                )
            case "complaint_category" | "complaint_words" | "complaint_more" if not _finished(
                turn, complaint
            ):
                if own_words.tells(turn) and not own_words.is_done(turn.text):
                    return await self._asking(
                        turn, reply, await self._told(turn, complaint, turn.text), "complaint_more"
                    )
            case "complaint_words" | "complaint_more":
                return await self._about_or_confirm(turn, reply, complaint)
            case "complaint_about" if chosen := await self._chosen(turn, complaint):
                return await self._asking(turn, reply, replace(complaint, about=chosen), "complaint_confirm")
            case "complaint_confirm":
                return await self._at_the_end(turn, reply, complaint)
        return Outcome(complaint.as_draft(), turn.asked, understood=False)

    async def _at_the_end(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        """What was read back is submitted, written anew, told of another visit, or told more of."""
        purpose = turn.facts.purpose
        if purpose == "anew":
            return await self._anew(turn, reply, complaint)
        if means_another(turn.text) and await self._subjects(turn, complaint):
            return await self._asking(turn, reply, replace(complaint, about=""), "complaint_about")
        if purpose == "more":
            return await self._asking(turn, reply, complaint, "complaint_more")
        if turn.intent in {"deny", "correct"} and is_plain_no(turn.text):
            return self._changing(reply, complaint)
        if turn.intent == "affirm" or own_words.is_done(turn.text):
            return await self._open(turn, reply, complaint)
        if own_words.tells(turn):
            complaint = await self._told(turn, complaint, turn.text)
            return await self._asking(turn, reply, complaint, "complaint_confirm")
        return Outcome(complaint.as_draft(), turn.asked, understood=False)

    async def _told(self, turn: Turn, complaint: Complaint, text: str) -> Complaint:
        category = category_put_right(text) or complaint.category or category_of(text) or ""
        messages = (turn.message_id,) if own_words.brings_evidence(turn) else ()
        return replace(
            complaint,
            category=str(category),
            words=(*complaint.words, await own_words.keep(turn, text)),
            messages=(*complaint.messages, *messages),
        )

    async def _evidence(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        if turn.text.strip():
            complaint = await self._told(turn, complaint, turn.text)
        else:
            complaint = replace(complaint, messages=(*complaint.messages, turn.message_id))
        reply.say("say_complaint_picture")
        early = turn.asked in _STORY | {"complaint_category"}
        return await self._asking(
            turn, reply, complaint, "complaint_more" if early and complaint.words else turn.asked
        )

    async def _about_or_confirm(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        """Of a delivery only one can be meant where there was only one: it is read back, and can be put right."""
        meant = [] if complaint.about else await self._subjects(turn, complaint)
        if len(meant) == 1 and complaint.category == Category.DELIVERY and meant[0].prescription_id:
            complaint, meant = replace(complaint, about=meant[0].name), []
        return await self._asking(turn, reply, complaint, "complaint_about" if meant else "complaint_confirm")

    async def _asking(self, turn: Turn, reply: Reply, complaint: Complaint, asked: str) -> Outcome:
        match asked:
            case "complaint_about":
                reply.say("ask_complaint_about")
                offer_subjects(turn, reply, await self._subjects(turn, complaint))
                reply.offer(
                    turn.words.texts.text("word_complaint_none"), f'/complain{{"subject": "{_NONE}"}}'
                )
            case "complaint_confirm":
                reply.say("ask_complaint_confirm", **await self._values(turn, complaint))
            case _:
                reply.say(f"ask_{asked}")
        return Outcome(complaint.as_draft(), asked)

    async def _values(self, turn: Turn, complaint: Complaint) -> dict[str, object]:
        texts = turn.words.texts
        about = await self._named(turn, complaint.about)
        pictures = len(complaint.messages)
        return {
            "category": texts.text(f"word_category_{complaint.category or Category.OTHER.value}"),
            "about": texts.text("word_complaint_about", what=subject_title(turn, about)) if about else "",
            "words": await own_words.excerpt(turn, complaint.words) or texts.text("word_complaint_pictured"),
            "pictures": texts.text("word_complaint_pictures", count=pictures) if pictures else "",
            "day": turn.words.day(cases.answer_due(turn.now)),
        }

    async def _open(self, turn: Turn, reply: Reply, complaint: Complaint) -> Outcome:
        subject = await self._named(turn, complaint.about)
        words = await own_words.read(turn, complaint.words, "complaint")
        if not words and not complaint.messages:
            return await self._asking(turn, reply, Complaint(category=complaint.category), "complaint_words")
        async with turn.runtime.database.begin() as session:
            number = await cases.open_case(
                session,
                turn.runtime.crypto,
                CaseKind.COMPLAINT,
                Category(complaint.category or Category.OTHER),
                words,
                account_id=await account_of(session, turn),
                contact_id=turn.contact_id,
                patient_id=subject.patient_id if subject else None,
                about=subject.about if subject else cases.About(),
                messages=[UUID(one) for one in complaint.messages],
                key=turn.key("open"),
                now=turn.now,
            )
        day = turn.words.day(cases.answer_due(turn.now))
        reply.say("say_complaint_opened", number=number, day=day, **self.outside_values(turn))
        if suspected(words):
            reply.say("say_complaint_harm", phone=turn.runtime.settings.hospital_phone)
        reply.offer(turn.words.texts.text("intent_talk_to_human"), '/talk_to_human{"purpose": "complaint"}')
        return Outcome.closed()

    async def _subjects(self, turn: Turn, complaint: Complaint) -> list[Subject]:
        """What it may be about: of a delivery the parcels, if there were any."""
        async with turn.runtime.database.begin() as session:
            account = await account_of(session, turn)
            if complaint.category == Category.DELIVERY and (
                sent := await subjects.parcels(session, account, turn.now)
            ):
                return sent
            return await subjects.recent(session, account, turn.now)

    async def _named(self, turn: Turn, name: str) -> Subject | None:
        return None if name in ("", _NONE) else await self.subject_named(turn, name)

    async def _chosen(self, turn: Turn, complaint: Complaint) -> str:
        """By button, by a day on which there was just one of them, or none."""
        if turn.facts.subject:
            return turn.facts.subject
        if turn.facts.days:
            days = set(turn.facts.days.each)
            on_it = [one for one in await self._subjects(turn, complaint) if one.date in days]
            return on_it[0].name if len(on_it) == 1 else ""
        return _NONE if turn.intent == "deny" or own_words.is_done(turn.text) else ""


def _finished(turn: Turn, complaint: Complaint) -> bool:
    """Said or pressed; a "好" before anything was told finishes nothing."""
    told = bool(complaint.words or complaint.messages)
    pressed = not turn.text and turn.intent in {"affirm", "deny"}
    return told and turn.asked in _STORY and (pressed or own_words.is_done(turn.text))
