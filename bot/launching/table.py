"""Which processes the program is made of, how each is started, and what each may know."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.launching.local import CONNECTIONS, Postgres, Server, Valkey
from bot.launching.migrate import rasa_database_url
from bot.launching.processes import Process, plain_environment
from bot.launching.secrets import Launch, is_ours, read_from_file, tracker_keys_file
from bot.launching.starting import HOST
from integrations import connections
from integrations.settings import ROOT, Settings

# What waits for a patient comes first when the processor is short: the webhooks, which must answer in 5 seconds.
NICE_BEHIND = 10

# The sandbox stands outside: it knows what a platform and its customer share, and where the customer lives.
SANDBOX_KNOWS = (
    "wechat_",
    "telegram_",
    "sms_",
    "identity_",
    "wechatpay_",
    "alipay_",
    "kuaidi100_",
    "hospital_phone",
    "gateway_port",
    "sandbox_port",
    "public_url",
    "timezone",
)
# And what only the platforms themselves know.
SANDBOX_OWN = ("sandbox_wechatpay_private_key", "sandbox_alipay_private_key")
SANDBOX_BASES = ("wechat", "telegram", "sms", "identity", "wechatpay", "kuaidi100")

PORTS = ("GATEWAY_PORT", "DESK_PORT", "SANDBOX_PORT", "ACTIONS_PORT")  # in this order from --port-base on


def sandbox_addresses(port: int) -> dict[str, str]:
    """The settings by which the sandbox takes the platforms' place."""
    sandbox = f"http://{HOST}:{port}"
    others = {
        "PAGES_FRAMED_BY": f"{sandbox} http://localhost:{port}",  # its phones
        "WECHAT_JSSDK_URL": f"{sandbox}/wechat/open/js/jweixin-1.6.0.js",
        "WECHAT_OAUTH_BASE": f"{sandbox}/wechat/open",
        "ALIPAY_API_BASE": f"{sandbox}/alipay/gateway.do",
    }
    return {f"{name.upper()}_API_BASE": f"{sandbox}/{name}" for name in SANDBOX_BASES} | others


FURTHER_GATEWAYS = 20  # so many ports after the first gateway come the others


def ports_from(base: int, rasas: int = 1) -> dict[str, str]:
    """Settings that move every port of a run: gateway, desk, sandbox, actions, Rasas."""
    ports = {name: str(base + n) for n, name in enumerate(PORTS)}
    return {**ports, "RASA_URLS": rasa_urls(base + len(PORTS), rasas)}


def rasa_urls(first_port: int, rasas: int) -> str:
    return ",".join(f"http://{HOST}:{first_port + n}" for n in range(rasas))


def gateway_ports(settings: Launch) -> list[int]:
    first = settings.gateway_port
    return [first, *(first + FURTHER_GATEWAYS + n for n in range(settings.gateways - 1))]


KEPT_BACK = 3  # connections that Postgres keeps for its superuser


def most_connections(settings: Launch) -> int:
    """What the processes of this machine hold of Postgres at the very worst."""
    return connections.most(
        gateways=settings.gateways,
        workers=settings.workers,
        actions=1,
        desks=1,
        rasas=len(local_rasa_ports(settings)),
    )


@dataclass(frozen=True, slots=True)
class Databases:
    """Our own servers where no address is set, and the addresses in either case."""

    settings: Launch
    var: Path

    def own(self) -> dict[str, Server]:
        servers: dict[str, Server] = {}
        if not self.settings.database_url:
            servers["postgres"] = Postgres(
                self.var / "postgres",
                self.settings.postgres_password.get_secret_value(),
                max(CONNECTIONS, most_connections(self.settings) + KEPT_BACK),
            )
        if not self.settings.redis_url:
            servers["valkey"] = Valkey(self.var / "valkey", self.settings.valkey_password.get_secret_value())
        return servers

    def addresses(self) -> dict[str, str]:
        """DATABASE_URL, REDIS_URL and TRACKER_DATABASE_URL. Our own servers must have been prepared."""
        own = {name: server.url for name, server in self.own().items()}
        database = own.get("postgres", self.settings.database_url)
        rasa_password = self.settings.rasa_database_password.get_secret_value()
        return {
            "DATABASE_URL": database,
            "REDIS_URL": own.get("valkey", self.settings.redis_url),
            "TRACKER_DATABASE_URL": self.settings.tracker_database_url
            or rasa_database_url(database, rasa_password),
        }


def local_rasa_ports(settings: Settings) -> list[int]:
    """Rasa processes that are ours to start: those of RASA_URLS on this machine."""
    parts = [urlsplit(address) for address in settings.rasa_addresses]
    return [part.port or 5005 for part in parts if part.hostname in {HOST, "localhost"}]


def server_processes(servers: Mapping[str, Server]) -> list[Process]:
    """Our own databases, first to start and last to stop."""
    return [
        Process(
            name=name,
            command=server.command(),
            environment=plain_environment(),
            user=server.user,
            early=True,
            stop_signal=server.stop_signal,
            stop_seconds=60,
            whole_group=False,
        )
        for name, server in servers.items()
    ]


