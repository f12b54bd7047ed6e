"""How the trained model is made and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from integrations.hospital.triage import inputs, model
from integrations.hospital.triage.departments import standard
from integrations.hospital.triage.features import features
from integrations.hospital.triage.phrases import Example, phrases, words
from integrations.hospital.triage.training import fit, written

SMALL = [
    Example(text, department)
    for department, texts in {
        "眼科": ("眼睛疼", "眼睛红", "看不清"),
        "骨科": ("腿疼", "膝盖疼", "腰疼"),
    }.items()
    for text in texts * 2
]


def test_the_same_examples_give_the_same_model() -> None:
    one, other = fit(SMALL, []), fit(SMALL, [])
    assert one.vocabulary == other.vocabulary
    assert np.array_equal(one.weights, other.weights)


def test_a_kept_model_reads_as_it_was_made(tmp_path: Path) -> None:
    made = fit(SMALL, [])
    file = tmp_path / "models/triage-1.npz"
    model._keep(made, file)
    read = model._read(file)
    assert read is not None
    assert np.allclose(read.read("眼睛红").scores(), made.read("眼睛红").scores(), atol=0.01)
    assert read.words == made.words
    assert [one.name for one in file.parent.iterdir()] == [file.name]


def test_old_models_are_removed(tmp_path: Path) -> None:
    made = fit(SMALL, [])
    for number in range(5):
        model._keep(made, tmp_path / f"triage-{number}.npz")
    assert len(list(tmp_path.iterdir())) == model.KEPT


def test_half_a_file_is_no_model(tmp_path: Path) -> None:
    file = tmp_path / "triage-1.npz"
    model._keep(fit(SMALL, []), file)
    file.write_bytes(file.read_bytes()[:1000])
    assert model._read(file) is None
    file.write_bytes(b"")
    assert model._read(file) is None


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")
    model._keep(fit(SMALL, []), tmp_path / "models/triage-1.npz")


def test_changed_inputs_are_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/眼科.txt").write_text("眼睛疼")
    monkeypatch.setattr(inputs, "HERE", tmp_path)
    before = inputs.model_file()
    (tmp_path / "examples/眼科.txt").write_text("眼睛红")
    assert inputs.model_file() != before


def test_every_word_and_example_belongs_to_a_standard_department() -> None:
    assert all(standard(name) == name for name in words())
    assert all(standard(one.department) == one.department and one.text for one in written())
    made = list(phrases())
    assert made == list(phrases())
    assert not any("{" in one.text for one in made)


def test_an_age_is_a_stage_of_life_and_a_number_is_a_number() -> None:
    assert features("5岁") == features("五岁") == features("6 周岁")
    assert features("孩子两岁半") == features("孩子1岁")
    assert features("男，35岁") == features("男，三十六岁") != features("男，70岁")
    assert features("疼了3天") == features("疼了5天")
