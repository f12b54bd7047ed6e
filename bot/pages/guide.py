"""The hospital's pages of answers, for everybody: no link of one's own, nothing of any patient."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from bot.pages.rendering import render, tell
from bot.pages.speech import PARAMETER, Speech, line, of_request
from integrations.catalogue import ENGLISH
from integrations.hospital_pages import Pages
from integrations.runtime import Runtime

router = APIRouter(prefix="/guide")
_pages = Pages()


@router.get("")
async def show_all(request: Request) -> Response:
    spoken = of_request(request)
    pages = _pages.of(spoken.language).values()
    return render(
        request,
        "guide_list.html",
        spoken,
        title=spoken.say("page_guide_title"),
        pages=[(page.topic, spoken.write(page.title)) for page in pages],
        asked=_asked(request),
        others=_others(spoken, ""),
    )


@router.get("/{topic}")
async def show(topic: Annotated[str, Path(max_length=60)], request: Request) -> Response:
    spoken = of_request(request)
    page = _pages.of(spoken.language).get(topic)
    if page is None:
        way = (f"/guide{_asked(request)}", spoken.say("page_guide_all"))
        return tell(request, spoken, "page_guide_gone_title", line("page_guide_gone"), status=404, onward=way)
    rt: Runtime = request.app.state.runtime
    sections = [one.filled(rt.settings, page.language) for one in page.sections]
    return render(
        request,
        "guide.html",
        spoken,
        title=spoken.write(page.title),
        sections=[
            (spoken.write(one.heading), [[spoken.write(words) for words in block] for block in one.blocks])
            for one in sections
        ],
        asked=_asked(request),
        others=_others(spoken, f"/{topic}"),
    )


def _asked(request: Request) -> str:
    """The language that the address names, for the next address."""
    language = of_request(request).language
    return f"?{PARAMETER}={language}" if request.query_params.get(PARAMETER) == language else ""


def _others(spoken: Speech, path: str) -> tuple[str, str]:
    """The same page in the other language, and what stands on the link."""
    other = Speech("zh-Hans" if spoken.language == ENGLISH else ENGLISH)
    return f"/guide{path}?{PARAMETER}={other.language}", other.say("page_guide_language")
