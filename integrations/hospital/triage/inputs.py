"""What the triage model is made from, and where it stands. Light: whoever only looks whether it is there needs no
numpy."""

from __future__ import annotations

import hashlib
from pathlib import Path

from integrations.settings import ROOT

HERE = Path(__file__).parent
INPUTS = (
    "examples/*.t[xs][tv]",
    "knowledge.tsv",
    "words.yml",
    "departments.yml",
    "features.py",
    "phrases.py",
    "training.py",
)


def model_file(root: Path = ROOT) -> Path:
    """Where the model for the present inputs is, or will be: their hash is its name."""
    digest = hashlib.sha256()
    for file in sorted(file for pattern in INPUTS for file in HERE.glob(pattern)):
        digest.update(f"{file.relative_to(HERE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return root / "var/models" / f"triage-{digest.hexdigest()[:16]}.npz"
