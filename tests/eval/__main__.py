"""make eval: how well messages are understood, on the project's own sets.

messages.tsv and unseen.tsv hold intent and message, in simplified and traditional Chinese and in English, written
apart from the training examples; the second was never looked at while those were written. Rows that
stand in the examples word for word are left out. Entities are found as in production, with the demo hospital's
names. Writes a report into var/eval (with --docs: into docs); --wrong lists what was not right, set by set.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from bot.launching.training import model_file
from integrations.hospital.demo_names import demo_lexicon
from integrations.language.languages import LANGUAGES, detect
from integrations.language.names import NameIndex
from integrations.language.script import normalise
from integrations.language.understand import understand
from integrations.settings import ROOT
from tests.eval.marks import MARKED
from tests.eval.report import write
from tests.eval.scores import Read, calibration_error, confusions, macro_f1, reliability, share

SETS = ("messages", "unseen")
SHOWN = 15  # confusions printed


def main(*options: str) -> None:
    examples = training_examples()
    known = {normalise(text) for texts in examples.values() for text in texts}
    sets = {}
    for name in SETS:
        rows = read_rows(Path(__file__).with_name(f"{name}.tsv"))
        kept = [(intent, text) for intent, text in rows if normalise(text) not in known]
        print(f"\n{name}: {len(kept)} messages, {len(rows) - len(kept)} more stand in the training examples.")
        sets[name] = classify(kept)
        print_set(sets[name], every_wrong="--wrong" in options)
    counts = {intent: len(texts) for intent, texts in examples.items()}
    folder = ROOT / ("docs" if "--docs" in options else "var/eval")
    print(f"\nThe report: {write(folder, sets, counts)}")


def read_rows(file: Path) -> list[tuple[str, str]]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return [(intent, text) for intent, text in (line.split("\t")[:2] for line in lines if line)]


def training_examples() -> dict[str, set[str]]:
    """The examples of every intent in dialogs/*/nlu*.yml, their entity marks removed. Not those of the program's
    own making ("/non_text")."""
    examples: dict[str, set[str]] = {}
    for file in sorted((ROOT / "dialogs").glob("*/nlu*.yml")):
        for item in yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["nlu"]:
            lines = [line.strip().removeprefix("- ") for line in str(item.get("examples", "")).splitlines()]
            if said := [line for line in lines if not line.startswith("/")]:
                examples.setdefault(item.get("intent", ""), set()).update(
                    MARKED.sub(r"\1", line) for line in said
                )
    examples.pop("", None)  # lookup tables and synonyms
    return examples


def classify(rows: Sequence[tuple[str, str]]) -> list[Read]:
    """Each message as the trained model takes it, in Rasa's own environment."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    index = NameIndex(demo_lexicon())
    texts = [normalise(text) for _, text in rows]
    lines = [json.dumps({"text": t, "entities": understand(t, index=index, now=now)}) for t in texts]
    result = subprocess.run(
        [str(ROOT / ".venv-rasa/bin/python"), "-m", "components.classify", "--model", str(model_file())],
        check=True,
        cwd=ROOT / "dialogs",
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
    )
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    return [
        Read(intent, text, answer["intent"], tuple((name, sure) for name, sure in answer["ranking"]))
        for (intent, text), answer in zip(rows, answers, strict=True)
    ]


def print_set(reads: Sequence[Read], *, every_wrong: bool) -> None:
    for language in LANGUAGES:
        of_it = [read for read in reads if detect(read.text) == language]
        print(f"  {language}, {len(of_it)}: {summary(of_it)}")
    print(f"  all: {summary(reads)}")
    print(f"  calibration error {calibration_error(reads):.3f}; sure → right (messages):", end=" ")
    print(", ".join(f"{one.confidence:.2f} → {one.accuracy:.2f} ({one.count})" for one in reliability(reads)))
    said = {
        pair: [read.text for read in reads if (read.intent, read.got) == pair] for pair in confusions(reads)
    }
    for (intent, got), count in Counter(confusions(reads)).most_common(None if every_wrong else SHOWN):
        print(f"  {count}  {intent} → {got}{': ' + '、'.join(said[intent, got]) if every_wrong else ''}")


def summary(reads: Sequence[Read]) -> str:
    """Accuracy, how often the assistant asks back, macro F1."""
    if not reads:
        return "none"
    right = share([read for read in reads if read.right], reads)
    asked = share([read for read in reads if read.asked_back], reads)
    best = share([read for read in reads if read.best[0] == read.intent], reads)
    return (
        f"right {right:.3f}   asked back {asked:.3f}   wrong {1 - right - asked:.3f}   "
        f"macro F1 {macro_f1(reads):.3f}   likeliest right {best:.3f}"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
