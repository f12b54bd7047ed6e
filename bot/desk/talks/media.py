"""Pictures, recordings and files of a conversation, for those who may see it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from bot.desk.login import address_of
from bot.desk.showing import member_of
from bot.desk.talks import hub as hubs
from bot.desk.talks.rows import Row
from bot.desk.talks.seeing import Viewer, may_see, readable, viewer_of
from bot.media import CONTEXT
from integrations.hospital import audit
from integrations.hospital.consultations import views as consultations
from integrations.hospital.staff.permissions import Right, may
from integrations.media_types import media_type

router = APIRouter()

_MEDIUM = text("""
    SELECT media.content, coalesce(inbound.received_at, media.stored_at, media.created_at) AS at
    FROM media LEFT JOIN inbound ON inbound.id = media.inbound_id
    WHERE media.id = :id AND media.conversation_id = :conversation AND media.status = 'stored'
""")
_STYLE = Path(__file__).with_name("talks.css")
# What a browser may show in the page; all else is saved to a file.
_SHOWN = ("image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "audio/", "video/")


@router.get("/talks/talks.css", include_in_schema=False)
async def style() -> Response:
    return Response(_STYLE.read_text(encoding="utf-8"), media_type="text/css")


@router.get("/talks/media/{conversation_id}/{medium_id}", include_in_schema=False)
async def show(request: Request, conversation_id: UUID, medium_id: UUID) -> Response:
    """404 for what is not there and for what this member may not see: both look alike. What shows a diagnosis is seen
    by the doctor who is asked, too. The audit log keeps each that is opened."""
    rt = request.app.state.runtime
    member = await member_of(rt, request)
    if member is None or not may(member, Right.TALKS_ANSWER):
        return Response(status_code=404)
    found = await hubs.of(rt).read([conversation_id])
    about = {"id": medium_id, "conversation": conversation_id}
    async with rt.database.begin() as session:
        session.info["address"] = address_of(request)
        medium = (await session.execute(_MEDIUM, about)).first()
        if not found or medium is None:
            return Response(status_code=404)
        asked = member.practitioner_id
        shown = asked and await consultations.is_shown(session, conversation_id, medium_id, asked)
        if not (shown or _sees(viewer_of(member), found[0], medium.at)):
            return Response(status_code=404)
        await audit.record(
            session,
            actor=member.actor,
            action="talk.medium_opened",
            subject=f"conversation:{conversation_id}",
            detail={"medium": str(medium_id)},
        )
    return as_file(rt.crypto.data.open(bytes(medium.content), CONTEXT))


def _sees(viewer: Viewer, row: Row, at: datetime) -> bool:
    """Whether what came at that moment may be seen in the talk."""
    return may_see(viewer, row) and readable(viewer, row).has(at)


def as_file(content: bytes) -> Response:
    """A medium as browsers get it: what they cannot show in a page is saved."""
    mime = media_type(content) or "application/octet-stream"
    headers = {
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if not mime.startswith(_SHOWN):
        headers["Content-Disposition"] = "attachment"
    return Response(content, media_type=mime, headers=headers)
