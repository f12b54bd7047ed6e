"""What the played platforms grant by themselves (most tests here turn it): each number is a platform's own."""

from __future__ import annotations

import pytest

from integrations.sandbox.options import Options

RULES = {
    "wechat_answer_seconds": 5,
    "wechat_deliveries": 3,
    "wechat_token_seconds": 7200,
    "wechat_media_seconds": 3 * 24 * 3600,
    "telegram_per_second": 30,
    "telegram_chat_per_second": 1,
    "sms_half_minute": 1,
    "sms_hour": 5,
    "sms_day": 10,
    "wechatpay_answer_seconds": 5,
    "kuaidi100_query_pause": 1800,
}


def test_without_settings_they_are_as_strict_as_the_platforms(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Options.model_fields:
        monkeypatch.delenv(f"SANDBOX_{name.upper()}", raising=False)
    assert Options().model_dump(include=set(RULES)) == RULES
