"""The report of understanding: a page of Markdown and two pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.eval.scores import FALLBACK, Bin, Read, calibration_error, confusions, macro_f1, reliability, share

CONFUSED = 25  # rows of the table of confusions
CALIBRATION = "understanding-calibration.svg"
CONFUSION = "understanding-confusion.svg"
_ABOUT = """# How well messages are understood

Written by `make eval` (`python -m tests.eval --docs` puts it here). Each set was written apart from the training
examples, and messages that happen to stand in those word for word are left out. *Asked back*: the assistant
was not sure enough and offered choices. *ECE*: expected calibration error, the mean distance between how sure it is
and how often it is right.
"""


def write(folder: Path, sets: Mapping[str, Sequence[Read]], counts: Mapping[str, int]) -> Path:
    """The page, in `folder`. The last set is the one that pictures and confusions show. `counts`: examples by
    intent."""
    folder.mkdir(parents=True, exist_ok=True)
    shown = list(sets)[-1]
    reads = sets[shown]
    draw_calibration(folder / CALIBRATION, {name: reliability(some) for name, some in sets.items()})
    draw_confusion(folder / CONFUSION, reads)
    least = min(counts, key=lambda intent: counts[intent])
    parts = [
        _ABOUT,
        _table(
            ("set", "messages", "right", "asked back", "wrong", "macro F1", "ECE"),
            [_row(name, some) for name, some in sets.items()],
        ),
        f"Trained on {sum(counts.values())} examples of {len(counts)} intents; the fewest has {least} "
        f"({counts[least]}).\n",
        f"## How sure, and how often right\n\n![calibration]({CALIBRATION})\n\n{shown}:\n",
        _table(
            ("confidence", "right", "messages"),
            [(f"{one.confidence:.2f}", f"{one.accuracy:.2f}", str(one.count)) for one in reliability(reads)],
        ),
        f"## What is taken for what\n\n![confusions]({CONFUSION})\n\n{shown}, the most frequent:\n",
        _table(
            ("is", "taken for", "times"),
            [(intent, got, str(count)) for (intent, got), count in confusions(reads).most_common(CONFUSED)],
        ),
    ]
    page = folder / "understanding.md"
    page.write_text("\n".join(parts), encoding="utf-8")
    return page


def _row(name: str, reads: Sequence[Read]) -> tuple[str, ...]:
    right = [read for read in reads if read.right]
    asked = [read for read in reads if read.asked_back]
    wrong = 1 - share(right, reads) - share(asked, reads)
    figures = (share(right, reads), share(asked, reads), wrong, macro_f1(reads), calibration_error(reads))
    return (name, str(len(reads)), *(f"{figure:.3f}" for figure in figures))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def draw_calibration(file: Path, curves: Mapping[str, Sequence[Bin]]) -> None:
    """Confidence against accuracy; the diagonal is what is meant."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, bins in curves.items():
        axes.plot([one.confidence for one in bins], [one.accuracy for one in bins], marker="o", label=name)
    axes.set(xlabel="how sure", ylabel="how often right", xlim=(0, 1), ylim=(0, 1.02))
    axes.legend(loc="upper left", frameon=False)
    _save(figure, file)


def draw_confusion(file: Path, reads: Sequence[Read]) -> None:
    """Only intents that were confused, those most often first; what was right is left out."""
    from matplotlib.figure import Figure

    pairs = {pair: count for pair, count in confusions(reads).items() if pair[1] != FALLBACK}
    weight = {
        name: sum(count for pair, count in pairs.items() if name in pair)
        for name in {one for pair in pairs for one in pair}
    }
    names = sorted(weight, key=lambda name: (-weight[name], name))
    place = {name: index for index, name in enumerate(names)}
    figure = Figure(figsize=(9, 8.4), layout="constrained")
    axes = figure.subplots()
    axes.scatter(
        [place[got] for _, got in pairs],
        [place[intent] for intent, _ in pairs],
        s=[18 * count for count in pairs.values()],
        c=list(pairs.values()),
        cmap="autumn_r",
        edgecolors="0.3",
        linewidths=0.4,
    )
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=6)
    axes.invert_yaxis()
    axes.grid(color="0.92", linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set(xlabel="taken for", ylabel="is")
    _save(figure, file)


def _save(figure: object, file: Path) -> None:
    """The same figures give the same file."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": file.name, "svg.fonttype": "none"}):
        figure.savefig(file, metadata={"Date": None})  # type: ignore[attr-defined]
