"""`daozhen up`: from nothing to a running hospital in the foreground, with progress; and down again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bot.launching import secrets, table, training
from bot.launching.leftovers import hold, started_on, stop_orphans
from bot.launching.local import Server, out_of_reach
from bot.launching.processes import Process, Supervisor, check_ports
from bot.launching.starting import HOST, StartError, tail
from integrations.settings import ROOT

Say = Callable[[str], None]

NOTE = "Note: "  # begins what a command says that is passed on
SLOW_SECONDS = 30  # say what is still missing every so often
WATCH_SECONDS = 2


class Stopped(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception: nothing on the way may swallow it."""


@dataclass(frozen=True, slots=True)
class Options:
    var: Path
    sandbox: bool
    seed: bool = True
    port_base: int | None = None
    gateways: int | None = None  # how many of each; None: as the settings say
    workers: int | None = None
    rasas: int | None = None

    @property
    def model(self) -> Path:
        """The model of this run."""
        return self.var / "model.tar.gz"

    def settings(self) -> secrets.Launch:
        """The settings of this run: ports moved, platforms replaced by the sandbox."""
        counts = {"GATEWAYS": self.gateways, "WORKERS": self.workers, "RASAS": self.rasas}
        changes = {name: str(count) for name, count in counts.items() if count}
        settings = secrets.load(self.var, sandbox=self.sandbox, changes=changes)
        if self.port_base:
            changes |= table.ports_from(self.port_base, settings.rasas)
        elif "rasa_urls" not in settings.model_fields_set and settings.rasas > 1:
            changes["RASA_URLS"] = table.rasa_urls(table.local_rasa_ports(settings)[0], settings.rasas)
        settings = secrets.load(self.var, sandbox=self.sandbox, changes=changes)
        if "public_url" not in settings.model_fields_set:
            changes["PUBLIC_URL"] = f"http://{HOST}:{settings.gateway_port}"
        if "desk_url" not in settings.model_fields_set:
            changes["DESK_URL"] = f"http://{HOST}:{settings.desk_port}"
        if self.sandbox:
            changes |= table.sandbox_addresses(settings.sandbox_port)
        return secrets.load(self.var, sandbox=self.sandbox, changes=changes)


def up(options: Options, say: Say) -> None:
    """Runs until Ctrl-C or SIGTERM, then stops everything. Raises StartError when it cannot start."""
    started = time.monotonic()
    with hold(options.var), _signals_stop(options.var):
        try:
            _up(options, say, started)
        except Stopped:
            say("Everything is stopped.")
        finally:
            stop_orphans(options.var, seconds=5)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to run. `fresh`: the database may be new, so Rasa would not find its table yet."""

    settings: secrets.Launch
    model: Path | None
    servers: Mapping[str, Server]
    addresses: Mapping[str, str]
    databases: list[Process]
    program: list[Process]
    fresh: bool


def _up(options: Options, say: Say, started: float) -> None:
    if left := stop_orphans(options.var):
        say(f"Stopped {left} process{'es' if left > 1 else ''} that an earlier run had left behind.")
    plan = _plan(options, say)
    check_ports(plan.program)
    _train(plan, options, say)
    with Supervisor(options.var, [*plan.databases, *plan.program]) as supervisor:
        try:
            _start(supervisor, plan, options, say)
            watch = Watch(supervisor, say)
            _wait_until_ready(watch, plan.settings, say)
            _greet(options, plan.settings, say, time.monotonic() - started)
            watch.forever()
        except Stopped:
            say("Stopping …")
            raise


def _plan(options: Options, say: Say) -> Plan:
    _make_secrets(options, say)
    settings = options.settings()
    if secrets.is_ours(options.var, "TRACKER_KEYS"):
        secrets.publish_tracker_keys(options.var, settings.tracker_keys.get_secret_value())
    model = training.model_file() if table.local_rasa_ports(settings) else None
    databases = table.Databases(settings, options.var)
    servers = databases.own()
    new = [server for server in servers.values() if not server.directory.exists()]
    for server in servers.values():
        if server in new:
            say(f"Preparing a new {server.directory.name} in {server.directory} …")
        server.prepare()
    addresses = databases.addresses()
    program = table.program_processes(
        settings, addresses, options.var, options.model, sandbox=options.sandbox
    )
    early = table.server_processes(servers)
    fresh = bool(new) or "postgres" not in servers
    return Plan(settings, model, servers, addresses, early, program, fresh)


def _start(supervisor: Supervisor, plan: Plan, options: Options, say: Say) -> None:
    for name, server in plan.servers.items():
        supervisor.wait_for(name, server.ready, 120)
    say(f"Databases are ready ({', '.join(plan.servers) or 'outside'}).")
    if "valkey" not in plan.servers and (reason := out_of_reach(plan.addresses["REDIS_URL"])):
        say(f"{reason} Everything starts, and waits for it.")
    slow = [process.name for process in plan.program if process.slow]
    if not plan.fresh:
        supervisor.start(*slow)
    say("Bringing the database up to date …")
    _run_command("migrate", plan, options, say)
    supervisor.start(*slow)
    if options.seed:
        say("Looking after the demo hospital …")
        _run_command("seed", plan, options, say)
    supervisor.start(*(process.name for process in plan.program))


def _make_secrets(options: Options, say: Say) -> None:
    new = secrets.generate(options.var, sandbox=options.sandbox)
    if new:
        say(
            f"Generated {len(new)} keys and passwords in {secrets.secrets_file(options.var)}. "
            "Keep this file with the data: without it nobody can ever read them again."
        )


def _train(plan: Plan, options: Options, say: Say) -> None:
    for name in training.untrained():
        say(f"Training {name} (its examples changed) …")
        try:
            training.train_small(name)
        except StartError as error:
            if name != "red flags":
                raise
            say(f"{error}\nThe rules for red flags work without it.")
    if not plan.model:
        return
    model = plan.model
    if not model.exists():
        say("Training the dialogue model (its inputs changed) …")
        model = training.train(plan.settings.rasa_python)
    training.hold_on_to(model, options.model)


def _run_command(command: str, plan: Plan, options: Options, say: Say) -> None:
    """In a process of its own: what it imports would stay in our memory for as long as we watch."""
    settings = plan.settings
    private = {
        "DATABASE_URL": plan.addresses["DATABASE_URL"],
        "RASA_DATABASE_PASSWORD": settings.rasa_database_password.get_secret_value(),
        "TRACKER_DATABASE_URL": settings.tracker_database_url,
        "GATEWAYS": str(settings.gateways),
        "WORKERS": str(settings.workers),
    }
    result = subprocess.run(
        [sys.executable, "-m", "bot.cli", command, "--var", str(options.var)],
        check=False,
        cwd=ROOT,
        env=table.bot_environment(settings) | private,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise StartError(f"`daozhen {command}` failed:\n{result.stdout.strip()[-3000:]}")
    for line in result.stdout.splitlines():
        if line.startswith(NOTE):
            say(line)


def _wait_until_ready(watch: Watch, settings: secrets.Launch, say: Say) -> None:
    """Until gateway and desk say that all they need is there. Says what is missing when that changes, or takes long."""
    said, last = "", time.monotonic()
    ports = {"the gateway": settings.gateway_port, "the desk": settings.desk_port}
    while (missing := all_not_ready(ports)) is not None:
        watch.look()
        if missing != said or time.monotonic() - last > SLOW_SECONDS:
            say(f"Waiting for {missing} …")
            said, last = missing, time.monotonic()
        time.sleep(0.25)


def all_not_ready(ports: Mapping[str, int]) -> str | None:
    """What the first of these that is not ready still lacks; None when all are."""
    return next((lacks for name, port in ports.items() if (lacks := not_ready(port, name))), None)


def not_ready(port: int, name: str = "the gateway") -> str | None:
    """What /health/ready still lacks, in words; None when it is green."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{HOST}:{port}/health/ready", timeout=10):
            return None
    except urllib.error.HTTPError as error:
        return _failed_checks(error.read()) or name
    except OSError:
        return name


