"""The WeChat official account behind integrations.channel's protocols. Secure mode only."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
from redis.asyncio import Redis
from wechatpy.replies import TextReply, TransferCustomerServiceReply

from integrations import menu, texts
from integrations.channel import Forbidden, NotConfigured, NoticeFaulty, Rejected, SendError, Unknown
from integrations.database import utcnow
from integrations.messages import Answer, MessageIn, MessageOut, Notice, Option, Picture, Webhook
from integrations.settings import Settings
from integrations.transport import keep_secrets_out_of_logs
from integrations.wechat import notices, oauth, reading, verification
from integrations.wechat.client import WeChatClient
from integrations.wechat.page import PageKey

# Bytes of UTF-8, for passive replies and customer-service messages alike.
TEXT_LIMIT: Final = 2048

# Bytes. The largest that WeChat itself lets patients send is a video of 25 MB.
MEDIA_LIMIT: Final = 25 * 1024 * 1024

# Customer-service messages that a patient's act grants, and for how long (WeChat's rules since June 2023).
QUOTAS: Final = {
    "message": (5, timedelta(hours=48)),
    "menu": (3, timedelta(minutes=1)),
    "follow": (3, timedelta(minutes=1)),
    "scan": (3, timedelta(minutes=1)),
}

_SAYS_HOW_TO_CHOOSE = re.compile(r"回复\s*(?:数字|序号|编号|[“「\"'0-9])|reply", re.IGNORECASE)


class WeChatChannel:
    """Needs the account's appid, secret, token and AES key; without token or key the webhook does not exist.

    `max_age` bounds how old a signed request may be; inside it a repetition is known by its external_id. It leaves
    room for a clock of ours that is wrong by hours: nobody's message is refused for that.
    """

    name = reading.NAME
    merges = True
    nothing = Answer(b"success")
    quotas: Mapping[str, tuple[int, timedelta]] = QUOTAS

    def __init__(
        self,
        settings: Settings,
        *,
        http: httpx.AsyncClient,
        redis: Redis | None,
        now: Callable[[], datetime] = utcnow,
        max_age: timedelta = timedelta(days=1),
        choose: Mapping[str, str] = menu.CHOOSE,
    ) -> None:
        keep_secrets_out_of_logs()
        self._appid = settings.wechat_appid
        self._token = settings.wechat_token.get_secret_value()
        self._aes_key = settings.wechat_aes_key.get_secret_value()
        if self._aes_key:
            verification.check_aes_key(self._aes_key)
        self._now = now
        self._max_age = max_age
        self._choose = choose
        self._zone = settings.zone
        self._script = settings.wechat_jssdk_url
        self._oauth = settings.wechat_oauth_base
        self.names_readers = bool(settings.wechat_appid and settings.wechat_secret.get_secret_value())
        self._public_url = settings.public_url.rstrip("/")
        self._templates = (
            notices.read_templates(settings.wechat_notice_templates)
            if settings.wechat_notice != "none"
            else {}
        )
        self.takes_notices = settings.wechat_notice != "none"
        self.asks_permission = settings.wechat_notice == "subscription"
        # Only template messages have an id of ours to know a repetition by.
        self.same_notice_for = timedelta(0) if self.asks_permission else notices.SAME_FOR
        self._client = WeChatClient(
            appid=self._appid,
            secret=settings.wechat_secret.get_secret_value(),
            base=settings.wechat_api_base,
            http=http,
            redis=redis,
        )

    def handshake(self, webhook: Webhook) -> Answer:
        self._verify(webhook.query, webhook.query.get("signature", ""))
        return Answer(webhook.query.get("echostr", "").encode("utf-8", "replace"))

    def parse(self, webhook: Webhook) -> list[MessageIn]:
        self._check_configured()
        if webhook.query.get("encrypt_type") != "aes":
            raise Forbidden("secure mode only")
        encrypted = reading.encrypted_part(webhook.body)
        self._verify(webhook.query, webhook.query.get("msg_signature", ""), encrypted)
        xml = verification.decrypt(encrypted, aes_key=self._aes_key, appid=self._appid)
        return [reading.read(xml)]

    def fits(self, text: str) -> bool:
        return len(texts.clean(text).encode()) <= TEXT_LIMIT

    def split(self, text: str) -> list[str]:
        return texts.split(texts.clean(text), TEXT_LIMIT, lambda character: len(character.encode()))

    def written(self, message: MessageOut) -> str:
        """The text as the patient gets it: options become numbered lines (clicks on a msgmenu cost quota)."""
        text = texts.clean(message.text)
        if not message.options:
            return text
        lines = [text, *(f"{number} {_line(option)}" for number, option in enumerate(message.options, 1))]
        written = "\n".join(line for line in lines if line)
        explained = f"{written}\n{self._choose[message.language]}"
        return written if _SAYS_HOW_TO_CHOOSE.search(text) or not self.fits(explained) else explained

    def passive(self, message: MessageOut, inbound: MessageIn) -> Answer:
        """Raises Rejected for a picture (that has to be uploaded: it is sent actively) and a text too long."""
        if message.picture is not None:
            raise Rejected("a picture is no passive reply")
        now = self._now()
        head = {"source": inbound.recipient, "target": message.recipient, "time": int(now.timestamp())}
        if message.transfer:
            reply = TransferCustomerServiceReply(**head)
        else:  # wechatpy does not escape it
            reply = TextReply(**head, content=self._checked(message).replace("]]>", "]]]]><![CDATA[>"))
        sealed = verification.encrypt(
            reply.render(), token=self._token, aes_key=self._aes_key, appid=self._appid, now=now
        )
        return Answer(sealed.encode(), "application/xml")

    async def send(self, message: MessageOut) -> str:
        """A customer-service message. With a picture and a text these are two of them, the picture first."""
        if message.picture is None:
            return await self._client.send_text(message.recipient, self._checked(message))
        text = self._checked(message) if message.text or message.options else ""
        sent = await self._send_picture(message.recipient, message.picture)
        if text:
            try:
                return await self._client.send_text(message.recipient, text)
            except SendError as error:  # sending the whole again would show the picture twice
                raise Unknown("the picture was sent, its text was not") from error
        return sent

    async def _send_picture(self, openid: str, picture: Picture) -> str:
        """An id that WeChat forgot before its time is renewed once: what it refused, nobody saw."""
        media_id = await self._client.picture(picture.content, picture.mime)
        try:
            return await self._client.send_image(openid, media_id)
        except Rejected as error:
            if "40007" not in str(error):
                raise
        media_id = await self._client.picture(picture.content, picture.mime, fresh=True)
        return await self._client.send_image(openid, media_id)

    async def fetch(self, media_id: str, *, limit: int = MEDIA_LIMIT) -> tuple[bytes, str]:
        """WeChat keeps what patients send for three days."""
        return await self._client.download(media_id, limit)

    def notice_template(self, kind: str) -> str | None:
        template = self._template(kind)
        return template.id if template else None

    async def notify(self, recipient: str, notice: Notice, *, client_id: str) -> str:
        """A template message or a subscription notice, whichever the account has."""
        template = self._template(notice.kind)
        if template is None:
            raise NoticeFaulty(f"no template for {notice.kind}")
        data = template.filled(notice, self._zone)
        path = notice.page or f"/notice/{notice.kind}?lang={notice.language}"
        page = f"{self._public_url}{path}"
        if self.asks_permission:
            return await self._client.send_subscription(recipient, template.id, data, page)
        return await self._client.send_template(recipient, template.id, data, page, client_id)

    def _template(self, kind: str) -> notices.Template | None:
        return self._templates.get(kind) or self._templates.get(notices.EVERY_KIND)

    async def page_key(self, url: str) -> PageKey:
        """What a page of ours at `url` needs to ask the patient for permissions. Raises SendError."""
        ids = sorted({template.id for template in self._templates.values()})
        return PageKey.sign(
            appid=self._appid,
            ticket=await self._client.page_ticket(),
            url=url,
            nonce=secrets.token_hex(8),
            now=self._now(),
            script=self._script,
            templates=tuple(ids),
        )

    def is_own_browser(self, user_agent: str) -> bool:
        return oauth.is_browser(user_agent)

    def reader_address(self, return_to: str, state: str) -> str:
        return oauth.address(base=self._oauth, appid=self._appid, return_to=return_to, state=state)

    async def reader(self, code: str) -> str:
        return await self._client.openid(code)

    async def agent_of(self, recipient: str) -> str:
        return await self._client.agent_of(recipient)

    async def publish_menu(self) -> None:
        await self._client.create_menu(
            [_click(*menu.BOOKING)]
            + [
                {"name": menu.IN_WECHAT[name], "sub_button": [_click(*entry) for entry in entries]}
                for name, entries in (menu.MINE, (menu.HELP[0], (*menu.HELP[1], menu.LANGUAGE)))
            ]
        )

    def _checked(self, message: MessageOut) -> str:
        text = self.written(message)
        if not text or not self.fits(text):
            raise Rejected(f"{len(text.encode())} bytes of text, 1 to {TEXT_LIMIT} are taken")
        return text

    def _check_configured(self) -> None:
        if not (self._appid and self._token and self._aes_key):
            raise NotConfigured("WECHAT_APPID, WECHAT_TOKEN or WECHAT_AES_KEY is not set")

    def _verify(self, query: Mapping[str, str], signature: str, encrypted: str = "") -> None:
        self._check_configured()
        verification.verify(
            token=self._token,
            signature=signature,
            timestamp=query.get("timestamp", ""),
            nonce=query.get("nonce", ""),
            encrypted=encrypted,
            now=self._now(),
            max_age=self._max_age,
        )


def _line(option: Option) -> str:
    return " ".join(texts.clean(option.title).split())


def _click(key: str, name: str) -> dict[str, Any]:
    return {"type": "click", "name": menu.IN_WECHAT.get(name, name), "key": key}
