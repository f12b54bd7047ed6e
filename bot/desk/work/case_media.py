"""Pictures and files of a case, for whoever has just read it: an address is made with the reading, for this member
alone, and bears the reason. Each time that one is opened is kept."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from bot import media
from bot.desk.login import address_of
from bot.desk.showing import member_of
from bot.desk.talks.media import as_file
from integrations.crypto import Crypto, Undecryptable
from integrations.hospital.cases import handling
from integrations.hospital.cases.refusals import UnknownCase
from integrations.hospital.staff.permissions import Right, may
from integrations.runtime import Runtime

router = APIRouter()
LASTS = timedelta(minutes=5)
_CONTEXT = "desk.case_medium"


@dataclass(frozen=True, slots=True)
class Pass:
    """This member read the case at this moment, for this reason, and may open this medium of it."""

    number: str
    medium_id: UUID
    staff_id: UUID
    reason: str
    at: datetime

    def address(self, crypto: Crypto) -> str:
        told = {
            "case": self.number,
            "medium": str(self.medium_id),
            "staff": str(self.staff_id),
            "reason": self.reason,
            "at": self.at.isoformat(),
        }
        sealed = crypto.encrypt(json.dumps(told, ensure_ascii=False), _CONTEXT)
        return f"/cases/media/{base64.urlsafe_b64encode(sealed).decode()}"

    @classmethod
    def open(cls, crypto: Crypto, sealed: str, now: datetime) -> Pass | None:
        """None for what is not ours, or too old."""
        try:
            told = json.loads(crypto.decrypt(base64.urlsafe_b64decode(sealed), _CONTEXT))
        except (binascii.Error, ValueError, Undecryptable):
            return None
        at = datetime.fromisoformat(told["at"])
        if not timedelta() <= now - at <= LASTS:
            return None
        return cls(told["case"], UUID(told["medium"]), UUID(told["staff"]), told["reason"], at)


@router.get("/cases/media/{sealed}", include_in_schema=False)
async def show(request: Request, sealed: str) -> Response:
    """404 for what is not there, not theirs, or not read just now: all look alike."""
    rt: Runtime = request.app.state.runtime
    member = await member_of(rt, request)
    given = Pass.open(rt.crypto, sealed, rt.now())
    if member is None or given is None or given.staff_id != member.id or not may(member, Right.CASES_WORK):
        return Response(status_code=404)
    try:
        async with rt.database.begin() as session:
            session.info["address"] = address_of(request)
            await handling.open_medium(
                session, given.number, given.medium_id, actor=member.actor, reason=given.reason
            )
            found = await media.picture(session, rt.crypto, given.medium_id)
    except UnknownCase:
        return Response(status_code=404)
    return as_file(found.content) if found else Response(status_code=404)
