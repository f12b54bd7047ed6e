"""Rotating keys while everything runs.

A new key is put in front of its ring; the processes take it up by themselves, and write with it when all of them know
it (integrations.presence). Then every row is brought under it, until none bears an older one. Only then may the
older keys be retired. What is to be done next shows in the rings, the processes and the rows, so a rotation that was
killed is taken up by starting it again.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx
from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, create_engine, insert, select, text
from sqlalchemy.exc import OperationalError

from bot.keys.rows import Key, Rows, SealedRows, all_rows
from bot.launching import secrets
from bot.launching.starting import StartError
from integrations.crypto import KeyRing
from integrations.hospital.models import AuditEvent
from integrations.presence import GONE_AFTER, RunningProcess, may_be_alive

# What was sealed with the old key just before a process went over may still be on its way into the database.
SETTLE_SECONDS = 15.0
WAIT_SECONDS = 120.0
_ALONE_SECONDS = 5
_PURPOSES = {"data": "DATA_KEYS", "index": "INDEX_KEYS", "tracker": "TRACKER_KEYS"}

Say = Callable[[str], None]


class Progress(Protocol):
    """Shows how far a table is."""

    def start(self, name: str, total: int) -> None: ...
    def advance(self, rows: int) -> None: ...
    def finish(self) -> None: ...


@dataclass(slots=True)
class Rotation:
    """One installation's keys: the rings of its settings, and the database as its owner."""

    var: Path
    engine: Engine
    say: Say
    progress: Progress
    wait_seconds: float = WAIT_SECONDS
    settle_seconds: float = SETTLE_SECONDS
    _settled_at: float = field(default=0.0, init=False)

    def rotate(self, purposes: Sequence[str]) -> None:
        """Begins a rotation of these rings, or goes on with the one that was begun, until no row bears an older key.
        Raises StartError for what the operator must mend."""
        with self._alone():
            if not self._under_way(purposes):
                self._begin(purposes)
            self._say_what_goes_on(purposes)
            self._renew()
            self.say(
                "No row bears an older key any more. `daozhen keys rotate --retire` takes the older keys away."
            )

    def retire(self, purposes: Sequence[str]) -> None:
        """Takes the older keys out of their rings, after the last row was found under the newest. Never begins a
        rotation. Raises StartError."""
        with self._alone():
            names = self._under_way(purposes)
            if not names:
                self.say("There is no older key to retire.")
                return
            self._renew()
            still = self._index_needed_until() if "index" in names else None
            if still is not None:
                names = [name for name in names if name != "index"]
                self.say(_still_needed(still))
            if names:
                self._retire(names)

    def rings(self) -> dict[str, KeyRing]:
        """As the settings have them now."""
        settings = secrets.load(self.var)
        return {purpose: secrets.ring(settings, name) for purpose, name in _PURPOSES.items()}

    def rows(self) -> list[Rows]:
        rings = self.rings()
        return all_rows(rings["data"], rings["index"], rings["tracker"])

    def _under_way(self, purposes: Sequence[str]) -> list[str]:
        rings = self.rings()
        return [purpose for purpose in purposes if len(rings[purpose].keys) > 1]

    def _say_what_goes_on(self, purposes: Sequence[str]) -> None:
        for purpose in self._under_way(purposes):
            ring = self.rings()[purpose]
            older = ", ".join(list(ring.keys)[1:])
            self.say(f"{_PURPOSES[purpose]}: from {older} to {ring.newest}.")

    # Begin

    def _begin(self, purposes: Sequence[str]) -> None:
        """All rings in one write: a rotation is begun or not."""
        rings = self.rings()
        new = {purpose: KeyRing.generate(self._next_id(purpose, rings[purpose])) for purpose in purposes}
        self._refuse_foreign(new, rings)
        self._write({purpose: f"{new[purpose]},{as_setting(rings[purpose])}" for purpose in purposes})
        self._record("keys_rotating", purposes)
        self.say(
            f"New keys stand in {secrets.secrets_file(self.var)}: bring the copy of it that you keep up to date."
        )

    def _next_id(self, purpose: str, ring: KeyRing) -> str:
        """k1, k2, …: never one that stood there before, for backups still bear it."""
        retired = secrets.retired_file(self.var)
        before = retired.read_text(encoding="utf-8") if retired.exists() else ""
        ids = [*ring.keys, *re.findall(rf"^{_PURPOSES[purpose]}=([A-Za-z0-9_-]+):", before, re.MULTILINE)]
        numbers = [int(key_id[1:]) for key_id in ids if re.fullmatch(r"k\d{1,6}", key_id)]
        return f"k{max(numbers, default=0) + 1}"

    def _refuse_foreign(self, new: Mapping[str, str], rings: Mapping[str, KeyRing]) -> None:
        """Keys that come from elsewhere are the operator's to change."""
        foreign = [purpose for purpose in new if not secrets.is_ours(self.var, _PURPOSES[purpose])]
        if not foreign:
            return
        lines = "\n".join(
            f"    {_PURPOSES[purpose]}={new[purpose]},<what stands there now: {', '.join(rings[purpose].keys)}>"
            for purpose in foreign
        )
        raise StartError(
            "These keys are not set in the file that daozhen keeps, so nothing was changed. Put the new key in front "
            "of the present ones wherever they are set, for every process and for this command, restart the processes "
            f"one after another, and run this again:\n{lines}\nKeep the keys as safe as the old ones."
        )

    # Renew

    def _renew(self) -> None:
        self._publish()
        self._wait_for_writers()
        self._bring_all_under()
        rest = self._settled_at - time.monotonic()
        if rest > 0:
            time.sleep(rest)
        self._bring_all_under()

    def _wait_for_writers(self) -> None:
        """Until every process writes with the newest keys."""
        end, said = time.monotonic() + self.wait_seconds, ""
        while late := self.late():
            if time.monotonic() > end:
                raise StartError(
                    "Still without the newest keys:\n"
                    + "\n".join(f"    {who}" for who in late)
                    + "\nGive them the same keys (docs/keys.md), then run this again; nothing is lost meanwhile."
                )
            if (waiting := f"Waiting for {len(late)} processes to take up the newest keys …") != said:
                self.say(said := waiting)
            time.sleep(0.5)
        running = self.processes() or any(self.rasa_keys().values())
        self._settled_at = time.monotonic() + (self.settle_seconds if running else 0)

    def late(self) -> list[str]:
        """Who does not write with the newest keys yet."""
        rings = self.rings()
        wanted = {
            f"{purpose}:{rings[purpose].fingerprint(rings[purpose].newest)}" for purpose in ("data", "index")
        }
        late = [
            f"{process.where}, which writes with {', '.join(process.writing)}"
            for process in self.processes()
            if not wanted <= set(process.writing)
        ]
        newest = rings["tracker"].fingerprint(rings["tracker"].newest)
        for address, keys in self.rasa_keys().items():
            if keys and keys[0] != newest:
                late.append(f"Rasa at {address}, which writes with tracker:{keys[0]}")
        return late

    def processes(self) -> list[RunningProcess]:
        seen = RunningProcess.seen_at > text("now() - make_interval(secs => :gone)")
        with self.engine.connect() as connection:
            found = connection.execute(
                select(RunningProcess.__table__).where(seen), {"gone": GONE_AFTER.total_seconds()}
            )
            rows = [RunningProcess(**row) for row in found.mappings()]
        return [row for row in rows if may_be_alive(row)]

    def rasa_keys(self) -> dict[str, list[str]]:
        """Of every Rasa its tracker keys; none of one that does not run: it reads them when it starts."""
        settings = secrets.load(self.var)
        token = {"Authorization": f"Bearer {settings.rasa_token.get_secret_value()}"}
        found: dict[str, list[str]] = {}
        for address in settings.rasa_addresses:
            try:
                response = httpx.get(
                    f"{address}/webhooks/daozhen/ready", headers=token, timeout=5, trust_env=False
                )
                found[address] = response.json().get("tracker_keys", [])
            except (httpx.HTTPError, ValueError):
                found[address] = []
        return found

    def _bring_all_under(self) -> None:
        rows = self.rows()
        held_since = time.monotonic()
        while left := self._left(rows):
            changed, faults = 0, list[str]()
            for table, count in left:
                done, found = self._one_round(table, count)
                changed, faults = changed + done, faults + found
            if faults and len(faults) == sum(count for _, count in self._left(rows)):
                raise StartError(_faults(faults))
            if changed:
                held_since = time.monotonic()
            elif time.monotonic() - held_since > self.wait_seconds:
                raise StartError(
                    f"Rows are held by other transactions for {self.wait_seconds:.0f} s: run this again."
                )
            else:
                time.sleep(0.2)

    def _left(self, rows: Sequence[Rows]) -> list[tuple[Rows, int]]:
        with self.engine.connect() as connection:
            return [(table, count) for table in rows if (count := table.remaining(connection))]

    def _one_round(self, table: Rows, count: int) -> tuple[int, list[str]]:
        """Once over the table. Gives how many rows were changed, and the faults."""
        changed, faults = 0, list[str]()
        after: Key | None = None
        self.progress.start(table.name, count)
        try:
            while (batch := table.batch(self.engine, after)).last is not None:
                after = batch.last
                changed, faults = changed + batch.changed, faults + batch.faults
                self.progress.advance(batch.changed)
        finally:
            self.progress.finish()
        return changed, faults

    # Retire

    def _index_needed_until(self) -> datetime | None:
        with self.engine.connect() as connection:
            ends = [table.counted_until(connection) for table in self.rows() if isinstance(table, SealedRows)]
        return max((end for end in ends if end), default=None)

    def _retire(self, purposes: Sequence[str]) -> None:
        rings = self.rings()
        ours = [purpose for purpose in purposes if secrets.is_ours(self.var, _PURPOSES[purpose])]
        foreign = [purpose for purpose in purposes if purpose not in ours]
        if ours:
            older = {p: KeyRing("", dict(list(rings[p].keys.items())[1:])) for p in ours}
            secrets.keep_retired(
                self.var, {_PURPOSES[p]: as_setting(older[p]) for p in ours}, datetime.now(UTC).date()
            )
            self._write(
                {p: as_setting(KeyRing("", {rings[p].newest: rings[p].keys[rings[p].newest]})) for p in ours}
            )
            self._record("keys_retired", ours)
            names = ", ".join(f"{_PURPOSES[p]} {' '.join(older[p].keys)}" for p in ours)
            self.say(
                f"Retired: {names}. Old backups still need them: they stand in {secrets.retired_file(self.var)}."
            )
        for purpose in foreign:
            gone = ", ".join(list(rings[purpose].keys)[1:])
            self.say(f"No row needs {gone} any more: take it out of {_PURPOSES[purpose]} wherever it is set.")

    # Rings

    def _write(self, rings: Mapping[str, str]) -> None:
        secrets.replace_values(self.var, {_PURPOSES[purpose]: ring for purpose, ring in rings.items()})
        self._publish()

    def _publish(self) -> None:
        if secrets.is_ours(self.var, "TRACKER_KEYS"):
            secrets.publish_tracker_keys(self.var, as_setting(self.rings()["tracker"]))

    def _record(self, action: str, purposes: Sequence[str]) -> None:
        rings = self.rings()
        detail = {purpose: rings[purpose].newest for purpose in purposes}
        with self.engine.begin() as connection:
            row = {"actor": "operator", "action": action, "subject": "keys", "detail": detail}
            connection.execute(insert(AuditEvent).values(row))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raises StartError while another rotation works on this database."""
        with self.engine.connect() as connection:
            # One that was killed holds the lock until Postgres sees that it is gone: a moment is waited.
            connection.execute(text(f"SET LOCAL lock_timeout = '{_ALONE_SECONDS}s'"))
            try:
                connection.execute(text("SELECT pg_advisory_lock(hashtext('daozhen keys'))"))
            except OperationalError as error:
                if not isinstance(error.orig, LockNotAvailable):
                    raise
                raise StartError("Another `daozhen keys rotate` is at work on this database.") from error
            connection.commit()
            try:
                yield
            finally:
                connection.scalar(text("SELECT pg_advisory_unlock(hashtext('daozhen keys'))"))


def open_engine(url: str) -> Engine:
    """The database as its owner: the program's own role does not see Rasa's table."""
    return create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=5s"},
    )


def as_setting(ring: KeyRing) -> str:
    return ",".join(f"{key_id}:{base64.b64encode(key).decode()}" for key_id, key in ring.keys.items())


def _still_needed(until: datetime) -> str:
    return (
        f"The older INDEX_KEYS stay until {until.astimezone():%Y-%m-%d %H:%M}: codes that were sent by SMS under them "
        "still count until then. Run this again afterwards."
    )


def _faults(faults: Sequence[str]) -> str:
    shown = "\n".join(f"    {fault}" for fault in faults[:20])
    more = f"\n    … and {len(faults) - 20} more" if len(faults) > 20 else ""
    return f"All else is done, but these values cannot be brought under the newest keys:\n{shown}{more}"
