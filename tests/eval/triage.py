"""python -m tests.eval.triage [SET]: how often the right department comes first, and among the first three.

SET is a file of JSON objects, one a line: `text`, `accept` (the departments that are right), and where known `dept_std`
(the one it was filed under), `age` (years, or a decade like 30+) and `ambiguous` (left out). Without SET: our own
rows, tests/eval/triage.jsonl, which nothing was trained on.

Four ways: from the first message alone; with the age known (as from a registered patient's file); and without it or
with it, with the questions that triage asks answered as far as the row tells the truth: the age when it is given,
pregnant for 产科, female for what only women have, and where it hurts for departments of one place (_PLACES).
Anything else is answered with "I do not know".
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.hospital.triage.assess import Assessment, Person, assess
from integrations.hospital.triage.departments import standard

OWN = Path(__file__).with_name("triage.jsonl")
UNKNOWN = "unknown"
_PLACES = {
    "眼科": "eyes",
    "耳鼻喉科": "ears_nose_throat",
    "口腔科": "mouth",
    "皮肤科": "skin",
    "肛肠科": "anus",
    "乳腺外科": "breast",
    "骨科": "back_limbs",
}
_WOMEN = {"妇产科", "妇科", "产科"}


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    filed: str
    accept: frozenset[str]
    age: float | None


def rows(file: Path) -> list[Row]:
    read = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    return [_row(one) for one in read if not one.get("ambiguous")]


def _row(one: Mapping[str, Any]) -> Row:
    accept = frozenset(one["accept"])
    return Row(one["text"], one.get("dept_std") or one["accept"][0], accept, _age(one.get("age")))


def _age(written: str | float | None) -> float | None:
    """3 is 3; 30+ is 35, the middle of the decade; 0+ is 5."""
    if written is None or isinstance(written, int | float):
        return written
    return float(written.rstrip("+")) + 5 if written.endswith("+") else float(written)


def _alone(row: Row) -> Assessment:
    return assess(row.text)


def _aged(row: Row) -> Assessment:
    return assess(row.text, Person(age=row.age))


def _asked(row: Row, person: Person) -> tuple[Assessment, int]:
    answers: dict[str, str] = {}
    while question := (found := assess(row.text, person, answers)).question:
        truth = _truth(row).get(question.key, UNKNOWN)
        answers[question.key] = truth if truth in question.answers else UNKNOWN
    return found, len(answers)


def _truth(row: Row) -> dict[str, str]:
    known = {}
    if row.age is not None:
        known["age"] = "child" if row.age < 14 else "elder" if row.age >= 65 else "adult"
    if row.filed in _WOMEN:
        known["sex"] = "female"
    if row.filed == "产科":
        known["pregnant"] = "yes"
    if place := _PLACES.get(row.filed):
        known["where"] = place
    return known


def right(row: Row, found: Assessment, among: int) -> bool:
    return any(one.department in row.accept for one in found.ranked[:among])


def _line(name: str, pairs: Iterable[tuple[Row, Assessment]]) -> None:
    judged = [(right(row, found, 1), right(row, found, 3)) for row, found in pairs]
    first, three = (sum(column) / len(judged) for column in zip(*judged, strict=True))
    print(f"  {name:<32} first {first:.3f}   among three {three:.3f}")


def report(every: list[Row]) -> None:
    judge: Callable[[Row], Assessment] = _alone
    judge(every[0])  # reads the model
    began = time.process_time()
    alone = [(row, judge(row)) for row in every]
    spent = (time.process_time() - began) / len(every) * 1000
    print(f"Triage: {len(every)} messages, {spent:.2f} ms each")
    _line("the message alone", alone)
    _line("with the age", ((row, _aged(row)) for row in every))
    for name, known in (("with the questions answered", False), ("with the age and the questions", True)):
        asked = [(row, *_asked(row, Person(age=row.age if known else None))) for row in every]
        _line(name, ((row, found) for row, found, _ in asked))
        print(f"    questions asked: {sum(one[2] for one in asked) / len(every):.2f} on average")
    _by_department(alone)


def _by_department(pairs: list[tuple[Row, Assessment]]) -> None:
    filed, hit, wrong = Counter[str](), Counter[str](), Counter[tuple[str, str]]()
    for row, found in pairs:
        filed[row.filed] += 1
        if right(row, found, 1):
            hit[row.filed] += 1
        else:
            wrong[row.filed, found.ranked[0].department] += 1
    print("By department, the message alone:")
    for name, count in filed.most_common():
        confused = "，".join(f"{to} {n}" for (of, to), n in wrong.most_common() if of == name)
        print(f"  {name}\t{hit[name]}/{count}\t{confused}")


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else OWN
    every = rows(file)
    unknown = {name for row in every for name in row.accept if not standard(name)}
    if unknown:
        print(f"Not in departments.yml: {'，'.join(sorted(unknown))}")
    report(every)


if __name__ == "__main__":
    main()
