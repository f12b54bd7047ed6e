"""Intents, by the trained model in Rasa's own environment, and entities as a turn finds them."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.launching import training
from bot.launching.processes import plain_environment
from bot.launching.starting import StartError
from bot.prediction.rows import Complain, Predict, Row, reference_of
from bot.understanding import LONGEST
from integrations.hospital import tokens
from integrations.language.lexicon import Lexicon
from integrations.language.names import NameIndex
from integrations.language.personal import find_personal, put_tokens
from integrations.language.script import fold, simplify
from integrations.language.understand import understand
from integrations.settings import ROOT

Classify = Callable[[Row], Row]


@contextmanager
def intents(zone: ZoneInfo, lexicon: Lexicon, python: Path, complain: Complain) -> Iterator[Predict]:
    """Trains the model where it is missing. Raises StartError."""
    model = training.model_file()
    if not model.exists():
        complain("training the dialogue model, which takes a minute …")
        model = training.train(python)
    index = NameIndex(lexicon)
    with _classifier(python, model) as classify:
        yield lambda row: _intent(row, classify, index, zone)


def _intent(row: Row, classify: Classify, index: NameIndex, zone: ZoneInfo) -> Row:
    now = reference_of(row, zone)
    text, entities, values = _swapped(row["text"], now.date())
    found = classify({"text": text, "entities": entities + understand(text, index=index, now=now)})
    return {
        "intent": {"name": found["intent"], "score": round(found["confidence"], 4)},
        "entities": [
            {"entity": one["entity"], "value": values.get(str(one["value"]), one["value"])}
            for one in found["entities"]
        ],
    }


def _swapped(text: str, today: Any) -> tuple[str, list[Row], dict[str, str]]:
    """The text as Rasa gets it, its personal entities, and what their tokens stand for."""
    own_words = tokens.escape(fold(text))
    personal = find_personal(own_words, None, today)
    given = [f"[[{span.entity}:{uuid4().hex}]]" for span in personal]
    swapped = simplify(put_tokens(own_words, personal, given)[0])[:LONGEST]
    entities = [
        {"entity": span.entity, "value": token, "start": at, "end": at + len(token)}
        for span, token in zip(personal, given, strict=True)
        if (at := swapped.find(token)) >= 0
    ]
    return swapped, entities, {token: span.value for token, span in zip(given, personal, strict=True)}


@contextmanager
def _classifier(python: Path, model: Path) -> Iterator[Classify]:
    """A process of Rasa's environment that answers line by line. Raises StartError."""
    if not python.exists():
        raise StartError(f"{python} is missing: run `make setup`.")
    with tempfile.TemporaryFile() as log:
        child = subprocess.Popen(
            [str(python), "-m", "components.classify", "--model", str(model)],
            cwd=ROOT / "dialogs",
            env={**plain_environment(), "PYTHONPATH": str(ROOT / "dialogs"), "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        )

        def classify(question: Row) -> Row:
            answer = _exchange(child, json.dumps(question))
            if answer:
                found: Row = json.loads(answer)
                return found
            child.wait()
            log.seek(0)
            said = log.read().decode(errors="replace").strip()[-2000:]
            raise StartError(f"The dialogue model's process ended by itself:\n{said}")

        try:
            yield classify
        finally:
            child.terminate()
            child.wait()


def _exchange(child: subprocess.Popen[str], question: str) -> str:
    """The line that answers a line; empty when nobody answers."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(question + "\n")
        child.stdin.flush()
    except BrokenPipeError:
        return ""
    return child.stdout.readline()
