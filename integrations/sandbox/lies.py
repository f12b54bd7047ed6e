"""A payment platform that says something untrue, in news and in answers, so that the program's checks are seen."""

from __future__ import annotations

from typing import Any

ORDER = "out_trade_no"


def twisted(lie: str | None, said: dict[str, Any]) -> dict[str, Any]:
    """A copy of what is said in which one thing is wrong: amount, order, appid or mchid. What is not there is not
    twisted."""
    if lie is None:
        return said
    false = dict(said)
    if lie == "amount":
        _raise_amounts(false)
    elif lie == "order" and ORDER in false:
        false[ORDER] = f"X{false[ORDER]}"[:32]
    elif lie == "appid":
        for name in ("appid", "app_id"):
            if name in false:
                false[name] = "wxffffffffffffffff" if name == "appid" else "2021999999999999"
    elif lie == "mchid":
        for name in ("mchid", "seller_id"):
            if name in false:
                false[name] = "1999999999" if name == "mchid" else "2088999999999999"
    return false


def _raise_amounts(said: dict[str, Any]) -> None:
    if isinstance(said.get("amount"), dict):
        said["amount"] = {
            name: value + 1 if isinstance(value, int) else value for name, value in said["amount"].items()
        }
    for name in ("total_amount", "receipt_amount", "buyer_pay_amount", "refund_fee", "refund_amount"):
        if name in said:
            said[name] = f"{float(said[name]) + 0.01:.2f}"
