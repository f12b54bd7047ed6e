"""What every start needs: one error for the operator, ports, waiting, and the end of a log."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psutil

HOST = "127.0.0.1"
_PORTS = range(15_000, 32_768)  # Linux gives out 32768 and above, macOS 49152 and above


class StartError(Exception):
    """Something the operator must mend before the program can start. The text is all that is shown."""


def free_ports(count: int = 1) -> int:
    """The first of `count` free ports in a row. From below those that systems give to outgoing connections: one of
    these could hold the port while a server that was killed starts again."""
    while True:
        first = _PORTS.start + secrets.randbelow(len(_PORTS) - count)
        if all(port_is_free(first + more) for more in range(count)):
            return first


def port_is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def port_holder(port: int) -> str:
    """Who listens there, in words; "another program" where the system does not tell us."""
    try:
        for connection in psutil.net_connections("tcp"):
            if (
                connection.status == psutil.CONN_LISTEN
                and tuple(connection.laddr)[1:] == (port,)
                and connection.pid
            ):
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        pass
    return "another program"


def wait_until(condition: Callable[[], bool], timeout: float, *, every: float = 0.05) -> bool:
    """True as soon as the condition holds, False after `timeout` seconds without."""
    end = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(every)
    return True


def tail(file: Path, lines: int = 8) -> str:
    """The last lines of a log, indented; says so when there is none."""
    try:
        with file.open("rb") as log:
            log.seek(max(0, file.stat().st_size - 20_000))
            last = log.read().decode(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        last = []
    return "\n".join(f"  | {line}" for line in last) or "  | (nothing in the log)"
