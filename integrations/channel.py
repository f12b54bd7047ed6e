"""What a chat platform must be able to do, and the ways it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol, runtime_checkable

from integrations.messages import Answer, MessageIn, MessageOut, Webhook


class WebhookError(Exception):
    """A request at a webhook that is not taken. `status` is the HTTP answer."""

    status = 400


class NotConfigured(WebhookError):
    """No secret is set for this webhook: it does not exist."""

    status = 404


class Forbidden(WebhookError):
    """The signature or the secret is wrong, or too old."""

    status = 403


class Malformed(WebhookError):
    """The signature may be right, but the content is no message of this platform."""

    status = 400


class SendError(Exception):
    """A message was not delivered. Says whether trying again helps and whether staff should look."""

    retryable = False  # may be sent again by itself
    loggable = True  # worth a look by the operator


class Throttled(SendError):
    """The platform asks for patience. `retry_after` is seconds."""

    retryable = True
    loggable = False

    def __init__(self, message: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(SendError):
    """The platform refused before it took the message (connection refused, 5xx, busy): try again."""

    retryable = True


class Unknown(SendError):
    """The request left and no answer came: it may or may not have been delivered."""


class WindowClosed(SendError):
    """The platform lets us answer only after the patient writes again (window shut or quota used up)."""

    loggable = False


class Unreachable(SendError):
    """The patient blocked or left us."""

    loggable = False


class Rejected(SendError):
    """The platform will never take this message (too long, forbidden interface, bad account)."""


@runtime_checkable
class Channel(Protocol):
    """A chat platform. `merges`: consecutive texts may be put into one message; `text_limit` is in
    bytes of UTF-8 for WeChat and in UTF-16 units for Telegram: `fits` knows."""

    name: str
    merges: bool

    def parse(self, webhook: Webhook) -> list[MessageIn]:
        """Verifies, decrypts and reads. Raises NotConfigured, Forbidden, Malformed."""
        ...

    def fits(self, text: str) -> bool:
        """Whether the text goes into one message of this platform."""
        ...

    def split(self, text: str) -> list[str]:
        """The text in pieces that fit, cut at sentence ends."""
        ...

    async def send(self, message: MessageOut) -> str:
        """Delivers one message (one platform call) and gives the platform's id. Raises SendError."""
        ...


@runtime_checkable
class Paced(Protocol):
    per_second: int
    """Messages a second the platform takes from us overall."""
    per_chat: int
    """Messages in three seconds to one patient."""


@runtime_checkable
class Rationed(Protocol):
    quotas: Mapping[str, tuple[int, timedelta]]
    """What a patient's act (`message`, `menu`, `follow`, `scan`) lets us send: messages, and for how long."""


@runtime_checkable
class Handshake(Protocol):
    def handshake(self, webhook: Webhook) -> Answer:
        """Answers the platform's GET that proves the address is ours. Raises NotConfigured, Forbidden."""
        ...


@runtime_checkable
class PassiveReply(Protocol):
    def passive(self, message: MessageOut, inbound: MessageIn) -> Answer:
        """The message as the body of the webhook's own HTTP answer."""
        ...

    nothing: Answer  # the body that means "no reply here"


@runtime_checkable
class FetchMedia(Protocol):
    async def fetch(self, media_id: str) -> tuple[bytes, str]:
        """Content and MIME type of what a patient sent. Raises SendError."""
        ...


@runtime_checkable
class DeleteMessage(Protocol):
    async def delete(self, recipient: str, message_ref: str) -> None:
        """Removes a patient's message from the chat (a typed identity number). Raises SendError."""
        ...


@runtime_checkable
class AnswerCallback(Protocol):
    async def answer_callback(self, callback_ref: str) -> None:
        """Stops the pressed button from spinning. Raises SendError."""
        ...


@runtime_checkable
class Menu(Protocol):
    async def publish_menu(self) -> None:
        """Puts the account's menu (挂号 | 我的 | 帮助) in place. Raises SendError."""
        ...
