"""The bot, its webhook, and the private chats it has."""

from __future__ import annotations

import math
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.sandbox.options import Options
from integrations.sandbox.people import Person
from integrations.sandbox.state import Clock, Entry, MediaStore, Thread
from integrations.sandbox.telegram.errors import bad_request, forbidden, too_many
from integrations.sandbox.telegram.group import PER_MINUTE, Group

FIRST_CHAT = 5_000_000_000
FILE_SECONDS = 30 * 24 * 3600


@dataclass(slots=True)
class Bucket:
    """Allows `rate` a second with bursts of `size`. Empty: says how many whole seconds to wait."""

    rate: float
    size: float
    level: float
    filled_at: datetime

    def wait(self, now: datetime) -> int:
        """0 when there is room now. Takes nothing."""
        passed = max(0.0, (now - self.filled_at).total_seconds())
        self.level, self.filled_at = min(self.size, self.level + passed * self.rate), now
        return 0 if self.level >= 1 else max(1, math.ceil((1 - self.level) / self.rate))


@dataclass(slots=True)
class Query:
    """A pressed inline button, spinning until it is answered."""

    id: str
    data: str
    chat: Chat
    entry: Entry
    pressed_at: datetime
    answered: bool = False


@dataclass(slots=True)
class Chat:
    id: int
    person: Person
    thread: Thread
    bucket: Bucket
    started: bool = False
    blocked: bool = False
    typing_until: datetime | None = None
    toast: dict[str, Any] | None = None  # the last answer to a callback query that says something
    keyboard: list[list[dict[str, Any]]] = field(default_factory=list)  # a reply keyboard
    language_code: str = "zh-hans"  # of the patient's phone
    pending: deque[Any] = field(default_factory=lambda: deque(maxlen=500))
    draining: bool = False


@dataclass(slots=True)
class Webhook:
    url: str = ""
    secret: str = ""
    allowed: list[str] = field(default_factory=list)
    last_error_at: datetime | None = None
    last_error: str = ""


class Bot:
    def __init__(
        self,
        *,
        token: str,
        name: str,
        webhook: Webhook,
        options: Options,
        clock: Clock,
        group_id: int | None = None,
    ) -> None:
        self.token, self.name = token, name
        self.webhook = webhook
        self.options = options
        self.clock = clock
        self.files = MediaStore(clock, FILE_SECONDS, options.media_bytes)
        self.commands: dict[str, list[dict[str, str]]] = {}  # by language, "" for all others
        self.queries: OrderedDict[str, Query] = OrderedDict()
        self._bucket = Bucket(
            options.telegram_per_second, options.telegram_per_second, options.telegram_per_second, clock()
        )
        self._chats: dict[int, Chat] = {}
        self._of_person: dict[str, Chat] = {}
        self._message_id = 0
        self._update_id = 700_000_000 + secrets.randbelow(10**8)
        self._chats_made = 0
        self.group = self._make_group(group_id) if group_id else None

    def _make_group(self, group_id: int) -> Group:
        bucket = Bucket(PER_MINUTE / 60, PER_MINUTE, PER_MINUTE, self.clock())
        return Group(group_id, "工作人员", Thread(self.clock, self.options.entries), bucket)

    @property
    def id(self) -> int:
        head = self.token.partition(":")[0]
        return int(head) if head.isdigit() else 0

    def next_message_id(self) -> int:
        self._message_id += 1
        return self._message_id

    def next_update_id(self) -> int:
        self._update_id += 1
        return self._update_id

    def add_chat(self, person: Person) -> Chat:
        self._chats_made += 1
        options = self.options
        bucket = Bucket(
            options.telegram_chat_per_second,
            options.telegram_chat_burst,
            options.telegram_chat_burst,
            self.clock(),
        )
        thread = Thread(self.clock, options.entries)
        chat = Chat(FIRST_CHAT + self._chats_made, person, thread, bucket)
        self._chats[chat.id] = self._of_person[person.key] = chat
        return chat

    def commands_for(self, chat: Chat) -> list[dict[str, str]]:
        """The commands of the phone's language, which Telegram knows by two letters."""
        return self.commands.get(chat.language_code[:2]) or self.commands.get("", [])

    def chat(self, chat_id: int) -> Chat | None:
        return self._chats.get(chat_id)

    def place(self, chat_id: Any) -> Chat | Group | None:
        """A private chat or the group."""
        number = str(chat_id)
        if not number.lstrip("-").isdigit():
            return None
        if self.group and self.group.id == int(number):
            return self.group
        return self._chats.get(int(number))

    def places(self) -> list[Chat | Group]:
        return [*self._chats.values(), *([self.group] if self.group else [])]

    def chat_of(self, person: Person) -> Chat | None:
        return self._of_person.get(person.key)

    def forget(self, person: Person) -> None:
        self._of_person.pop(person.key, None)
        for chat_id in [chat.id for chat in self._chats.values() if chat.person is person]:
            del self._chats[chat_id]

    def reachable(self, chat_id: Any) -> Chat:
        """The chat for a message to it. Raises TelegramError 400 and 403."""
        if chat_id in (None, ""):
            raise bad_request("chat_id is empty")
        number = str(chat_id)
        chat = self._chats.get(int(number)) if number.lstrip("-").isdigit() else None
        if chat is None:
            raise bad_request("chat not found")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        return chat

    def take_room(self, chat: Chat | Group) -> None:
        """Counts one message to a chat. Raises TelegramError 429."""
        now = self.clock()
        if wait := max(chat.bucket.wait(now), self._bucket.wait(now)):
            raise too_many(wait)
        chat.bucket.level -= 1
        self._bucket.level -= 1

    def open_query(self, query: Query) -> None:
        self.queries[query.id] = query
        while len(self.queries) > 10 * self.options.people:
            self.queries.popitem(last=False)
