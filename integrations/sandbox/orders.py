"""What can be asked of the sandbox by JSON: new patients, and what they do."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

MAX_WAIT = 120.0  # seconds


def _payload(text: str) -> str:
    """What a deep link may carry, by Telegram's rules."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,64}", text):
        raise ValueError("a start payload has up to 64 letters, digits, _ and -")
    return text


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewUser(Order):
    """`person` puts the user on the phone of an existing person (the key from an earlier answer)."""

    name: str = ""
    phone: str = ""
    person: str = ""


class NewWeChatUser(NewUser):
    openid: str = ""
    follow: bool = True
    scene: str = ""
    wait: bool = True


class NewTelegramUser(NewUser):
    start: bool = True
    language_code: str = "zh-hans"
    payload: Annotated[str, AfterValidator(_payload)] = ""
    wait: bool = True


class WeChatAction(Order):
    """What a patient does. `wait`: answer only when the delivery is over, with the passive reply.

    choice: `menu_id` and `text` of a msgmenu item; menu: `key` of an entry of the account's menu;
    event: any other event with its `fields`. `content` is base64; without it a made-up file is sent.
    """

    openid: str
    type: Literal[
        "text", "image", "voice", "video", "shortvideo", "location", "link", "sticker", "choice", "menu", "scan",
        "follow", "unfollow", "event", "permit", "refuse", "revoke",
    ]  # fmt: skip
    text: str = ""
    menu_id: str = ""
    key: str = ""
    scene: str = ""
    url: str = "https://example.org/"
    recognition: str | None = None
    content: str = ""
    latitude: float = 39.9087
    longitude: float = 116.3975
    event: str = ""
    fields: dict[str, Any] = Field(default_factory=dict)
    template: str = ""  # permit, refuse, revoke: which notices are meant; empty: the account's first ones
    wait: bool = True


class TelegramAction(Order):
    """What a patient does. callback and edit need `message_id`; the text of start is a link's payload. `wait`: until
    the webhook took the update."""

    chat_id: int
    type: Literal[
        "text", "start", "callback", "edit", "photo", "voice", "video", "document", "sticker", "location", "contact",
        "block",
    ]  # fmt: skip
    text: str = ""
    message_id: int = 0
    data: str = ""
    content: str = ""
    latitude: float = 39.9087
    longitude: float = 116.3975
    wait: bool = True
    wait_s: float = Field(default=30, gt=0, le=MAX_WAIT)

    @model_validator(mode="after")
    def _started(self) -> Self:
        if self.type == "start":
            _payload(self.text)
        return self


class QuotaOrder(Order):
    openid: str


class BlockOrder(Order):
    openid: str
    block: bool = True
