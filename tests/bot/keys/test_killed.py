"""`daozhen keys rotate`, killed with -9 in the middle of a batch while others write, and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select, text

from integrations.database import Base
from integrations.sealed import sealed_tables
from tests.bot.keys.conftest import Installation
from tests.bot.keys.test_rotation import ALL, assert_all_under

pytestmark = pytest.mark.slow

_GATE = 7_203_115  # an advisory lock of our own


@contextmanager
def gate(one: Installation, table: str, *, at_commit: bool) -> Iterator[Callable[[], bool]]:
    """Whoever changes a second row of the table waits there, or in its COMMIT, until the block is left. Gives whether
    somebody does."""
    deferred = "CONSTRAINT TRIGGER gate AFTER UPDATE ON {} DEFERRABLE INITIALLY DEFERRED" if at_commit else (
        "TRIGGER gate BEFORE UPDATE ON {}"
    )  # fmt: skip
    with one.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("DROP SEQUENCE IF EXISTS gated"))
        connection.execute(text("CREATE SEQUENCE gated"))
        connection.execute(
            text(f"""
            CREATE OR REPLACE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN
                IF nextval('gated') > 1 THEN PERFORM pg_advisory_xact_lock_shared({_GATE}); END IF;
                RETURN NEW;
            END$$
            """)
        )
        connection.execute(text(f"SELECT pg_advisory_lock({_GATE})"))
        connection.execute(text(f"CREATE {deferred.format(table)} FOR EACH ROW EXECUTE FUNCTION gate()"))
        waiting = text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        try:
            yield lambda: bool(connection.scalar(waiting))
        finally:
            connection.execute(text(f"SELECT pg_advisory_unlock({_GATE})"))
            connection.execute(text(f"DROP TRIGGER gate ON {table}"))


@contextmanager
def load(one: Installation) -> Iterator[list[int]]:
    """Rows that come meanwhile, and rows that others hold for a moment, as turns do. Gives how many came."""
    stop, came = threading.Event(), [0]

    def work() -> None:
        while not stop.wait(0.1):
            one.fill()
            came[0] += 1
            with one.engine.begin() as connection:
                connection.execute(text("SELECT 1 FROM inbound ORDER BY random() LIMIT 3 FOR UPDATE"))
                stop.wait(0.05)

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        try:
            yield came
        finally:
            stop.set()
        working.result()


@contextmanager
def rotating(one: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """`daozhen keys rotate` as an operator starts it."""
    words = ["keys", "rotate", "--var", str(one.var), "--settle", "0", "--wait", "60"]
    code = (
        "from pathlib import Path; from bot import cli; from bot.launching import secrets;"
        f"secrets.ROOT = Path({str(one.var.parent)!r}); cli.app({words!r})"
    )
    url = one.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "DATABASE_URL": url}, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("table", "at_commit"),
    [("patients", False), ("rasa_tracker", True)],
    ids=["between two rows", "while it commits"],
)
def test_killed_in_the_middle_of_a_batch_it_goes_on(
    installation: Installation, table: str, at_commit: bool
) -> None:
    installation.fill(5)
    with load(installation) as came:
        with (
            gate(installation, table, at_commit=at_commit) as somebody_waits,
            rotating(installation) as process,
        ):
            while not somebody_waits():
                assert process.poll() is None, "it ended before it was killed"
                time.sleep(0.02)
        while came[0] < 2:
            time.sleep(0.02)
        installation.rotation.rotate(ALL)
        assert [list(ring.keys) for ring in installation.rotation.rings().values()] == [["k2", "k1"]] * 3
    installation.rotation.rotate(ALL)  # what came while it went over the last table
    assert_all_under(installation, "k2")
    with installation.engine.connect() as connection:
        for declared in sealed_tables(Base.metadata):
            assert connection.scalar(select(func.count()).select_from(declared.table)) == 5 + came[0]
