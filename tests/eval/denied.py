"""python -m tests.eval.denied: whether triage counts as evidence what a patient denies (denied.tsv).

Prints, for the rows that the rules were written with and for those kept back: how often a right department comes first
and among three, and in how many rows a denied word stands among the reasons; each with denials read and without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from integrations.hospital.triage import assess as assessing
from integrations.hospital.triage.assess import Assessment, assess

FILE = Path(__file__).with_name("denied.tsv")
_LINE = "# ----"


@dataclass(frozen=True, slots=True)
class Row:
    accept: frozenset[str]
    denied: tuple[str, ...]
    text: str

    def right(self, found: Assessment, among: int) -> bool:
        return any(one.department in self.accept for one in found.ranked[:among])

    def misled(self, found: Assessment) -> bool:
        """Whether what is denied is told as a reason."""
        because = " ".join(word for one in found.ranked[:3] for word in one.because)
        return any(word in because for word in self.denied)


def rows() -> tuple[list[Row], list[Row]]:
    """Those the rules were written with, and those kept back."""
    written, _, kept = FILE.read_text(encoding="utf-8").partition(_LINE)
    return list(_read(written)), list(_read(kept))


def _read(lines: str) -> Iterator[Row]:
    for line in lines.splitlines():
        if line and not line.startswith("#"):
            accept, denied, text = line.split("\t")
            yield Row(frozenset(accept.split("、")), tuple(denied.replace("、", " ").split()), text)


def figures(every: list[Row], judge: Callable[[str], Assessment]) -> dict[str, float]:
    found = [(row, judge(row.text)) for row in every]
    return {
        "first": sum(row.right(one, 1) for row, one in found) / len(every),
        "three": sum(row.right(one, 3) for row, one in found) / len(every),
        "misled": sum(row.misled(one) for row, one in found),
    }


def _blindly(text: str) -> Assessment:
    with patch.object(assessing, "spoken", lambda said: said):
        return assess(text)


def main() -> None:
    for name, every in zip(("written with", "kept back"), rows(), strict=True):
        for how, judge in (("denials read", assess), ("without", _blindly)):
            got = figures(every, judge)
            print(
                f"{name}, {how}: {len(every)} messages, first {got['first']:.3f}, among three {got['three']:.3f},"
                f" a denied word as reason {got['misled']:.0f}"
            )
        for row in every:
            found = assess(row.text)
            if row.misled(found) or not row.right(found, 1):
                best = [(one.department, one.because) for one in found.ranked[:3]]
                print("   ", row.text, sorted(row.accept), best)


if __name__ == "__main__":
    main()
