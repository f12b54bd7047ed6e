"""`daozhen keys …`"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.var import VAR, Var

if TYPE_CHECKING:
    from bot.keys.rotation import Rotation

app = typer.Typer(help="The keys of the data at rest.", no_args_is_help=True)


class Purpose(StrEnum):
    DATA = "data"  # messages and personal values
    INDEX = "index"  # finding a person by number
    TRACKER = "tracker"  # Rasa's memory


@app.command()
def status(var: Var = VAR) -> None:
    """Say which key stands where: in the settings, in the running processes, in the rows."""
    from bot.keys.status import lines

    with _rotation(var.resolve()) as rotation:
        for line in lines(rotation):
            typer.echo(line)


@app.command()
def rotate(
    purposes: Annotated[
        list[Purpose] | None, typer.Argument(help="Which keys; all three if none is named.")
    ] = None,
    retire: Annotated[
        bool, typer.Option("--retire", help="Take the older keys away, once no row needs them.")
    ] = False,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for processes that do not have the new key yet.")
    ] = 120,
    settle: Annotated[
        float,
        typer.Option(help="Seconds to leave for what was sealed with an old key and is not stored yet."),
    ] = 15,
    var: Var = VAR,
) -> None:
    """Make new keys and bring all data under them, while everything runs. Started again, it goes on."""
    chosen = [purpose.value for purpose in purposes or list(Purpose)]
    with _rotation(var.resolve(), wait, settle) as rotation:
        if retire:
            rotation.retire(chosen)
        else:
            rotation.rotate(chosen)


@contextmanager
def _rotation(var: Path, wait: float = 0, settle: float = 0) -> Iterator[Rotation]:
    from bot.keys.rotation import Rotation, open_engine
    from bot.launching.opening import open_live_database

    with open_live_database(var) as (url, _):
        engine = open_engine(url)
        try:
            yield Rotation(var, engine, typer.echo, Bar(), wait_seconds=wait, settle_seconds=settle)
        finally:
            engine.dispose()


class Bar:
    """A bar per table on a terminal; elsewhere a line per table and one every few seconds."""

    _EVERY = 5.0

    def start(self, name: str, total: int) -> None:
        self._name, self._total, self._done = name, total, 0
        self._started = self._said = time.monotonic()
        self._line(end=False)

    def advance(self, rows: int) -> None:
        self._done += rows
        if typer.get_text_stream("stdout").isatty() or time.monotonic() - self._said > self._EVERY:
            self._said = time.monotonic()
            self._line(end=False)

    def finish(self) -> None:
        self._line(end=True)

    def _line(self, *, end: bool) -> None:
        seconds = time.monotonic() - self._started
        rate = f", {self._done / seconds:,.0f} rows/s" if seconds > 0.5 and self._done else ""
        line = f"  {self._name}: {self._done:,} of {self._total:,}{rate}"
        if typer.get_text_stream("stdout").isatty():
            typer.echo(f"\r{line}    ", nl=end)
        elif end or self._done:
            typer.echo(line)
