"""Somebody opened a page by a one-time link: whose it is, and the language they read."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from bot.pages import speech
from bot.pages.filled import CHOICES, Filled
from bot.pages.rendering import render, tell
from bot.pages.speech import Speech, line
from integrations.hospital import accounts, links
from integrations.hospital.models import Contact, PageLink
from integrations.runtime import Runtime

PURPOSE = "registration"
FAMILY = "family"


class ConsentGone(links.LinkError):
    """Taken back since the link was made: nothing more is asked for, and nothing taken."""


# The catalogue's page_<name> and page_<name>_title.
_DONE = frozenset({"registered", "added"})
_DEAD_LINKS = {
    links.UnknownLink: (404, "unknown_link"),
    links.LinkExpired: (410, "expired_link"),
    links.LinkUsed: (410, "used_link"),
    ConsentGone: (403, "no_consent"),
}


@dataclass(frozen=True, slots=True)
class Visit:
    """The link works. `tell` ends it with the catalogue's page_<title>_title and page_<words>."""

    request: Request
    rt: Runtime
    token: str
    link: PageLink
    speech: Speech

    def form(self, filled: Filled) -> Response:
        status = 422 if filled.faults else 200
        return render(
            self.request, "registration.html", self.speech, filled=filled, choices=CHOICES, status=status
        )

    def tell(self, title: str, words: str) -> Response:
        phone = self.rt.settings.hospital_phone
        return tell(
            self.request,
            self.speech,
            f"page_{title}_title",
            line(f"page_{words}", phone=phone),
            done=title in _DONE,
        )


async def open_visit(request: Request, token: str) -> Visit:
    """For oneself or for a relative. Raises LinkError."""
    rt: Runtime = request.app.state.runtime
    async with rt.database.begin() as session:
        try:
            link = await links.open_link(session, token, PURPOSE, rt.now())
        except links.UnknownLink:
            link = await links.open_link(session, token, FAMILY, rt.now())
        await consenting(session, link)
        return Visit(request, rt, token, link, await speech.of_contact(session, link.contact_id))


async def consenting(session: AsyncSession, link: PageLink) -> Contact:
    """The link's owner. Raises ConsentGone."""
    contact = await accounts.contact(session, link.contact_id)
    assert contact is not None, "a link belongs to a contact"
    if await accounts.missing_consents(session, contact):
        raise ConsentGone(contact.id)
    return contact


async def dead_link(request: Request, error: links.LinkError) -> Response:
    rt: Runtime = request.app.state.runtime
    spoken = await speech.of_owner(request, error.contact_id)
    status, name = _DEAD_LINKS[type(error)]
    words = line(f"page_{name}", minutes=rt.settings.link_minutes)
    return tell(request, spoken, f"page_{name}_title", words, status=status)
