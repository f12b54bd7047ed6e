"""The appointment card (就诊卡): what is shown at the hospital, and until when it can be cancelled."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages import codes, permission
from bot.pages.bill import bill_of, cancel_rule, order_of, visit_rows
from bot.pages.reader import Reader, owner_of
from bot.pages.rendering import render, tell
from bot.pages.speech import line
from bot.pages.words import words_of
from integrations.hospital.appointments import appointment
from integrations.hospital.billing.orders import UnknownOrder
from integrations.hospital.models import AppointmentStatus
from integrations.hospital.page_subjects import CARD, PAY
from integrations.hospital.refusals import NotYours
from integrations.hospital.views import AppointmentView

router = APIRouter(prefix="/p")

Owner = Annotated[Reader, owner_of(CARD, PAY)]  # also by the link that the number was paid by


@router.get("/card/{token}")
async def show(reader: Owner) -> Response:
    async with reader.rt.database.begin() as session:
        visit = await _visit(session, reader)
        words = await words_of(session, reader)
    if visit is None:
        return tell(reader.request, reader.speech, "page_card_gone_title", line("page_card_gone"), status=404)
    standing = visit.status is AppointmentStatus.BOOKED
    key = await permission.key_for(reader) if standing and reader.inside else None
    return render(
        reader.request,
        "card.html",
        reader.speech,
        scripts=permission.origin(key.script) if key else "",
        page_key=key,
        visit=visit,
        rows_of_visit=[
            *visit_rows(words, visit),
            ("page_row_patient", words.write(visit.patient)),
            *([("page_order_no", visit.order_no)] if visit.order_no else []),
        ],
        rule=cancel_rule(words, visit),
        code=codes.checkin(visit.order_no or visit.id.hex) if standing else "",
        standing=standing,
        until=words.moment(visit.hold_expires_at) if visit.hold_expires_at else "",
    )


async def _visit(session: AsyncSession, reader: Reader) -> AppointmentView | None:
    """None when it is none of this account's patients' (any more)."""
    try:
        if reader.link.purpose == PAY:
            return (await bill_of(session, reader, order_of(reader))).visit
        visit = await appointment(session, reader.about)
    except (NotYours, UnknownOrder):
        return None
    return visit if visit.account_id == reader.contact.account_id and visit.relation is not None else None
