"""The patient card beside a talk: masked until somebody says why they need more, and masked again after a minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from nicegui import ui

from bot.desk.card import reading
from bot.desk.card.reading import Card, Trend
from bot.desk.card.sparkline import sparkline
from bot.desk.desk import Desk
from bot.desk.parts import Written
from bot.desk.registry import refusals
from bot.desk.talks.rows import Row
from integrations.hospital import deceased
from integrations.hospital.intake import keeping
from integrations.hospital.profiles import PatientView
from integrations.hospital.revealing import NoReason, Personal, reveal
from integrations.hospital.staff.permissions import Right

SHOWN_SECONDS = 60
_TREATS = (Right.PRESCRIPTIONS_WRITE, Right.PRESCRIPTIONS_REVIEW, Right.FOLLOW_UPS_CALL)
_REASONS = ("reason_call", "reason_check", "reason_record")
_LIVES = ("lives_called", "lives_family", "lives_mistaken")
_GOOD = {
    "verified",
    "booked",
    "fulfilled",
    "paid",
    "approved",
    "dispensed",
    "delivered",
    "closed",
    "answered",
}
_BAD = {"rejected", "expired", "noshow", "reopened"}


class NobodyDied(LookupError):
    """Nobody says (any more) that this patient died."""


refusals({NoReason: "card.no_reason", NobodyDied: "queue.gone"})


class CardPanel:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._row: Row | None = None
        self._patient_id: UUID | None = None
        self._values: dict[Personal, ui.label] = {}
        self._masked: dict[Personal, str] = {}
        self._place = ui.element("aside").classes("dz-card").props('aria-label="patient"')

    async def show(self, row: Row | None, patient_id: UUID | None = None) -> None:
        """The card of whoever the conversation is about."""
        self._row, self._patient_id = row, patient_id
        self._place.clear()
        if row is None:
            return
        found = await self._read(row, patient_id)
        if self._row is not row or self._patient_id != patient_id:  # another card was asked for meanwhile
            return
        self._place.clear()
        with self._place:
            self._build(found)

    async def _read(self, row: Row, patient_id: UUID | None) -> Card:
        desk = self._desk
        async with desk.reading() as session:
            account_id = await reading.account_of(session, row.id)
            asked = patient_id or await reading.patient_asked_about(session, row.consultation_id)
            treats = any(desk.may(right) for right in _TREATS)
            return await reading.card(
                session, desk.rt.crypto, account_id, patient_id=asked, treats=treats, now=desk.now()
            )

    def _build(self, card: Card) -> None:
        words = self._desk.words
        if card.patient is None:
            with ui.element("div").classes("dz-card-top"):
                _face("?")
                with ui.element("div"):
                    ui.label(words("card.guest")).classes("dz-card-name")
                    ui.label(words("card.guest_hint")).classes("dz-card-sub")
        else:
            self._who(card, card.patient)
        self._sections(card)

    def _who(self, card: Card, patient: PatientView) -> None:
        words, today = self._desk.words, self._desk.rt.local_now().date()
        with ui.element("div").classes("dz-card-top"):
            _face(patient.name[-1:])
            with ui.element("div"):
                name = ui.label(patient.name).classes("dz-card-name")
                age = words("card.years", age=patient.age(today))
                ui.label(f"{words(f'card.{patient.sex}')} · {age}").classes("dz-card-sub")
        if patient.deceased_at:
            self._died(patient.id, patient.deceased_at)
        self._masked = {
            Personal.NAME: patient.name, Personal.PHONE: card.phone, Personal.ID_NUMBER: card.id_number,
        }  # fmt: skip
        self._values = {Personal.NAME: name}
        with ui.element("div").classes("dz-card-rows"):
            for one in (Personal.PHONE, Personal.ID_NUMBER):
                ui.label(words(f"card.{one}")).classes("k")
                self._values[one] = ui.label(self._masked[one]).classes("v").mark(f"personal-{one}")
            ui.label(words("card.identity")).classes("k")
            ui.label(words(f"card.{patient.status}")).classes("v")
        if self._desk.may(Right.PATIENTS_REVEAL):
            ui.button(words("card.reveal"), icon="visibility", on_click=lambda: self._ask(patient.id)).props(
                'flat dense no-caps size=12px color=primary padding="4px 6px"'
            ).style("margin-top:8px").mark("reveal")
        if len(card.people) > 1:
            with ui.element("div").classes("dz-people"):
                for person in card.people:
                    self._person(person, here=person.id == patient.id)

    def _person(self, one: PatientView, *, here: bool) -> None:
        words = self._desk.words
        title = f"{one.name} {words(f'card.relation_{one.relation}')}"
        title += f" · {words('card.dead')}" if one.deceased_at else ""
        button = ui.button(title, on_click=lambda: self.show(self._row, one.id))
        button.props(f'no-caps dense padding="2px 10px" {"unelevated" if here else "outline"} color=primary')

    def _died(self, patient_id: UUID, since: datetime) -> None:
        """Before anything else: whoever writes here now is somebody of the family, or it is a mistake."""
        words = self._desk.words
        with ui.element("div").classes("dz-died").props("role=note").mark("died"):
            ui.label(words("card.died", date=f"{since.astimezone(self._desk.rt.zone):%Y-%m-%d}"))
            ui.label(words("card.died_hint")).classes("dz-card-sub")
            if self._desk.may(Right.DEATHS_TAKE_BACK):
                ui.button(
                    words("card.lives"), icon="undo", on_click=lambda: self._ask_lives(patient_id)
                ).props('flat dense no-caps size=12px color=primary padding="4px 6px"').mark("lives")

    def _ask_lives(self, patient_id: UUID) -> None:
        self._why("lives", _LIVES, lambda reason: self._take_back(patient_id, reason), yes="lives")

    async def _take_back(self, patient_id: UUID, reason: str) -> None:
        desk, row, shown = self._desk, self._row, self._patient_id
        async with desk.acting(Right.DEATHS_TAKE_BACK) as session:
            if not await deceased.take_back(session, patient_id, actor=desk.actor, reason=reason):
                raise NobodyDied
        desk.notice("card.lives_done")
        if self._row is row and self._patient_id == shown:
            await self.show(row, shown)

    def _ask(self, patient_id: UUID) -> None:
        """Why, then the values for a minute."""
        self._why("reveal", _REASONS, lambda reason: self._reveal(patient_id, reason), yes="show")

    def _why(
        self, name: str, reasons: Sequence[str], do: Callable[[str], Awaitable[None]], *, yes: str
    ) -> None:
        """Asks for a reason, written or chosen, and does it then. `name`: of the words, <name>_title and so on."""
        words = self._desk.words
        with ui.dialog(value=True) as dialog, ui.card().classes("desk-dialog"):
            Written("h2", words(f"card.{name}_title"))
            why = ui.input(words(f"card.{name}_why")).props("outlined dense autofocus maxlength=200")
            why.style("width:100%").mark(f"{name}-reason")
            with ui.element("div").classes("dz-people"):
                for key in reasons:
                    ui.button(
                        words(f"card.{key}"), on_click=lambda key=key: why.set_value(words(f"card.{key}"))
                    ).props('outline dense no-caps size=12px padding="3px 10px"')
            ui.label(words(f"card.{name}_again")).classes("desk-hint")

            async def go_on() -> None:
                await do(str(why.value or ""))
                dialog.close()

            with ui.element("div").classes("desk-actions"):
                ui.button(words("card.cancel"), on_click=dialog.close).props("flat no-caps")
                ui.button(words(f"card.{yes}"), on_click=go_on).props("unelevated no-caps").mark(
                    f"{name}-{yes}"
                )
            why.on("keydown.enter", go_on)
        dialog.on("hide", dialog.delete)

    async def _reveal(self, patient_id: UUID, reason: str) -> None:
        desk, labels, masked = self._desk, self._values, dict(self._masked)
        async with desk.acting(Right.PATIENTS_REVEAL) as session:
            found = await reveal(
                session, desk.rt.crypto, patient_id, list(Personal), actor=desk.actor, reason=reason
            )
        if labels[Personal.NAME].is_deleted:  # another card stands there by now
            return
        for one, value in found.values.items():
            labels[one].set_text(value.removeprefix("+86"))

        def hide() -> None:
            for one, label in labels.items():
                if not label.is_deleted:
                    label.set_text(masked[one])

        with self._place:
            ui.timer(SHOWN_SECONDS, hide, once=True)

    # What is known

    def _sections(self, card: Card) -> None:
        rows = card.rows
        unseen = [row for row in rows.get("alarms", ()) if row.acknowledged_at is None]
        self._section("alarms", "warning", rows.get("alarms", ()), self._alarm, opened=bool(unseen))
        self._section("intakes", "assignment", rows.get("intakes", ()), self._intake, opened=True)
        self._trends(card.trends)
        self._section("appointments", "event", rows.get("appointments", ()), self._appointment, opened=True)
        self._section("prescriptions", "medication", rows.get("prescriptions", ()), self._prescription)
        self._section("orders", "receipt_long", rows.get("orders", ()), self._order)
        self._section("cases", "report_problem", rows.get("cases", ()), self._case)
        self._section("talks", "history", rows.get("talks", ()), self._talk)

    def _section(
        self, name: str, icon: str, rows: Sequence[Any], show: Callable[[Any], None], *, opened: bool = False
    ) -> None:
        if not rows:
            return
        title = f"{self._desk.words(f'card.{name}')} ({len(rows)})"
        with ui.expansion(title, icon=icon, value=opened).props("dense").classes("dz-section"):
            for row in rows:
                with ui.element("div").classes("dz-thing"):
                    show(row)

    def _thing(self, title: str, state: str = "", sub: str = "") -> None:
        with ui.element("div").classes("dz-thing-top"):
            ui.label(title).classes("dz-thing-title")
            if state:
                look = "green" if state in _GOOD else "red" if state in _BAD else "soft"
                ui.label(self._desk.words(f"card.status_{state}")).classes(f"dz-chip {look} dz-thing-state")
        if sub:
            ui.label(sub).classes("dz-thing-sub")

    def _alarm(self, row: Any) -> None:
        words = self._desk.words
        seen = (
            words("card.seen_by", name=row.acknowledged_by.removeprefix("staff:"))
            if row.acknowledged_by
            else ""
        )
        self._thing(
            f"{row.number} · {words(f'talks.alarm_{row.outcome}')}",
            sub=f"{self._moment(row.raised_at)} · {seen or words('card.unseen')}",
        )

    def _intake(self, row: Any) -> None:
        async def read() -> None:
            desk = self._desk
            async with desk.acting(Right.PATIENTS_SEE) as session:
                told = await keeping.reveal(
                    session,
                    desk.rt.crypto,
                    row.id,
                    actor=desk.actor,
                    reason=f"talk {self._row and self._row.talk_id}",
                )
            words.set_text(told.summary)
            words.set_visibility(True)
            button.set_visibility(False)

        self._thing(self._moment(row.confirmed_at), sub=self._desk.named(row.department or ""))
        words = ui.label("").classes("dz-thing-sub").mark("intake")
        words.set_visibility(False)
        button = ui.button(self._desk.words("card.show"), on_click=read)
        button.props('flat dense no-caps size=12px color=primary padding="2px 6px"').mark("intake-show")

    def _trends(self, trends: Sequence[Trend]) -> None:
        if not trends:
            return
        with (
            ui.expansion(self._desk.words("card.trends"), icon="monitor_heart", value=True)
            .props("dense")
            .classes("dz-section")
        ):
            for trend in trends:
                latest = trend.taken[-1]
                with ui.element("div").classes("dz-thing"):
                    with ui.element("div").classes("dz-thing-top"):
                        ui.label(self._desk.words(f"card.{trend.kind}")).classes("dz-thing-title")
                        ui.label(f"{_value(latest.value)} {latest.unit}").classes("dz-thing-state")
                    sparkline([_numbers(one.value) for one in trend.taken])
                    ui.label(self._moment(latest.taken_at)).classes("dz-thing-sub")

    def _appointment(self, row: Any) -> None:
        sub = self._desk.named(f"{row.department} · {row.practitioner}")
        if row.stopped:
            sub += f" · {self._desk.words('card.stopped')}"
        self._thing(f"{row.date:%m-%d} {row.time:%H:%M}", row.status, sub)

    def _prescription(self, row: Any) -> None:
        """What was prescribed only for those who treat patients."""
        treats = any(self._desk.may(right) for right in _TREATS)
        words = self._desk.words
        named = [
            f"{words.medicine(name, name_en)} {strength}" for name, name_en, strength in row.medicines or ()
        ]
        medicines = "\n".join(named) if treats else words("card.clinical")
        self._thing(
            f"{self._moment(row.issued_at)} · {self._desk.named(row.practitioner)}",
            row.status,
            medicines,
        )

    def _order(self, row: Any) -> None:
        kind = self._desk.words(f"card.kind_{row.kind}")
        self._thing(f"{kind} ¥{row.amount_fen / 100:.2f}", row.status, row.order_no)

    def _case(self, row: Any) -> None:
        until = self._desk.words("card.until", date=f"{row.deadline:%m-%d}")
        self._thing(f"{self._desk.words(f'card.kind_{row.kind}')} {row.number}", row.status, until)

    def _talk(self, row: Any) -> None:
        words = self._desk.words
        parts = [row.agent or "", words(f"talks.reason_{row.reason}")]
        if row.notes:
            parts.append(words("card.notes", count=row.notes))
        self._thing(
            f"{self._moment(row.requested_at)} · {words(f'talks.skill_{row.skill}')}",
            row.status,
            " · ".join(part for part in parts if part),
        )

    def _moment(self, at: datetime) -> str:
        return f"{at.astimezone(self._desk.rt.zone):%m-%d %H:%M}"


def _face(letter: str) -> None:
    with ui.element("div").classes("dz-face"):
        ui.label(letter)


def _numbers(value: dict[str, float | str]) -> list[float]:
    named = ("systolic", "diastolic") if "systolic" in value else ("value",)
    return [float(value[part]) for part in named if part in value]


def _value(value: dict[str, float | str]) -> str:
    return "/".join(f"{number:g}" for number in _numbers(value))
