"""What a page says about its queue: columns, rows, details, and what may be done with a row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.staff.permissions import Right
from integrations.part import Part

Tone = Literal["", "good", "warn", "bad", "quiet"]


@dataclass(frozen=True, slots=True)
class Column:
    """`title` is a key of the words; `width` a track of CSS grid. `badge`: its cell is a coloured word. `spare`: left
    out beside the drawer, which says it too."""

    name: str
    title: str
    width: str = "1fr"
    badge: bool = False
    mono: bool = False
    spare: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that waits. `since`: for how long is shown; `due`: how much time is left, or how late it is.
    `data` is what the page's own service gave."""

    key: str
    cells: Mapping[str, str]
    since: datetime | None = None
    due: datetime | None = None
    tone: Tone = ""
    data: Any = field(default=None, repr=False)

    def has(self, words: str) -> bool:
        """Whether all these words stand in its cells."""
        text = " ".join(self.cells.values()).casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the details: a title (a key of the words) and its value."""

    title: str
    value: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """What stands beside the list for one row. `lists`: under a title (a key of the words), a few lines each."""

    title: str
    facts: Sequence[Fact] = ()
    lists: Sequence[tuple[str, Sequence[tuple[str, Tone]]]] = ()
    hint: str = ""
    pictures: Sequence[str] = ()  # addresses at this desk


@dataclass(frozen=True, slots=True)
class Ask:
    """A field of an action. `title`: a key of the words. `options`: value to words, of a choice. `value`: filled in
    beforehand."""

    name: str
    title: str
    kind: Literal["line", "words", "choice", "date", "number", "check"] = "line"
    required: bool = True
    options: Mapping[str, str] = field(default_factory=dict)
    value: Any = None
    hint: str = ""
    literal: bool = False  # title is words already, of a plan
    above: str = ""  # a question that the field belongs to, in words


Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """Personal values that an action reveals: shown for a while, and nowhere else. `lines`: (words, value);
    `pictures` and `files`: addresses at this desk."""

    lines: Sequence[tuple[str, str]] = field(repr=False)
    pictures: Sequence[str] = field(default=(), repr=False)
    files: Sequence[str] = field(default=(), repr=False)


Next = Callable[[AsyncSession, Row, Answers], Awaitable[Sequence[Ask]]]
Run = Callable[[AsyncSession, Row, Answers], Awaitable[Shown | Mapping[str, object] | None]]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that staff do with a row, in one transaction. Its words, by `name` ("cases.close"): do_<name> on the
    button, did_<name> when it is done, sure_<name> (where there is one) what it will do. What it gives fills the
    blanks of did_<name>, or is shown. `then`: what is asked next, step by step, each with what was answered before.
    `danger`: it cannot be undone. `key`: pressed while the row is open. `after`: once it is committed. `opens`: instead
    of all that, something of the page's own, which acts by itself."""

    name: str
    right: Right
    run: Run | None = None
    asks: Sequence[Ask] = ()
    then: Sequence[Next] = ()
    fits: Callable[[Row], bool] = lambda _: True
    danger: bool = False
    primary: bool = False
    icon: str = ""
    key: str = ""
    after: Callable[[], Awaitable[None]] | None = None
    opens: Callable[[Row], Awaitable[None]] | None = None


Load = Callable[[AsyncSession, int], Awaitable[Part[Row]]]


@dataclass(frozen=True, slots=True)
class View:
    """One of several lists on a page; `title` is a key of the words. `load` reads the first rows, no more than it is
    told, and says how many there are; a list that stays short may give all (`whole`). `asked`: nothing stands there
    until somebody looks for it."""

    name: str
    title: str
    load: Load
    asked: bool = False


def whole(load: Callable[[AsyncSession], Awaitable[Sequence[Row]]]) -> Load:
    """Of a list that stays short: all of it is read at once."""

    async def read(session: AsyncSession, _most: int) -> Part[Row]:
        return Part(await load(session))

    return read
