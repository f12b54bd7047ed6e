"""Figures measured apart from `make bench`, in the same file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from integrations.settings import ROOT

FILE = ROOT / "var/bench/latest.json"


def keep(figures: Mapping[str, float], file: Path = FILE) -> None:
    """Puts them beside the figures that the file holds already."""
    known = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {**known, **{name: round(value, 3) for name, value in figures.items()}}
    file.write_text(json.dumps(kept, indent=2), encoding="utf-8")
