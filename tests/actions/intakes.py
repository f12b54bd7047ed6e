"""What a patient types in an intake, as the worker hands it over, and what is stored of it."""

from __future__ import annotations

import json

from sqlalchemy import select

from integrations.hospital import tokens
from integrations.hospital.models import Intake
from integrations.hospital.tokens import TOKEN_PATTERN

from .conftest import NOW, Chat, Said


async def read(chat: Chat, said: Said | str) -> str:
    """As the patient reads it: what is to be shown in the place of its token."""
    text = said if isinstance(said, str) else said.text
    for found in list(TOKEN_PATTERN.finditer(text)):
        async with chat.runtime.database.begin() as session:
            value = await tokens.reveal(
                session,
                chat.runtime.crypto,
                conversation_id=chat.contact.id,
                token=found[0],
                purpose="test",
                now=NOW,
            )
        text = text.replace(found[0], value)
    return text


async def answer(chat: Chat, *told: str) -> Said:
    """Typed answers, as the worker hands them over: swapped for a token."""
    said = None
    for words in told:
        entity = await chat.token("health", words)
        said = await chat.say("inform", entity, text=entity[1])
    assert said
    return said


async def stored(chat: Chat) -> list[Intake]:
    async with chat.runtime.database.begin() as session:
        return list(await session.scalars(select(Intake).order_by(Intake.id)))


def opened(chat: Chat, one: Intake) -> tuple[str, dict[str, list[dict[str, object]]]]:
    crypto = chat.runtime.crypto
    bundle = json.loads(crypto.decrypt(one.content, "intakes.content"))
    kinds: dict[str, list[dict[str, object]]] = {}
    for entry in bundle["entry"]:
        kinds.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return crypto.decrypt(one.summary, "intakes.summary"), kinds
