"""How strict the played platforms are. Every number here is a rule of a platform, or unsure and so a setting."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from integrations.settings import Settings


class Options(BaseSettings):
    """Read from SANDBOX_… variables. Lengths of time are seconds.

    `gateway` is where the program's webhooks live, `own` is how the program reaches us (picture addresses).
    Empty means: the loopback address with the ports of the settings.
    """

    model_config = SettingsConfigDict(
        env_prefix="SANDBOX_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    host: str = "127.0.0.1"
    gateway: str = ""
    gateways: str = ""  # several, separated by commas: each webhook goes to the next of them
    own: str = ""

    # WeChat cuts after five seconds and delivers again. Whether "three" counts the first is unclear.
    wechat_answer_seconds: float = 5.0
    wechat_send_seconds: float = 10.0  # to connect and write; not counted as the program's time
    wechat_deliveries: int = 3
    wechat_retry_pause: float = 0.0
    wechat_token_seconds: int = 7200
    wechat_token_overlap: int = 300  # the old token lives on that long after an unforced renewal
    wechat_forced_refreshes: int = 20  # a day
    wechat_forced_pause: int = 30  # a second forced refresh within it changes nothing
    wechat_media_seconds: int = 3 * 24 * 3600
    wechat_literal_escapes: bool = True  # \uXXXX in a JSON body is shown as those characters

    # Telegram: about 30 messages a second over all chats and one a second in one chat, short bursts allowed.
    telegram_per_second: float = 30.0
    telegram_chat_per_second: float = 1.0
    telegram_chat_burst: int = 3
    telegram_connections: int = 40  # updates on their way to the webhook at once
    telegram_answer_seconds: float = 60.0
    telegram_retry_pause: float = 1.0  # doubles with every failure up to the next one
    telegram_retry_pause_max: float = 60.0
    telegram_callback_seconds: float = 60.0  # a callback query cannot be answered later
    telegram_username: str = "renhe_hospital_bot"

    # SMS, Tencent Cloud's default frequency rules for one number.
    sms_half_minute: int = 1
    sms_hour: int = 5
    sms_day: int = 10

    # WeChat Pay. The key is the platform's own, whose public half the program has.
    wechatpay_private_key: SecretStr = SecretStr("")
    wechatpay_answer_seconds: float = 5.0
    wechatpay_notify_scale: float = 1.0  # of the pauses before a notice is repeated: 15 s to 6 h
    wechatpay_shortest_expiry: int = 60  # an order can be paid that long, whatever its time_expire says
    wechatpay_refund_seconds: float = 3.0  # a refund is PROCESSING, then done
    wechatpay_bill_hour: int = 10  # of the next day, when a bill is there

    # Alipay, in the same way
    alipay_private_key: SecretStr = SecretStr("")
    alipay_answer_seconds: float = 15.0
    alipay_notify_scale: float = 1.0  # of the pauses: 4 minutes to 15 hours
    alipay_bill_hour: int = 9

    # Kuaidi100
    kuaidi100_query_pause: float = 1800.0  # between two questions for one waybill
    kuaidi100_answer_seconds: float = 10.0
    kuaidi100_push_scale: float = 1.0  # of the half hours before news is repeated

    # Bounds of the memory
    people: int = 5000
    entries: int = 200  # kept for one conversation
    records: int = 2000  # kept of the protocol log
    media_bytes: int = 128 * 1024 * 1024

    def gateway_address(self, settings: Settings) -> str:
        return self.gateway_addresses(settings)[0]

    def gateway_addresses(self, settings: Settings) -> list[str]:
        given = self.gateways or self.gateway or f"http://127.0.0.1:{settings.gateway_port}"
        return [address.strip().rstrip("/") for address in given.split(",")]

    def own_address(self, settings: Settings) -> str:
        return (self.own or f"http://127.0.0.1:{settings.sandbox_port}").rstrip("/")
