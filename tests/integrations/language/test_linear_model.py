"""Linear models over texts: how they are kept and applied."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import structlog

from integrations.language import linear_model
from integrations.language.linear_model import LinearModel, keep, probabilities, read

MADE = LinearModel(
    labels=("眼科", "骨科"),
    vocabulary={"眼": 0, "腿": 1, "疼": 2},
    idf=np.array([2, 2, 1], np.float32),
    weights=np.array([[3, -3], [-3, 3], [0.5, 0.25]], np.float32),
    bias=np.array([0, 0.5], np.float32),
    more={"bounds": np.array([0.9, 0.8])},
)


def test_a_text_is_weighed_by_what_is_known_of_it() -> None:
    rows, values = MADE.weigh(["眼", "疼", "疼", "谁"])
    assert rows.tolist() == [0, 2]
    assert values @ values == pytest.approx(1)
    assert values[0] / values[1] == pytest.approx(2 / (1 + np.log(2)))


def test_nothing_known_weighs_nothing() -> None:
    rows, values = MADE.weigh(["谁"])
    assert (rows.size, values.size) == (0, 0)
    assert probabilities(MADE.bias).sum() == pytest.approx(1)


def test_a_kept_model_reads_as_it_was_made(tmp_path: Path) -> None:
    file = tmp_path / "models/red-flags-1.npz"
    keep(MADE, file)
    known = read(file)
    assert known is not None
    assert (known.labels, known.vocabulary) == (MADE.labels, MADE.vocabulary)
    for one in ("idf", "weights", "bias"):
        assert np.allclose(getattr(known, one), getattr(MADE, one))
    assert np.array_equal(known.more["bounds"], MADE.more["bounds"])
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_the_newest_of_a_name_stay(tmp_path: Path) -> None:
    keep(MADE, tmp_path / "triage-1.npz")
    for number in range(5):
        keep(MADE, tmp_path / f"red-flags-{number}.npz")
    assert (tmp_path / "triage-1.npz").exists()
    assert len(list(tmp_path.glob("red-flags-*"))) == linear_model.KEPT


@pytest.mark.parametrize("damage", ["empty", "half", "no archive", "other sizes"])
def test_a_damaged_file_is_no_model_and_the_log_says_so(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "triage-1.npz"
    keep(MADE, file)
    whole = file.read_bytes()
    match damage:
        case "other sizes":
            keep(LinearModel(MADE.labels, {"眼": 0}, MADE.idf, MADE.weights, MADE.bias), file)
        case _:
            file.write_bytes({"empty": b"", "half": whole[:900], "no archive": b"PK\x03\x04 nothing"}[damage])
    with structlog.testing.capture_logs() as said:
        assert read(file) is None
    assert [one["event"] for one in said] == ["model_unreadable"]


def test_no_file_is_no_model_and_nothing_to_log(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as said:
        assert read(tmp_path / "triage-1.npz") is None
    assert said == []


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    with structlog.testing.capture_logs() as said:
        keep(MADE, tmp_path / "models/triage-1.npz")
    assert [one["event"] for one in said] == ["model_not_kept"]
