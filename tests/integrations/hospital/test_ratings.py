from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import ratings, reminders, satisfaction
from integrations.hospital.models import HospitalEvent, Rating, Reminder, SubjectKind, Survey
from integrations.hospital.ratings import TooLateToRate, UnknownRating

from .conftest import Booker, Clinic

EVENING = datetime(2026, 11, 25, 11, 0, tzinfo=UTC)  # 19:00 on the day of the visit


@pytest.fixture
async def who(clinic: Clinic) -> Booker:
    return await clinic.booker()


async def visited(clinic: Clinic, who: Booker, day: date | None = None) -> None:
    day = day or clinic.wednesday
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    await clinic.book(who, await clinic.schedule(day=day), now=before)
    async with clinic.database.begin() as session:
        await session.execute(text("UPDATE appointments SET status = 'fulfilled'"))


async def asked(clinic: Clinic, who: Booker, **more) -> object:
    async with clinic.database.begin() as session:
        return await ratings.ask(
            session, SubjectKind.DELIVERY, more.pop("subject", uuid4()), who.account_id, who.contact_id, clinic.now,
            **more,
        )  # fmt: skip


async def planned(database: Database) -> list[Reminder]:
    async with database.begin() as session:
        return list(await session.scalars(select(Reminder).order_by(Reminder.id)))


async def test_a_visit_is_asked_about_once_that_evening(clinic, who, database):
    await visited(clinic, who)
    noon = EVENING - timedelta(hours=7)
    async with database.begin() as session:
        assert await ratings.ask_about_visits(session, noon, 100) == 1
    async with database.begin() as session:
        assert await ratings.ask_about_visits(session, noon, 100) == 0
    [one] = await planned(database)
    assert (one.kind, one.due_at, one.useless_at) == ("rating_asked", EVENING, EVENING + timedelta(days=3))
    async with database.begin() as session:
        assert await reminders.hand_out(session, EVENING, 100) == 1
        [event] = await session.scalars(select(HospitalEvent).where(HospitalEvent.kind == "rating_asked"))
        assert event.payload["rating_id"] == str(one.subject_id)


async def test_a_visit_settled_at_night_is_asked_about_in_the_morning(clinic, who, database):
    await visited(clinic, who)
    async with database.begin() as session:
        await ratings.ask_about_visits(session, datetime(2026, 11, 25, 17, tzinfo=UTC), 100)  # 1:00
    [one] = await planned(database)
    assert one.due_at == datetime(2026, 11, 26, 1, 30, tzinfo=UTC)


async def test_old_visits_and_those_of_patients_let_go_are_not_asked_about(clinic, who, database):
    await visited(clinic, who)
    async with database.begin() as session:
        assert await ratings.ask_about_visits(session, EVENING + timedelta(days=4), 100) == 0
        await session.execute(text("DELETE FROM account_patients"))
        assert await ratings.ask_about_visits(session, EVENING, 100) == 0


async def test_who_is_not_to_be_asked_takes_nobodys_place(clinic, who, database):
    """Each sweep takes up so many visits."""
    await visited(clinic, who)
    async with database.begin() as session:
        await ratings.want(session, who.contact_id, wanted=False)
        assert await ratings.ask_about_visits(session, EVENING, 1) == 0
        await ratings.want(session, who.contact_id, wanted=True)
        assert await ratings.ask_about_visits(session, EVENING, 1) == 1


async def test_the_same_thing_is_asked_about_once_and_never_who_does_not_want_it(clinic, who, database):
    subject = uuid4()
    assert await asked(clinic, who, subject=subject)
    assert await asked(clinic, who, subject=subject) is None
    async with database.begin() as session:
        await ratings.want(session, who.contact_id, wanted=False)
    assert await asked(clinic, who) is None
    [one] = await planned(database)
    async with database.begin() as session:
        assert await ratings.asking(session, one.subject_id) is None
        await ratings.want(session, who.contact_id, wanted=True)
        found = await ratings.asking(session, one.subject_id)
    assert found is not None
    assert found.subject_kind is SubjectKind.DELIVERY


