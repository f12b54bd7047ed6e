"""A follow-up's values and answers in a reply."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.follow_up import wording
from integrations.hospital.follow_up.answering import OpenTask
from integrations.hospital.follow_up.plans import Plan, Question
from integrations.hospital.follow_up.reading import Read
from integrations.language.measurements import MeasurementKind

_EXAMPLES: dict[MeasurementKind, dict[str, float]] = {
    MeasurementKind.BLOOD_PRESSURE: {"systolic": 135, "diastolic": 85},
    MeasurementKind.GLUCOSE: {"value": 6.1},
    MeasurementKind.WEIGHT: {"value": 62},
    MeasurementKind.TEMPERATURE: {"value": 36.8},
}
_SHORT, _SHORT_ENGLISH = 6, 16  # characters of a yes or a no that nobody takes for the other


def value(turn: Turn, question: Question, told: Any) -> str:
    """What was understood of an answer; empty for words, which need not be repeated."""
    return wording.counted(turn.words.texts, question, told)


def all_values(turn: Turn, reads: list[Read]) -> str:
    """What a message told, to be repeated in one breath."""
    told = ((read.question, one) for read in reads for one in (read.value, *read.beside))
    return turn.words.all_of(said for question, one in told if (said := value(turn, question, one)))


def understood(turn: Turn, reads: list[Read]) -> str:
    """What a choice, or a yes or no, was taken for that was told in words of the patient's own; empty where the words
    say it themselves. A yes among several answers would leave open to what."""
    if not turn.text or turn.facts.field:
        return ""
    own = [read for read in reads if read.question.kind == "choice"]
    own += [read for read in reads if read.question.kind == "yes_no" and len(reads) == 1]
    taken = ((read, wording.told(turn.words.texts, read.question, read.value)) for read in own)
    return turn.words.all_of(said for read, said in taken if not _said_so(turn.text, read, said))


def changed(turn: Turn, read: Read) -> str:
    """An answer as it stands after it was put right; a yes or a choice with its question."""
    if said := value(turn, read.question, read.value):
        return said
    question = read.question.ask.text(turn.language).rstrip("？?。. ")
    said = wording.told(turn.words.texts, read.question, read.value)
    return turn.words.texts.text("word_answer_changed", question=question, answer=said)


def _said_so(text: str, read: Read, said: str) -> bool:
    if read.question.kind == "yes_no":
        return len(text) <= (_SHORT_ENGLISH if text.isascii() else _SHORT)
    return said.lower() in text.lower()


def offer_answers(turn: Turn, reply: Reply, question: Question) -> None:
    match question.kind:
        case "yes_no":
            reply.offer(turn.words.texts.text("word_yes"), "/affirm")
            reply.offer(turn.words.texts.text("word_no"), "/deny")
        case "choice":
            for option in question.options:
                payload = f'/answer_follow_up{{"field": "{option.id}"}}'
                reply.offer(option.text.text(turn.language), payload)


def instead(turn: Turn, task: OpenTask, plan: Plan) -> str:
    """How the first answer that was given could be put right: 血压 135/85."""
    answered = (one for one in plan.questions if one.id in task.answered and one.kind != "text")
    question = next(answered, plan.questions[0])
    if question.measures:
        return wording.counted(turn.words.texts, question, _EXAMPLES[question.measures])
    if question.options:
        return question.options[-1].text.text(turn.language)
    return turn.words.texts.text("word_no")


async def own_patient(turn: Turn) -> UUID | None:
    """The account's owner, as a patient."""
    async with turn.runtime.database.begin() as session:
        own = await patients.self_patient(session, await account_of(session, turn))
        return own.id if own else None
