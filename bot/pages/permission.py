"""WeChat's button for the next notice, on pages where a patient has just done something worth being told about."""

from __future__ import annotations

from urllib.parse import urlsplit

import structlog

from bot.pages.reader import Reader
from integrations.channel import AsksOnPage, Notices, PageKey, SendError
from integrations.runtime import Runtime

log = structlog.get_logger()


async def page_key(rt: Runtime, url: str) -> PageKey | None:
    """The key for WeChat's button, where the account sends subscription notices and WeChat answers. `url` is the
    page's whole address."""
    for channel in rt.channels.values():
        if isinstance(channel, Notices) and channel.asks_permission and isinstance(channel, AsksOnPage):
            try:
                return await channel.page_key(url)
            except SendError as error:
                log.warning("page without its button", reason=type(error).__name__)
    return None


async def key_for(reader: Reader) -> PageKey | None:
    """For the page that this reader sees."""
    query = reader.request.url.query
    return await page_key(reader.rt, reader.address + (f"?{query}" if query else ""))


def origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
