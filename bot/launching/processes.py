"""Keeps a table of processes running: restarts what dies, stops everything cleanly, clears what a kill -9 left.

The work is supervisor's; here its configuration is written from the table, and what it lacks is added: ports are
checked first, orphans of an earlier run are stopped, and a process that supervisor gave up is tried again.
"""

from __future__ import annotations

import json
import os
import pwd
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from supervisor.xmlrpc import SupervisorTransport

from bot.launching.leftovers import MARKER, stop_orphans
from bot.launching.starting import StartError, port_holder, port_is_free, tail, wait_until

# After so many failures in a row supervisor gives up; `revive` then begins anew.
START_TRIES = 8

RPC = "supervisor.rpcinterface:make_main_rpcinterface"
PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
CONFIGURATION = "run/supervisord.conf"
LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True, slots=True)
class Process:
    """One entry of the table. `environment` is the whole environment; `port` is one that must be free before.

    `setting` is what an operator changes to move the port. `early` processes (databases) start with the
    supervisor and stop last; `slow` ones deserve a head start. A process that looks after its own children is
    signalled alone (`whole_group=False`).
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path = Path("/")
    port: int | None = None
    setting: str = ""
    nice: int = 0
    user: str | None = None
    early: bool = False
    slow: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: int = 15
    whole_group: bool = True
    # One that lives shorter than this failed to start: it is tried again after 1, 2, 3, … seconds.
    start_seconds: int = 5


@dataclass(frozen=True, slots=True)
class State:
    """How a process fares: supervisor's word for it (STARTING, RUNNING, BACKOFF, FATAL, …) and its pid, 0 for none."""

    word: str
    pid: int


