from __future__ import annotations

import pytest

from integrations.hospital.demo_names import demo_lexicon
from integrations.language.names import NameIndex
from integrations.settings import ROOT
from tests.eval.marks import mark, marked


@pytest.mark.slow
def test_examples_carry_the_marks_that_a_message_would() -> None:
    """Otherwise: python -m tests.eval.marks --write."""
    index = NameIndex(demo_lexicon())
    files = sorted((ROOT / "dialogs").glob("*/nlu*.yml"))
    lines = [line for file in files for line in marked(file, index)]
    assert len(lines) > 10_000
    assert [after for before, after in lines if before != after] == []


def test_an_example_is_marked_where_something_is_found() -> None:
    index = NameIndex(demo_lexicon())
    assert mark("明天挂号", index) == "[明天](date)挂号"
    assert mark("[骨科](department)明天", index) == "[骨科](department)[明天](date)"
    assert mark("[停车](topic)", index) == "[停车](topic)"
