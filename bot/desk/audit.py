"""Who saw or did what: searched by supervisors. That somebody searched is kept as well."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import Written, button, chip, empty, named
from bot.desk.registry import desk_page
from integrations.hospital import audit as audit_log
from integrations.hospital import audit_reading
from integrations.hospital.audit_reading import Entry
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
        self.found: ui.element

    def bar(self) -> None:
        words = self._words
        today = self._desk.rt.local_now().date()
        with ui.element("div").classes("desk-toolbar"):
            self._actor = self._field("actor")
            self._action = self._field("action")
            self._subject = self._field("subject")
            self._since = self._day("since", today - timedelta(days=6))
            self._until = self._day("until", today)
            button(words("audit.search"), self.search, kind="main", icon="search", name="audit-search")
            button(words("audit.verify"), self._verify, icon="verified", name="audit-verify")

    def _field(self, key: str) -> ui.input:
        made = named(ui.input(self._words(f"audit.{key}")), f"audit-{key}")
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
        filters = {
            name: (field.value or "").strip()
            for name, field in (("actor", self._actor), ("action", self._action), ("subject", self._subject))
        }
        since, until = self._moment(self._since.value), self._moment(self._until.value, after=1)
        async with self._desk.acting(Right.AUDIT_READ) as session:
            entries = await audit_reading.search(
                session, **filters, since=since, until=until, limit=self._most
            )
            await audit_log.record(
                session,
                actor=self._desk.actor,
                action="audit_searched",
                subject="audit",
                detail={name: text[:80] for name, text in filters.items() if text},
            )
        self.found.clear()
        with self.found:
            self._table(entries)

    def _table(self, entries: Part[Entry]) -> None:
        words = self._words
        if not entries:
            empty(words("audit.nothing"), icon="search_off")
            return
        with named(ui.element("table").classes("desk-table"), "audit-table"):
            with ui.element("thead"), ui.element("tr"):
                for key in ("at", "actor", "action", "subject", "detail"):
                    Written("th", words(f"audit.{key}"))
            with ui.element("tbody"):
                for one in entries:
                    with ui.element("tr"):
                        local = one.at.astimezone(self._desk.rt.zone)
                        Written("td", f"{local:%Y-%m-%d %H:%M:%S}").classes("desk-number")
                        for text in (one.actor, one.action, one.subject):
                            Written("td", text)
                        with ui.element("td"):
                            for name, value in one.detail.items():
                                chip(f"{name}: {value}", "info" if name == "reason" else "")
        if left := entries.total - len(entries):
            button(words("queue.more", count=left), self._show_more, name="audit-more")

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
