"""Ratings of 1 to 5 stars: what is asked for, when, and what was answered. Each thing is asked about once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import reminders
from integrations.hospital.clock import hospital_zone, local_date
from integrations.hospital.events import EventKind
from integrations.hospital.merging import hold_account
from integrations.hospital.models import Account, Rating, SubjectKind, Survey
from integrations.hospital.operations import OperationKey, Result, once

CHANGED_WITHIN = timedelta(days=7)  # a rating may be changed for so long
ASKED_FOR = timedelta(days=3)  # how long a question that could not be put waits
ANSWERED_WITHIN = timedelta(days=14)  # how long it may be answered
SURVEY_EVERY = timedelta(days=90)
UNHAPPY = 2  # stars, or fewer

_EVENING, _MORNING = time(19), time(9, 30)
_NEW = text("""
    INSERT INTO ratings (subject_kind, subject_id, account_id, contact_id, practitioner_id, asked_at)
    SELECT :kind, :subject, :account, :contact, CAST(:practitioner AS uuid), :now
    FROM accounts WHERE accounts.id = :account AND accounts.rating_requests
    ON CONFLICT DO NOTHING RETURNING id
""")
# Only of the last days: what happened before ratings were known is not asked about.
_VISITED = text("""
    SELECT a.id, a.account_id, a.contact_id, s.practitioner_id, slots.starts_at
    FROM schedules s JOIN slots ON slots.schedule_id = s.id
    JOIN appointments a ON a.slot_id = slots.id AND a.status NOT IN ('cancelled', 'expired')
    JOIN accounts ON accounts.id = a.account_id AND accounts.rating_requests
    WHERE s.date BETWEEN :first AND :today AND a.status = 'fulfilled'
      AND EXISTS (SELECT FROM account_patients ap
                  WHERE ap.account_id = a.account_id AND ap.patient_id = a.patient_id)
      AND NOT EXISTS (SELECT FROM ratings r WHERE r.subject_kind = 'visit' AND r.subject_id = a.id)
    LIMIT :limit
""")
# Whom the hospital treated lately, and who was not asked, neither now nor by a survey, for so long.
_TO_SURVEY = text("""
    SELECT DISTINCT ON (a.account_id) a.account_id, a.contact_id
    FROM schedules s JOIN slots ON slots.schedule_id = s.id
    JOIN appointments a ON a.slot_id = slots.id AND a.status NOT IN ('cancelled', 'expired')
    JOIN accounts ON accounts.id = a.account_id AND accounts.rating_requests
    WHERE s.date BETWEEN :first AND :last AND a.status = 'fulfilled'
      AND NOT EXISTS (SELECT FROM surveys v WHERE v.account_id = a.account_id AND v.asked_at > :since)
      AND NOT EXISTS (SELECT FROM ratings r WHERE r.account_id = a.account_id AND r.asked_at > :lately)
    ORDER BY a.account_id, a.id DESC LIMIT :limit
""")
_VIEWS = """
    SELECT r.id, r.subject_kind, r.subject_id, r.practitioner_id, r.stars, r.words IS NOT NULL AS has_words,
           r.asked_at, r.rated_at, s.date
    FROM ratings r LEFT JOIN appointments a ON r.subject_kind = 'visit' AND a.id = r.subject_id
    LEFT JOIN schedules s ON s.id = a.schedule_id
    WHERE r.account_id = :account
"""
_ONE = text(_VIEWS + "AND r.id = :id")
_OPEN = text(
    _VIEWS
    + """
    AND (r.rated_at IS NULL AND r.asked_at > :asked OR r.rated_at > :rated)
    ORDER BY r.rated_at IS NOT NULL, r.id DESC LIMIT 1
    """
)
_ASKING = text("""
    SELECT r.id, r.subject_kind, r.asked_at, s.date
    FROM ratings r JOIN accounts ON accounts.id = r.account_id AND accounts.rating_requests
    LEFT JOIN appointments a ON r.subject_kind = 'visit' AND a.id = r.subject_id
    LEFT JOIN schedules s ON s.id = a.schedule_id
    WHERE r.id = :id AND r.rated_at IS NULL
      AND (a.id IS NULL OR EXISTS (SELECT FROM account_patients ap
                                   WHERE ap.account_id = a.account_id AND ap.patient_id = a.patient_id))
