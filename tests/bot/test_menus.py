from dataclasses import dataclass, field, replace

import pytest
from pydantic import SecretStr

from bot import menus
from integrations.channel import Rejected, SendError, Unreachable
from integrations.settings import Settings


@dataclass
class Account:
    """A platform with a menu; `fail` holds what the next calls raise."""

    fail: list[SendError | None] = field(default_factory=list)
    published: int = 0

    async def publish_menu(self) -> None:
        error = self.fail.pop(0) if self.fail else None
        if error:
            raise error
        self.published += 1


class Busy(SendError):
    retryable = True


@pytest.fixture
def account(rt):
    settings = Settings(_env_file=None, wechat_appid="wx1", telegram_token=SecretStr(""))
    return Account(), replace(rt, settings=settings)


async def test_only_configured_accounts_get_a_menu(account):
    wechat, rt = account
    telegram = Account()
    assert await menus.publish(replace(rt, channels={"wechat": wechat, "telegram": telegram}))
    assert (wechat.published, telegram.published) == (1, 0)


async def test_a_platform_that_does_not_answer_is_asked_again(account):
    wechat, rt = account
    wechat.fail = [Busy(), Busy()]
    rt = replace(rt, channels={"wechat": wechat})
    assert [await menus.publish(rt) for _ in range(3)] == [False, False, True]
    assert wechat.published == 1


@pytest.mark.parametrize("error", [Rejected("48001"), Unreachable("x")])
async def test_a_platform_that_refuses_is_left_alone(account, error):
    wechat, rt = account
    wechat.fail = [error]
    assert await menus.publish(replace(rt, channels={"wechat": wechat}))
    assert wechat.published == 0
