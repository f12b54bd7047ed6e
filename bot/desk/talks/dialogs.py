"""What is asked over the page: whom to hand a talk to, which page to send, whether one is sure; and the shortcuts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

from nicegui import ui
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.parts import Written
from bot.desk.talks.rows import Row
from bot.desk.talks.seeing import DOCTOR, PHARMACY, SERVICE
from bot.desk.words import Words
from bot.handoff import talking
from bot.handoff.models import Skill
from bot.handoff.talking import SKILLS
from integrations.hospital import page_subjects
from integrations.hospital.clock import local_date
from integrations.hospital.staff import presence
from integrations.hospital.staff.permissions import Right

_DEPARTMENTS = text("SELECT id, name, name_en FROM departments WHERE active ORDER BY position, name")
_UNPAID = text("""
    SELECT order_no, expires_at FROM orders
    WHERE account_id = :account AND status = 'unpaid' ORDER BY id DESC LIMIT 5
""")
_VISITS = text("""
    SELECT a.id, sl.starts_at, sl.date, d.name AS department, d.name_en AS department_en
    FROM appointments a JOIN slots sl ON sl.id = a.slot_id JOIN schedules s ON s.id = a.schedule_id
    JOIN departments d ON d.id = s.department_id
    WHERE a.account_id = :account AND a.status = 'booked' AND sl.starts_at > :now ORDER BY sl.starts_at LIMIT 5
""")
_PRESCRIPTIONS = text("""
    SELECT id, issued_at FROM prescriptions
    WHERE account_id = :account AND status IN ('approved', 'paid', 'dispensing', 'shipped') ORDER BY id DESC LIMIT 3
""")
_ACCOUNT = text("SELECT account_id FROM contacts WHERE id = :id")
_KEYS = (
    ("J K", "keys_move"), ("1–6", "keys_filter"), ("A", "accept"), ("R", "reply"), ("N", "note"), ("/", "canned"),
    ("I", "picture"), ("T", "transfer"), ("B", "hand_back"), ("E", "close"), ("O", "take_over"),
    ("P", "consultation"), ("C", "card"), ("S", "search"), ("Esc", "keys_leave"),
    ("Alt+↑↓", "keys_move"),
)  # fmt: skip


class Sender(Protocol):
    @property
    def row(self) -> Row | None: ...
    async def send_page(self, row: Row, title: str, path: str) -> None: ...


def keys(desk: Desk) -> list[tuple[str, str]]:
    """What they do in this page."""
    return [(key, desk.words(f"talks.{name}")) for key, name in _KEYS]


async def sure(desk: Desk, question: str, yes: str, **blanks: object) -> bool:
    with ui.dialog() as dialog, ui.card().classes("desk-dialog"):
        ui.label(desk.words(question, **blanks))
        with ui.element("div").classes("desk-actions"):
            ui.button(desk.words("talks.cancel"), on_click=lambda: dialog.submit(False)).props("flat no-caps")
            ui.button(desk.words(yes), on_click=lambda: dialog.submit(True)).props(
                "unelevated no-caps autofocus"
            ).mark("sure")
    answer = bool(await dialog)
    if not dialog.is_deleted:  # the whole page is gone
        dialog.delete()
    return answer


async def transfer(desk: Desk, talk_id: UUID, then: Callable[[], Awaitable[None]]) -> None:
    """Asks to whom, and hands the talk over."""
    words = desk.words
    async with desk.reading() as session:
        to = await _targets(session, desk)
    with ui.dialog(value=True) as dialog, ui.card().classes("desk-dialog"):
        Written("h2", words("talks.transfer"))
        chosen = (
            ui.select({key: title for key, (title, _) in to.items()}, label=words("talks.transfer_to"))
            .props("outlined dense use-input fill-input hide-selected input-debounce=0 autofocus")
            .style("width:100%")
            .mark("transfer-to")
        )
        note = ui.textarea(words("talks.transfer_note")).props("outlined dense autogrow maxlength=2000")
        note.style("width:100%").mark("transfer-note")

        async def hand_over() -> None:
            if chosen.value not in to:
                return
            async with desk.acting(Right.TALKS_ANSWER) as session:
                if note.value and note.value.strip():
                    await talking.note(session, desk.rt, talk_id, desk.member, note.value.strip(), desk.now())
                await talking.transfer(
                    session, desk.rt, talk_id, desk.member, desk.now(), **to[chosen.value][1]
                )
            dialog.close()
            await then()
            desk.notice("talks.transferred")

        with ui.element("div").classes("desk-actions"):
            ui.button(words("talks.cancel"), on_click=dialog.close).props("flat no-caps")
            ui.button(words("talks.transfer"), on_click=hand_over).props("unelevated no-caps").mark(
                "hand-over"
            )
    dialog.on("hide", dialog.delete)


async def _targets(session: AsyncSession, desk: Desk) -> dict[str, tuple[str, dict[str, Any]]]:
    """Queues, departments' doctors, and colleagues who are there: title and what `transfer` takes."""
    words = desk.words
    found: dict[str, tuple[str, dict[str, Any]]] = {
        skill: (f"{words('talks.to_queue')} · {words(f'talks.skill_{skill}')}", {"skill": Skill(skill)})
        for skill in (SERVICE, PHARMACY)
    }
    for one in await presence.present(session, desk.now()):
        if one.member.id != desk.member.id and SKILLS.get(one.member.role):
            role = words(f"shell.role_{one.member.role}")
            found[f"m{one.member.id.hex}"] = (f"{one.member.name} · {role}", {"to": one.member})
    for row in await session.execute(_DEPARTMENTS):
        name = (words.language == "en" and row.name_en) or row.name
        title = f"{words('talks.to_department')} · {name}"
        found[f"d{row.id.hex}"] = (title, {"skill": Skill(DOCTOR), "department_id": row.id})
    return found


