from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital import page_subjects
from integrations.hospital.links import (
    LinkExpired,
    LinkUsed,
    UnknownLink,
    finish_link,
    issue_link,
    open_link,
    read_link,
)
from integrations.hospital.models import PageLink


async def _issue(clinic: Any) -> tuple[str, Any]:
    contact = await clinic.contact()
    async with clinic.database.begin() as session:
        token = await issue_link(
            session, contact_id=contact.id, purpose="registration", now=clinic.now, minutes=15
        )
    return token, contact.id


async def test_a_link_is_looked_at_often_and_used_once(clinic: Any) -> None:
    token, contact_id = await _issue(clinic)
    async with clinic.database.begin() as session:
        for minute in range(3):
            link = await open_link(session, token, "registration", clinic.now + timedelta(minutes=minute))
            assert (link.contact_id, link.opened_at) == (contact_id, clinic.now)
        await finish_link(session, token, "registration", clinic.now)
        with pytest.raises(LinkUsed):
            await open_link(session, token, "registration", clinic.now)


async def test_links_that_open_nothing(clinic: Any) -> None:
    token, _ = await _issue(clinic)
    async with clinic.database.begin() as session:
        for wrong, purpose in ((token + "x", "registration"), ("", "registration"), (token, "profile")):
            with pytest.raises(UnknownLink):
                await open_link(session, wrong, purpose, clinic.now)
        late = clinic.now + timedelta(minutes=15)
        for attempt in (open_link, finish_link):
            with pytest.raises(LinkExpired):
                await attempt(session, token, "registration", late)


async def test_of_ten_submissions_at_once_one_counts(clinic: Any) -> None:
    token, _ = await _issue(clinic)

    async def submit(session: AsyncSession) -> PageLink:
        return await finish_link(session, token, "registration", clinic.now)

    results = await clinic.together(*[submit] * 10)
    assert Counter(type(result).__name__ for result in results) == {"PageLink": 1, "LinkUsed": 9}


async def test_the_secret_is_not_stored(clinic: Any) -> None:
    token, _ = await _issue(clinic)
    async with clinic.database.begin() as session:
        stored = (await session.scalars(select(PageLink.token_hash))).one()
    assert token.encode() not in bytes(stored)


async def test_a_link_about_an_order_opens_again_and_again_and_nothing_is_written(clinic: Any) -> None:
    who = await clinic.booker()
    deadline = clinic.now + timedelta(minutes=15)
    async with clinic.database.begin() as session:
        path = await page_subjects.pay_link(session, who.contact_id, "GH1", deadline, clinic.now)
    token = path.removeprefix("/p/pay/")
    assert token != path
    async with clinic.database.begin() as session:
        for later in (timedelta(0), timedelta(days=2, minutes=14)):
            link = await read_link(session, token, {"pay"}, clinic.now + later)
            assert (link.contact_id, link.subject, link.opened_at) == (who.contact_id, "GH1", None)
        assert not session.dirty
        with pytest.raises(UnknownLink):
            await read_link(session, token, {"payfor", "card"}, clinic.now)
        with pytest.raises(LinkExpired):
            await read_link(session, token, {"pay"}, clinic.now + timedelta(days=2, minutes=15))


async def test_how_long_pages_open(clinic: Any) -> None:
    who = await clinic.booker()
    now = clinic.now
    visit = now + timedelta(days=3)
    async with clinic.database.begin() as session:
        await page_subjects.pay_for_link(session, who.contact_id, "GH1", None, now)
        await page_subjects.receipt_link(session, who.contact_id, "GH1", now)
        await page_subjects.bills_link(session, who.contact_id, now)
        await page_subjects.card_link(session, who.contact_id, who.patient_id, visit, now)
        found = await session.execute(select(PageLink.purpose, PageLink.subject, PageLink.expires_at))
        assert {tuple(row) for row in found} == {
            ("payfor", "GH1", now + timedelta(days=30)),
            ("receipt", "GH1", now + timedelta(days=30)),
            ("bills", None, now + timedelta(days=1)),
            ("card", who.patient_id.hex, now + timedelta(days=4)),
        }
