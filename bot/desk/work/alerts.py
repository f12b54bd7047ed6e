"""Follow-up alarms: a value or an answer that staff must look at now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from bot import paging, texts
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View, whole
from bot.desk.queue.kinds import Tone
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.people import name_and_phone
from bot.desk.work.reasons import REASON, moment, who
from integrations.catalogue import CHINESE, ENGLISH
from integrations.hospital.follow_up import alerts as service
from integrations.hospital.follow_up import wording
from integrations.hospital.follow_up.alerts import AlertView, NothingSaid, UnknownAlert
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import AlertStatus
from integrations.hospital.staff.permissions import OtherDepartment, Right

COLUMNS = (
    Column("patient", "queue.patient", "6rem"),
    Column("about", "alerts.about", "3fr"),
    Column("duty", "alerts.duty", "1fr", spare=True),
    Column("status", "queue.status", "9rem", badge=True),
)
_BEFORE = 10  # of the patient's other alerts stand beside one
DONE = Ask("done", "alerts.done", kind="words", hint="alerts.done_hint")
refusals(
    {
        UnknownAlert: "queue.gone",
        NothingSaid: "alerts.nothing_said",
        OtherDepartment: "alerts.other_department",
    }
)


@desk_page(
    "/alerts",
    title="alerts",
    right=Right.FOLLOW_UPS_CALL,
    icon="monitor_heart",
    badge=counts.badge("alerts"),
)
async def alerts(desk: Desk) -> None:
    await Alerts(desk).queue.show()


class Alerts:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known = plans(desk.rt.settings)
        right, reveals = Right.FOLLOW_UPS_CALL, Right.PATIENTS_REVEAL
        why = (replace(REASON, value=desk.words("alerts.why")),)  # nobody should have to look for words now
        self.queue = Queue(
            desk,
            "alerts",
            COLUMNS,
            (
                View("waiting", "alerts.waiting", whole(self._waiting)),
                View("closed", "alerts.closed", self._closed),
            ),
            describe=self._describe,
            actions=(
                Action("ack", right, self._ack, fits=_open, primary=True, icon="how_to_reg", key="a"),
                Action("read", reveals, self._read, asks=why, primary=True, icon="visibility", key="r"),
                Action("phone", reveals, self._phone, asks=why, icon="call", key="p"),
                Action(
                    "close",
                    right,
                    self._close,
                    asks=(DONE,),
                    fits=_stands,
                    danger=True,
                    icon="done_all",
                    key="c",
                ),
            ),
        )

    async def _waiting(self, session: AsyncSession) -> Sequence[Row]:
        return [self._row(one) for one in await service.waiting(session, within=self._desk.within)]

    async def _closed(self, session: AsyncSession, most: int) -> Part[Row]:
        desk = self._desk
        return (await service.closed(session, desk.rt.crypto, most, within=desk.within)).each(self._row)

    def _row(self, one: AlertView) -> Row:
        by = who(one.closed_by or one.acknowledged_by or "")
        status = self._desk.words(f"alerts.{_state(one)}", who=by)
        cells = {
            "patient": one.patient,
            "about": self._about(one),
            "duty": self._known.duty(one.duty, self._language),
            "status": status,
        }
        since = one.created_at if one.closed_at is None else None
        return Row(str(one.id), cells, since, tone="bad" if _is_open(one) else "", data=one)

    @property
    def _language(self) -> str:
        return ENGLISH if self._desk.language == "en" else CHINESE

    def _about(self, one: AlertView) -> str:
        return wording.alarming(texts.catalogue(self._language), self._known, one.plan, one.about)

    async def _describe(self, session: AsyncSession, row: Row) -> Detail:
        one: AlertView = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("alerts.about", row.cells["about"]),
            Fact("queue.department", self._desk.named(one.department) or "–"),
            Fact("alerts.duty", row.cells["duty"]),
            Fact("queue.status", row.cells["status"]),
            Fact("queue.since", moment(self._desk, one.created_at)),
            Fact("alerts.number", str(one.number or "–")),
        ]
        steps = (("taken", one.acknowledged_by, one.acknowledged_at), ("ended", one.closed_by, one.closed_at))
        facts += [
            Fact(f"alerts.{step}", f"{who(by)} · {moment(self._desk, at)}") for step, by, at in steps if at
        ]
        facts += [Fact("alerts.done", one.closing)] if one.closing else []
        hint = "" if one.closed_at else self._desk.words("alerts.hint")
        return Detail(one.patient, facts, await self._before(session, one), hint)

    async def _before(
        self, session: AsyncSession, one: AlertView
    ) -> Sequence[tuple[str, Sequence[tuple[str, Tone]]]]:
        """What was done about the patient's other alerts, the latest first."""
        desk = self._desk
        known = await service.closed(
            session, desk.rt.crypto, _BEFORE, patient_id=one.patient_id, within=desk.within
        )
        lines: list[tuple[str, Tone]] = [(self._ended(each), "") for each in known if each.id != one.id]
        return [("alerts.before", lines)] if lines else []

    def _ended(self, one: AlertView) -> str:
        status = self._desk.words(f"alerts.{_state(one)}", who=who(one.closed_by))
        parts = [moment(self._desk, one.closed_at), self._about(one), status]
        return " · ".join(parts) + (f"\n{one.closing}" if one.closing else "")

    async def _ack(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await paging.take_alert(session, row.data.id, actor=desk.actor, now=desk.now(), within=desk.within)

    async def _close(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        await service.close(
            session,
            desk.rt.crypto,
            row.data.id,
            answers["done"],
            staff=desk.actor,
            now=desk.now(),
            within=desk.within,
        )

    async def _read(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk, one = self._desk, row.data
        value = await service.read(
            session,
            desk.rt.crypto,
            one.id,
            actor=desk.actor,
            reason=answers["reason"],
            within=desk.within,
        )
        told = wording.alarmed(texts.catalogue(self._language), self._known, one.plan, one.about, value)
        return Shown([(desk.words("alerts.told"), told)])

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        patient_id = await service.patient_of(session, row.data.id, within=desk.within)
        return await name_and_phone(
            desk, session, patient_id, why="follow_up_alert", reason=answers["reason"]
        )


def _is_open(one: AlertView) -> bool:
    return one.status is AlertStatus.OPEN


def _open(row: Row) -> bool:
    return _is_open(row.data)


def _stands(row: Row) -> bool:
    return row.data.closed_at is None


def _state(one: AlertView) -> str:
    """The key of the words for how it stands."""
    return "withdrawn" if one.closed_by == "patient" else f"status_{one.status}"