def _failed_checks(body: bytes) -> str:
    try:
        checks: dict[str, bool] = json.loads(body)
        return ", ".join(name for name, answers in checks.items() if not answers)
    except (ValueError, AttributeError):
        return ""


class Watch:
    """Says when a process had to be started again, and tries for ever what supervisor gives up."""

    def __init__(self, supervisor: Supervisor, say: Say) -> None:
        self._supervisor = supervisor
        self._say = say
        self._pids: dict[str, int] = {}
        self._told: dict[str, float] = {}

    def look(self) -> None:
        """Raises StartError when the supervisor itself has died."""
        if not self._supervisor.alive:
            log = self._supervisor.log("supervisord")
            raise StartError(f"The supervisor has died; the end of {log}:\n{tail(log)}")
        self._supervisor.revive()
        for name, state in self._supervisor.states().items():
            if state.pid and self._pids.setdefault(name, state.pid) != state.pid:
                self._pids[name] = state.pid
                self._tell(name)

    def forever(self) -> NoReturn:
        while True:
            self.look()
            time.sleep(WATCH_SECONDS)

    def _tell(self, name: str) -> None:
        """Not each time: one that cannot start is tried every few seconds."""
        if time.monotonic() - self._told.get(name, -SLOW_SECONDS) < SLOW_SECONDS:
            return
        self._told[name] = time.monotonic()
        log = self._supervisor.log(name)
        self._say(f"{name} had stopped and was started again. The end of {log}:\n{tail(log)}")


def _greet(options: Options, settings: secrets.Launch, say: Say, seconds: float) -> None:
    lines = [f"daozhen is ready after {seconds:.0f} s. Ctrl-C stops everything."]
    if options.sandbox:
        lines.append(f"  Sandbox phone  http://{HOST}:{settings.sandbox_port}/")
    lines.append(f"  Staff desk     {settings.desk_url}/")
    lines.append(f"  Gateway        http://{HOST}:{settings.gateway_port}/health/ready")
    lines.append(f"  Logs           {options.var / 'log'}")
    say("\n".join(lines))


@contextmanager
def _signals_stop(var: Path) -> Iterator[None]:
    """The first signal stops in order; another one, when that takes too long, by force."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            for process in started_on(var):
                process.kill()
            os._exit(1)
        asked = True
        raise Stopped

    before = {
        number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
