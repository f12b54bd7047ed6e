"""The Telegram bot behind integrations.channel's protocols: python-telegram-bot without its updater."""

from __future__ import annotations

import mimetypes
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime
from functools import partial
from itertools import batched
from typing import Final

import httpx
from telegram import Bot, BotCommand, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.error import BadRequest, TelegramError
from telegram.request import HTTPXRequest

from integrations import menu, texts
from integrations.channel import NotConfigured, Rejected, SendError, TooLarge, TopicGone, Unknown
from integrations.database import utcnow
from integrations.messages import GroupMessage, MessageIn, MessageOut, Option, Picture, Webhook
from integrations.settings import Settings
from integrations.telegram import group, reading, verification
from integrations.telegram.errors import error_for
from integrations.transport import TIMEOUT, Transport, keep_secrets_out_of_logs

# UTF-16 units, as Telegram counts.
TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
MEDIA_LIMIT: Final = 20 * 1024 * 1024  # bytes
CALLBACK_BYTES: Final = 64  # the library lets more pass
TOPIC_TITLE: Final = 128  # characters
_TOPIC_GONE: Final = ("message thread not found", "topic_deleted", "topic_id_invalid")

_SHORT_TITLE = 8  # three such buttons stand side by side on a phone

# A preview would open our one-time links before the patient does.
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_CHINESE = [BotCommand(intent, title) for intent, title in menu.ENTRIES]
_ENGLISH = [BotCommand(intent, menu.ENGLISH[intent]) for intent, _ in menu.ENTRIES]
# By the two letters of ISO 639-1 that Telegram takes here; it has no tag for a script.
_COMMANDS = {"zh": _CHINESE, "": _ENGLISH}

_UPDATES = [Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER]


