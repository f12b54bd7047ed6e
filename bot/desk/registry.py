"""Pages of the desk, and how services' refusals are said."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import StaffMember
from integrations.hospital.staff.permissions import Right, may

if TYPE_CHECKING:
    from bot.desk.desk import Desk

Build = Callable[["Desk"], Awaitable[None]]
Count = Callable[[AsyncSession, StaffMember], Awaitable[int]]
Newest = Callable[[AsyncSession, datetime, StaffMember], Awaitable[Mapping[str, float]]]
Group = Literal["talks", "work", "hospital", "account"]
GROUPS: tuple[Group, ...] = ("talks", "work", "hospital", "account")


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    title: str  # a key of the words, "cases.title"
    build: Build
    right: Right | None = None
    icon: str = ""
    group: Group = "work"
    listed: bool = True  # in the navigation
    badge: Count | None = None
    own_badge: bool = False  # the count is the member's own, not that of everybody of the role and department
    wide: bool = False  # takes the whole width and height, and scrolls by itself
    newest: Newest | None = None  # what must be heard in whichever page one is: of when each is
    urgent: bool = False  # it sounds so, and looks so

    def is_for(self, member: StaffMember) -> bool:
        return self.right is None or may(member, self.right)


PAGES: dict[str, Page] = {}
REFUSALS: dict[type[Exception], str] = {}


def desk_page(
    path: str,
    *,
    title: str,
    right: Right | None = None,
    icon: str = "",
    group: Group = "work",
    listed: bool = True,
    badge: Count | None = None,
    own_badge: bool = False,
    wide: bool = False,
    newest: Newest | None = None,
    urgent: bool = False,
) -> Callable[[Build], Build]:
    """Registers a page at `path` ("/cases/{number}" has parameters: `desk.path`). `title` without a dot is
    "<title>.title" of the words. Without a right it is everybody's who is logged in. `badge` counts what waits; it
    runs in a transaction that only reads, every few seconds; and so does `newest`: its page's people hear a sound for
    whatever is new or newer there, and read <title's>.ring. What is not `urgent` sounds in other pages alone."""

    def register(build: Build) -> Build:
        key = title if "." in title else f"{title}.title"
        PAGES[path] = Page(
            path, key, build, right, icon, group, listed, badge, own_badge, wide, newest, urgent
        )
        return build

    return register


def refusals(words: Mapping[type[Exception], str]) -> None:
    """How errors of services are said: a key of the words, whose blanks are what the error knows ({limit}), or {error}
    where it speaks the language of whoever works at the desk."""
    REFUSALS.update(words)


def said_of(error: Exception) -> str | None:
    """The key for this error or the nearest of its bases; None when nobody has said one."""
    return next((REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS), None)
