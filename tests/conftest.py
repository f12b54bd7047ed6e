"""A real Postgres and a real Valkey for the whole run; tables emptied before every test that asks for them."""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import structlog
import wechatpayv3.async_.core
import wechatpayv3.core
from hypothesis import settings
from sqlalchemy import create_engine
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

import bot.models  # noqa: F401  (its tables)
import integrations.hospital.models  # noqa: F401  (its tables)
from bot.launching import starting
from bot.launching.local import Postgres, Valkey, running
from integrations.catalogue import Texts
from integrations.connections import Pools
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database
from tests.stack import Stack, running_stack

# How long an example takes says more about the machine than about the program.
settings.register_profile("any machine", deadline=None)
settings.register_profile("quick", settings.get_profile("any machine"), max_examples=30)  # make check
settings.load_profile("any machine")

# structlog, where nobody configured it, colours a traceback with all its values: that takes most of a second.
_PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _PLAIN])


# httpx gives up after five seconds where nobody says otherwise; machines stand still for as long.
for _phase in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, _phase, 90.0)


def ring(name: str) -> str:
    """A key ring's setting with one key, the same in every run."""
    return f"{name}:{base64.b64encode(name.encode().ljust(32, b'.')).decode()}"


def pytest_configure(config: pytest.Config) -> None:
    """Each of pytest's processes takes its ports out of a part of its own: between finding a port free and taking it,
    another one might find it free as well."""
    which = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    many = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    part = len(starting._PORTS) // many
    starting._PORTS = starting._PORTS[which * part : (which + 1) * part]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-servers", action="store_true", help="only what needs neither Postgres nor Valkey")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("no_servers"):
        kept, left_out = [], []
        for item in items:
            needs = {"postgres", "valkey"} & set(getattr(item, "fixturenames", ()))
            (left_out if needs else kept).append(item)
        items[:] = kept
        config.hook.pytest_deselected(items=left_out)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays until the end: looking for garbage in it, then and later, finds none."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Files with a program of their own, and what else takes long: begun first, so that no process ends up alone with it.
LONGEST = (
    "shared",
    "faults",
    "tests/conversations/test_staff_group.py",
    "tests/bot/launching/test_up.py",
    "tests/faults/test_two_of_each.py",
    "tests/bot/launching/test_processes.py",
)


class ByProgram(LoadScopeScheduling):
    """Tests that share a running program run in one process: those of tests/faults break theirs, the others leave it
    as it is. Every other file stands for itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.split("/")[1]
        if file in LONGEST:
            return file
        if folder in ("browser", "contracts", "conversations"):
            return "shared"
        return "faults" if folder == "faults" else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = next((scope for scope in LONGEST if scope in self.workqueue), None)
        if longest:
            self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    """`--dist loadscope` goes by program here; the other ways are xdist's own."""
    return ByProgram(config, log) if config.getvalue("dist") == "loadscope" else None


def in_memory() -> Path | None:
    """Where files lie in memory, on machines that have room for servers' data there."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30 else None


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """A directory for servers' data. Not pytest's own: each run of pytest shuts that one for other users,
    and Postgres, started by root, runs as another user."""
    with tempfile.TemporaryDirectory(prefix="daozhen-test-", dir=in_memory()) as directory:
        yield Path(directory)


class Fleeting(Postgres):
    """A cluster that nobody will start again."""

    stop_signal = signal.SIGQUIT  # at once, without a checkpoint

    def command(self) -> list[str]:
        return [*super().command(), "-c", "fsync=off", "-c", "full_page_writes=off"]


@pytest.fixture(scope="session")
def postgres(servers: Path) -> Iterator[str]:
    """The URL of a database of our own, empty at first."""
    server = Fleeting(servers / "postgres", "test")
    with running(server, timeout=300):
        yield server.url


@pytest.fixture(scope="session")
def valkey(servers: Path) -> Iterator[str]:
    """The URL of a Valkey of our own."""
    server = Valkey(servers / "valkey", "test")
    with running(server, timeout=300):
        yield server.url


@pytest.fixture(scope="session")
def tables(postgres: str) -> str:
    """The URL of the database with all tables made."""
    engine = create_engine(postgres.replace("postgresql://", "postgresql+psycopg://", 1))
    Base.metadata.create_all(engine)
    engine.dispose()
    return postgres


@pytest.fixture(scope="session")
def emptying(tables: str) -> Iterator[Callable[[], None]]:
    """Empties all tables, over one connection and in one round trip."""
    # Replicas' sessions run no triggers: neither foreign keys nor the audit log's refusal. Of tables that are all
    # but empty, DELETE is far quicker than TRUNCATE, and planned once rather than before every test.
    names = [table.name for table in Base.metadata.sorted_tables]
    deleting = " ".join(f"DELETE FROM {name};" for name in names)  # noqa: S608 - of our own models
    options = "-c session_replication_role=replica -c lock_timeout=120s"
    with psycopg.connect(tables, options=options, autocommit=True) as connection:
        connection.execute(
            f"CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$BEGIN {deleting} END$$"
        )

        def empty() -> None:
            connection.execute("SELECT pg_temp.empty()")

        yield empty


@pytest.fixture(scope="session")
async def connected(tables: str) -> AsyncIterator[Database]:
    """One for all tests: what its connections have planned and its engine has compiled is most of a test's work."""
    database = Database(tables, pools=Pools(20, 50))  # forty transactions at once
    async with database.transaction():  # the pool's own tasks begin here, and stay
        pass
    yield database
    await database.close()


@pytest.fixture
async def database(connected: Database, emptying: Callable[[], None]) -> AsyncIterator[Database]:
    """All tables, empty."""
    emptying()
    before = asyncio.all_tasks()
    yield connected
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    for task in left:  # it may hold locks
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


@pytest.fixture(scope="session", autouse=True)
def keys_are_proved_once() -> Iterator[None]:
    """Reading an RSA key includes the proof that it is a good one, which takes longer than most tests with one."""
    with pytest.MonkeyPatch.context() as patch:
        for core in (wechatpayv3.core, wechatpayv3.async_.core):
            patch.setattr(core, "load_private_key", cache(core.load_private_key))
        yield


@pytest.fixture
def crypto() -> Crypto:
    return Crypto(KeyRing.parse(ring("data1")), KeyRing.parse(ring("index1")))


@pytest.fixture(scope="session")
def texts() -> Texts:
    """Read once: that takes longer than most tests."""
    return Texts.load()


@pytest.fixture(scope="session")
def stack(servers: Path) -> Iterator[Stack]:
    """The whole program with its sandbox, for all tests that go through the platforms' doors. Tests that kill
    processes start one of their own."""
    var = servers / "stack"
    var.mkdir()
    with running_stack(var) as running:
        yield running
        log = (running.log_dir / "gateway.log").read_text()
        assert "Exception in ASGI application" not in log, "the gateway answered somebody with a 500"
