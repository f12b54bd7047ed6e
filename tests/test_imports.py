"""Imports run one way. The contracts stand in pyproject.toml; `dialogs` runs elsewhere and imports nothing of ours."""

import ast

from importlinter.cli import lint_imports

from integrations.settings import ROOT

OURS = {"bot", "actions", "integrations"}


def test_the_layers_and_the_vendors_keep_apart(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


def test_what_runs_inside_rasa_imports_nothing_of_ours():
    for file in (ROOT / "dialogs").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not OURS & {name.split(".")[0] for name in names}, file
