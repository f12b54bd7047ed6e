"""Somebody on a plan, whose first asking is open on its page."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from integrations.hospital import accounts, page_subjects
from integrations.hospital.follow_up import enrolment
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    FollowUpTask,
)
from tests.bot.pages.follow_up.sheet import Sheet


@pytest.fixture
def plan():
    return "hypertension"


@pytest.fixture
def language():
    return "zh-Hans"


@pytest.fixture
async def sheet(cash, plan, language):
    rt, who = cash.rt, await cash.patient(language=language)
    async with rt.database.begin() as session:
        contact = await accounts.contact(session, who.contact_id)
        await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, rt.now(), None)
        await enrolment.start_by_staff(
            session,
            rt.settings,
            plans(rt.settings).get(plan),
            who.patient_id,
            actor="staff:test",
            now=rt.now(),
        )
        first = select(FollowUpTask.id).order_by(FollowUpTask.due_at).limit(1)
        task_id = (await session.scalars(first)).one()
        link = await page_subjects.follow_up_link(session, who.contact_id, task_id, rt.now())
    return Sheet(rt, who, task_id, link, await cash.owner(who), cash.browser())
