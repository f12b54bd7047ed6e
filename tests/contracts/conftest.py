"""Each platform in turn."""

from __future__ import annotations

import pytest

from tests.contracts.platforms import (
    Platform,
    Telegram,
    WeChat,
)


@pytest.fixture(params=[WeChat, Telegram], ids=lambda platform: platform.name)
def platform(request: pytest.FixtureRequest) -> Platform:
    return request.param()
