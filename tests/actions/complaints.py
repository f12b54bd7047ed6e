"""Complaints as tests make them, and the parts of a case that they look at."""

from __future__ import annotations

from sqlalchemy import select

from integrations.hospital.models import (
    Case,
)
from integrations.runtime import Runtime

from .conftest import Chat


async def made(runtime: Runtime) -> list[Case]:
    async with runtime.database.begin() as session:
        return list(await session.scalars(select(Case).order_by(Case.id)))


def words_of(runtime: Runtime, case: Case) -> str:
    return runtime.crypto.decrypt(case.words, "cases.words")


async def submit(chat: Chat, story: str = "昨天下午在收费窗口，等了两个小时，没人理我") -> str:
    """A whole complaint of somebody without visits; gives the number."""
    await chat.say("complain", text="我要投诉")
    await chat.say("nlu_fallback", text=story)
    await chat.say("affirm", text="说完了")
    said = await chat.say("affirm")
    return said.text.split("编号 ")[1].split("。")[0]
