"""Where a notice leads to ("查看详情"): how to get back into the chat, and on WeChat the button with which a patient
allows the next notice.

The page says nothing of the patient and needs no secret link: notices are opened on shared phones, and weeks later.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from bot import notices
from bot.pages.permission import origin, page_key
from bot.pages.rendering import render
from bot.pages.speech import of_request
from integrations.hospital.events import EventKind
from integrations.runtime import Runtime

router = APIRouter(prefix="/notice")

# What to write in the chat to read more.
_APPOINTMENTS = frozenset(
    {
        EventKind.HOLD_EXPIRED,
        EventKind.APPOINTMENT_BOOKED,
        EventKind.APPOINTMENT_CANCELLED,
        EventKind.APPOINTMENT_HELD,
    }
)
PERMISSION = "permission"  # the page that only asks


@router.get("/{kind}")
async def show(kind: Annotated[str, Path(max_length=40)], request: Request) -> Response:
    """`kind` is that of the notice, or "permission"."""
    rt: Runtime = request.app.state.runtime
    spoken = of_request(request)
    key = await page_key(rt, f"{rt.settings.public_url.rstrip('/')}/notice/{kind}{_query(request)}")
    if kind == PERMISSION:
        title, words = spoken.say("page_permission_title"), spoken.say("page_permission")
    else:
        title = notices.short_words(kind, spoken.language)
        about = "appointment" if kind in _APPOINTMENTS else "other"
        hospital = rt.settings.hospital_name_in(spoken.language)
        words = spoken.say(f"page_news_{about}", hospital_name=hospital)
    return render(
        request,
        "news.html",
        spoken,
        scripts=origin(key.script) if key else "",
        title=title,
        words=words,
        page_key=key,
    )


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""
