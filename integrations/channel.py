"""What a chat platform must be able to do, and the ways it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol, runtime_checkable

from integrations.messages import Answer, GroupMessage, MessageIn, MessageOut, Notice, Picture, Webhook


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


class TooLarge(Rejected):
    """More bytes than we or the platform hand over."""


class TopicGone(Rejected):
    """The topic was deleted: nobody saw the message."""

    loggable = False


class NoticeRefused(Rejected):
    """The patient gave no permission for this notice, or took it back: trying again changes nothing."""

    loggable = False


class NoticeFaulty(Rejected):
    """The account's template and what we fill into it do not fit: the operator has to look."""


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
        """The message as the body of the webhook's own HTTP answer. Raises Rejected for what cannot leave so."""
        ...

    nothing: Answer  # the body that means "no reply here"


@runtime_checkable
class Notices(Protocol):
    """A platform that takes prepared notices where it takes no message of ours.

    `takes_notices`: the operator has set them up. `asks_permission`: each uses up one permission that the patient
    gave for its template. `same_notice_for`: one that is sent again with the same client id within this time arrives
    once; zero: twice.
    """

    takes_notices: bool
    asks_permission: bool
    same_notice_for: timedelta

    def notice_template(self, kind: str) -> str | None:
        """The account's template for this kind of notice. None: such a notice cannot leave this way."""
        ...

    async def notify(self, recipient: str, notice: Notice, *, client_id: str) -> str:
        """Sends a notice whose kind has a template, and gives the platform's id of it. Raises SendError, also
        NoticeRefused and NoticeFaulty."""
        ...


class PageKey(Protocol):
    """What a page hands to the platform's script, so that it shows the platform's own button."""

    @property
    def appid(self) -> str: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def nonce(self) -> str: ...
    @property
    def signature(self) -> str: ...
    @property
    def script(self) -> str: ...
    @property
    def templates(self) -> tuple[str, ...]: ...


@runtime_checkable
class AsksOnPage(Protocol):
    async def page_key(self, url: str) -> PageKey:
        """The key for a page of ours at this address. Raises SendError."""
        ...


@runtime_checkable
class KnowsReaders(Protocol):
    """A platform whose own browser tells a page of ours who reads it."""

    names_readers: bool
    """Whether the account is set up for it."""

    def is_own_browser(self, user_agent: str) -> bool: ...

    def reader_address(self, return_to: str, state: str) -> str:
        """Where that browser goes to say whose it is; it comes back to `return_to` with `code` and `state`."""
        ...

    async def reader(self, code: str) -> str:
        """The platform's id of the patient behind a code, which works once. Raises SendError; Rejected for a code
        that is used, too old, or none."""
        ...


@runtime_checkable
class FetchMedia(Protocol):
    async def fetch(self, media_id: str, *, limit: int = ...) -> tuple[bytes, str]:
        """Content and MIME type of what a patient sent, of at most `limit` bytes. Raises SendError, also
        TooLarge."""
        ...


@runtime_checkable
class DeleteMessage(Protocol):
    async def delete(self, recipient: str, message_ref: str) -> None:
        """Removes a patient's message from the chat (a typed identity number). Raises SendError."""
        ...


@runtime_checkable
class StaffGroup(Protocol):
    """A platform where staff may answer from a group of theirs, with a topic for each patient. All raise SendError."""

    async def create_topic(self, group: int, title: str) -> int:
        """Gives its id."""
        ...

    async def say_in_topic(self, group: int, topic: int, words: str, picture: Picture | None = None) -> str:
        """Words, or a picture. Gives the platform's id. Raises also TopicGone."""
        ...

    async def open_topic(self, group: int, topic: int, *, to_all: bool) -> None:
        """Opens a topic to those who answer there, or closes it. Raises also TopicGone."""
        ...

    async def serves(self, group: int) -> bool:
        """Whether it has topics, and the bot may make them and reads what members write."""
        ...

    def in_group(self, webhook: Webhook) -> GroupMessage | None:
        """What a webhook brought that `parse` has verified; None for what nobody wrote into a topic. Raises
        Malformed."""
        ...


@runtime_checkable
class OwnAgents(Protocol):
    """A platform whose own agents may have a patient, where we hear nothing."""

    async def agent_of(self, recipient: str) -> str:
        """Which of them has the patient now; "": none. Raises SendError."""
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
