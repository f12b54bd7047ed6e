"""What a member does on the page, and what its elements are told to show."""

from __future__ import annotations

from nicegui import ui

from bot.desk.talks.elements import Composer
from tests.bot.desk.conftest import Visitor
from tests.waiting import until


def one[E: ui.element](visitor: Visitor, kind: type[E]) -> E:
    return next(iter(visitor.user.find(kind=kind).elements))


def tell(visitor: Visitor, kind: type[ui.element], event: str, args: object) -> None:
    visitor.user.find(kind=kind).trigger(event, args)


async def enter(visitor: Visitor) -> None:
    await visitor.user.open("/talks")
    await visitor.user.should_see(kind=Composer)


async def sees(visitor: Visitor, *texts: str) -> None:
    """Waits longer than `should_see` for what services have to do first."""
    for words in texts:
        await until(lambda words=words: _there(visitor, words))


async def sees_at_once(visitor: Visitor, *texts: str) -> None:
    """The same for what goes again: one after the other, the last might be gone before it is looked for."""
    await until(lambda: all(_there(visitor, words) for words in texts))


def _there(visitor: Visitor, words: str) -> bool:
    try:
        return bool(visitor.user.find(words).elements)
    except AssertionError:
        return False
