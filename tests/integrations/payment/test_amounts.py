from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.payment.amounts import fen, yuan


@given(st.integers(min_value=0, max_value=10**11 - 1))
def test_yuan_and_fen_are_the_same_money(amount: int) -> None:
    assert fen(yuan(amount)) == amount
    assert fen(f"-{yuan(amount)}") == -amount


@pytest.mark.parametrize(("said", "amount"), [("0.29", 29), ("25", 2500), ("25.5", 2550), (" 0.01 ", 1)])
def test_what_platforms_write(said: str, amount: int) -> None:
    assert fen(said) == amount


@pytest.mark.parametrize("said", ["", "1.234", "1e2", "1,000.00", "٢٥", ".5", "--1"])
def test_what_is_no_money(said: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        fen(said)
