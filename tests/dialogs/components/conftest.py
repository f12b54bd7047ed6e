"""Rasa is prepared as for training, a small assistant is trained once, its actions run in this process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROJECT = ROOT / "tests/dialogs/project"
sys.path.insert(0, str(ROOT / "dialogs"))

from components.prepare import prepare  # noqa: E402

prepare(training=True)


@pytest.fixture(scope="session")
def model(tmp_path_factory: Any) -> Path:
    from components.train import train

    out = tmp_path_factory.mktemp("model") / "model.tar.gz"
    assert train(PROJECT / "domain.yml", PROJECT / "data", out, ROOT / "dialogs/config.yml") == 0
    return out


@pytest.fixture(scope="session")
def executor() -> Any:
    """The small assistant's actions."""
    from rasa_sdk.executor import ActionExecutor

    spec = importlib.util.spec_from_file_location("project_actions", PROJECT / "project_actions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    executor = ActionExecutor()
    _register(executor, module)
    return executor


def _register(executor: Any, module: Any) -> None:
    from rasa_sdk import Action

    for thing in vars(module).values():
        if isinstance(thing, type) and issubclass(thing, Action) and thing.__module__ == "project_actions":
            executor.register_action(thing)
