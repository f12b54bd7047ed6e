"""One run per directory, and what an earlier run that was killed left behind."""

from __future__ import annotations

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from bot.launching.starting import StartError, wait_until

# Stands in the environment of everything we start, and names the directory of its data.
MARKER = "DAOZHEN_SUPERVISED"


class Held(StartError):
    """Another daozhen runs on the directory."""


@contextmanager
def hold(var: Path) -> Iterator[None]:
    """Nobody else starts on this directory meanwhile. Raises Held when somebody has, StartError for a directory in
    which nothing can be written."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "lock").open("a+")
    except OSError as error:
        raise StartError(
            f"Nothing can be written in {var} ({error.strerror}): start as the user whom it belongs to, "
            "or name another directory with --var."
        ) from None
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise Held(f"daozhen is already running on {var} (pid {file.read().strip() or '?'}).") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(var: Path) -> bool:
    """Whether the program runs on this directory. Raises StartError when that cannot be seen."""
    try:
        with hold(var):
            return False
    except Held:
        return True


def started_on(var: Path) -> list[psutil.Process]:
    """What runs on this directory, zombies left out. A pid that was reused cannot be mistaken for ours."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARKER) == str(var):
                found.append(process)
    return found


def stop_orphans(var: Path, *, seconds: float = 30) -> int:
    """Stops what an earlier run left running, by force after `seconds`; gives their number."""
    found = started_on(var)
    for process in found:
        with suppress(psutil.Error):
            if process.name() != "postgres":
                process.terminate()
            elif (
                process.parent() not in found
            ):  # its own children must not be signalled: it stops them in order
                process.send_signal(signal.SIGINT)
    wait_until(lambda: not started_on(var), seconds)
    for process in started_on(var):
        with suppress(psutil.Error):
            process.kill()
    wait_until(lambda: not started_on(var), 10)
    return len(found)
