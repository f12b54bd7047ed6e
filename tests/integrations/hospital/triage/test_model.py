"""How the trained model is made and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from integrations.hospital.triage import inputs
from integrations.hospital.triage.departments import standard
from integrations.hospital.triage.features import features
from integrations.hospital.triage.model import Model
from integrations.hospital.triage.phrases import Example, phrases, words
from integrations.hospital.triage.training import fit, written
from integrations.language import linear_model

SMALL = [
    Example(text, department)
    for department, texts in {
        "眼科": ("眼睛疼", "眼睛红", "看不清"),
        "骨科": ("腿疼", "膝盖疼", "腰疼"),
        "皮肤科": ("起疹子", "身上痒", "长痘"),
    }.items()
    for text in texts * 2
]


def test_the_same_examples_give_the_same_model() -> None:
    one, other = fit(SMALL, []), fit(SMALL, [])
    assert one.vocabulary == other.vocabulary
    assert np.array_equal(one.weights, other.weights)


def test_a_kept_model_reads_as_it_was_made(tmp_path: Path) -> None:
    made = fit(SMALL, [])
    linear_model.keep(made, tmp_path / "triage-1.npz")
    kept = linear_model.read(tmp_path / "triage-1.npz")
    assert kept is not None
    one, other = Model(kept), Model(made)
    assert np.allclose(one.read("眼睛红").scores(), other.read("眼睛红").scores(), atol=0.01)
    assert one.words == other.words


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
