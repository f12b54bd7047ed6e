"""The phone's short messages."""

from __future__ import annotations

import re
from collections.abc import Callable

from nicegui import ui

from integrations.sandbox.people import Person
from integrations.sandbox.phone.parts import avatar, box, mark, words
from integrations.sandbox.sms import Message
from integrations.sandbox.world import World

CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def code_in(message: Message) -> str:
    """The verification code of a message, "" when there is none."""
    match = CODE.search(message.text)
    return match[0] if match else ""


class SmsScreen:
    def __init__(self, world: World, person: Person, use_code: Callable[[str], None]) -> None:
        self._world = world
        self._person = person
        self._use_code = use_code
        self._version = -1
        self.root = box("screen sms", "sms-screen")

    def refresh(self) -> None:
        if self._world.sms.version == self._version:
            return
        self._version = self._world.sms.version
        self.root.clear()
        with self.root:
            with box("head"):
                words("短信", "head-title")
                words(f"本机号码 {self._person.phone}", "head-subtitle")
            messages = self._world.sms.inbox(self._person.phone)
            with box("chat-body"):
                if not messages:
                    with box("empty"):
                        ui.icon("sms")
                        words("还没有短信")
                for message in messages:
                    self._message(message)

    def _message(self, message: Message) -> None:
        with box("sms-row", "sms-message"):
            avatar("信", 36, color="#9aa3af", round_=True)
            with box("sms-lines"):
                words(f"{message.at.astimezone(self._world.settings.zone):%m月%d日 %H:%M}", "sms-time")
                words(message.text, "bubble")
                if code := code_in(message):
                    button = mark(
                        box("code-button", tag="button").props("type=button"), "use-code", code=code
                    )
                    with button:
                        ui.icon("content_paste_go")
                        words(f"填入验证码 {code}")
                    button.on("click", lambda: self._use_code(code))
