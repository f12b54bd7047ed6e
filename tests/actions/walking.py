"""Walking through a journey: at each of its questions every way off it is tried. Asking something else comes back to
it, what is not understood keeps it open, one step back asks something, and leaving ends it with nothing written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from copy import deepcopy

from sqlalchemy import func, select

from integrations.hospital.models import (
    AccountPatient,
    Address,
    Appointment,
    Case,
    CaseNote,
    Consent,
    Delivery,
    FollowUpAnswer,
    FollowUpEnrolment,
    IdentityRequest,
    Measurement,
    Order,
    Patient,
    Rating,
    WaitlistEntry,
)
from integrations.runtime import Runtime

from .conftest import Chat, Said

Step = Callable[[Chat, Said], Awaitable[Said]]
MUST_NOT_CHANGE = (
    select(func.count()).select_from(Appointment),
    select(func.count()).select_from(Patient),
    select(func.count()).select_from(AccountPatient),
    select(func.count()).select_from(Consent).where(Consent.withdrawn_at.is_(None)),
    select(func.count()).select_from(IdentityRequest),
    select(func.count()).select_from(WaitlistEntry),
    select(func.count()).select_from(Order).where(Order.status == "unpaid"),
    select(func.count()).select_from(Delivery),
    select(func.count()).select_from(Address),
    select(func.count()).select_from(Case).where(Case.status != "withdrawn"),
    select(func.count()).select_from(CaseNote),
    select(func.count()).select_from(Rating).where(Rating.stars.is_not(None)),
    select(func.count()).select_from(FollowUpEnrolment).where(FollowUpEnrolment.status == "active"),
    select(func.count()).select_from(FollowUpAnswer),
    select(func.count()).select_from(Measurement),
)
# What cannot be read: it is stored, this is said, and the question stays. Pictures and files are an answer in places.
UNREAD = ("voice", "video", "sticker", "location", "link")


def says(intent: str, *entities: tuple[str, object]) -> Step:
    return lambda chat, _: chat.say(intent, *entities)


def tells(**values: str) -> Step:
    return lambda chat, _: chat.tell(**values)


def presses(title: str) -> Step:
    return lambda chat, before: chat.press(before, title)


def types(words: str, intent: str = "nlu_fallback") -> Step:
    return lambda chat, _: chat.say(intent, text=words)


async def written(runtime: Runtime) -> list[int | None]:
    async with runtime.database.begin() as session:
        return [await session.scalar(count) for count in MUST_NOT_CHANGE]


async def walk(chat: Chat, *steps: Step) -> None:
    """Takes the steps, and at the question after each tries every way off it."""
    said = Said("", {}, None)
    for step in steps:
        said = await step(chat, said)
        assert chat.form, said.text
        await _bears(chat, said)


async def _bears(chat: Chat, question: Said) -> None:
    form, slots, before = chat.form, deepcopy(chat.slots), await written(chat.runtime)
    asked = slots["requested_slot"]
    where = f"{form}, {asked}: {question.text}"

    async def off(intent: str, *entities: tuple[str, object], kind: str = "text") -> Said:
        chat.form, chat.slots = form, deepcopy(slots)
        said = await chat.say(intent, *entities, kind=kind)
        assert said.text.strip(), f"{where}: silence after {intent} {kind}"
        return said

    def same_question(said: Said, after: str) -> None:
        assert (chat.form, chat.slots["requested_slot"], said.expects) == (form, asked, question.expects), (
            f"{where}: another question after {after}: {said.text}"
        )

    for intent, entities, words in (
        ("ask_hospital", (("topic", "parking"),), "停车"),
        ("talk_to_human", (), "010-8888 6666"),
        ("pause", (), "不急"),
        ("nlu_fallback", (), ""),
    ):
        said = await off(intent, *entities)
        assert words in said.text, where
        same_question(said, intent)
    for kind in UNREAD:
        same_question(await off("non_text", kind=kind), kind)
    for kind in ("image", "file"):
        said = await off("non_text", kind=kind)
        assert chat.form == form, f"{where}: {kind} led out of it: {said.text}"
    said = await off("go_back")
    assert chat.form in (form, ""), f"{where}: back led to {chat.form}"
    assert "没有正在办" not in said.text, where
    assert await written(chat.runtime) == before, where
    said = await off("cancel")
    assert chat.form == "", f"{where}: still open after cancelling: {said.text}"
    assert "没有正在办" not in said.text, where
    assert await written(chat.runtime) == before, where
    chat.form, chat.slots = form, slots
