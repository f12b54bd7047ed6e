"""make eval, red flags: how many alarms are seen, how often one rings for nothing, and what a look costs; by the rules
alone, and with the second opinion beside them.

tests/eval/redflags*.jsonl hold messages with the alarm they call for, written apart from the rules and from the
examples: those of redflags_hard by the author of the rules, those of redflags_3 by somebody else, those of redflags_4
to redflags_11 before their authors had read a rule. What was missed in them, and what rang for nothing, has been read
since: rules and examples were mended by kind, and no row stands among the examples. What the figures were before that
is told in docs/decisions/0008 (redflags_11, the newest, of what people come with most: all dangers heard, and 8 of a
hundred harmless messages rang); an honest new figure needs a new set.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from bot.launching import training
from bot.red_flags import Outcome, get_ready, look
from bot.red_flags.reading import GRAVITY
from bot.second_opinion import speaking
from integrations.language.script import normalise

SETS = sorted(Path(__file__).parent.glob("redflags*.jsonl"))
LIVES = frozenset({Outcome.EMERGENCY, Outcome.CRISIS})
TRAPS = frozenset({"negated", "past", "question", "metaphor", "substring", "mixed"})
_ROUNDS = 5


def main() -> None:
    if "red flags" in training.untrained():
        training.train_small("red flags")
    for file in SETS:
        rows = read(file)
        speaking.hold(None)
        print(f"\n{file.name}, the rules alone: ", end="")
        report(rows)
        get_ready()
        print(f"\n{file.name}, with the second opinion: ", end="")
        report(rows, every_wrong=True)


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def seen(row: dict[str, Any]) -> tuple[Outcome, str]:
    """The gravest of what is raised while the messages come in, one after the other."""
    said = [normalise(one) for one in (*row.get("earlier", ()), row["text"])]
    return max(
        (look(new, said[:at]) for at, new in enumerate(said)), key=lambda found: GRAVITY.index(found[0])
    )


def report(rows: list[dict[str, Any]], *, every_wrong: bool = False) -> None:
    found = [(row, *seen(row)) for row in rows]
    lives = [(row, outcome) for row, outcome, _ in found if row["alarm"] in LIVES]
    quiet = [(row, outcome) for row, outcome, _ in found if row["alarm"] == Outcome.NONE]
    print(f"{len(rows)} messages")
    print(f"recall of emergency and crisis   {_share(outcome in LIVES for _, outcome in lives)}   goal 0.98")
    print(f"  … of any alarm for them        {_share(outcome is not Outcome.NONE for _, outcome in lives)}")
    print(
        f"false alarms                     {_share(outcome is not Outcome.NONE for _, outcome in quiet)}   goal 0.03"
    )
    for name, kinds in (("routine", {"routine"}), ("traps", TRAPS)):
        of_it = [outcome for row, outcome in quiet if row["kind"] in kinds]
        print(f"  {name:<30} {_share(outcome is not Outcome.NONE for outcome in of_it)}")
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for row, outcome in lives:
        by_kind[row["kind"]].append(outcome in LIVES)
    for kind, hits in sorted(by_kind.items()):
        print(f"  recall, {kind:<22} {_share(hits)}")
    for alarm in Outcome:
        got = Counter(outcome for row, outcome, _ in found if row["alarm"] == alarm)
        print(f"{alarm:<10}", "  ".join(f"{outcome} {got[outcome]}" for outcome in Outcome))
    _time(rows)
    for row, outcome, rule in found if every_wrong else ():
        if row["alarm"] != outcome:
            before = " / ".join(row.get("earlier", ()))
            print(
                f"  {row['alarm']} → {outcome}  [{row['kind']}] {before and before + ' / '}{row['text']}  {rule}"
            )


def _share(hits: Any) -> str:
    hits = list(hits)
    return f"{sum(hits) / len(hits):.3f} ({sum(hits)} of {len(hits)})" if hits else "-"


def _time(rows: list[dict[str, Any]]) -> None:
    """The best of some rounds for each message: the machine may do other things in between."""
    rounds = [[_once(row) for row in rows] for _ in range(_ROUNDS)]
    taken = sorted(min(every) for every in zip(*rounds, strict=True))
    print(
        f"µs a message: median {taken[len(taken) // 2]:.0f}, p99 {taken[int(len(taken) * 0.99)]:.0f},"
        f" longest {taken[-1]:.0f}   goal p99 < 1000"
    )


def _once(row: dict[str, Any]) -> float:
    text, earlier = normalise(row["text"]), [normalise(one) for one in row.get("earlier", ())]
    began = time.perf_counter()
    look(text, earlier)
    return (time.perf_counter() - began) * 1e6


if __name__ == "__main__":
    main()
