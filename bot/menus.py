"""The accounts' menus (挂号 | 我的 | 帮助), put in place whenever a worker starts."""

from __future__ import annotations

import structlog

from integrations.channel import Menu, SendError, Unknown
from integrations.runtime import Runtime

log = structlog.get_logger()


async def publish(rt: Runtime) -> bool:
    """Gives every configured account its menu; repeating it changes nothing. False: a platform did not
    answer, so try again later."""
    configured = {
        "wechat": bool(rt.settings.wechat_appid),
        "telegram": bool(rt.settings.telegram_token.get_secret_value()),
    }
    settled = True
    for name, channel in rt.channels.items():
        if not (configured.get(name) and isinstance(channel, Menu)):
            continue
        try:
            await channel.publish_menu()
        except SendError as error:
            log.warning("menu not in place", channel=name, reason=type(error).__name__)
            settled = settled and not (error.retryable or isinstance(error, Unknown))
    return settled
