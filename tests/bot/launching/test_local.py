"""Our own Postgres and Valkey: made, stopped, killed, and started again on the same data."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from bot.launching.local import Postgres, Valkey, running
from bot.launching.starting import StartError, wait_until

pytestmark = pytest.mark.slow

PASSWORD = "a pass'word/@"


@pytest.fixture
def postgres(place: Path) -> Postgres:
    return Postgres(place / ("deep " * 30) / "postgres", PASSWORD)  # too long for a socket, and with spaces


@pytest.fixture
def valkey(place: Path) -> Valkey:
    return Valkey(place / 'with "quotes" and spaces' / "valkey", 'pass"word')


def test_postgres_keeps_its_data_over_a_clean_stop(postgres: Postgres) -> None:
    with running(postgres), psycopg.connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept (id uuid PRIMARY KEY DEFAULT uuidv7(), name text)")
        connection.execute("INSERT INTO kept (name) VALUES ('李明')")
    with running(postgres), psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT name FROM kept").fetchone() == ("李明",)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_postgres_starts_again_after_kill_9_of_everything(postgres: Postgres) -> None:
    with running(postgres) as child:
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE kept (n int)")
            connection.execute("INSERT INTO kept SELECT generate_series(1, 1000)")
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    assert (postgres.directory / "postmaster.pid").exists()
    with running(postgres), psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (1000,)


def test_a_stale_pid_that_belongs_to_another_program_does_no_harm(postgres: Postgres) -> None:
    with running(postgres):
        pid_file = (postgres.directory / "postmaster.pid").read_text()
    stale = "\n".join([str(os.getpid()), *pid_file.splitlines()[1:]]) + "\n"
    (postgres.directory / "postmaster.pid").write_text(stale)
    with running(postgres), psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_an_interrupted_first_start_leaves_no_half_cluster(postgres: Postgres) -> None:
    half = postgres.directory.with_name("postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with running(postgres), psycopg.connect(postgres.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not half.exists()


def test_postgres_asks_for_the_password_and_says_when_the_secrets_are_others(postgres: Postgres) -> None:
    with running(postgres), pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres.url.replace("a%20pass", "b%20pass"))
    other = Postgres(postgres.directory, "another")
    with pytest.raises(StartError, match=r"secrets\.env"), running(other):
        pass


def test_the_log_of_postgres_holds_no_values(postgres: Postgres) -> None:
    with running(postgres), psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE person (phone text PRIMARY KEY)")
        for _ in range(2):
            try:
                connection.execute("INSERT INTO person VALUES ('13812345678')")
            except psycopg.errors.UniqueViolation:
                break
        else:
            pytest.fail("the key was not unique")
    log = postgres.directory.with_name("postgres.log").read_text()
    assert "duplicate key" in log
    assert "13812345678" not in log


def test_the_port_is_remembered_and_another_is_taken_when_it_is_held(
    postgres: Postgres, valkey: Valkey
) -> None:
    with running(valkey):
        first = valkey.url
    with running(valkey) as child:
        assert valkey.url == first
        twin = Valkey(valkey.directory.with_name("twin"), "x")
        twin.directory.mkdir()
        twin.directory.with_name("twin.port").write_text(first.split(":")[-1].removesuffix("/0"))
        with running(twin):
            assert twin.url.split(":")[-1] != first.split(":")[-1]
        assert child.poll() is None


def test_valkey_keeps_acknowledged_writes_over_kill_9(valkey: Valkey) -> None:
    with running(valkey) as child:
        with redis.Redis.from_url(valkey.url) as client:
            for n in range(1000):
                client.set(f"key:{n}", n)
        child.kill()
        child.wait()
    with running(valkey), redis.Redis.from_url(valkey.url) as client:
        assert client.dbsize() == 1000


def test_valkey_asks_for_the_password(valkey: Valkey) -> None:
    with running(valkey):
        client = redis.Redis.from_url(valkey.url.replace("pass%22word", ""))
        with client, pytest.raises(redis.AuthenticationError):
            client.ping()
    configuration = valkey.directory / "valkey.conf"
    assert configuration.stat().st_mode & 0o777 == 0o600


def test_both_listen_on_the_loopback_address_alone(postgres: Postgres, valkey: Valkey) -> None:
    with running(postgres) as first, running(valkey) as second:
        for child in (first, second):
            process = psutil.Process(child.pid)
            assert wait_until(lambda process=process: bool(_listening(process)), 90)
            assert {address for address, _ in _listening(process)} == {"127.0.0.1"}


def _listening(process: psutil.Process) -> set[tuple[str, int]]:
    return {c.laddr for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
