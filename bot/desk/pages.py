"""All pages of the desk, in the order of the navigation."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "bot.desk.talks.page",
    "bot.desk.work.start",
    "bot.desk.consultations.page",
    "bot.desk.work.alarms",
    "bot.desk.work.prescriptions",
    "bot.desk.work.amendments",
    "bot.desk.work.alerts",
    "bot.desk.work.calls",
    "bot.desk.work.cases",
    "bot.desk.work.for_callers",
    "bot.desk.work.parcels",
    "bot.desk.work.refunds",
    "bot.desk.work.differences",
    "bot.desk.work.unknown",
    "bot.desk.work.questions",
    "bot.desk.work.replies",
    "bot.desk.work.schedules",
    "bot.desk.work.waitlist",
    "bot.desk.work.roster",
    "bot.desk.work.identities",
    "bot.desk.work.agreements",
    "bot.desk.members",
    "bot.desk.audit",
    "bot.desk.account",
)  # fmt: skip


def load() -> None:
    """Importing a page registers it."""
    for name in MODULES:
        import_module(name)
