"""All the played platforms together, built once."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from integrations.sandbox import tc3
from integrations.sandbox.alipay import platform as alipay_platform
from integrations.sandbox.alipay.platform import Alipay
from integrations.sandbox.balancer import Balancer
from integrations.sandbox.faults import Faults
from integrations.sandbox.identity import IdentityService
from integrations.sandbox.kuaidi100 import platform as kuaidi100_platform
from integrations.sandbox.kuaidi100.platform import Kuaidi100
from integrations.sandbox.options import Options
from integrations.sandbox.people import People, Person
from integrations.sandbox.sms import SmsService
from integrations.sandbox.state import Background, Clock, ProtocolLog
from integrations.sandbox.telegram.api import Door
from integrations.sandbox.telegram.bot import Bot, Webhook
from integrations.sandbox.telegram.methods import Methods
from integrations.sandbox.telegram.patient import Patients as TelegramPatients
from integrations.sandbox.telegram.updates import Updates
from integrations.sandbox.wechat.account import Account
from integrations.sandbox.wechat.callback import Callbacks
from integrations.sandbox.wechat.notices import Notices
from integrations.sandbox.wechat.oauth import Authorization
from integrations.sandbox.wechat.page import PageScript
from integrations.sandbox.wechat.patient import Patients as WeChatPatients
from integrations.sandbox.wechatpay import platform as wechatpay_platform
from integrations.sandbox.wechatpay.platform import WeChatPay
from integrations.settings import Settings

TELEGRAM_PATH = "/webhooks/telegram"


@dataclass(frozen=True, slots=True)
class World:
    settings: Settings
    options: Options
    clock: Clock
    http: httpx.AsyncClient
    background: Background
    log: ProtocolLog
    faults: Faults
    people: People
    account: Account
    callbacks: Callbacks
    wechat: WeChatPatients
    notices: Notices
    page_script: PageScript
    authorization: Authorization
    wechatpay: WeChatPay
    alipay: Alipay
    kuaidi100: Kuaidi100
    bot: Bot
    updates: Updates
    telegram: TelegramPatients
    door: Door
    sms: SmsService
    identity: IdentityService

    async def close(self) -> None:
        await self.background.close()
        await self.http.aclose()


def reach_program(gateways: list[str]) -> httpx.AsyncClient:
    # Unbounded: waiting for a connection must not count as the program's time to answer.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=50)
    transport = httpx.AsyncHTTPTransport(limits=limits, trust_env=False)
    return httpx.AsyncClient(
        transport=Balancer(transport, gateways), timeout=httpx.Timeout(None, connect=5), trust_env=False
    )


def build_world(settings: Settings, options: Options, clock: Clock, http: httpx.AsyncClient) -> World:
    """`http` is how the platforms reach the program's webhooks; closed with the world."""
    gateway = options.gateway_address(settings)
    background, log, faults = Background(), ProtocolLog(clock, options.records), Faults()
    account = Account(
        appid=settings.wechat_appid,
        secret=settings.wechat_secret.get_secret_value(),
        token=settings.wechat_token.get_secret_value(),
        aes_key=settings.wechat_aes_key.get_secret_value(),
        name=settings.hospital_name,
        options=options,
        clock=clock,
    )
    secret = settings.telegram_webhook_secret.get_secret_value()
    bot = Bot(
        token=settings.telegram_token.get_secret_value(),
        name=settings.hospital_name,
        webhook=Webhook(gateway + TELEGRAM_PATH, secret),
        options=options,
        clock=clock,
        group_id=settings.telegram_staff_group_id,
    )

    def forget(person: Person) -> None:
        account.forget(person)
        bot.forget(person)

    people = People(options.people, forget)
    callbacks = Callbacks(account, http, gateway, faults, log)
    updates = Updates(bot, http, faults, log, background)
    door = Door(bot, Methods(bot, updates), faults, log)
    updates.direct = door.direct
    own = options.own_address(settings)
    wechat = WeChatPatients(account, callbacks, background, own)
    domain = urlsplit(settings.public_url).hostname or ""
    wechatpay = wechatpay_platform.build(settings, options, clock, account, http, background, faults, log)
    kuaidi100 = kuaidi100_platform.build(settings, options, clock, http, background, faults, log)
    alipay = alipay_platform.build(settings, options, clock, http, background, faults, log)
    return World(
        settings=settings, options=options, clock=clock, http=http, background=background, log=log, faults=faults,
        people=people, account=account, callbacks=callbacks,
        wechat=wechat, notices=Notices(account, wechat, faults, background), page_script=PageScript(wechat),
        authorization=Authorization(account, domain), wechatpay=wechatpay, alipay=alipay, kuaidi100=kuaidi100,
        bot=bot, updates=updates, telegram=TelegramPatients(bot, updates), door=door,
        sms=_sms(settings, options, clock), identity=_identity(settings, people, clock),
    )  # fmt: skip


def _sms(settings: Settings, options: Options, clock: Clock) -> SmsService:
    service = tc3.Service(
        name="sms", action="SendSms", version="2021-01-11", needs_region=True,
        secret_id=settings.sms_secret_id, secret_key=settings.sms_secret_key.get_secret_value(),
    )  # fmt: skip
    return SmsService(
        service, app_id=settings.sms_app_id, sign_name=settings.sms_sign_name, template=settings.sms_template_code,
        consent_template=settings.sms_consent_template_code,
        page_template=settings.sms_page_template_code, hospital_phone=settings.hospital_phone,
        options=options, clock=clock,
    )  # fmt: skip


def _identity(settings: Settings, people: People, clock: Clock) -> IdentityService:
    service = tc3.Service(
        name="faceid", action="IdCardVerification", version="2018-03-01", needs_region=False,
        secret_id=settings.identity_secret_id,
        secret_key=settings.identity_secret_key.get_secret_value(),
    )  # fmt: skip
    return IdentityService(service, people, clock)
