"""The official account and the patients who follow it."""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integrations.sandbox.options import Options
from integrations.sandbox.people import Person
from integrations.sandbox.state import Clock, MediaStore, Thread
from integrations.sandbox.wechat.agents import Native
from integrations.sandbox.wechat.quota import Quota
from integrations.sandbox.wechat.tokens import Tokens

OPENID_LETTERS = string.ascii_letters + string.digits + "_-"
TYPING = timedelta(seconds=15)


@dataclass(slots=True)
class WeChatUser:
    openid: str
    person: Person
    thread: Thread
    followed: bool = False
    quota: Quota = field(default_factory=Quota)
    typing_until: datetime | None = None
    permissions: dict[str, int] = field(default_factory=dict)  # subscription notices that may still come
    blocks_notices: bool = False  # refuses the account's template messages
    native: Native = field(default_factory=Native)


class Account:
    """`original_id` is the account's name in ToUserName. `menu` is what menu/create last set."""

    def __init__(
        self, *, appid: str, secret: str, token: str, aes_key: str, name: str, options: Options, clock: Clock
    ) -> None:
        self.appid, self.secret, self.token, self.aes_key = appid, secret, token, aes_key
        self.name = name
        self.original_id = "gh_" + "".join(f"{ord(letter) % 16:x}" for letter in f"{appid:x<12}")[-12:]
        self.options = options
        self.clock = clock
        self.tokens = Tokens(options, clock)
        self.ticket = secrets.token_urlsafe(64)
        self.media = MediaStore(clock, options.wechat_media_seconds, options.media_bytes)
        self.menu: list[dict[str, Any]] = []
        self.menu_version = 0
        self._users: dict[str, WeChatUser] = {}
        self._of_person: dict[str, WeChatUser] = {}
        self._message_id = 24_000_000_000_000_000 + secrets.randbelow(10**15)

    @property
    def configured(self) -> bool:
        return bool(self.appid and self.token and self.aes_key)

    def next_message_id(self) -> str:
        self._message_id += 1 + secrets.randbelow(1000)
        return str(self._message_id)

    def add_user(self, person: Person, openid: str = "") -> WeChatUser:
        openid = openid or "o" + "".join(secrets.choice(OPENID_LETTERS) for _ in range(27))
        user = WeChatUser(openid, person, Thread(self.clock, self.options.entries))
        self._users[openid] = self._of_person[person.key] = user
        return user

    def user(self, openid: str) -> WeChatUser | None:
        return self._users.get(openid)

    def user_of(self, person: Person) -> WeChatUser | None:
        return self._of_person.get(person.key)

    def forget(self, person: Person) -> None:
        self._of_person.pop(person.key, None)
        for openid in [user.openid for user in self._users.values() if user.person is person]:
            del self._users[openid]

    def set_menu(self, buttons: list[dict[str, Any]]) -> None:
        self.menu = buttons
        self.menu_version += 1
