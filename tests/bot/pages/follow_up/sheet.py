"""The page of somebody on a plan, in their own browser."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from integrations.hospital.follow_up import answering
from integrations.hospital.follow_up.answering import Given
from integrations.hospital.follow_up.plans import plans
from integrations.hospital.models import (
    FollowUpTask,
    Method,
)
from tests.bot.pages.money import Phone
from tests.bot.said import commands

FINE = {
    "pressure-systolic": "135",
    "pressure-diastolic": "85",
    "medicine": "yes",
    "complaint": "none",
}


@dataclass
class Sheet:
    """Somebody on a plan, with the page of the first asking open in their own browser."""

    rt: object
    who: object
    task_id: UUID
    link: str
    phone: Phone
    other: Phone

    async def show(self):
        return await self.phone.get(self.link)

    async def send(self, **typed):
        await self.show()  # whose browser it is
        return await self.phone.post(self.link, **typed)

    async def answers(self):
        async with self.rt.database.begin() as session:
            return await answering.answers_of(session, self.rt.crypto, self.task_id)

    async def task(self):
        async with self.rt.database.begin() as session:
            return await session.get_one(FollowUpTask, self.task_id)

    async def rows(self, model):
        async with self.rt.database.begin() as session:
            return list(await session.scalars(select(model)))

    async def in_the_chat(self, question, value):
        known = plans(self.rt.settings)
        async with self.rt.database.begin() as session:
            task = await answering.open_task(session, self.who.contact_id, self.rt.now(), self.task_id)
            asked = known.get(task.plan_id).question(question)
            await answering.give(
                session,
                self.rt.crypto,
                known,
                task,
                Given(asked, value),
                method=Method.CHAT,
                now=self.rt.now(),
            )

    async def commands(self):
        return await commands(self.rt)
