"""Who is at the command line, and one transaction of theirs with its refusals in plain words."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.doctors import UnknownDoctor
from bot.launching.opening import Work, run_once
from integrations.hospital.delivery.views import ParcelFault
from integrations.hospital.pharmacy.terms import PharmacyError
from integrations.settings import ROOT

Var = Annotated[Path, typer.Option("--var", envvar="VAR_DIR", help="Data, logs and secrets stand here.")]
VAR = ROOT / "var"


def staff() -> str:
    return f"staff:{getpass.getuser()}"


def run(var: Path, work: Work) -> None:
    """Exits with 1 and the reason where the pharmacy or the parcel does not allow it."""
    try:
        run_once(var, work)
    except (PharmacyError, ParcelFault, UnknownDoctor) as error:
        reason = str(error) or (type(error).__doc__ or type(error).__name__)
        typer.echo(f"Not done: {reason}", err=True)
        raise typer.Exit(1) from None
