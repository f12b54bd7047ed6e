"""`daozhen rules`: the booking rules as the operator reads and sets them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from bot.launching.migrate import APP
from bot.launching.starting import StartError
from integrations.database import Database
from integrations.hospital import rules
from integrations.hospital.rules import HOSPITAL, BadRule, BookingRules


def explain() -> str:
    """Every key with what it means."""
    fields = BookingRules.model_fields.items()
    return "\n".join(f"  {key:<20} {field.description}" for key, field in fields)


def show(url: str, department: str) -> str:
    """What the rows say, of one department or of all. Raises StartError for rules that cannot be."""

    async def read(session: AsyncSession) -> str:
        await rules.all_rules(session)
        found = await rules.written(session)
        names = [name for name in found if not department or name in (department, HOSPITAL)]
        return "\n".join(
            f"{name}\n" + "\n".join(f"  {key:<20} {value}" for key, value in found[name].items())
            for name in names
        )

    return _run(url, read)


def change(url: str, department: str, key: str, value: str) -> None:
    """Sets one rule. Raises StartError in words when it cannot be."""
    _run(url, lambda session: rules.set_rule(session, department, key, value))


def _run[T](url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(url, role=APP)
        try:
            async with database.begin() as session:
                return await work(session)
        finally:
            await database.close()

    try:
        return asyncio.run(run())
    except BadRule as error:
        raise StartError(str(error)) from None
