"""One open page of one member of staff."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog
from nicegui import Client, ui
from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.registry import said_of
from bot.desk.words import Words
from integrations.hospital import audit
from integrations.hospital.models import Role, StaffMember
from integrations.hospital.staff import login
from integrations.hospital.staff.permissions import (
    NotPermitted,
    OtherDepartment,
    Right,
    limited_to,
    may,
    require,
)
from integrations.language.glossary import Glossary
from integrations.runtime import Runtime

log = structlog.get_logger()

GOES_WITHIN = 2.0  # seconds that a browser has to open the login page


class SessionOver(Exception):
    """Logged out, idle for too long, disabled, or changed: whoever clicks must log in again."""


@dataclass(eq=False, slots=True, weakref_slot=True)
class Desk:
    """What a page works with. `member` is as the database had it at the last look."""

    rt: Runtime
    client: Client
    member: StaffMember
    token: str
    address: str  # the browser's
    doctors_only: bool = False  # it came through the door that is open to doctors
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    english: Glossary = field(default_factory=lambda: Glossary({}))  # empty at a desk in Chinese
    keys: Sequence[tuple[str, str]] = ()  # what they do in this page: the keys, and words for it
    words: Words = field(init=False)
    over: bool = False  # the session is, and the browser was sent away
    until: datetime | None = None  # when it will be, if its member does nothing more
    _watching: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.words = Words(self.member.language)

    @property
    def actor(self) -> str:
        """As the audit log and histories name who acts."""
        return self.member.actor

    @property
    def language(self) -> str:
        return self.words.language

    def named(self, names: str) -> str:
        """Departments, doctors and titles in the member's language, as patients read them."""
        return self.english.put(names)

    @property
    def within(self) -> UUID | None:
        """The department with whose follow-ups the member works; None: all."""
        return limited_to(self.member)

    def now(self) -> datetime:
        return self.rt.now()

    def may(self, right: Right) -> bool:
        """For showing or hiding; what changes anything asks `acting`."""
        return may(self.member, right)

    @asynccontextmanager
    async def acting(self, right: Right | None = None) -> AsyncIterator[AsyncSession]:
        """One transaction, committed on leaving. It begins with a look whether the session still stands and the
        member has the right, so that whoever was logged out or changed is stopped at the very next click. What it
        raises (SessionOver, NotPermitted, services' refusals) is told by the page: let it pass."""
        async with self.reading() as session:
            if right is not None:
                require(self.member, right)
            yield session

    @asynccontextmanager
    async def reading(self, *, by_itself: bool = False) -> AsyncIterator[AsyncSession]:
        """The same for what only looks. `by_itself`: a clock looks, not the person. Whoever reached for what is another
        department's stands in the audit log, though nothing was done."""
        try:
            async with self.rt.database.begin() as session:
                session.info["address"] = self.address  # the audit log keeps from where
                found = await login.session_of(session, self.token, self.now(), acts=not by_itself)
                if found is None or (self.doctors_only and found[0].role is not Role.DOCTOR):
                    raise SessionOver
                self.member, self.until = found
                try:
                    yield session
                except BaseException:
                    if found[0] in session:
                        session.expunge(found[0])  # what the rollback expires could not be read any more
                    raise
        except OtherDepartment as error:
            async with self.rt.database.begin() as session:
                session.info["address"] = self.address
                await audit.record(session, actor=self.actor, action="access_refused", subject=error.subject)
            raise

    def tell(self, error: Exception) -> None:
        """Says in the page what stopped a handler. What nobody expected is logged under the number that is told."""
        if isinstance(error, SessionOver):
            self.leave()
        elif refused := self.refusal(error):
            self.note(refused, kind="warning")
        else:
            self.notice("shell.failed", kind="negative", number=self.log(error))

    def refusal(self, error: Exception) -> str | None:
        """How a refusal is said, with what it knows as blanks; None for what nobody expected."""
        if isinstance(error, SessionOver):
            return self.words("shell.session_over")
        key = said_of(error) or ("shell.not_permitted" if isinstance(error, NotPermitted) else None)
        return self.words(key, **vars(error), error=plain(error)) if key else None

    def log(self, error: Exception) -> str:
        """Keeps what nobody expected in the log, under a number that the person may quote."""
        number = secrets.token_hex(3)
        log.error("a page of the desk failed", number=number, page=self.client.page.path, exc_info=error)
        return number

    def until_over(self, stop: Callable[[], None]) -> None:
        """`stop` is called when the page is gone, or its session over: nothing more may be shown then."""
        self._watching.append(stop)
        self.client.on_delete(stop)

    def leave(self) -> None:
        """The session is over: the browser is sent away, and whether it goes or not, the page hears nothing more."""
        if self.over:
            return
        self.over = True
        for stop in self._watching:
            stop()
        self.client.open("/login?over=1")
        asyncio.get_running_loop().call_later(GOES_WITHIN, self._end)

    def _end(self) -> None:
        if self.client.has_socket_connection and not self.client.is_deleted:
            self.client.delete()

    def notice(self, key: str, kind: str = "positive", **blanks: object) -> None:
        """A line that goes away by itself. `kind`: positive, warning, negative, info."""
        self.note(self.words(key, **blanks), kind)

    def note(self, words: str, kind: str = "positive") -> None:
        """The same for words that are said already."""
        ui.notify(words, type=kind, position="top")  # type: ignore[arg-type]


def plain(error: Exception) -> str:
    """What the error says of itself."""
    return str(error) or (type(error).__doc__ or type(error).__name__).rstrip(".")
