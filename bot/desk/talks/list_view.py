"""Which rows one browser has: it gets the most urgent ones of its list, then only what changes of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from bot.desk.talks.rows import BOUND, Row
from bot.desk.talks.seeing import LIVE, Filter, Viewer, in_list, may_see, urgency


@dataclass(frozen=True, slots=True)
class Change:
    """`rows` to put in, `gone` to take out. `afresh`: the browser lacks rows that it should show by now."""

    rows: tuple[Row, ...]
    gone: tuple[UUID, ...]
    afresh: bool = False

    def __bool__(self) -> bool:
        return bool(self.rows or self.gone or self.afresh)


@dataclass(slots=True)
class ListView:
    """`chosen` is the list in the browser; `sent` what the browser knows of it. Of the live lists the members are
    kept up to date whichever is shown, for their counts."""

    viewer: Viewer
    chosen: Filter = Filter.MINE
    searched: bool = False
    sent: set[UUID] = field(default_factory=set)
    _members: dict[Filter, set[UUID]] = field(default_factory=lambda: {one: set() for one in LIVE})
    _unread: dict[UUID, int] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        return self.chosen in LIVE and not self.searched

    @property
    def counts(self) -> dict[str, int]:
        return {one.value: len(members) for one, members in self._members.items()}

    @property
    def unread(self) -> int:
        """Messages in this member's own talks that were not looked at."""
        return sum(self._unread.values())

    def note(self, rows: Iterable[Row]) -> None:
        """Takes in rows as they are now; of each list who belongs to it."""
        for row in rows:
            for one, members in self._members.items():
                (members.add if in_list(self.viewer, one, row) else members.discard)(row.id)
            if row.open and row.staff_id == self.viewer.id and row.unread:
                self._unread[row.id] = row.unread
            else:
                self._unread.pop(row.id, None)

    def first(self, every: Mapping[UUID, Row]) -> list[Row]:
        """The most urgent ones of the live list that is chosen."""
        members = [every[one] for one in self._members[self.chosen] if one in every]
        shown = sorted(members, key=urgency)[:BOUND]
        self.sent = {row.id for row in shown}
        return shown

    def given(self, rows: Collection[Row]) -> None:
        """These were sent, of a list that is read apart."""
        self.sent = {row.id for row in rows}

    def change(self, rows: Collection[Row]) -> Change:
        """What the browser must hear of these."""
        seen = [row for row in rows if may_see(self.viewer, row)]
        if not self.live:
            return Change(
                tuple(row for row in seen if row.id in self.sent),
                tuple(row.id for row in rows if row.id in self.sent and row not in seen),
            )
        members = self._members[self.chosen]
        put = tuple(row for row in seen if row.id in members)
        gone = tuple(row.id for row in rows if row.id in self.sent and row.id not in members)
        self.sent.update(row.id for row in put)
        self.sent.difference_update(gone)
        return Change(put, gone, afresh=bool(gone) and len(self.sent) < min(BOUND, len(members)))