def program_processes(
    settings: Launch, addresses: Mapping[str, str], var: Path, model: Path, *, sandbox: bool
) -> list[Process]:
    """Everything but the databases. `addresses` is what `Databases.addresses()` gives."""
    environment = bot_environment(settings) | {
        name: addresses[name] for name in ("DATABASE_URL", "REDIS_URL")
    }
    celery = (sys.executable, "-m", "celery", "-A")
    processes = [
        *(
            _rasa(settings, addresses, port, model, _tracker_keys(settings, var))
            for port in local_rasa_ports(settings)
        ),
        Process(
            "actions",
            (sys.executable, "-m", "actions"),
            environment,
            ROOT,
            port=settings.actions_port,
            setting="ACTIONS_PORT",
        ),
        *(_worker(environment, number) for number in range(1, settings.workers + 1)),
        Process(
            "beat",
            (*celery, "bot.beat:celery", "beat", "--pidfile", "", "--loglevel", "INFO"),
            environment,
            ROOT,
            nice=NICE_BEHIND,
        ),
        *(
            _gateway(environment, number, port)
            for number, port in enumerate(gateway_ports(settings), start=1)
        ),
    ]
    processes.append(_desk(settings, environment, var))
    return [*processes, _sandbox(settings, var)] if sandbox else processes


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _uvicorn(factory: str, port: int) -> tuple[str, ...]:
    options = ("--no-access-log", "--no-server-header", "--host", HOST, "--port", str(port))
    return (sys.executable, "-m", "uvicorn", "--factory", factory, *options)


def _gateway(environment: Mapping[str, str], number: int, port: int) -> Process:
    return Process(
        _numbered("gateway", number),
        _uvicorn("bot.app:app", port),
        environment,
        ROOT,
        port=port,
        setting="GATEWAY_PORT",
    )


def _desk(settings: Launch, environment: Mapping[str, str], var: Path) -> Process:
    return Process(
        "desk",
        # Browsers hold their sockets open; and the lines that tell of them would fill the log.
        (
            *_uvicorn("bot.desk.app:app", settings.desk_port),
            *("--timeout-graceful-shutdown", "3", "--log-level", "warning"),
        ),
        {**environment, "NICEGUI_STORAGE_PATH": str(var / "desk")},
        ROOT,
        port=settings.desk_port,
        setting="DESK_PORT",
    )


def _worker(environment: Mapping[str, str], number: int) -> Process:
    celery = (sys.executable, "-m", "celery", "-A", "bot.worker:celery", "worker")
    return Process(
        _numbered("worker", number),
        (*celery, "-n", f"worker{number}@%h", "--pool", "threads", "--concurrency", "4", *QUIET_WORKER),
        environment,
        ROOT,
        nice=NICE_BEHIND,
        stop_seconds=30,
    )


# A worker needs no talk with others; its tasks are woken by the queue and by beat.
QUIET_WORKER = ("--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")


def _tracker_keys(settings: Launch, var: Path) -> dict[str, str]:
    """Where Rasa finds its keys: in the copy that a rotation renews, or, if they are not ours to change, given."""
    if is_ours(var, "TRACKER_KEYS"):
        return {"TRACKER_KEYS_FILE": str(tracker_keys_file(var))}
    return {"TRACKER_KEYS": settings.tracker_keys.get_secret_value()}


def _rasa(
    settings: Launch, addresses: Mapping[str, str], port: int, model: Path, keys: Mapping[str, str]
) -> Process:
    """Sealed: it knows its token, its own keys and table, and where the actions are. Nothing else."""
    several = len(local_rasa_ports(settings)) > 1
    return Process(
        f"rasa-{port}" if several else "rasa",
        (
            *(str(settings.rasa_python), "-m", "components.serve", "--port", str(port)),
            *("--model", str(model), "--nice", str(NICE_BEHIND)),
        ),
        {
            **plain_environment(),
            "PYTHONPATH": str(ROOT / "dialogs"),
            "RASA_TOKEN": settings.rasa_token.get_secret_value(),
            **keys,
            "TRACKER_DATABASE_URL": addresses["TRACKER_DATABASE_URL"],
            "ACTIONS_URL": f"http://{HOST}:{settings.actions_port}/webhook",
        },
        ROOT / "dialogs",
        port=port,
        setting="RASA_URLS",
        slow=True,
        start_seconds=30,
    )


def _sandbox(settings: Launch, var: Path) -> Process:
    knows = {k: v for k, v in bot_environment(settings).items() if k.lower().startswith(SANDBOX_KNOWS)}
    knows |= {name: value for name, value in os.environ.items() if name.startswith("SANDBOX_")}
    knows |= {name.upper(): _plain(getattr(settings, name)) for name in SANDBOX_OWN}
    gateways = ",".join(f"http://{HOST}:{port}" for port in gateway_ports(settings))
    return Process(
        "sandbox",
        (sys.executable, "-m", "integrations.sandbox"),
        {
            **plain_environment(),
            "SANDBOX_GATEWAYS": gateways,
            **knows,
            "NICEGUI_STORAGE_PATH": str(var / "sandbox"),
        },
        ROOT,
        port=settings.sandbox_port,
        setting="SANDBOX_PORT",
    )


def bot_environment(settings: Launch) -> dict[str, str]:
    """The settings as environment, without what only the launcher knows."""
    values = {
        name.upper(): _plain(getattr(settings, name))
        for name in settings.model_fields_set
        if name in Settings.model_fields
    }
    for name in read_from_file(settings):
        del values[name]
    proxies = {k: v for k, v in os.environ.items() if k.lower() in {"http_proxy", "https_proxy", "no_proxy"}}
    return {**plain_environment(), **proxies, **values, "PYTHONUNBUFFERED": "1"}


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
