"""A parcel's page: where it is and was, and what to do when something is wrong with it.

Looking asks no tracker: that happens when it is pressed, at the pace that the tracker allows.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot import texts
from bot.pages.medicine import where
from bot.pages.onward import ask_in_chat
from bot.pages.reader import Answered, Reader, owner_of
from bot.pages.rendering import render, tell, to_page
from bot.pages.speech import Line, line
from bot.pages.words import Words, words_of
from integrations import courier
from integrations.hospital import page_subjects
from integrations.hospital.delivery import following, parcels
from integrations.hospital.delivery.views import NotOnTheWay, ParcelView, UnknownParcel, parcel_of
from integrations.hospital.models import ConfirmedBy, DeliveryStatus
from integrations.hospital.page_subjects import PARCEL
from integrations.tracking import ParcelStep

router = APIRouter(prefix="/p")

Owner = Annotated[Reader, owner_of(PARCEL)]

# What couriers write begins with where they are: 【北京市】快件已到达
_PLACE = re.compile(r"^\s*[【\[](?P<place>[^】\]]{1,40})[】\]]\s*(?P<words>.+)$", re.DOTALL)
_BAD = frozenset({DeliveryStatus.PROBLEM, DeliveryStatus.RETURNED, DeliveryStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Stop:
    """One thing that happened on the way."""

    at: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """All that the page of one parcel says."""

    one: ParcelView
    steps: Sequence[ParcelStep]
    words: Words
    destination: str  # masked
    now: datetime

    @property
    def state(self) -> str:
        one, say = self.one, self.words.say
        if one.status in (DeliveryStatus.SHIPPED, DeliveryStatus.PROBLEM, DeliveryStatus.RETURNED):
            said = say(f"word_parcel_{one.said or 'shipped'}")
            return said[:1].upper() + said[1:]
        by = f"_by_{one.confirmed_by}" if one.confirmed_by else ""
        return say(f"page_parcel_{one.status}{by}")

    @property
    def bad(self) -> bool:
        return self.one.status in _BAD

    @property
    def on_the_way(self) -> bool:
        return self.one.status in parcels.ON_THE_WAY

    @property
    def carrier(self) -> str:
        key = f"word_carrier_{self.one.carrier}"
        return self.words.say(key) if key in texts.catalogue() else str(self.one.carrier or "").upper()

    @property
    def rows(self) -> list[tuple[str, str]]:
        one, words = self.one, self.words
        rows = [("page_row_carrier", self.carrier)] if one.carrier else []
        rows += [("page_row_waybill", one.waybill)] if one.waybill else []
        if expected := one.expected(self.now):
            rows.append(("page_row_expected", words.moment(expected)))
        return [
            *rows,
            ("page_row_to", words.write(self.destination)),
            ("page_row_patient", words.write(one.patient)),
        ]

    @property
    def stops(self) -> list[Stop]:
        """The newest first, with what the hospital knows itself."""
        one, say = self.one, self.words.say
        known = [(step.at, *_parted(self.words.write(step.words))) for step in self.steps]
        if one.shipped_at:
            known.append((one.shipped_at, "", say("page_parcel_left")))
        if one.delivered_at and one.confirmed_by is ConfirmedBy.PATIENT:
            known.append((one.delivered_at, "", say("page_parcel_confirmed")))
        known.sort(key=lambda step: step[0], reverse=True)
        return [Stop(self._at(at), place, words) for at, place, words in known]

    def _at(self, moment: datetime) -> str:
        return self.words.moment(moment)


def _parted(words: str) -> tuple[str, str]:
    """Where, and what."""
    found = _PLACE.match(words)
    return (found["place"], found["words"]) if found else ("", words)


@router.get(f"/{PARCEL}/{{token}}")
async def show(reader: Owner) -> Response:
    return await _show(reader)


@router.post(f"/{PARCEL}/{{token}}/ask")
async def ask(reader: Owner) -> Response:
    """Asks the carrier anew, unless that was done within half an hour."""
    one = await _parcel(reader)
    if one.status in parcels.ON_THE_WAY and not await courier.ask(reader.rt, one.id):
        return await _show(reader, notice=line("page_parcel_not_asked"))
    return to_page(reader.path)


@router.post(f"/{PARCEL}/{{token}}/received")
async def received(reader: Owner) -> Response:
    """ "我收到了"; said again it changes nothing."""
    rt = reader.rt
    try:
        async with _opened(reader) as (session, one):
            await parcels.confirm_receipt(
                session,
                one.id,
                account_id=reader.contact.account_id,
                key=None,
                now=rt.now(),
            )
    except NotOnTheWay:  # it has gone back meanwhile: the page says so
        return await _show(reader)
    return to_page(reader.path)


@router.post(f"/{PARCEL}/{{token}}/complain")
async def complain(reader: Owner) -> Response:
    """The chat asks what is wrong with it."""
    async with _opened(reader) as (session, _):
        await ask_in_chat(session, reader, purpose="complaint", category="delivery")
    words = line("page_parcel_complained")
    return tell(reader.request, reader.speech, "page_parcel_complained_title", words, done=True)


@router.post(f"/{PARCEL}/{{token}}/prescription")
async def prescription(reader: Owner) -> Response:
    """To the page of what is in it."""
    async with _opened(reader) as (session, one):
        path = await page_subjects.prescription_link(
            session, reader.contact.id, one.prescription_id, reader.rt.now()
        )
    return to_page(path)


async def _show(reader: Reader, *, notice: Line | None = None) -> Response:
    async with _opened(reader) as (session, one):
        tracked = Tracked(
            one,
            await following.steps(session, reader.rt.crypto, one.id),
            await words_of(session, reader),
            await where(session, reader, one.id),
            reader.rt.now(),
        )
    return render(
        reader.request,
        "parcel.html",
        reader.speech,
        own_script=True,
        parcel=tracked,
        path=reader.path,
        notice=notice,
        asking=reader.rt.parcels is not None,
    )


async def _parcel(reader: Reader) -> ParcelView:
    async with _opened(reader) as (_, one):
        return one


@asynccontextmanager
async def _opened(reader: Reader) -> AsyncIterator[tuple[AsyncSession, ParcelView]]:
    """The link's parcel, in one transaction. Raises Answered where it is nobody's here any more: its account let go of
    the patient."""
    try:
        async with reader.rt.database.begin() as session:
            yield session, await parcel_of(session, reader.about, reader.contact.account_id)
    except UnknownParcel:
        title, words = "page_parcel_gone_title", line("page_parcel_gone")
        raise Answered(tell(reader.request, reader.speech, title, words, status=404)) from None
