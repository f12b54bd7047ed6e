"""Where a command finds data, logs and secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from integrations.settings import ROOT

Var = Annotated[Path, typer.Option("--var", envvar="VAR_DIR", help="Data, logs and secrets stand here.")]
VAR = ROOT / "var"
