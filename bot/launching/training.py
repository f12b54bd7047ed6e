"""The models that are trained here, each only when what it is made from has changed: that of the dialogue, in Rasa's
environment, and those of triage and red flags."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bot.launching.processes import plain_environment
from bot.launching.starting import StartError
from bot.second_opinion import inputs as second_opinion
from integrations.hospital.triage import inputs as triage
from integrations.settings import ROOT

INPUTS = ("domain.yml", "dialogs", "requirements/rasa.txt")
_SMALL = {
    "triage": ("integrations.hospital.triage.model", triage.model_file),
    "red flags": ("bot.second_opinion.training", second_opinion.model_file),
}
SMALL = tuple(_SMALL)
KEPT = 3  # another run may still use the one before


def model_file(root: Path = ROOT) -> Path:
    """Where the model for the present inputs is, or will be: their hash is its name."""
    return root / "var/models" / f"{_fingerprint(root)}.tar.gz"


def train(python: Path, root: Path = ROOT) -> Path:
    """Trains the model and removes old ones. Raises StartError with what Rasa said."""
    if not python.exists():
        raise StartError(f"{python} is missing: run `make setup`.")
    model = model_file(root)
    model.parent.mkdir(parents=True, exist_ok=True)
    fresh = model.with_name(f"training-{os.getpid()}.tar.gz")
    environment = {**plain_environment(), "PYTHONPATH": str(root / "dialogs")}
    result = subprocess.run(
        [str(python), "-m", "components.train", "--out", str(fresh)],
        check=False,
        cwd=root / "dialogs",
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode or not fresh.exists():
        fresh.unlink(missing_ok=True)
        raise StartError(f"The dialogue model could not be trained:\n{result.stdout.strip()[-3000:]}")
    fresh.replace(model)
    for old in sorted(model.parent.glob("*.tar.gz"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return model


def untrained() -> list[str]:
    """Which of the small models, triage and red flags, are missing for their present inputs."""
    return [name for name, (_, model_file) in _SMALL.items() if not model_file().exists()]


def train_small(name: str) -> None:
    """In a process of its own: scikit-learn would stay in our memory. Raises StartError with what it said. Where this
    did not run, the first process that needs triage trains it, and the rules for red flags work without a model."""
    module, _ = _SMALL[name]
    result = subprocess.run(
        [sys.executable, "-m", module],
        check=False,
        cwd=ROOT,
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise StartError(f"The model of {name} could not be trained:\n{result.stdout.strip()[-3000:]}")


def hold_on_to(model: Path, file: Path) -> None:
    """Makes `file` the same model, so that a run can start its Rasa again when the model is long replaced."""
    file.unlink(missing_ok=True)
    try:
        file.hardlink_to(model)
    except OSError:  # another file system
        shutil.copyfile(model, file)


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(_files(root)):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for name in INPUTS:
        path = root / name
        found += [path] if path.is_file() else [file for file in path.rglob("*") if _is_input(file)]
    return found


def _is_input(file: Path) -> bool:
    return file.suffix in {".yml", ".yaml", ".py", ".txt", ".json"} and "__pycache__" not in file.parts
