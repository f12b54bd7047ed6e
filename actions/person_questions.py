"""The questions to somebody who registers, and what was understood on the way to them."""

from __future__ import annotations

from actions.registration_draft import Person
from actions.relations import yours
from actions.turn import Reply, Turn
from actions.wording import Wording
from integrations.hospital.models import DocumentKind

_SHOWN = ("person_name", "id_number", "phone")


def ask(turn: Turn, reply: Reply, person: Person, asked: str) -> None:
    """One question; about a relative in words of its own where it has them."""
    texts = turn.words.texts
    shown = {kind: person.shown.get(kind, "") for kind in (*_SHOWN, "birth_date")}
    if asked == "confirm" and person.kind is not DocumentKind.RESIDENT_ID:
        shown["id_number"] = f"{texts.text(f'word_document_{person.kind}')} {shown['id_number']}"
    values = {
        **shown,
        "document": texts.text(f"word_document_{person.kind}"),
        "who": yours(turn.words, person.called, person.relation),
        "patient": yours(turn.words, person.called) if person.called else texts.text("word_patient"),
        "sex": texts.text(f"word_sex_{person.other_sex}") if person.other_sex else "",
    }
    reply.say(_key(turn.words, person, asked), **values)
    if asked == "person_name":
        reply.offer(texts.text("word_use_page"), "/use_page")
    if asked == "phone" and person.family and person.ages == "teen":
        reply.offer(texts.text("word_no_phone"), '/inform{"field": "no_phone"}')


def kept(words: Wording, before: Person, person: Person, asked: str) -> str:
    """What is known anew and the next question does not repeat: 记下了手机号 138****5678。 "" for nothing."""
    question = words.texts.variations(_key(words, person, asked))[0].text
    said = [
        words.texts.text(f"word_kept_{kind}", value=person.shown[kind])
        for kind in _SHOWN
        if person.shown.get(kind) not in (None, before.shown.get(kind)) and f"{{{kind}}}" not in question
    ]
    return words.texts.text("say_registration_kept", what=words.all_of(said)) if said else ""


def _key(words: Wording, person: Person, asked: str) -> str:
    if asked == "kin_sex" and not person.number_sex:
        return "ask_kin_sex_told"
    key = f"ask_family_{asked}"
    return key if person.family and key in words.texts else f"ask_{asked}"
