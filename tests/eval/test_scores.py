from __future__ import annotations

import pytest

from tests.eval.scores import FALLBACK, Read, calibration_error, confusions, macro_f1, reliability

READS = [
    Read("book", "a", "book", (("book", 0.95), ("cancel", 0.05))),
    Read("book", "b", "cancel", (("cancel", 0.65), ("book", 0.35))),
    Read("cancel", "c", FALLBACK, ((FALLBACK, 0.7), ("cancel", 0.3))),
    Read("cancel", "d", "cancel", (("cancel", 1.0), ("book", 0.0))),
]


def test_confusions_name_both_sides() -> None:
    assert confusions(READS) == {("book", "cancel"): 1, ("cancel", FALLBACK): 1}


def test_every_intent_counts_the_same() -> None:
    assert macro_f1(READS) == pytest.approx((2 / 3 + 2 / 4) / 2)


def test_confidence_is_held_against_what_was_right() -> None:
    tenths = [(one.count, round(one.confidence, 3), one.accuracy) for one in reliability(READS)]
    assert tenths == [(1, 0.3, 1.0), (1, 0.65, 0.0), (2, 0.975, 1.0)]
    assert calibration_error(READS) == pytest.approx((0.7 + 0.65 + 2 * 0.025) / 4)
