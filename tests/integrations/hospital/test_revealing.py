"""Nobody reads personal data without saying why."""

from __future__ import annotations

import pytest

from integrations.hospital import revealing
from integrations.hospital.revealing import NoReason


@pytest.mark.parametrize("said", ["", "  ", ".", "。。。", "- -", "x", "\n查\n"])
def test_what_says_nothing_is_no_reason(said: str) -> None:
    with pytest.raises(NoReason):
        revealing.checked(said)


def test_a_reason_is_kept_short_and_on_one_line() -> None:
    assert revealing.checked(" 回电\n 患者 ") == "回电 患者"
    assert len(revealing.checked("要" * 500)) == 200
