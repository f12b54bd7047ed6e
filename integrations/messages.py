"""The two shapes every channel speaks: what a patient sent, and what we send back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What the patient did. Everything but TEXT may come with an empty `text`."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"  # text holds the platform's recognition, when it gives one
    VIDEO = "video"
    FILE = "file"
    STICKER = "sticker"
    LOCATION = "location"
    LINK = "link"
    CHOICE = "choice"  # a button or a menu item of ours; `choice` holds the id we gave it
    MENU = "menu"  # an entry of the account's menu; `choice` holds its key
    FOLLOW = "follow"  # also Telegram's /start
    UNFOLLOW = "unfollow"
    SCAN = "scan"
    EDIT = "edit"  # an edited message: looked at for red flags, never answered as a new turn
    EVENT = "event"  # anything else the platform tells us: stored, not answered
    SYSTEM = "system"  # our own: something happened outside the chat; `choice` holds the intent


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, recording or file held by the platform."""

    id: str
    mime: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    label: str = ""


class NoticeFate(StrEnum):
    """What a platform tells about notices: a permission, or what became of one that it took."""

    GRANTED = "granted"  # one more notice of this template may be sent
    REFUSED = "refused"  # asked, and the patient said no
    REVOKED = "revoked"  # the patient took the permission back
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NoticeNews:
    """`template` for a permission, `platform_id` for a notice that was sent; `reason` in the platform's words."""

    fate: NoticeFate
    template: str = ""
    platform_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a platform's notice may say. It shows on locked screens and shared phones: no field may hold a
    department, a doctor, a medicine or an illness. `words` are at most 20 characters, `at` is when it happened;
    `language` is theirs, and the page's behind it; `page` is the path of one that is about this alone, "" for the
    page of its kind."""

    kind: str
    words: str
    at: datetime
    number: str = ""
    language: str = "zh-Hans"
    page: str = field(default="", repr=False)


class SessionChange(StrEnum):
    """What a platform tells about a talk of the patient with one of its own agents."""

    OPENED = "opened"
    SWITCHED = "switched"  # to another agent
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NativeSession:
    """`agent` is who has the patient since (or had, where it is over), by the platform's name."""

    change: SessionChange
    agent: str = ""


@dataclass(frozen=True, slots=True)
class MessageIn:
    """One message or event from a patient.

    `external_id` is unique in its channel and the same for every delivery of the same message.
    `recipient` is the platform's name for our own account (WeChat's ToUserName), needed for a
    passive reply. Pictures sent together share an `album`; `news` is what an event tells about notices, `session`
    what it tells about the platform's own agents.
    `message_ref` names the message for the platform's own calls (Telegram: the
    message id, for deleting it; the callback query id travels in `callback_ref`). `sent_at` is UTC.
    `language` is the platform's tag for the language of the patient's phone, where it tells one.
    """

    channel: str
    external_id: str
    sender: str
    kind: Kind
    sent_at: datetime
    text: str = ""
    choice: str = ""
    media: Media | None = None
    location: Location | None = None
    recipient: str = ""
    message_ref: str = ""
    callback_ref: str = ""
    language: str = ""
    album: str = ""
    news: tuple[NoticeNews, ...] = ()
    session: NativeSession | None = None


@dataclass(frozen=True, slots=True)
class GroupMessage:
    """What a member of staff wrote in the staff's group: in which topic, and who by the platform's id (None: it does
    not say). `update_id` is the same for every delivery. `other`: it holds what we do not pass on (a recording, a
    file); `edited`: it changes what was written before."""

    update_id: int
    group: int
    topic: int
    user: int | None
    text: str = field(default="", repr=False)
    picture: str = ""  # by its id
    other: bool = False
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One thing the patient may choose. `id` is short (at most 64 bytes) and ours."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    mime: str = "image/png"


@dataclass(frozen=True, slots=True)
class MessageOut:
    """One message to a patient. `recipient` is the platform's id of the patient, `language` what text and options
    are written in. `transfer`: no words, but the platform's own agents are to have what the patient wrote."""

    channel: str
    recipient: str
    text: str = ""
    options: tuple[Option, ...] = ()
    picture: Picture | None = None
    language: str = "zh-Hans"
    transfer: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTP request at our door, before anything is believed. Header names are lower case."""

    method: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform gets back in the HTTP response."""

    body: bytes = b""
    media_type: str = "text/plain"
