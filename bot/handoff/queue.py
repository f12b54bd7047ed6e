"""The queue for a person: who asks stands in it by the time of asking and a head start in minutes (limits.yml), so
that a red flag comes first, an elder a little earlier, and nobody waits for ever.

Whoever changes a talk locks the conversation's control first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from bot.alarms import FRESH, URGENT_FOR
from bot.handoff import control
from bot.handoff.limits import limits
from bot.handoff.models import Reason, Skill, Talk, TalkStatus
from bot.handoff.states import QUEUED, SPEAKS
from bot.handoff.talking import SKILLS
from integrations.database import Executor
from integrations.hospital.models import Role
from integrations.hospital.office_hours import office_hours
from integrations.hospital.staff.presence import SEEN_WITHIN
from integrations.runtime import Runtime

# Where somebody stands: the earlier, the sooner.
STANDS = "{talk}.requested_at - {talk}.priority * interval '1 minute'"
# Supervisors are asked when it has taken too long already.
ASKED_AT_ONCE: dict[Skill, list[str]] = {
    skill: [role.value for role, skills in SKILLS.items() if skill in skills and role is not Role.SUPERVISOR]
    for skill in Skill
}
_PUT_ASIDE = timedelta(days=30)  # longer than any consultation for which a message makes room
BROUGHT = frozenset({Reason.FAILED, Reason.ANGER})  # a person comes although nobody asked for one
ORDER = f"{STANDS.format(talk='talks')}, talks.id"

_OPEN = text("""
    SELECT id, status, reason, priority, opens_at, epoch, consultation_id, message_at FROM talks
    WHERE conversation_id = :conversation AND status IN ('waiting', 'active', 'unanswered') FOR UPDATE
""")
_WHO = text("""
    SELECT accounts.elder_mode,
           EXISTS (SELECT FROM account_patients ap JOIN patients p ON p.id = ap.patient_id
                   WHERE ap.account_id = accounts.id AND ap.relation = 'self' AND p.birth_date <= :born) AS elder,
           EXISTS (SELECT FROM alarms a WHERE a.conversation_id = :conversation AND a.raised_at > :fresh
                     AND a.outcome IN ('emergency', 'crisis')) AS alarm,
           EXISTS (SELECT FROM alarms a WHERE a.conversation_id = :conversation AND a.raised_at > :today
                     AND a.outcome = 'urgent') AS urgent
    FROM contacts JOIN accounts ON accounts.id = contacts.account_id WHERE contacts.id = :conversation
""")
_BEGIN = text("""
    INSERT INTO talks (conversation_id, skill, department_id, reason, status, priority, wanted_staff_id,
                       consultation_id, epoch, requested_at, opens_at)
    VALUES (:conversation, :skill, :department, :reason, :status, :priority, :wanted, :consultation, :epoch, :now,
            :opens_at)
    RETURNING id
""")
_AGAIN = text("""
    UPDATE talks SET answered_in = 'desk', status = :status, epoch = :epoch,
           priority = greatest(priority, :priority), opens_at = :opens_at,
           skill = :skill, department_id = CAST(:department AS uuid),
           reason = CASE WHEN consultation_id IS NULL THEN reason ELSE :reason END,
           staff_id = CASE WHEN consultation_id IS NULL THEN staff_id END,
           assigned_at = CASE WHEN consultation_id IS NULL THEN assigned_at END,
           wanted_staff_id = CASE WHEN consultation_id IS NULL THEN wanted_staff_id END,
           requested_at = CASE WHEN consultation_id IS NULL THEN requested_at ELSE :now END, consultation_id = NULL
    WHERE id = :id
