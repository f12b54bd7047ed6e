"""Everything a process needs, built once at its edge and passed down. The only module that knows every vendor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
from redis.asyncio import Redis

from integrations.channel import Channel
from integrations.connections import COMMAND, Pools
from integrations.crypto import Crypto
from integrations.database import Database, utcnow
from integrations.identity.interface import IdentityCheck
from integrations.identity.tencent import TencentIdentity
from integrations.key_rings import KeySource
from integrations.money import Platform
from integrations.parcel.interface import ParcelTracker
from integrations.parcel.kuaidi100 import Kuaidi100
from integrations.payment.alipay import Alipay
from integrations.payment.interface import PaymentPlatform
from integrations.payment.wechatpay import WeChatPay
from integrations.presence import present
from integrations.settings import Settings
from integrations.sms.interface import Sms
from integrations.sms.tencent import TencentSms
from integrations.telegram.channel import TelegramChannel
from integrations.throttle import Throttle
from integrations.transport import TIMEOUT, Transport
from integrations.wechat.channel import WeChatChannel

APP_ROLE = "daozhen_app"


@dataclass(frozen=True, slots=True)
class Runtime:
    """One process's connections. A test replaces a field (`dataclasses.replace`)."""

    settings: Settings
    database: Database
    redis: Redis
    http: httpx.AsyncClient
    crypto: Crypto
    channels: dict[str, Channel]
    throttle: Throttle
    sms: Sms
    identity: IdentityCheck
    payments: Mapping[Platform, PaymentPlatform] = field(default_factory=dict)  # those that have their keys
    parcels: ParcelTracker | None = None  # where it has its key
    now: Callable[[], datetime] = field(default=utcnow)

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.zone

    def local_now(self) -> datetime:
        return self.now().astimezone(self.zone)


@asynccontextmanager
async def open_runtime(
    settings: Settings, *, pools: Pools = COMMAND, process: str = ""
) -> AsyncIterator[Runtime]:
    """Opens all connections and closes them on leaving. One that serves for long gives its name as `process`: its
    keys are then kept up to date. Raises BadKeys for keys that cannot be read, OutdatedKeys for old ones.
    """
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url, pools=pools, role=APP_ROLE)
        stack.push_async_callback(database.close)
        keys = KeySource(settings)
        rings = keys.read()
        crypto = Crypto(data=rings.data, index=rings.index)
        if process:
            await stack.enter_async_context(present(database, keys, crypto, process))
        redis = Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=5)
        stack.push_async_callback(redis.aclose)
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT, transport=Transport()))
        wechat = WeChatChannel(settings, http=http, redis=redis)
        telegram = TelegramChannel(settings)
        stack.push_async_callback(telegram.close)
        yield Runtime(
            settings=settings,
            database=database,
            redis=redis,
            http=http,
            crypto=crypto,
            channels={channel.name: channel for channel in (wechat, telegram)},
            throttle=Throttle(redis),
            sms=TencentSms(settings, http=http),
            identity=TencentIdentity(settings, http=http),
            payments=_payments(settings, http),
            parcels=Kuaidi100(settings, http=http) if settings.kuaidi100_key.get_secret_value() else None,
        )


def _payments(settings: Settings, http: httpx.AsyncClient) -> dict[Platform, PaymentPlatform]:
    """Raises ValueError for keys that cannot be read."""
    known = (WeChatPay, Alipay)
    made: list[PaymentPlatform] = [one(settings, http=http) for one in known if one.configured(settings)]
    return {platform.name: platform for platform in made}
