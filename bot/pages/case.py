"""The page behind the notices about a case (投诉): where it stands, what staff wrote, and whether that satisfies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages.onward import ask_in_chat
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell, to_page
from bot.pages.speech import line
from bot.pages.words import Words, words_of
from integrations.hospital.cases import following, reading
from integrations.hospital.cases.reading import CaseView
from integrations.hospital.cases.refusals import CaseError, UnknownCase
from integrations.hospital.models import CaseStatus
from integrations.hospital.page_subjects import CASE

router = APIRouter(prefix=f"/p/{CASE}")

Owner = Annotated[Reader, owner_of(CASE)]


@router.get("/{token}")
async def show(reader: Owner) -> Response:
    async with reader.rt.database.begin() as session:
        one = await _case(session, reader)
        words = await words_of(session, reader)
    now, rt = reader.rt.now(), reader.rt
    return render(
        reader.request,
        "case.html",
        reader.speech,
        path=reader.path,
        one=one,
        rows_of_case=_rows(words, one),
        said=one.closing or one.answer if one.status is CaseStatus.CLOSED else one.answer,
        overdue=one.overdue(now),
        unhappy=one.status is CaseStatus.CLOSED and one.satisfied is False,
        reopens=one.reopens(now),
        outside={
            "hotline": rt.settings.complaint_hotline,
            "health": rt.settings.health_hotline,
            "mediation": words.write(rt.settings.mediation_office_in(reader.speech.language)),
        },
    )


@router.post("/{token}/judge")
async def judge(reader: Owner, satisfied: Annotated[Literal["yes", "no"], Form()]) -> Response:
    """The page thanks, or says what can be done. Pressed again, it changes nothing."""

    async def effect(session: AsyncSession, case_id: UUID) -> None:
        account_id = reader.contact.account_id
        await following.judge(session, case_id, account_id, satisfied=satisfied == "yes", key=None)

    return await _do(reader, effect)


@router.post("/{token}/reopen")
async def reopen(reader: Owner) -> Response:
    """Once; pressed again, the page shows that it is being looked into."""

    async def effect(session: AsyncSession, case_id: UUID) -> None:
        account_id, now = reader.contact.account_id, reader.rt.now()
        await following.reopen(session, case_id, account_id, key=None, now=now)

    return await _do(reader, effect)


@router.post("/{token}/add")
async def add(reader: Owner) -> Response:
    """The chat takes more words and pictures."""
    async with reader.rt.database.begin() as session:
        one = await _case(session, reader)
        if not one.stands:
            return to_page(reader.path)
        await ask_in_chat(session, reader, purpose="case", case=str(one.id))
    return tell(reader.request, reader.speech, "page_case_add_title", line("page_case_add"), done=True)


async def _do(reader: Reader, effect: Callable[[AsyncSession, UUID], Awaitable[None]]) -> Response:
    """What the case does not take (any more), its page shows by itself."""
    try:
        async with reader.rt.database.begin() as session:
            await effect(session, reader.about)
    except CaseError:
        return to_page(reader.path)
    return to_page(reader.path)


async def _case(session: AsyncSession, reader: Reader) -> CaseView:
    """Raises Answered where it is not this account's (any more)."""
    try:
        return await reading.own(session, reader.rt.crypto, reader.about, reader.contact.account_id)
    except UnknownCase:
        words = line("page_case_gone")
        raise Answered(
            tell(reader.request, reader.speech, "page_case_gone_title", words, status=404)
        ) from None


def _rows(words: Words, one: CaseView) -> list[tuple[str, str]]:
    plain, zone = words.reader.speech.wording(words.reader.rt.zone), words.reader.rt.zone
    status = "assigned" if one.status is CaseStatus.OPEN and one.owned else one.status.value
    rows = [
        ("page_case_number", one.number),
        ("page_case_told", words.write(plain.day(one.created_at.astimezone(zone).date()))),
        ("page_case_state", words.say(f"page_case_is_{status}")),
    ]
    waits = one.stands and one.status is not CaseStatus.ANSWERED
    return [*rows, *([("page_case_until", words.write(plain.day(one.deadline)))] if waits else [])]