""")
_ASKED_AT = text("UPDATE talks SET asked_position = coalesce(asked_position, :position) WHERE id = :id")
_TOLD = text("UPDATE talks SET told_position = :position, told_at = :now WHERE id = :id")
_PLACE = text(f"""
    SELECT mine.id, mine.status, mine.skill, mine.opens_at, mine.answered_in, controls.epoch, contacts.channel, (
        SELECT count(*) FROM talks AS other
        WHERE other.skill = mine.skill AND other.department_id IS NOT DISTINCT FROM mine.department_id
          AND other.status IN ('waiting', 'unanswered') AND other.consultation_id IS NULL
          AND other.answered_in = 'desk'
          AND ({STANDS.format(talk="other")}, other.id) < ({STANDS.format(talk="mine")}, mine.id)) + 1 AS position
    FROM talks AS mine JOIN controls USING (conversation_id) JOIN contacts ON contacts.id = mine.conversation_id
    WHERE mine.conversation_id = :conversation AND mine.status IN ('waiting', 'active', 'unanswered')
""")  # noqa: S608 - pieces of our own
# How long one place in the queue took of late.
_PACE = text("""
    SELECT count(*) AS talks,
           percentile_cont(0.5) WITHIN GROUP (
               ORDER BY extract(epoch FROM accepted_at - requested_at) / asked_position) AS seconds
    FROM (SELECT accepted_at, requested_at, asked_position FROM talks
          WHERE skill = :skill AND accepted_at > :since AND asked_position > 0 AND opens_at IS NULL
            AND answered_in <> 'wechat'
          ORDER BY accepted_at DESC LIMIT 20) AS latest
""")
# Whether somebody is asked at once who comes into this line, and nobody in it waits far longer than was measured.
_HOLDS = text("""
    SELECT EXISTS (
        SELECT FROM staff JOIN staff_presence AS there ON there.staff_id = staff.id
        WHERE staff.active AND staff.role = ANY(:roles) AND there.state = 'online' AND there.seen_at > :seen) AS there,
    EXISTS (
        SELECT FROM talks JOIN controls USING (conversation_id)
        WHERE skill = :skill AND status = 'waiting' AND answered_in = 'desk' AND extract(
            epoch FROM CAST(:now AS timestamptz) - greatest(requested_at, changed_at)) > :twice * asked_position
    ) AS refuted
""")
_LEAVE = text("""
    UPDATE talks SET status = 'left', ended_at = :now, ended_by = :by
    WHERE conversation_id = :conversation AND status IN ('waiting', 'unanswered') RETURNING id
""")
# Of a red flag, of a consultation, or with a message that was left: what is left then is only the wait in silence.
_STAYS = text("""
    UPDATE talks SET status = 'unanswered', answered_in = 'desk'
    WHERE conversation_id = :conversation AND status IN ('waiting', 'unanswered')
      AND (priority >= :alarm OR consultation_id IS NOT NULL OR message_at IS NOT NULL AND status = 'waiting')
    RETURNING id
""")
# A message that waits for staff: in the queue, or put aside for a consultation and not asked anew since.
_MESSAGE = """
    message_at IS NOT NULL AND conversation_id = :conversation AND (
        status IN ('waiting', 'unanswered')
        OR status = 'left' AND ended_by = 'consultation' AND NOT EXISTS (
            SELECT FROM talks AS later WHERE later.conversation_id = talks.conversation_id
              AND later.id > talks.id AND later.skill = talks.skill))
"""
_HAS_MESSAGE = text(f"SELECT EXISTS (SELECT FROM talks WHERE {_MESSAGE})")  # noqa: S608 - pieces of our own
_WITHDRAW = text(f"UPDATE talks SET message_at = NULL WHERE {_MESSAGE} RETURNING status")  # noqa: S608
_MESSAGE_LEFT = text("""
    UPDATE talks SET message_at = :now
    WHERE conversation_id = :conversation AND status IN ('waiting', 'unanswered')