""")


class UnknownRating(LookupError):
    """Nothing of this account is to be rated under this id."""


class TooLateToRate(Exception):
    """The days for an answer, or for changing it, are over."""


@dataclass(frozen=True, slots=True)
class RatingView:
    """`date` is the local day of a visit."""

    id: UUID
    subject_kind: SubjectKind
    subject_id: UUID
    practitioner_id: UUID | None
    stars: int | None
    has_words: bool
    asked_at: datetime
    rated_at: datetime | None
    date: date | None


@dataclass(frozen=True, slots=True)
class Asking:
    """A question that is to be put now."""

    id: UUID
    subject_kind: SubjectKind
    asked_at: datetime
    date: date | None


async def ask(
    session: AsyncSession,
    subject_kind: SubjectKind,
    subject_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    now: datetime,
    *,
    practitioner_id: UUID | None = None,
    due_at: datetime | None = None,
) -> UUID | None:
    """Asks for a rating at `due_at`, or as soon as the talk rests. None when this thing was asked about before, or the
    account does not want to be asked."""
    values = {
        "kind": subject_kind.value,
        "subject": subject_id,
        "account": account_id,
        "contact": contact_id,
        "practitioner": practitioner_id,
        "now": now,
    }
    rating_id: UUID | None = await session.scalar(_NEW, values)
    if rating_id is not None:
        due_at = max(due_at or now, now)
        await _plan(session, rating_id, account_id, contact_id, due_at, due_at + ASKED_FOR)
    return rating_id


async def _plan(
    session: AsyncSession,
    rating_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    due_at: datetime,
    until: datetime,
) -> None:
    await reminders.plan(
        session,
        EventKind.RATING_ASKED,
        rating_id,
        due_at=due_at,
        useless_at=until,
        account_id=account_id,
        contact_id=contact_id,
        payload={"rating_id": str(rating_id), "until": until.isoformat()},
    )


async def postpone(
    session: AsyncSession,
    rating_id: UUID,
    account_id: UUID,
    contact_id: UUID,
    due_at: datetime,
    until: datetime,
) -> None:
    """The talk goes on, or an alarm was raised: the question is put later, as long as it is of use."""
    if due_at < until:
        await _plan(session, rating_id, account_id, contact_id, due_at, until)


async def asking(session: AsyncSession, rating_id: UUID) -> Asking | None:
    """The question that is to be put now. None when it was answered, or is not wanted any more."""
    row = (await session.execute(_ASKING, {"id": rating_id})).one_or_none()
    return Asking(row.id, SubjectKind(row.subject_kind), row.asked_at, row.date) if row else None


async def ask_about_visits(session: AsyncSession, now: datetime, limit: int) -> int:
    """Asks about the visits of these days: in the evening of the day, or the next morning. Gives how many it found."""
    today = local_date(now)
    values = {"first": today - timedelta(days=2), "today": today, "limit": limit}
    rows = (await session.execute(_VISITED, values)).all()
    for row in rows:
        due_at = evening_or_morning(row.starts_at, now)
        await ask(
            session,
            SubjectKind.VISIT,
            row.id,
            row.account_id,
            row.contact_id,
            now,
            practitioner_id=row.practitioner_id,
            due_at=due_at,
        )
    return len(rows)


def evening_or_morning(visited_at: datetime, now: datetime) -> datetime:
    """The evening of the visit's day; when that is over, the next morning to come."""
    local, zone = now.astimezone(hospital_zone()), hospital_zone()
    evening = datetime.combine(visited_at.astimezone(zone).date(), _EVENING, zone)
    if local <= evening + timedelta(hours=1):
        return max(evening, local)
    morning = datetime.combine(local.date(), _MORNING, zone)
    return morning if local <= morning else datetime.combine(local.date() + timedelta(days=1), _MORNING, zone)


