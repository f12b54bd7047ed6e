"""What the model is made from, and where it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from integrations.settings import ROOT

HERE = Path(__file__).parent
RED_FLAGS = HERE.parent / "red_flags"
EXAMPLES = RED_FLAGS / "examples"
RULES = RED_FLAGS / "data"
COMPLAINTS = ROOT / "integrations/hospital/triage/examples"
DIALOGS = ROOT / "dialogs"


def model_file(root: Path = ROOT) -> Path:
    """Where the model for the present inputs is, or will be: their hash is its name."""
    digest = hashlib.sha256()
    for file in _inputs():
        digest.update(f"{file.name}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return root / "var/models" / f"red-flags-{digest.hexdigest()[:16]}.npz"


def said_to_the_assistant() -> list[Path]:
    """The examples of what patients want, which call for no alarm but for a few intents."""
    return sorted(DIALOGS.glob("*/nlu*.yml"))


def _inputs() -> Iterator[Path]:
    yield from sorted(EXAMPLES.glob("*.txt"))
    yield from sorted(COMPLAINTS.glob("*.txt"))
    yield from sorted(RULES.glob("*.yml"))
    yield from said_to_the_assistant()
    yield RED_FLAGS / "plain.py"
    yield ROOT / "integrations/language/sounds.py"
    yield HERE / "features.py"
    yield HERE / "training.py"