""")
# Nobody of that skill was asked for since, and nobody else is asked for now.
_SET_ASIDE = text("""
    SELECT DISTINCT ON (conversation_id) * FROM talks AS aside
    WHERE status = 'left' AND ended_by = 'consultation' AND message_at IS NOT NULL AND ended_at > :since
      AND (CAST(:only AS uuid) IS NULL OR conversation_id = :only)
      AND NOT EXISTS (SELECT FROM talks AS other WHERE other.conversation_id = aside.conversation_id
                        AND (other.status IN ('waiting', 'active', 'unanswered')
                             OR other.id > aside.id AND other.skill = aside.skill))
    ORDER BY conversation_id, id DESC
""")
_AS_BEFORE = text("""
    UPDATE talks SET requested_at = :asked, message_at = :left WHERE id = :id AND status = 'unanswered'
""")
_WAITING = text(f"""
    SELECT talks.*, contacts.channel, conversations.language
    FROM talks JOIN contacts ON contacts.id = talks.conversation_id
    JOIN conversations ON conversations.id = talks.conversation_id
    WHERE talks.status IN ('waiting', 'unanswered')
      AND (CAST(:skills AS text[]) IS NULL OR talks.skill = ANY(CAST(:skills AS text[])))
      AND (CAST(:department AS uuid) IS NULL OR talks.skill <> 'doctor' OR talks.department_id = :department)
    ORDER BY {ORDER} LIMIT :limit
