"""The groups of commands. A group is imported when it is asked for: `daozhen up` stays in memory for as long as the
hospital runs, and needs none of them."""

from __future__ import annotations

from importlib import import_module

import typer
from typer.core import TyperGroup

# By the name on the command line: the module and its app.
GROUPS = {
    "alarms": "bot.commands.alarms:app",
    "identities": "bot.commands.identities:app",
    "links": "bot.commands.requests:app",
    "agreements": "bot.commands.agreements:app",
    "rules": "bot.commands.rules:app",
    "money": "bot.commands.money:app",
    "schedules": "bot.commands.schedules:app",
    "appointments": "bot.commands.appointments:app",
    "follow-up": "bot.commands.follow_up:app",
    "prescriptions": "bot.commands.prescriptions:app",
    "medicines": "bot.commands.medicines:app",
    "parcels": "bot.commands.parcels:app",
    "intakes": "bot.commands.intakes:app",
    "cases": "bot.commands.cases:app",
    "ratings": "bot.commands.ratings:app",
    "questions": "bot.commands.questions:app",
    "staff": "bot.commands.members:app",
    "audit": "bot.commands.auditing:app",
    "predict": "bot.commands.predict:app",
    "keys": "bot.keys.cli:app",
}


class Groups(TyperGroup):
    """Commands of its own first, then the groups."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return [*super().list_commands(ctx), *GROUPS]

    def get_command(self, ctx: typer.Context, cmd_name: str) -> object:  # type: ignore[override]
        if cmd_name not in GROUPS:
            return super().get_command(ctx, cmd_name)
        module, name = GROUPS[cmd_name].split(":")
        group = typer.main.get_command(getattr(import_module(module), name))
        group.name = cmd_name
        return group