async def pages(desk: Desk, sender: Sender) -> None:
    """Offers the pages that serve this patient now; the one that is chosen is sent at once."""
    row = sender.row
    if row is None:
        return
    async with desk.acting(Right.TALKS_ANSWER) as session:
        found = await _pages(session, desk, row)
    with ui.dialog(value=True) as dialog, ui.card().classes("desk-dialog"):
        Written("h2", desk.words("talks.pages"))
        ui.label(desk.words("talks.pages_hint" if found else "talks.no_pages")).classes("desk-hint")
        with ui.list().props("separator").style("width:100%"):
            for title, path in found:

                async def send(title: str = title, path: str = path) -> None:
                    dialog.close()
                    await sender.send_page(row, title, path)

                ui.item(title, on_click=send).mark("send-page")
    dialog.on("hide", dialog.delete)


async def _pages(session: AsyncSession, desk: Desk, row: Row) -> list[tuple[str, str]]:
    """In the patient's language, for the title goes with the link."""
    words, now = Words(row.language), desk.now()
    account = await session.scalar(_ACCOUNT, {"id": row.id})
    about = {"account": account, "now": now}
    found = []
    for order in await session.execute(_UNPAID, about):
        path = await page_subjects.pay_link(session, row.id, order.order_no, order.expires_at, now)
        found.append((words("talks.page_pay", number=order.order_no), path))
    for visit in await session.execute(_VISITS, about):
        path = await page_subjects.card_link(session, row.id, visit.id, visit.starts_at, now)
        department = (words.language == "en" and visit.department_en) or visit.department
        found.append((words("talks.page_card", date=f"{visit.date:%m-%d}", department=department), path))
    for one in await session.execute(_PRESCRIPTIONS, about):
        path = await page_subjects.prescription_link(session, row.id, one.id, now)
        day = f"{local_date(one.issued_at):%m-%d}"
        found.append((words("talks.page_prescription", date=day), path))
    found.append((words("talks.page_bills"), await page_subjects.bills_link(session, row.id, now)))
    return found