class TelegramChannel:
    """Needs the bot's token and the webhook's secret; without them the webhook does not exist.

    `transport` replaces the network in tests. `close()` ends the connections.
    """

    name = reading.NAME
    merges = True
    per_second = 30

    def __init__(
        self,
        settings: Settings,
        *,
        now: Callable[[], datetime] = utcnow,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        keep_secrets_out_of_logs()
        self._secret = settings.telegram_webhook_secret.get_secret_value()
        self._now = now
        self.per_chat = settings.telegram_chat_burst
        token = settings.telegram_token.get_secret_value()
        self._configured_bot = (
            _bot(token, settings.telegram_api_base.rstrip("/"), transport) if token else None
        )

    async def close(self) -> None:
        if self._configured_bot is not None:
            await self._configured_bot.request.shutdown()

    def parse(self, webhook: Webhook) -> list[MessageIn]:
        if not self._secret or self._configured_bot is None:
            raise NotConfigured("TELEGRAM_TOKEN or TELEGRAM_WEBHOOK_SECRET is not set")
        verification.verify(secret=self._secret, given=webhook.headers.get(verification.HEADER, ""))
        return reading.read(webhook.body, self._now())

    def fits(self, text: str) -> bool:
        return _size(texts.clean(text)) <= TEXT_LIMIT

    def split(self, text: str) -> list[str]:
        return texts.split(texts.clean(text), TEXT_LIMIT, _size)

    async def send(self, message: MessageOut) -> str:
        """Gives Telegram's message id. A picture takes the text as its caption; a text that is too long for
        that follows as a message of its own, with the buttons."""
        chat_id, text, keyboard = (
            _number(message.recipient),
            texts.clean(message.text),
            _keyboard(message.options),
        )
        if message.picture is None:
            return await self._send_text(chat_id, text, keyboard)
        if _size(text) <= CAPTION_LIMIT:
            return await self._send_photo(chat_id, message.picture, text, keyboard)
        await self._send_photo(chat_id, message.picture, "", None)
        try:
            return await self._send_text(chat_id, text, keyboard)
        except SendError as error:  # sending the whole again would show the picture twice
            raise Unknown("the picture was sent, its text was not") from error

    async def answer_callback(self, callback_ref: str) -> None:
        """A press that is too old to be answered spins no more: no error."""
        try:
            await self._call(lambda bot: bot.answer_callback_query(callback_ref))
        except Rejected as error:
            if not _says(error, "query is too old"):
                raise

    async def delete(self, recipient: str, message_ref: str) -> None:
        """A message that is gone already is no error."""
        chat_id, message_id = _number(recipient), _number(message_ref)
        try:
            await self._call(lambda bot: bot.delete_message(chat_id, message_id))
        except Rejected as error:
            if not _says(error, "message to delete not found"):
                raise

    async def fetch(self, media_id: str, *, limit: int = MEDIA_LIMIT) -> tuple[bytes, str]:
        """At most 20 MB: Telegram's limit for bots."""

        async def download(bot: Bot) -> tuple[bytes, str]:
            file = await bot.get_file(media_id)
            if (file.file_size or 0) > limit:
                raise TooLarge(f"{file.file_size} bytes")
            mime = mimetypes.guess_type((file.file_path or "").partition("?")[0])[0]
            return bytes(await file.download_as_bytearray()), mime or "application/octet-stream"

        try:
            return await self._call(download)
        except Rejected as error:
            if _says(error, "file is too big"):
                raise TooLarge(str(error)) from error
            raise

    def in_group(self, webhook: Webhook) -> GroupMessage | None:
        return group.read(webhook.body)

    async def create_topic(self, group: int, title: str) -> int:
        made = await self._call(lambda bot: bot.create_forum_topic(group, texts.clean(title)[:TOPIC_TITLE]))
        return made.message_thread_id

    async def say_in_topic(self, group: int, topic: int, words: str, picture: Picture | None = None) -> str:
        words = texts.clean(words)
        if picture is None:
            return await self._in_topic(lambda: self._send_text(group, words, None, topic))
        return await self._in_topic(lambda: self._send_photo(group, picture, words, None, topic))

    async def open_topic(self, group: int, topic: int, *, to_all: bool) -> None:
        """A topic that is so already is no error."""

        def turn(bot: Bot) -> Awaitable[bool]:
            return (bot.reopen_forum_topic if to_all else bot.close_forum_topic)(group, topic)

        try:
            await self._in_topic(lambda: self._call(turn))
        except Rejected as error:
            if not _says(error, "topic_not_modified"):
                raise

    async def serves(self, group: int) -> bool:
        async def look(bot: Bot) -> bool:
            me = int(bot.token.partition(":")[0])
            chat, member = await bot.get_chat(group), await bot.get_chat_member(group, me)
            return bool(chat.is_forum and getattr(member, "can_manage_topics", False))

        return await self._call(look)

    async def _in_topic[Result](self, call: Callable[[], Awaitable[Result]]) -> Result:
        try:
            return await call()
        except Rejected as error:
            if any(_says(error, words) for words in _TOPIC_GONE):
                raise TopicGone(str(error)) from error
            raise

    async def publish_menu(self) -> None:
        """Chinese on phones that speak Chinese, English on all others."""
        for tag, commands in _COMMANDS.items():
            await self._call(partial(_set_commands, commands, tag or None))

    async def register_webhook(self, url: str) -> None:
        """Tells Telegram where we are and which updates we want."""
        await self._call(
            lambda bot: bot.set_webhook(url, secret_token=self._secret, allowed_updates=_UPDATES)
        )

    async def _send_text(
        self, chat_id: int, text: str, keyboard: InlineKeyboardMarkup | None, topic: int | None = None
    ) -> str:
        if not text.strip() or _size(text) > TEXT_LIMIT:
            raise Rejected(f"{_size(text)} units of text, 1 to {TEXT_LIMIT} are taken")
        sent = await self._call(
            lambda bot: bot.send_message(
                chat_id,
                text,
                reply_markup=keyboard,
                link_preview_options=_NO_PREVIEW,
                message_thread_id=topic,
            )
        )
        return str(sent.message_id)

    async def _send_photo(
        self,
        chat_id: int,
        picture: Picture,
        caption: str,
        keyboard: InlineKeyboardMarkup | None,
        topic: int | None = None,
    ) -> str:
        name = f"picture.{picture.mime.rpartition('/')[2]}"
        sent = await self._call(
            lambda bot: bot.send_photo(
                chat_id,
                picture.content,
                caption=caption or None,
                filename=name,
                reply_markup=keyboard,
                message_thread_id=topic,
            )
        )
        return str(sent.message_id)

    async def _call[Result](self, call: Callable[[Bot], Awaitable[Result]]) -> Result:
        if self._configured_bot is None:
            raise Rejected("TELEGRAM_TOKEN is not set")
        try:
            return await call(self._configured_bot)
        except TelegramError as error:
            raise error_for(error) from error
        except (KeyError, TypeError, AttributeError) as error:  # 200 with a result of another shape
            raise Unknown("Telegram's answer is no result") from error


async def _set_commands(commands: list[BotCommand], tag: str | None, bot: Bot) -> None:
    await bot.set_my_commands(commands, language_code=tag)


def _bot(token: str, base: str, transport: httpx.AsyncBaseTransport | None) -> Bot:
    request = HTTPXRequest(
        connect_timeout=TIMEOUT.connect,
        read_timeout=TIMEOUT.read,
        write_timeout=TIMEOUT.write,
        pool_timeout=TIMEOUT.pool,
        httpx_kwargs={"transport": transport or Transport()},
    )
    return Bot(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=request,
        get_updates_request=request,  # never used: the webhook takes its place
    )


def _keyboard(options: tuple[Option, ...]) -> InlineKeyboardMarkup | None:
    if not options:
        return None
    for option in options:
        if not 1 <= len(option.id.encode()) <= CALLBACK_BYTES:
            raise Rejected(f"option id of {len(option.id.encode())} bytes, 1 to {CALLBACK_BYTES} are taken")
    return InlineKeyboardMarkup(list(_rows(options)))


def _rows(options: tuple[Option, ...]) -> Iterator[list[InlineKeyboardButton]]:
    """Short titles share a row, longer ones stand alone."""
    width = 3 if all(len(option.title) <= _SHORT_TITLE for option in options) else 1
    for row in batched(options, width):
        yield [InlineKeyboardButton(texts.clean(option.title), callback_data=option.id) for option in row]


def _size(text: str) -> int:
    return sum(2 if character > "\uffff" else 1 for character in text)


def _number(platform_id: str) -> int:
    try:
        return int(platform_id)
    except ValueError:
        raise Rejected("no chat or message of Telegram's") from None


def _says(error: Rejected, words: str) -> bool:
    return isinstance(error.__cause__, BadRequest) and words in str(error).lower()
