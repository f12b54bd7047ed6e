"""Who is at the command line, and one transaction of theirs with its refusals in plain words."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot.launching.opening import Work, run_once
from integrations.hospital.revealing import NoReason, checked

Reason = Annotated[str, typer.Option(prompt="Why do you need to see it", help="Kept in the audit log.")]


def staff() -> str:
    return f"staff:{getpass.getuser()}"


def said(words: str, wanted: str = "say why") -> str:
    """Raises typer.BadParameter where nothing is said."""
    if not words.strip():
        raise typer.BadParameter(wanted)
    return words.strip()


def why(reason: str) -> str:
    """As the audit log keeps it. Raises typer.BadParameter where nothing is said."""
    try:
        return checked(reason)
    except NoReason:
        raise typer.BadParameter("say why") from None


def refuse(words: str) -> NoReturn:
    """Nothing is changed: to the operator, and to the shell."""
    typer.echo(words, err=True)
    raise typer.Exit(1) from None


def runner(refusals: Mapping[type[Exception], str]) -> Callable[[Path, Work], None]:
    """Runs one transaction of a group of commands, and stops with these words where it raises one of these errors;
    the first that fits counts. `{error}` in them is what the error says."""

    def run(var: Path, work: Work) -> None:
        try:
            run_once(var, work)
        except tuple(refusals) as error:
            words = next(words for kind, words in refusals.items() if isinstance(error, kind))
            refuse(words.format(error=str(error) or (type(error).__doc__ or type(error).__name__)))

    return run
