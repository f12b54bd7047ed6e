"""What can be asked of the sandbox by JSON: new patients, and what they do."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_WAIT = 120.0  # seconds


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
    payload: str = ""
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
    """What a patient does. callback and edit need `message_id`; `wait`: until the webhook took the update."""

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


class QuotaOrder(Order):
    openid: str


class BlockOrder(Order):
    openid: str
    block: bool = True