""")  # noqa: S608 - pieces of our own
_STANDING = text("""
    SELECT skill, count(*) AS talks, min(requested_at) AS since FROM talks
    WHERE status IN ('waiting', 'unanswered') AND coalesce(opens_at, :now) <= :now AND answered_in = 'desk'
    GROUP BY skill
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands. `minutes`: how long it takes by what was measured, None when too little was, or when it
    says nothing of now: nobody of the skill is there, or somebody in the line waits far longer.
    `there`: whether somebody is whom we ask at once. `opens_at`: nobody is there before; None for a red flag at any
    hour. `epoch`: under which to speak about it."""

    talk_id: UUID
    status: TalkStatus
    skill: Skill
    position: int
    minutes: int | None
    there: bool
    opens_at: datetime | None
    epoch: int

    @property
    def open(self) -> bool:
        return self.opens_at is None


async def ask(
    session: Executor,
    rt: Runtime,
    conversation_id: UUID,
    skill: Skill = Skill.SERVICE,
    reason: Reason = Reason.ASKED,
    *,
    department_id: UUID | None = None,
    wanted_staff_id: UUID | None = None,
    consultation_id: UUID | None = None,
    bot_goes_on: bool = False,
) -> Place:
    """Puts the conversation into the queue, once: whoever stands there already keeps their place, and who speaks with
    somebody goes on. While people are there the bot falls silent; out of hours, while a doctor is awaited for a
    consultation, and where nobody asked for a person (`bot_goes_on`), it goes on. A red flag waits for no hours:
    whoever is there is asked. Whoever asks for a person meanwhile gets one of the skill asked for: the consultation
    waits on in its doctor's own list. A person whom nobody asked for makes room for the doctor, and so does a message
    that was left while nobody is there to answer it: it comes back afterwards (`messages_again`)."""
    now = rt.now()
    epoch = await control.hold(session, conversation_id)
    opens = office_hours(rt.settings.office_hours).opens(skill, now, rt.zone)
    found = (await session.execute(_OPEN, {"conversation": conversation_id})).first()
    shut = found is not None and found.opens_at is not None and found.opens_at > now
    if consultation_id and found and (_asked_by_nobody(found, epoch) or (shut and is_message(found))):
        await session.execute(_LEAVE, {"conversation": conversation_id, "now": now, "by": "consultation"})
        found = None
    priority = await _head_start(session, rt, conversation_id, reason)
    at_once = consultation_id or of_an_alarm(max(priority, found.priority if found else 0))
    values = {
        "conversation": conversation_id, "skill": skill.value, "department": department_id, "reason": reason.value,
        "priority": priority, "wanted": wanted_staff_id, "consultation": consultation_id, "epoch": epoch, "now": now,
        "opens_at": None if opens <= now or at_once else opens,
    }  # fmt: skip
    beside = opens > now or consultation_id or bot_goes_on
    status = TalkStatus.UNANSWERED if beside else TalkStatus.WAITING
    if found is None:
        await session.scalar(_BEGIN, values | {"status": status.value})
    elif found.status == TalkStatus.UNANSWERED and not consultation_id:
        await session.execute(_AGAIN, values | {"id": found.id, "status": status.value})
    if found is None or found.status == TalkStatus.UNANSWERED:
        await control.change_control(session, conversation_id, SPEAKS[status], now)
    place = await where(session, rt, conversation_id)
    assert place is not None, "it was just made"
    await session.execute(_ASKED_AT, {"id": place.talk_id, "position": place.position})
    return place


def _asked_by_nobody(found: Row[Any], epoch: int) -> bool:
    """Whether a person was brought, and neither a red flag nor a wish for one came since."""
    brought = found.status == TalkStatus.UNANSWERED and found.reason in BROUGHT
    in_danger = of_an_alarm(found.priority)
    return brought and not in_danger and found.opens_at is None and found.epoch == epoch


def is_message(found: Row[Any] | Talk) -> bool:
    """Whether nothing but a message waits there, which the patient left to be answered some time."""
    left = found.status == TalkStatus.UNANSWERED and found.message_at is not None
    return left and found.consultation_id is None and not of_an_alarm(found.priority)


async def messages_again(session: Executor, rt: Runtime) -> list[UUID]:
    """Messages that made room for a consultation which is over by now wait again, in their old place. Gives the
    conversations."""
    since = rt.now() - _PUT_ASIDE
    found = list(await session.execute(_SET_ASIDE, {"since": since, "only": None}))
    again = [one.conversation_id for one in found]
    return [one for one in again if await _message_again(session, rt, one, since)]


async def _message_again(session: Executor, rt: Runtime, conversation_id: UUID, since: datetime) -> bool:
    """Looked for once more when nobody changes it any more: meanwhile another doctor may have been asked there."""
    await control.hold(session, conversation_id)
    one = (await session.execute(_SET_ASIDE, {"since": since, "only": conversation_id})).first()
    if one is None:
        return False
    skill, reason = Skill(one.skill), Reason(one.reason)
    more = {"department_id": one.department_id, "wanted_staff_id": one.wanted_staff_id}
    place = await ask(session, rt, conversation_id, skill, reason, bot_goes_on=True, **more)
    before = {"id": place.talk_id, "asked": one.requested_at, "left": one.message_at}
    await session.execute(_AS_BEFORE, before)
    return True


def of_an_alarm(priority: int) -> bool:
    """Whether a talk with this head start came by a red flag: it is never kept back until somebody is there."""
    return priority >= limits().head_start["alarm"]


async def where(session: Executor, rt: Runtime, conversation_id: UUID) -> Place | None:
    """The place of a conversation's open talk."""
    row = (await session.execute(_PLACE, {"conversation": conversation_id})).first()
    if row is None:
        return None
    status, skill = TalkStatus(row.status), Skill(row.skill)
    in_a_group = rt.settings.telegram_staff_group_id and skill is Skill.SERVICE and row.channel == "telegram"
    pace, there = await _pace(session, rt, skill)
    there = bool(there or in_a_group or row.answered_in != "desk")  # of whom no presence is known
    minutes = max(1, ceil(pace * row.position / 60)) if pace is not None and there else None
    return Place(row.id, status, skill, row.position, minutes, there, row.opens_at, row.epoch)


async def told(session: Executor, place: Place, now: datetime) -> None:
    """Keeps what the patient hears of their place now."""
    await session.execute(_TOLD, {"id": place.talk_id, "position": place.position, "now": now})