async def start_surveys(session: AsyncSession, now: datetime, limit: int) -> int:
    """Asks those who were treated one to two weeks ago what they think of all of us, each at most once in 90 days and
    not within a week of another question. Gives how many."""
    today = local_date(now)
    values = {
        "first": today - timedelta(days=14),
        "last": today - timedelta(days=7),
        "since": now - SURVEY_EVERY,
        "lately": now - timedelta(days=7),
        "limit": limit,
    }
    rows = (await session.execute(_TO_SURVEY, values)).all()
    for row in rows:
        survey = {"account_id": row.account_id, "contact_id": row.contact_id, "asked_at": now}
        survey_id = await session.scalar(insert(Survey).values(**survey).returning(Survey.id))
        assert survey_id is not None
        due_at = evening_or_morning(now - timedelta(days=1), now)
        await ask(session, SubjectKind.SERVICE, survey_id, row.account_id, row.contact_id, now, due_at=due_at)
    return len(rows)


async def to_rate(
    session: AsyncSession, account_id: UUID, now: datetime, rating_id: UUID | None = None
) -> RatingView | None:
    """What a rating of this account can be about: the one named, or the newest that is asked for, or the last one
    given as long as it may be changed."""
    if rating_id is not None:
        row = (await session.execute(_ONE, {"account": account_id, "id": rating_id})).one_or_none()
    else:
        values = {"account": account_id, "asked": now - ANSWERED_WITHIN, "rated": now - CHANGED_WITHIN}
        row = (await session.execute(_OPEN, values)).one_or_none()
    return _view(row) if row else None


async def rate(
    session: AsyncSession,
    rating_id: UUID,
    account_id: UUID,
    stars: int,
    *,
    key: OperationKey | None,
    now: datetime,
) -> None:
    """Keeps the stars; within seven days they may be changed. Raises UnknownRating, TooLateToRate."""

    async def effect() -> Result:
        first = text("coalesce(rated_at, CAST(:now AS timestamptz))").bindparams(now=now)
        await _change(session, rating_id, account_id, now, stars=stars, rated_at=first)
        await reminders.drop(session, rating_id, EventKind.RATING_ASKED)
        return {}

    await once(session, key, effect)


async def add_words(
    session: AsyncSession,
    crypto: Crypto,
    rating_id: UUID,
    account_id: UUID,
    words: str,
    *,
    key: OperationKey | None,
    now: datetime,
) -> None:
    """Words beside the stars, in the place of earlier ones. Raises UnknownRating, TooLateToRate."""

    async def effect() -> Result:
        sealed = crypto.encrypt(words, "ratings.words")
        await _change(session, rating_id, account_id, now, words=sealed)
        return {}

    await once(session, key, effect)


async def rateable(session: AsyncSession, account_id: UUID, rating_id: UUID, now: datetime) -> RatingView:
    """What this account may rate now, or rate otherwise. Raises UnknownRating, TooLateToRate."""
    found = await to_rate(session, account_id, now, rating_id)
    if found is None:
        raise UnknownRating
    ends = found.rated_at + CHANGED_WITHIN if found.rated_at else found.asked_at + ANSWERED_WITHIN
    if now > ends:
        raise TooLateToRate
    return found


async def _change(
    session: AsyncSession, rating_id: UUID, account_id: UUID, now: datetime, **values: object
) -> None:
    await rateable(session, account_id, rating_id, now)
    changed = update(Rating).where(Rating.id == rating_id).values(**values)
    await session.execute(changed.execution_options(synchronize_session=False))


async def want(session: AsyncSession, contact_id: UUID, *, wanted: bool) -> None:
    """Whether the contact's account is asked for ratings. What is planned stays; it is asked again when it is told."""
    account_id = await hold_account(session, contact_id)
    changed = update(Account).where(Account.id == account_id).values(rating_requests=wanted)
    await session.execute(changed.execution_options(synchronize_session=False))


def _view(row: Row[Any]) -> RatingView:
    return RatingView(**row._asdict() | {"subject_kind": SubjectKind(row.subject_kind)})
