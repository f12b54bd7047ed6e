"""Processes that share a database agree on the key to write with, whatever the order in which they learn of it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

from integrations import presence
from integrations.crypto import BadKeys, Crypto
from integrations.database import Database
from integrations.key_rings import KeySource
from integrations.presence import OutdatedKeys, Presence, RunningProcess, present
from integrations.settings import Settings
from tests.conftest import ring

OLD, NEW = ring("old"), ring("new")
Make = Callable[..., Presence]


@pytest.fixture
def process(database: Database, tmp_path: Path) -> Make:
    """Makes a process with a key file of its own, as on a machine of its own."""

    def make(name: str, data: str = OLD) -> Presence:
        write(tmp_path / name, data)
        source = KeySource(Settings(_env_file=None, keys_file=tmp_path / name))  # type: ignore[call-arg]
        rings = source.read()
        return Presence(database, source, Crypto(rings.data, rings.index), name)

    return make


def write(file: Path, data: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(f"DATA_KEYS={data}\nINDEX_KEYS={ring('index')}\n")
    fresh.replace(file)


def ended_pid() -> int:
    """Of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def file_of(process: Presence) -> Path:
    assert process.source.settings.keys_file
    return process.source.settings.keys_file


async def test_alone_a_process_writes_with_the_newest(process: Make) -> None:
    only = process("only", f"{NEW},{OLD}")
    await only.join()
    assert only.crypto.data.current == "new"


async def test_a_new_key_waits_until_all_know_it(process: Make) -> None:
    one, two = process("one"), process("two")
    await one.join()
    await two.join()
    write(file_of(one), f"{NEW},{OLD}")
    one.take_up()
    for _ in range(2):
        await one.beat()
        await two.beat()
    assert (one.crypto.data.current, one.crypto.data.newest) == ("old", "new")
    assert two.crypto.data.current == "old"

    write(file_of(two), f"{NEW},{OLD}")
    two.take_up()
    await two.beat()  # it sees that one knows the key, and goes over
    await one.beat()
    assert one.crypto.data.current == two.crypto.data.current == "new"
    sealed = two.crypto.encrypt("张明", "patients.name")
    assert one.crypto.decrypt(sealed, "patients.name") == "张明"


async def test_one_that_lacks_the_writing_key_does_not_start(process: Make) -> None:
    await process("first", f"{NEW},{OLD}").join()
    with pytest.raises(OutdatedKeys, match=r"first on .* writes with data:new/"):
        await process("late").join()


async def test_a_restart_with_a_newer_file_writes_as_the_others_do(process: Make) -> None:
    other = process("other")
    await other.join()
    restarted = process("restarted", f"{NEW},{OLD}")
    await restarted.join()
    assert restarted.crypto.data.current == "old"


async def test_a_file_changed_just_before_we_were_seen_is_read_again(
    process: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = process("late")
    write(file_of(late), f"{NEW},{OLD}")  # after its first reading, before its first sign of life
    await late.join()
    assert late.crypto.data.current == "new"


async def test_whoever_is_dead_holds_nobody_up(process: Make, database: Database) -> None:
    gone = process("gone")
    await gone.join()
    async with database.begin() as session:
        await session.execute(update(RunningProcess).values(pid=ended_pid()))
    newer = process("newer", f"{NEW},{OLD}")
    await newer.join()
    assert newer.crypto.data.current == "new"


@pytest.mark.parametrize(("seconds", "current"), [(60, "old"), (0, "new")])
async def test_after_a_pause_of_the_database_the_silent_are_not_taken_for_dead(
    process: Make, database: Database, monkeypatch: pytest.MonkeyPatch, seconds: int, current: str
) -> None:
    elsewhere = process("elsewhere")
    await elsewhere.join()
    ago = text("now() - interval '2 minutes'")
    async with database.begin() as session:
        await session.execute(update(RunningProcess).values(machine="elsewhere", seen_at=ago))
    newer = process("newer", f"{NEW},{OLD}")
    await newer.join()
    assert newer.crypto.data.current == "old"
    # Once it has itself been heard long enough, silence means death.
    monkeypatch.setattr(presence, "GONE_AFTER", timedelta(seconds=seconds))
    await asyncio.sleep(0.01)
    await newer.beat()
    assert newer.crypto.data.current == current


async def test_a_file_that_cannot_be_read_changes_nothing(
    process: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = process("one")
    await one.join()
    write(file_of(one), "new:nonsense")
    with pytest.raises(BadKeys, match=r"DATA_KEYS in .*one: key .new. has 6 bytes"):
        one.take_up()
    assert one.crypto.decrypt(one.crypto.encrypt("张明", "x"), "x") == "张明"


async def test_a_file_that_is_gone_is_told_plainly(process: Make) -> None:
    one = process("one")
    file_of(one).unlink()
    with pytest.raises(BadKeys, match="is not there"):
        one.source.read()


async def test_it_takes_up_new_keys_by_itself_and_says_goodbye(
    process: Make, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LOOK_SECONDS", 0.02)
    parts = process("one")
    async with present(database, parts.source, parts.crypto, "one"):
        write(file_of(parts), f"{NEW},{OLD}")
        async with asyncio.timeout(90):
            while parts.crypto.data.current != "new":  # noqa: ASYNC110  (the product gives no event)
                await asyncio.sleep(0.02)
        async with database.begin() as session:
            [row] = (await session.scalars(text("SELECT pid FROM processes"))).all()
        assert row == os.getpid()
    async with database.begin() as session:
        assert (await session.scalars(text("SELECT pid FROM processes"))).all() == []


async def test_it_starts_without_a_database(tmp_path: Path) -> None:
    write(tmp_path / "keys", f"{NEW},{OLD}")
    source = KeySource(Settings(_env_file=None, keys_file=tmp_path / "keys"))  # type: ignore[call-arg]
    rings = source.read()
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    await Presence(nowhere, source, Crypto(rings.data, rings.index), "one").join()
    await nowhere.close()


async def test_whatever_the_order_nobody_writes_what_another_cannot_read(process: Make) -> None:
    """Sixteen processes, half of them with the old file, all starting and looking at once."""
    processes = [process(f"p{n}", OLD if n % 2 else f"{NEW},{OLD}") for n in range(16)]

    async def run(one: Presence) -> bool:
        try:
            await one.join()
            await one.beat()
        except OutdatedKeys:
            return False
        return True

    started = await asyncio.gather(*map(run, processes))
    alive = [one for one, runs in zip(processes, started, strict=True) if runs]
    for one in alive:
        for other in alive:
            assert one.crypto.data.current in other.crypto.data.keys
