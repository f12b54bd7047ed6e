"""make eval: how well messages are understood, on the project's own set.

tests/eval/messages.tsv holds intent and message, in simplified and traditional Chinese and in English, written
apart from the training examples. Rows that stand in
those word for word are left out. Entities are found as in production, with the demo hospital's names.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from bot.launching.training import model_file
from integrations.language.languages import LANGUAGES, detect
from integrations.language.names import NameIndex
from integrations.language.script import normalise
from integrations.language.understand import understand
from integrations.settings import ROOT
from tests.eval.hospital import demo_lexicon

MESSAGES = Path(__file__).with_name("messages.tsv")
FALLBACK = "nlu_fallback"
_MARKED = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def main() -> None:
    rows = [line.split("\t") for line in MESSAGES.read_text(encoding="utf-8").splitlines() if line]
    trained = training_examples()
    kept = [(intent, message) for intent, message in rows if message not in trained]
    print(
        f"{len(kept)} messages, {len(rows) - len(kept)} more left out: they stand in the training examples."
    )
    found = classify([message for _, message in kept])
    results = [(intent, message, got) for (intent, message), got in zip(kept, found, strict=True)]
    for language in LANGUAGES:
        of_it = [row for row in results if detect(row[1]) == language]
        print(f"{language}, {len(of_it)} messages: ", end="")
        summary(of_it)
    print("all: ", end="")
    report(results)


def training_examples() -> set[str]:
    """Every example in dialogs/*/nlu*.yml, its entity marks removed."""
    examples = set()
    for file in (ROOT / "dialogs").glob("*/nlu*.yml"):
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]:
            lines = str(item.get("examples", "")).splitlines()
            examples |= {_MARKED.sub(r"\1", line.strip().removeprefix("- ")) for line in lines}
    return examples


def classify(messages: list[str]) -> list[str]:
    """The intent of each message, by the trained model in Rasa's own environment."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    index = NameIndex(demo_lexicon())
    texts = [normalise(message) for message in messages]
    lines = [json.dumps({"text": t, "entities": understand(t, index=index, now=now)}) for t in texts]
    result = subprocess.run(
        [str(ROOT / ".venv-rasa/bin/python"), "-m", "components.classify", "--model", str(model_file())],
        check=True,
        cwd=ROOT / "dialogs",
        input="\n".join(lines),
        stdout=subprocess.PIPE,
        text=True,
    )
    return [json.loads(line)["intent"] for line in result.stdout.splitlines()]


def report(results: list[tuple[str, str, str]]) -> None:
    """The summary, and each wrong row."""
    summary(results)
    confusions = Counter((intent, got) for intent, _, got in results if intent != got)
    for (intent, got), count in confusions.most_common():
        examples = "、".join(message for wanted, message, g in results if (wanted, g) == (intent, got))
        print(f"  {count}  {intent} → {got}: {examples}")


def summary(results: list[tuple[str, str, str]]) -> None:
    """Accuracy, how often the assistant asks back, macro F1."""
    right = sum(intent == got for intent, _, got in results)
    asked = sum(got == FALLBACK for _, _, got in results)
    print(f"right {right / len(results):.3f}   asked back {asked / len(results):.3f}", end="   ")
    print(f"wrong {(len(results) - right - asked) / len(results):.3f}   macro F1 {macro_f1(results):.3f}")


def macro_f1(results: list[tuple[str, str, str]]) -> float:
    scores = []
    for intent in {intent for intent, _, _ in results}:
        hits = sum(wanted == got == intent for wanted, _, got in results)
        named = sum(got == intent for _, _, got in results)
        wanted = sum(w == intent for w, _, _ in results)
        scores.append(2 * hits / (named + wanted))
    return sum(scores) / len(scores)


if __name__ == "__main__":
    main()