def port_of(var: Path, name: str) -> int | None:
    """The port on which a process of the present or last run listens; None when there was none."""
    try:
        plan: dict[str, int | None] = json.loads((var / f"run/{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return plan["port"]


def plain_environment() -> dict[str, str]:
    """What every process may see of our environment: where programs are, languages, certificates. No settings."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def check_ports(processes: Sequence[Process]) -> None:
    """Raises StartError, one line for every port that another program holds."""
    taken = [p for p in processes if p.port and not port_is_free(p.port)]
    if taken:
        raise StartError("\n".join(_port_message(p) for p in taken))


def _port_message(process: Process) -> str:
    assert process.port
    remedy = f", or choose another with {process.setting}" if process.setting else ""
    return f"Port {process.port} ({process.name}) is in use by {port_holder(process.port)}: stop it{remedy}."


class Supervisor:
    """Runs a table of processes for the time of a `with` block. Logs stand in `var/log`, one file per process."""

    def __init__(self, var: Path, processes: Sequence[Process]) -> None:
        self.var = var
        self.processes = {process.name: process for process in processes}
        self._sockets = Path(
            tempfile.mkdtemp(prefix="daozhen-")
        )  # a path below `var` may be too long for a socket
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        self._write()
        supervisord = (sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--silent")
        with self.log("supervisord").open("ab") as errors:
            self._child = subprocess.Popen(
                [*supervisord, "-c", CONFIGURATION],
                env=plain_environment() | {MARKER: str(self.var)},
                cwd=self.var,
                stdin=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the rest in order
            )
        if not wait_until(lambda: self._answers() or not self.alive, 30) or not self.alive:
            raise StartError(f"The supervisor did not start:\n{tail(self.log('supervisord'))}")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def start(self, *names: str) -> None:
        """Returns at once; the processes start meanwhile, those that have not yet."""
        for name in names:
            with suppress(xmlrpc.client.Fault):  # already started
                self._call("startProcess", name, False)

    def states(self) -> dict[str, State]:
        return {
            entry["name"]: State(entry["statename"], entry["pid"])
            for entry in self._call("getAllProcessInfo")
        }

    def revive(self) -> list[str]:
        """Tries what supervisor gave up once more; gives the names."""
        given_up = [name for name, state in self.states().items() if state.word == "FATAL"]
        for name in given_up:
            self.start(name)
        return given_up

    def wait_for(self, name: str, condition: Callable[[], bool], seconds: float) -> None:
        """Raises StartError with the end of the process's log when the condition does not come true."""
        met = wait_until(lambda: self.states()[name].word == "FATAL" or condition(), seconds, every=0.1)
        if not met or not condition():
            raise StartError(f"{name} did not start; the end of {self.log(name)}:\n{tail(self.log(name))}")

    def stop(self) -> None:
        """Stops all: first, and at once, what serves, then the databases. Nothing is left running."""
        if self._child is not None and self.alive:
            with suppress(OSError, xmlrpc.client.Error):
                for process in self.processes.values():
                    if not process.early:
                        with suppress(xmlrpc.client.Fault):  # not running
                            self._call("stopProcess", process.name, False)
            self._child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(sum(process.stop_seconds for process in self.processes.values()))
        stop_orphans(self.var, seconds=5)
        if self._child is not None:
            self._child.wait(10)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self._call("getState")
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(serverurl=f"unix://{self._sockets / 'supervisor'}")  # type: ignore[no-untyped-call]
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        finally:
            transport.close()  # type: ignore[no-untyped-call]

    def _write(self) -> None:
        """Configuration and launch files; only we may read them, they hold secrets.

        Supervisor runs in `var` and all paths are relative: it expands "%" in some of them twice.
        """
        run = self.var / "run"
        run.mkdir(parents=True, exist_ok=True)
        run.chmod(0o700)
        (self.var / "log").mkdir(exist_ok=True)
        sections: list[tuple[str, Mapping[str, object]]] = [
            ("unix_http_server", {"file": self._sockets / "supervisor", "chmod": "0600"}),
            ("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": RPC}),
            self._section_of_supervisor(),
        ]
        for position, process in enumerate(self.processes.values()):
            plan = run / f"{process.name}.json"
            plan.touch(mode=0o600)
            plan.write_text(json.dumps(self._plan(process)), encoding="utf-8")
            sections.append(self._section(process, position))
        (self.var / CONFIGURATION).write_text(
            "\n".join(_ini(name, values) for name, values in sections), encoding="utf-8"
        )

    def _plan(self, process: Process) -> dict[str, Any]:
        entry = pwd.getpwnam(process.user) if process.user else None
        return {
            "command": list(process.command),
            "environment": {**process.environment, MARKER: str(self.var)},
            "directory": str(process.directory),
            "nice": process.nice,
            "uid": entry and entry.pw_uid,
            "gid": entry and entry.pw_gid,
            "port": process.port,  # not for launching: for whoever asks what runs
        }

    def _section_of_supervisor(self) -> tuple[str, dict[str, object]]:
        values: dict[str, object] = {
            "logfile": "log/supervisord.log",
            "logfile_maxbytes": "5MB",
            "logfile_backups": 2,
            "pidfile": "run/supervisord.pid",
        }
        if os.geteuid() == 0:
            values["user"] = "root"
        return "supervisord", values

    def _section(self, process: Process, position: int) -> tuple[str, dict[str, object]]:
        return f"program:{process.name}", {
            "command": shlex.join(
                [sys.executable, "-I", "-S", "-X", "utf8", str(LAUNCH), f"run/{process.name}.json"]
            ),
            "autostart": process.early,
            "autorestart": "true",
            "startsecs": process.start_seconds,
            "startretries": START_TRIES,
            "stopsignal": process.stop_signal.name.removeprefix("SIG"),
            "stopwaitsecs": process.stop_seconds,
            "stopasgroup": process.whole_group,
            "killasgroup": "true",
            "priority": position,
            "redirect_stderr": "true",
            "stdout_logfile": f"log/{process.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": 5,
        }


def _ini(name: str, values: Mapping[str, object]) -> str:
    lines = (f"{key} = {str(value).replace('%', '%%')}" for key, value in values.items())
    return "\n".join((f"[{name}]", *lines, ""))
