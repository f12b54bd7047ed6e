"""A supergroup with forum topics, where the bot is an administrator who may manage topics: what the program does there,
and what members write. It is there when TELEGRAM_STAFF_GROUP_ID names it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations.sandbox.state import Entry, Thread
from integrations.sandbox.telegram.errors import bad_request, forbidden

if TYPE_CHECKING:
    from integrations.sandbox.telegram.bot import Bucket

PER_MINUTE = 20
_RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members", "can_promote_members",
    "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories", "can_delete_stories",
)  # fmt: skip
TITLE_CHARACTERS = 128
Params = dict[str, Any]


@dataclass(slots=True)
class Topic:
    id: int
    name: str
    closed: bool = False


@dataclass(slots=True)
class Group:
    """`kicked`: the bot is not in it any more; `gone`: nobody is. `forum`: topics are on. `reads`: the bot is an
    administrator, who gets what members write; `manages`: one who may manage topics."""

    id: int
    title: str
    thread: Thread
    bucket: Bucket
    topics: dict[int, Topic] = field(default_factory=dict)
    kicked: bool = False
    gone: bool = False
    forum: bool = True
    reads: bool = True
    manages: bool = True
    pending: deque[Any] = field(default_factory=lambda: deque(maxlen=500))
    draining: bool = False

    def check(self) -> None:
        """Raises TelegramError 400 and 403."""
        if self.gone:
            raise bad_request("chat not found")
        if self.kicked:
            raise forbidden("bot was kicked from the supergroup chat")

    def topic(self, number: Any) -> Topic | None:
        """The topic of a message; None: it goes to General. Raises TelegramError."""
        if number in (None, ""):
            return None
        found = self.topics.get(int(number)) if str(number).isdigit() else None
        if found is None or not self.forum:
            raise bad_request("message thread not found")
        return found

    def create(self, number: int, name: Any) -> Params:
        self._must_manage("create a topic")
        title = str(name or "").strip()
        if not 1 <= len(title) <= TITLE_CHARACTERS:
            raise bad_request("TOPIC_TITLE_EMPTY" if not title else "topic name is too long")
        self.topics[number] = Topic(number, title)
        self.thread.add("notice", "topic", {"topic": number, "text": title}, ref=str(number))
        return {"message_thread_id": number, "name": title, "icon_color": 7322096}

    def turn(self, number: Any, *, closed: bool) -> bool:
        self._must_manage("close or open a topic")
        topic = self.topic(number)
        if topic is None:
            raise bad_request("message thread not found")
        if topic.closed is closed:
            raise bad_request("TOPIC_NOT_MODIFIED")
        topic.closed = closed
        return True

    def _must_manage(self, what: str) -> None:
        self.check()
        if not self.forum:
            raise bad_request("the chat is not a forum")
        if not (self.manages and self.reads):
            raise bad_request(f"not enough rights to {what}")

    def chat_object(self) -> Params:
        return {"id": self.id, "type": "supergroup", "title": self.title} | (
            {"is_forum": True} if self.forum else {}
        )

    def full_object(self) -> Params:
        """As getChat gives it."""
        self.check()
        gifts = (
            "unlimited_gifts",
            "limited_gifts",
            "unique_gifts",
            "premium_subscription",
            "gifts_from_channels",
        )
        accepted = {"accepted_gift_types": dict.fromkeys(gifts, False)}
        return self.chat_object() | {"accent_color_id": 1, "max_reaction_count": 11} | accepted

    def member_object(self, bot: Params) -> Params:
        """The bot's own, as getChatMember gives it."""
        self.check()
        if not self.reads:
            return {"user": bot, "status": "member"}
        rights = dict.fromkeys(("can_be_edited", "is_anonymous", *_RIGHTS), False)
        mine = {"can_manage_chat": True, "can_manage_topics": self.manages}
        return {"user": bot, "status": "administrator"} | rights | mine

    def message_object(self, entry: Entry, sender: Params) -> Params:
        body = entry.body
        made: Params = {
            "message_id": int(entry.ref), "from": sender, "chat": self.chat_object(),
            "date": int(entry.at.timestamp()),
        }  # fmt: skip
        if body.get("topic"):
            made |= {"message_thread_id": body["topic"], "is_topic_message": True}
        if body.get("edited_at"):
            made["edit_date"] = body["edited_at"]
        if entry.kind == "text":
            return made | {"text": body["text"]}
        return made | {entry.kind: body["object"]} | ({"caption": body["text"]} if body.get("text") else {})
