"""Who saw or did what: searched by supervisors. That somebody searched is kept as well."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from nicegui import ui
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.parts import Written, button, chip, empty, named
from bot.desk.registry import desk_page
from bot.desk.words import catalogue
from integrations.hospital import audit as audit_log
from integrations.hospital import audit_reading, callers
from integrations.hospital.audit_reading import Entry
from integrations.hospital.callers import Unreadable
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right
from integrations.part import Part

MOST = 200  # entries shown at once; so many more with each press


@desk_page("/audit", title="audit", right=Right.AUDIT_READ, icon="policy", group="account")
async def audit(desk: Desk) -> None:
    page = _Search(desk)
    page.bar()
    page.found = ui.element("div").classes("desk-scroll")
    await page.search()


class _Search:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._words = desk.words
        self._most = MOST
        self._known = {
            key.removeprefix("audited."): self._words(key)
            for key in catalogue()
            if key.startswith("audited.")
        }
        self.found: ui.element

    def bar(self) -> None:
        words = self._words
        today = self._desk.rt.local_now().date()
        with ui.element("div").classes("desk-toolbar"):
            self._actor = self._field("actor")
            known = dict(sorted(self._known.items(), key=lambda one: one[1]))
            self._action = named(
                ui.select(known, label=words("audit.action"), with_input=True, clearable=True), "audit-action"
            ).props("outlined dense")
            self._subject = self._field("subject").classes("desk-wide-field")
            self._since = self._day("since", today - timedelta(days=6))
            self._until = self._day("until", today)
            button(words("audit.search"), self.search, kind="main", icon="search", name="audit-search")
            button(words("audit.verify"), self._verify, icon="verified", name="audit-verify")

    def _field(self, key: str) -> ui.input:
        made = named(ui.input(self._words(f"audit.by_{key}")), f"audit-{key}")
        return made.props("outlined dense clearable").on("keydown.enter", self.search)

    def _day(self, key: str, day: date) -> ui.input:
        made = named(ui.input(self._words(f"audit.{key}"), value=day.isoformat()), f"audit-{key}")
        return made.props("outlined dense type=date stack-label")

    async def search(self) -> None:
        """Anew, from the latest on."""
        self._most = MOST
        await self._show()

    async def _show_more(self) -> None:
        self._most += MOST
        await self._show()

    async def _show(self) -> None:
        actor, asked = (self._actor.value or "").strip(), (self._subject.value or "").strip()
        only = self._action.value or ""
        since, until = self._moment(self._since.value), self._moment(self._until.value, after=1)
        async with self._desk.acting(Right.AUDIT_READ) as session:
            about = await self._about(session, asked)
            entries = await audit_reading.search(
                session, actor=actor, only=only, since=since, until=until, limit=self._most, **about
            )
            await audit_log.record(
                session,
                actor=self._desk.actor,
                action="audit_searched",
                subject="audit",
                detail=_kept({"actor": actor, "action": only, **about}),
            )
            people = {"patient": self._words("queue.patient")}
            people |= {
                one.actor: f"{one.name} · {one.login}" for one in await session.scalars(select(StaffMember))
            }
        self.found.clear()
        with self.found:
            self._table(entries, people)

    async def _about(self, session: AsyncSession, asked: str) -> dict[str, Any]:
        """Whom or what it is to be about: a patient by phone or document number, anything else as the log names it."""
        desk = self._desk
        try:
            files = await callers.files_with(session, desk.rt.crypto, asked, desk.now())
        except Unreadable:
            return {"subject": asked}
        return {"patients": [one.id for one in files]}

    def _table(self, entries: Part[Entry], people: Mapping[str, str]) -> None:
        words = self._words
        if not entries:
            empty(words("audit.nothing"), icon="search_off")
            return
        with named(ui.element("table").classes("desk-table"), "audit-table"):
            with ui.element("thead"), ui.element("tr"):
                for key in ("at", "actor", "action", "subject", "address", "detail"):
                    Written("th", words(f"audit.{key}"))
            with ui.element("tbody"):
                for one in entries:
                    self._line(one, people)
        if left := entries.total - len(entries):
            button(words("queue.more", count=left), self._show_more, name="audit-more")

    def _line(self, one: Entry, people: Mapping[str, str]) -> None:
        local = one.at.astimezone(self._desk.rt.zone)
        with ui.element("tr"):
            Written("td", f"{local:%Y-%m-%d %H:%M:%S}").classes("desk-number")
            Written("td", people.get(one.actor, one.actor))
            Written("td", self._known.get(one.action, one.action)).props["title"] = one.action
            Written("td", one.subject).classes("audit-id").props["title"] = one.subject
            Written("td", str(one.detail.get("address", "")))
            with ui.element("td"):
                for name, value in one.detail.items():
                    if name == "reason":
                        chip(f"{self._words('queue.reason')}: {value}", "info")
                    elif name != "address":
                        chip(f"{name}: {value}")

    async def _verify(self) -> None:
        async with self._desk.acting(Right.AUDIT_READ) as session:
            await audit_reading.seal(session)
            report = await audit_reading.verify(session, self._desk.now())
        if report.faults:
            self._desk.notice(
                "audit.broken", kind="negative", count=len(report.faults), first=report.faults[0]
            )
        else:
            self._desk.notice("audit.whole", count=report.links)

    def _moment(self, day: str | None, *, after: int = 0) -> datetime | None:
        """The beginning of a day, or of the one `after` it; None where none is chosen."""
        try:
            chosen = date.fromisoformat(day or "")
        except ValueError:
            return None
        return datetime.combine(chosen + timedelta(days=after), time(), self._desk.rt.zone)


def _kept(looked: Mapping[str, Any]) -> dict[str, Any]:
    """What was looked for, by ids and never by a number that somebody typed."""
    short = {
        name: value[:80] if isinstance(value, str) else [str(one) for one in value]
        for name, value in looked.items()
    }
    return {name: value for name, value in short.items() if value or name == "patients"}
