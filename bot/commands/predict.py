"""`daozhen predict`: the assistant's understanding of a set of texts, for measuring it on sets of one's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import typer

from bot.commands.var import VAR, Var
from bot.prediction.rows import Predict, Row, predict_lines, reference_of
from integrations.settings import Settings

app = typer.Typer(
    help="JSON objects with a `text`, one a line, come back with what the assistant makes of it.\n\n"
    "daozhen predict triage < in.jsonl > out.jsonl",
    no_args_is_help=True,
)


@app.command()
def triage() -> None:
    """Adds `departments`, ranked, with scores. Reads `age` and `sex` too."""
    from bot.prediction.people import person_of
    from integrations.hospital.triage.assess import assess
    from integrations.hospital.triage.inputs import model_file
    from integrations.language.script import normalise

    if not model_file().exists():
        _complain("training the triage model …")

    def predict(row: Row) -> Row:
        ranked = assess(normalise(row["text"]), person_of(row)).ranked
        return {
            "departments": [{"department": one.department, "score": round(one.score, 4)} for one in ranked]
        }

    _run(lambda: nullcontext(predict))


@app.command()
def redflags() -> None:
    """Adds `alarm` (none, check, urgent, emergency, crisis) and the `rule` that saw it. Reads `earlier` too, the
    patient's messages of the last three minutes."""
    from bot import red_flags
    from bot.launching import training
    from bot.prediction.rows import BadRow
    from integrations.language.script import normalise

    if "red flags" in training.untrained():
        _complain("training the red flags model …")
        training.train_small("red flags")
    red_flags.get_ready()

    def predict(row: Row) -> Row:
        earlier = row.get("earlier") or []
        if not isinstance(earlier, list) or not all(isinstance(one, str) for one in earlier):
            raise BadRow('"earlier" is no list of texts')
        alarm, rule = red_flags.look(normalise(row["text"]), [normalise(one) for one in earlier])
        return {"alarm": str(alarm), "rule": rule}

    _run(lambda: nullcontext(predict))


@app.command()
def intent(var: Var = VAR) -> None:
    """Adds `intent`, with its confidence, and `entities`. Reads `reference_time` too."""
    from bot.launching import secrets
    from bot.prediction.intents import intents
    from bot.prediction.names import lexicon

    python = secrets.load(var.resolve()).rasa_python
    _run(lambda: intents(Settings().zone, lexicon(var.resolve()), python, _complain))


@app.command()
def dates() -> None:
    """Adds `resolution`: what day, time or range is meant. Reads `reference_time` (local, such as
    2026-11-25T09:00:00) too."""
    from integrations.language.dates.notation import resolutions

    zone = Settings().zone

    def predict(row: Row) -> Row:
        return {"resolution": resolutions(row["text"], reference_of(row, zone))}

    _run(lambda: nullcontext(predict))


def _complain(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _run(opening: Callable[[], AbstractContextManager[Predict]]) -> None:
    """Answers line by line. Bad lines are named and left out, and the command ends with 2."""
    bad = 0
    try:
        with opening() as predict:
            for answer in predict_lines(sys.stdin.buffer, predict, _complain):
                if answer is None:
                    bad += 1
                else:
                    sys.stdout.buffer.write(answer.encode() + b"\n")
        sys.stdout.flush()
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever reads has seen enough (head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    if bad:
        _complain(f"{bad} bad lines were left out.")
        raise typer.Exit(2)
