"""Where a doctor writes a prescription: any number of medicines of the hospital's own list, each held against what is
known of the patient as soon as it is chosen. Nothing is filled in beforehand but what the doctor wrote before, when the
pharmacist sent it back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from nicegui import ui

from bot.desk.desk import Desk
from bot.desk.parts import Written, button, named
from bot.desk.registry import said_of
from integrations.hospital.clock import local_date
from integrations.hospital.consultations import prescribing
from integrations.hospital.consultations.prescribing import Signed
from integrations.hospital.consultations.terms import SMALL_CHILD
from integrations.hospital.consultations.views import ConsultationView
from integrations.hospital.pharmacy import medicines, views
from integrations.hospital.pharmacy.allergies import Warned
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.terms import LONGEST_SUPPLY, LONGEST_WORDS, MOST_LINES, Terms
from integrations.hospital.reading import age_on
from integrations.hospital.staff.permissions import Right

_OFTEN = tuple(f"often_{number}" for number in range(1, 7))


@dataclass(frozen=True, slots=True)
class Before:
    """What the pharmacist sent back, and why."""

    id: UUID
    reason: str
    lines: Sequence[Prescribed]


async def sent_back(desk: Desk, prescription_id: UUID) -> Before:
    async with desk.reading() as session:
        one = await views.prescription(session, prescription_id)
    lines = [Prescribed(it.code, it.dose, it.frequency, it.days, it.quantity) for it in one.lines]
    return Before(one.id, one.rejection or "", lines)


async def write(
    desk: Desk,
    one: ConsultationView,
    allergies: str,
    before: Before | None,
    done: Callable[[], Awaitable[None]],
) -> None:
    """Opens the dialog. `done`: once it is signed."""
    async with desk.reading() as session:
        shelf = {
            it.code: f"{desk.words.medicine(it.name, it.name_en)} {it.strength}"
            + ("" if it.stock else desk.words("consultations.no_stock"))
            for it in await medicines.all_medicines(session)
            if medicines.may_be_prescribed_online(it.kind)
        }
    Writing(desk, one, shelf, allergies, before, done)


class Line:
    """One medicine, and what the doctor is warned of."""

    def __init__(self, desk: Desk, number: int, shelf: Mapping[str, str], writing: Writing) -> None:
        words = desk.words
        self.why = ""
        self._desk = desk
        with ui.element("fieldset").classes("rx-line") as self.box:
            with ui.element("div").classes("rx-fields"):
                self.code = ui.select(
                    dict(shelf),
                    label=words("consultations.medicine"),
                    with_input=True,
                    on_change=writing.check,
                )
                whole = ui.label().classes("rx-whole")  # a phone's field is too short for the strength
                whole.bind_text_from(self.code, "value", backward=lambda code: shelf.get(code, ""))
                self.dose = ui.input(
                    words("consultations.dose"), placeholder=words("consultations.dose_like")
                )
                often = [words(f"consultations.{one}") for one in _OFTEN]
                self.frequency = ui.input(words("consultations.frequency"), autocomplete=often)
                self.days = ui.number(words("consultations.days"), min=1, max=LONGEST_SUPPLY, precision=0)
                self.packs = ui.number(words("consultations.packs"), min=1, max=99, precision=0)
                for name in ("code", "dose", "frequency", "days", "packs"):
                    named(getattr(self, name), f"rx-{name}-{number}")
                    getattr(self, name).props("outlined dense hide-bottom-space").classes(f"rx-{name}")
                for field in (self.dose, self.frequency):
                    field.props(f"maxlength={LONGEST_WORDS}")
                drop = ui.button(icon="delete_outline", on_click=lambda: writing.drop(self))
                drop.props(f'flat round dense color=grey-7 aria-label="{words("consultations.drop_line")}"')
            self._warned = ui.element("div").classes("rx-warned")
        self._said: tuple[str, ...] = ()
        self._number = number

    def fill(self, line: Prescribed) -> None:
        self.code.set_value(line.code if line.code in self.code.options else None)
        self.dose.set_value(line.dose)
        self.frequency.set_value(line.frequency)
        self.days.set_value(line.days)
        self.packs.set_value(line.quantity)

    @property
    def missing(self) -> str:
        """The key of the first field that says nothing."""
        for name in ("code", "dose", "frequency", "days", "packs"):
            if not str(getattr(self, name).value or "").strip():
                return f"consultations.{'medicine' if name == 'code' else name}"
        return ""

    def read(self) -> Prescribed:
        return Prescribed(
            str(self.code.value), str(self.dose.value).strip(), str(self.frequency.value).strip(),
            int(self.days.value), int(self.packs.value),
        )  # fmt: skip

    def warn(self, warned: Sequence[Warned]) -> None:
        """What is typed already stays while the same is said."""
        words = self._desk.words
        said = tuple(
            words(
                f"consultations.warned_{one.kind}",
                told=one.allergy,
                why=one.why_en if words.language == "en" else one.why,
            )
            for one in warned
        )
        if said == self._said:
            return
        self._said, self.why = said, ""
        self._warned.clear()
        if not said:
            return
        with self._warned:
            for line in said:
                with ui.element("div").classes("rx-warning").props("role=alert"):
                    ui.icon("warning_amber")
                    ui.label(line)
            field = ui.input(words("consultations.why"), on_change=lambda event: self._because(event.value))
            named(field, f"rx-why-{self._number}").props("outlined dense maxlength=300").classes("rx-why")

    def _because(self, words: object) -> None:
        self.why = str(words or "")


class Writing:
    def __init__(
        self,
        desk: Desk,
        one: ConsultationView,
        shelf: Mapping[str, str],
        allergies: str,
        before: Before | None,
        done: Callable[[], Awaitable[None]],
    ) -> None:
        self._desk, self._one, self._shelf, self._before, self._done = desk, one, shelf, before, done
        self._lines: list[Line] = []
        self._made = 0
        self._signing = asyncio.Lock()
        words = desk.words
        age = age_on(one.birth_date, local_date(desk.now()))
        with ui.dialog(value=True).props("persistent no-refocus") as self._dialog, ui.card().classes("rx"):
            Written("h2", words("consultations.do_amend" if before else "consultations.do_prescribe"))
            ui.label(f"{one.patient} · {words(f'prescriptions.sex_{one.sex}')} · {age}").classes("rx-who")
            ui.label(
                f"{words('consultations.allergies')}：{allergies or words('consultations.not_known')}"
            ).classes("rx-known" if allergies else "rx-known tone-warn")
            if before:
                ui.label(words("consultations.sent_back_because", reason=before.reason)).classes(
                    "rx-returned"
                )
            self._place = ui.element("div").classes("rx-lines")
            named(button(words("consultations.add_line"), self._more, icon="add"), "rx-add")
            self._accompanied = ui.checkbox(words("consultations.accompanied"))
            named(self._accompanied, "rx-accompanied").set_visibility(age < SMALL_CHILD)
            self._fault = ui.label("").classes("rx-fault").props("role=alert")
            with ui.element("div").classes("desk-actions"):
                button(words("queue.cancel"), self._dialog.close)
                button(words("consultations.sign"), self.sign, kind="main", icon="draw", name="rx-sign")
        self._dialog.on("hide", self._dialog.delete)
        for line in before.lines if before else ():
            self.add().fill(line)
        if not before:
            self.add()

    def add(self) -> Line:
        self._made += 1
        with self._place:
            self._lines.append(Line(self._desk, self._made, self._shelf, self))
        return self._lines[-1]

    def _more(self) -> None:
        self.add()

    async def drop(self, line: Line) -> None:
        if len(self._lines) == 1:
            return
        self._lines.remove(line)
        line.box.delete()
        await self.check()

    async def check(self) -> None:
        """What there is to say of the medicines chosen so far."""
        chosen = [line for line in self._lines if line.code.value]
        asked = [Prescribed(str(line.code.value), "", "", 1, 1) for line in chosen]
        desk = self._desk
        async with desk.reading() as session:
            warned = await prescribing.warnings(
                session, desk.rt.crypto, self._one.patient_id, asked, desk.now()
            )
        self._warn(chosen, warned)

    def _warn(self, lines: Sequence[Line], warned: Sequence[Warned]) -> None:
        for place, line in enumerate(lines, 1):
            line.warn([one for one in warned if one.position == place])

    async def sign(self) -> None:
        """Clicked twice, it is signed once. What is clicked while the click before it is still looked into counts after
        it: a reason may have been written meanwhile."""
        async with self._signing:
            if not self._dialog.is_deleted:
                await self._sign()

    async def _sign(self) -> None:
        """What there is to warn of now is warned of first: a reason counts for what its doctor has read."""
        words, desk = self._desk.words, self._desk
        if missing := next((line.missing for line in self._lines if line.missing), ""):
            self._fault.set_text(words("queue.missing", field=words(missing)))
            return
        if len(self._lines) > MOST_LINES:
            self._fault.set_text(words("consultations.too_many", count=MOST_LINES))
            return
        try:
            await self.check()
            signed = Signed(
                [line.read() for line in self._lines],
                {place: line.why for place, line in enumerate(self._lines, 1)},
                bool(self._accompanied.value),
                self._before.id if self._before else None,
            )
            async with desk.acting(Right.PRESCRIPTIONS_WRITE) as session:
                await prescribing.write(
                    session, desk.rt.crypto, self._one.id, signed, practitioner_id=self._one.practitioner_id,
                    actor=desk.actor, terms=Terms.of(desk.rt.settings), now=desk.now(),
                )  # fmt: skip
        except Unacknowledged as open_ones:
            self._warn(self._lines, open_ones.all)
            self._fault.set_text(words("consultations.say_why"))
            return
        except Exception as error:
            if (key := said_of(error)) is None:
                raise
            self._fault.set_text(words(key, error=str(error)))
            return
        desk.notice("consultations.did_prescribe")
        self._dialog.delete()
        await self._done()