async def test_stars_are_kept_changed_for_seven_days_and_words_sealed(clinic, who, database, crypto: Crypto):
    rating_id = await asked(clinic, who)

    async def rate(stars: int, days: float = 0) -> None:
        async with database.begin() as session:
            at = clinic.now + timedelta(days=days)
            await ratings.rate(session, rating_id, who.account_id, stars, key=None, now=at)

    await rate(2)
    await rate(4, days=7)
    with pytest.raises(TooLateToRate):
        await rate(5, days=7.01)
    assert await planned(database) == []  # what was to be asked is answered
    async with database.begin() as session:
        await ratings.add_words(
            session, crypto, rating_id, who.account_id, "很快", key=None, now=clinic.now
        )  # fmt: skip
        [row] = await session.scalars(select(Rating))
        assert row.stars == 4
        assert row.words is not None
        assert "很快".encode() not in row.words
        assert crypto.decrypt(row.words, "ratings.words") == "很快"
    stranger = await clinic.booker()
    with pytest.raises(UnknownRating):
        async with database.begin() as session:
            await ratings.rate(session, rating_id, stranger.account_id, 1, key=None, now=clinic.now)


async def test_what_can_be_rated_is_the_newest_that_was_asked(clinic, who, database):
    async def found(days: float = 0):
        async with database.begin() as session:
            return await ratings.to_rate(session, who.account_id, clinic.now + timedelta(days=days))

    assert await found() is None
    first, second = await asked(clinic, who), await asked(clinic, who)
    assert (await found()).id == second
    async with database.begin() as session:
        await ratings.rate(session, second, who.account_id, 5, key=None, now=clinic.now)
    assert (await found()).id == first
    async with database.begin() as session:
        await ratings.rate(session, first, who.account_id, 5, key=None, now=clinic.now)
    assert (await found()).stars == 5
    assert await found(days=8) is None


async def test_a_survey_comes_at_most_once_in_ninety_days(clinic, who, database):
    await visited(clinic, who)
    second = await clinic.booker()
    await visited(clinic, second)
    async with database.begin() as session:
        await ratings.want(session, second.contact_id, wanted=False)

    async def surveyed(day: date) -> int:
        async with database.begin() as session:
            at = datetime(day.year, day.month, day.day, 4, tzinfo=UTC)
            return await ratings.start_surveys(session, at, 100)

    assert await surveyed(date(2026, 11, 26)) == 0  # the day after: too early
    assert await surveyed(date(2026, 12, 3)) == 1
    assert await surveyed(date(2026, 12, 4)) == 0
    await visited(clinic, who, date(2026, 12, 3))
    assert await surveyed(date(2026, 12, 12)) == 0
    await visited(clinic, who, date(2027, 2, 26))
    assert await surveyed(date(2027, 3, 6)) == 1
    async with database.begin() as session:
        assert len(list(await session.scalars(select(Survey)))) == 2
        kinds = await session.scalars(select(Rating.subject_kind))
        assert set(kinds) == {SubjectKind.SERVICE}


async def test_who_was_just_asked_is_not_surveyed(clinic, who, database):
    await visited(clinic, who)
    now = datetime(2026, 12, 3, 4, tzinfo=UTC)
    async with database.begin() as session:
        await ratings.ask(session, SubjectKind.AGENT, uuid4(), who.account_id, who.contact_id, now)
        assert await ratings.start_surveys(session, now, 100) == 0
        assert await ratings.start_surveys(session, now + timedelta(days=6), 100) == 0


async def test_averages_and_words(clinic, who, database, crypto: Crypto):
    made = [await asked(clinic, who) for _ in range(3)]
    for rating_id, stars in zip(made, (5, 2), strict=False):
        async with database.begin() as session:
            await ratings.rate(session, rating_id, who.account_id, stars, key=None, now=clinic.now)
            await ratings.add_words(
                session, crypto, rating_id, who.account_id, f"{stars}星", key=None, now=clinic.now
            )
    day = clinic.today
    async with database.begin() as session:
        [found] = await satisfaction.averages(session, day, day)
        said = await satisfaction.words(session, crypto, day, day, actor="staff:li", reason="the week")
        assert await satisfaction.by_practitioner(session, day, day) == []
    assert (found.subject_kind, found.asked, found.rated, found.stars) == (SubjectKind.DELIVERY, 3, 2, 3.5)
    assert (found.satisfaction, found.unhappy) == (0.5, 1)
    assert [(stars, words) for _, stars, words in said] == [(2, "2星"), (5, "5星")]
