"""The page behind a question for a rating: one to five, with words for who likes; or to be asked no more."""

from __future__ import annotations

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot import inbox
from bot.pages.onward import ask_in_chat
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell
from bot.pages.speech import line
from bot.pages.words import words_of
from integrations.hospital import ratings
from integrations.hospital.models import SubjectKind
from integrations.hospital.page_subjects import RATING
from integrations.hospital.ratings import UNHAPPY, RatingView, TooLateToRate, UnknownRating

router = APIRouter(prefix=f"/p/{RATING}")

Owner = Annotated[Reader, owner_of(RATING)]

_LONGEST_WORDS = 500
_STARS = frozenset("12345")
_ONWARD = ("complain", "talk_to_human")


@router.get("/{token}")
async def show(reader: Owner) -> Response:
    """What is to be rated, with the stars that it has."""
    async with reader.rt.database.begin() as session:
        return await _form(session, reader)


@router.post("/{token}")
async def rate(reader: Owner) -> Response:
    """Keeps stars, and words where there are some. Pressed again, the same stands once."""
    typed = {name: value for name, value in (await reader.request.form()).items() if isinstance(value, str)}
    said, rt, account_id = (
        typed.get("words", "").strip()[:_LONGEST_WORDS],
        reader.rt,
        reader.contact.account_id,
    )
    async with rt.database.begin() as session:
        found = await _found(session, reader)
        urgent = await _hear(session, reader, said) if said else ""
        if (stars := typed.get("stars", "")) not in _STARS:
            return _alarm(reader, urgent) if urgent else await _form(session, reader, said=said, missing=True)
        await ratings.rate(session, found.id, account_id, int(stars), key=None, now=rt.now())
        if said:
            await ratings.add_words(session, rt.crypto, found.id, account_id, said, key=None, now=rt.now())
    if urgent:
        return _alarm(reader, urgent)
    return render(
        reader.request,
        "rating_done.html",
        reader.speech,
        path=reader.path,
        unhappy=int(stars) <= UNHAPPY,
        onward=_ONWARD,
    )


@router.post("/{token}/stop")
async def stop(reader: Owner) -> Response:
    """Asked for no rating any more, whatever becomes of this one."""
    async with reader.rt.database.begin() as session:
        await ratings.want(session, reader.contact.id, wanted=False)
    return tell(reader.request, reader.speech, "page_rating_off_title", line("say_rating_off"), done=True)


@router.post("/{token}/complain")
async def complain(reader: Owner) -> Response:
    """The chat asks what was wrong."""
    return await _onward(reader, "complain")


@router.post("/{token}/talk_to_human")
async def talk_to_human(reader: Owner) -> Response:
    return await _onward(reader, "talk_to_human")


async def _onward(reader: Reader, purpose: str) -> Response:
    async with reader.rt.database.begin() as session:
        await ask_in_chat(session, reader, purpose=purpose)
    return tell(
        reader.request, reader.speech, "page_rating_onward_title", line("page_rating_onward"), done=True
    )


async def _found(session: AsyncSession, reader: Reader) -> RatingView:
    """Raises Answered where it is not to be rated here (any more)."""
    rating_id = reader.about
    try:
        return await ratings.rateable(session, reader.contact.account_id, rating_id, reader.rt.now())
    except (UnknownRating, TooLateToRate):
        words = line("say_rating_late")
        raise Answered(
            tell(reader.request, reader.speech, "page_rating_late_title", words, status=410)
        ) from None


async def _hear(session: AsyncSession, reader: Reader, said: str) -> str:
    """What was written freely may tell of an emergency. Gives what is to be shown then."""
    key = f"{reader.link.id}:{uuid4()}"
    urgent = await inbox.hear(session, reader.rt, reader.contact.id, external_id=key, words=said)
    return reader.speech.write(urgent)


async def _form(session: AsyncSession, reader: Reader, *, said: str = "", missing: bool = False) -> Response:
    found = await _found(session, reader)
    words = await words_of(session, reader)
    if found.subject_kind is SubjectKind.VISIT and found.date:
        day = reader.speech.wording(reader.rt.zone).day(found.date)
        what = words.say("word_rating_visit_on", day=day)
    else:
        what = words.say(f"word_rating_{found.subject_kind}")
    return render(
        reader.request,
        "rating.html",
        reader.speech,
        status=422 if missing else 200,
        path=reader.path,
        what=what,
        stars=found.stars,
        said=said,
        missing=missing,
        longest=_LONGEST_WORDS,
    )


def _alarm(reader: Reader, urgent: str) -> Response:
    """Nothing else is asked of somebody who was just told to act."""
    return render(reader.request, "follow_up_alarm.html", reader.speech, advice=[urgent], staff=[], rest="")