async def leave(session: Executor, conversation_id: UUID, now: datetime, by: str = "patient") -> int | None:
    """Takes the conversation out of the queue and gives the epoch since; None when it does not stand there. After a red
    flag, and while a doctor is awaited, it stays there while the bot goes on: nobody waits for it in silence."""
    await control.hold(session, conversation_id)
    key = {"conversation": conversation_id}
    alarm = limits().head_start["alarm"]
    if (await session.execute(_STAYS, key | {"alarm": alarm})).first() is not None:
        return await control.change_control(session, conversation_id, SPEAKS[TalkStatus.UNANSWERED], now)
    if (await session.execute(_LEAVE, key | {"now": now, "by": by})).first() is None:
        return None
    return await control.change_control(session, conversation_id, SPEAKS[TalkStatus.LEFT], now)


async def keep_message(session: Executor, conversation_id: UUID, now: datetime) -> None:
    """The patient left a message for whoever takes the talk."""
    await session.execute(_MESSAGE_LEFT, {"conversation": conversation_id, "now": now})


async def has_message(session: Executor, conversation_id: UUID) -> bool:
    """Whether a message that the patient left waits for staff, also while a doctor comes first."""
    return bool(await session.scalar(_HAS_MESSAGE, {"conversation": conversation_id}))


async def withdraw(session: Executor, conversation_id: UUID, now: datetime) -> tuple[bool, int | None]:
    """Takes back the message that was left, wherever it waits; a talk that stood in the queue for it ends, as `leave`
    has it. Gives whether there was one, and the epoch where the queue was left."""
    await control.hold(session, conversation_id)
    found = [row.status for row in await session.execute(_WITHDRAW, {"conversation": conversation_id})]
    stood = any(status in QUEUED for status in found)
    return bool(found), await leave(session, conversation_id, now) if stood else None


async def waiting(
    session: Executor,
    skills: list[Skill] | None = None,
    department_id: UUID | None = None,
    limit: int = 500,
) -> list[Any]:
    """The talks that nobody has taken, in their order, with channel and language. Doctors' talks only of the
    department, where one is named."""
    named = [skill.value for skill in skills] if skills is not None else None
    row = {"skills": named, "department": department_id, "limit": limit}
    return list((await session.execute(_WAITING, row)).all())


async def standing(session: Executor, now: datetime) -> list[Any]:
    """How many wait by skill, and since when the first of them: skill, talks, since."""
    return list((await session.execute(_STANDING, {"now": now})).all())


async def _pace(session: Executor, rt: Runtime, skill: Skill) -> tuple[float | None, bool]:
    """Seconds for one place, or None when too few talks say, or what they say does not hold now; and whether somebody
    is at the desk."""
    now = rt.now()
    row = (await session.execute(_PACE, {"skill": skill.value, "since": now - limits().measured})).one()
    pace = float(row.seconds or 0)
    about = {"roles": ASKED_AT_ONCE[skill], "seen": now - SEEN_WITHIN}
    holds = await session.execute(_HOLDS, about | {"skill": skill.value, "now": now, "twice": 2 * pace})
    there, refuted = holds.one()
    enough = row.talks >= limits().talks_to_measure
    return (pace if enough and not refuted else None), bool(there)


async def _head_start(session: Executor, rt: Runtime, conversation_id: UUID, reason: Reason) -> int:
    now, start = rt.now(), limits().head_start
    today = rt.local_now().date()
    born = today.replace(year=today.year - limits().elder_age, day=min(today.day, 28))
    row = {"conversation": conversation_id, "born": born, "fresh": now - FRESH, "today": now - URGENT_FOR}
    who = (await session.execute(_WHO, row)).one()
    minutes = [start[reason]]
    minutes += [start["elder"]] if who.elder_mode or who.elder else []
    minutes += [start["urgent"]] if who.urgent else []
    minutes += [start["alarm"]] if who.alarm else []
    return max(minutes) if who.alarm or who.urgent else sum(minutes)
