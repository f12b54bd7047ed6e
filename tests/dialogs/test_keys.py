"""No key twice in the files that Rasa reads: YAML would silently keep the last one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from integrations.settings import ROOT

FILES = [ROOT / "domain.yml", *sorted((ROOT / "dialogs").rglob("*.yml"))]


def doubled(text: str) -> list[str]:
    """Keys that stand twice in one mapping, with their line; intents and lookups that have two lists of examples."""
    tree = yaml.compose(text, Loader=yaml.CSafeLoader)
    return list(_doubled(tree))


def _doubled(node: yaml.Node | None) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield f"{key.value}, line {key.start_mark.line + 1}"
            seen.add(key.value)
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        names = [_name(one) for one in node.value]
        yield from (f"{name} twice" for name in sorted(set(names)) if name and names.count(name) > 1)
        for one in node.value:
            yield from _doubled(one)


def _name(item: yaml.Node) -> str:
    """Of a list of names, or of the rules: what may stand there once."""
    if isinstance(item, yaml.ScalarNode):
        return str(item.value)
    if isinstance(item, yaml.MappingNode) and item.value[0][0].value in (
        "rule",
        "intent",
        "lookup",
        "synonym",
    ):
        return f"{item.value[0][0].value} {item.value[0][1].value}"
    return ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\nb: 2", []),
        ("say_a: 1\nsay_b: 1\nsay_a: 2", ["say_a, line 3"]),
        ("responses:\n  x: [{text: 1, text: 2}]", ["text, line 2"]),
        ("intents:\n- greet\n- thanks\n- greet", ["greet twice"]),
        ("rules:\n- rule: a\n  steps: []\n- rule: a\n  steps: []", ["rule a twice"]),
    ],
)
def test_what_stands_twice_is_found(text: str, found: list[str]) -> None:
    assert doubled(text) == found


def test_nothing_stands_twice() -> None:
    found = {_path(file): twice for file in FILES if (twice := doubled(file.read_text(encoding="utf-8")))}
    assert found == {}


def _path(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
