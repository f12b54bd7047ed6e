"""Who may see which conversation, and in which list it stands: pure, asked for every row that leaves the hub."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from bot.desk.talks.readable import EVERYTHING, DoctorsTalk, Readable
from bot.desk.talks.rows import Row
from bot.handoff.models import Skill
from bot.handoff.states import QUEUED
from bot.handoff.talking import SKILLS
from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right, may

SERVICE, DOCTOR, PHARMACY = "service", "doctor", "pharmacy"


class Filter(StrEnum):
    MINE = "mine"
    WAITING = "waiting"
    LATE = "late"  # nobody came in time, or nobody answers: for those who watch over all
    ALL = "all"  # every open talk that the member may see
    BOT = "bot"
    CLOSED = "closed"


LIVE = (Filter.MINE, Filter.WAITING, Filter.LATE, Filter.ALL)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A member of staff as far as conversations go. `watches`: sees every one; `takes_over`: also those of the bot.
    `skills`: the queues that the member serves."""

    id: UUID
    login: str
    skills: frozenset[str]
    department_id: UUID | None
    watches: bool = False
    takes_over: bool = False

    def owns(self, row: Row) -> bool:
        """Whether it is theirs, or meant for them."""
        return self.id in (row.staff_id, row.wanted_staff_id)


def viewer_of(member: StaffMember) -> Viewer:
    return Viewer(
        member.id,
        member.login,
        frozenset(skill.value for skill in SKILLS.get(member.role, frozenset[Skill]())),
        member.department_id,
        watches=may(member, Right.TALKS_WATCH),
        takes_over=may(member, Right.TALKS_TAKE_OVER),
    )


def may_see(viewer: Viewer, row: Row) -> bool:
    """A doctor sees own consultations and the own department's talks; others the talks of their queues, and those
    with right to take over what the bot handles."""
    if viewer.watches or viewer.owns(row):
        return True
    if row.talk_id is None or (not row.open and row.control == "bot"):
        past = row.skill is None or row.skill in viewer.skills
        return viewer.takes_over and past and row.skill != DOCTOR
    if row.skill not in viewer.skills or row.consultation_id is not None:
        return False
    return row.skill != DOCTOR or (
        row.department_id is not None and row.department_id == viewer.department_id
    )


def readable(viewer: Viewer, row: Row) -> Readable:
    """What the viewer may read of a conversation that they may see. What was said with a doctor is for that doctor,
    outside of consultations also for those of the department; whose talk has ended does not read on what the patient
    then tells the bot."""
    if viewer.watches:
        return EVERYTHING
    goes_on = row.open or viewer.takes_over
    closed = tuple(talk for talk in row.with_doctors if not _reads(viewer, talk))
    return Readable(None if goes_on else row.ended_at, closed)


def _reads(viewer: Viewer, talk: DoctorsTalk) -> bool:
    if talk.staff_id == viewer.id:
        return True
    same = talk.department_id is not None and talk.department_id == viewer.department_id
    return DOCTOR in viewer.skills and same and not talk.consultation


def as_seen(viewer: Viewer, row: Row) -> Row:
    """The row without last words that the viewer may not read."""
    allowed = readable(viewer, row)
    if row.last_at is None or allowed.has(row.last_at, row.last_talk_id):
        return row
    at = min(row.last_at, allowed.until or row.last_at)
    unread = row.unread if row.open else 0  # nobody waits for them to read it
    return replace(
        row, last="", last_kind="hidden", last_by="patient", last_state=None, last_at=at, unread=unread
    )


def in_list(viewer: Viewer, chosen: Filter, row: Row) -> bool:
    """Whether the row stands in this list of the viewer. Those of the bot and the closed ones are read apart."""
    if not row.open or not may_see(viewer, row):
        return False
    if chosen is Filter.MINE:
        return row.staff_id == viewer.id or (row.status == "waiting" and row.wanted_staff_id == viewer.id)
    if chosen is Filter.LATE:
        return bool(row.late)
    return chosen is Filter.ALL or row.queued


def urgency(row: Row) -> tuple[int, int, int, float]:
    """Sorts what waits longest for a person first, before them whoever was let wait too long, red flags before all. Of
    those in the queue it is the queue's own order, with its head starts (bot.handoff.queue)."""
    since = row.unanswered_since or row.requested_at or row.last_at
    if row.status in QUEUED and row.requested_at:
        since = row.requested_at - timedelta(minutes=row.priority)
    waits = row.status == "waiting" or row.unanswered_since is not None
    return (
        0 if row.alarm else 1,
        0 if row.late else 1,
        0 if waits else 1,
        since.timestamp() * (1 if waits else -1) if since else 0.0,
    )
