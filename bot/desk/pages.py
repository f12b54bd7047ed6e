"""All pages of the desk, in the order of the navigation."""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "bot.desk.account",
)  # fmt: skip


def load() -> None:
    """Importing a page registers it."""
    for name in MODULES:
        import_module(name)
