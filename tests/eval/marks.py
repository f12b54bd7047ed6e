"""Marks in the training examples what the worker finds in a message: python -m tests.eval.marks [--write]

The kinds of entities found count as features of a message, so an example has to carry the marks that a patient's
message of the same words would. Without --write it lists the examples that do not.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from integrations.hospital.demo_names import demo_lexicon
from integrations.language.names import NameIndex
from integrations.language.script import normalise
from integrations.language.understand import understand
from integrations.settings import ROOT

MARKED = re.compile(r"(?<!\[)\[([^\[\]]*)\]\((\w+)\)")
EXAMPLE = "    - "
LOOKED_UP = frozenset({"topic", "field", "language", "any"})  # found in Rasa, by the lookup tables
# A Monday before noon: so that "today" and "this week" have days left.
_NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def main(*options: str) -> None:
    index = NameIndex(demo_lexicon())
    for file in sorted((ROOT / "dialogs").glob("*/nlu*.yml")):
        lines = list(marked(file, index))
        for before, after in lines:
            if before != after:
                print(f"{file.relative_to(ROOT)}: {before.strip()}  →  {after.strip()}")
        if "--write" in options:
            file.write_text("".join(after for _, after in lines), encoding="utf-8")


def marked(file: Path, index: NameIndex) -> Iterator[tuple[str, str]]:
    """Every line of a file of examples, as it is and as it should be."""
    examples = False
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("- "):
            examples = line.startswith("- intent:")
        plain = examples and line.startswith(EXAMPLE) and not line.startswith(f"{EXAMPLE}/")
        yield line, f"{EXAMPLE}{mark(line[len(EXAMPLE) :].rstrip(), index)}\n" if plain else line


def mark(example: str, index: NameIndex) -> str:
    """The example with the marks it should carry: its own while their kinds are right, else all anew."""
    text = MARKED.sub(r"\1", example)
    own = [match[2] for match in MARKED.finditer(example)]
    found = understand(normalise(text), index=index, now=_NOW)
    if set(own) - LOOKED_UP == {one["entity"] for one in found}:
        return example
    return _put(text, found)


def _put(text: str, found: list[dict[str, Any]]) -> str:
    """Marks do not overlap; of two at one place the first counts, a kind is marked once."""
    done, written, kinds = 0, "", set()
    for one in sorted(found, key=lambda one: (one["start"], -one["end"])):
        start, end, kind = one["start"], one["end"], one["entity"]
        if start < done or kind in kinds or "[" in text[start:end] or "]" in text[start:end]:
            continue
        written += f"{text[done:start]}[{text[start:end]}]({kind})"
        done = end
        kinds.add(kind)
    return written + text[done:]


if __name__ == "__main__":
    main(*sys.argv[1:])
