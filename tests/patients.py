"""Patients for tests: they write on a platform as people do, and read what comes back on their phone."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

PATIENCE = 90.0  # seconds until an answer must have begun: a machine may stand still for some of them
_GLANCE = 20.0  # seconds that one look at the phone may take
_DELAYED = ("现在回复得慢", "現在回覆得慢", "Answers are slow just now")


def is_answer(entry: dict[str, Any]) -> bool:
    """Whether an entry on the phone is more than the word that an answer takes longer."""
    paragraphs = (entry.get("text") or "").split("\n\n")
    return entry["side"] == "account" and not all(any(word in one for word in _DELAYED) for one in paragraphs)


@dataclass(slots=True)
class Said:
    """What came back after one act of the patient: the text of all messages, and the choices offered."""

    text: str = ""
    buttons: list[tuple[str, str, str]] = field(default_factory=list)  # title, message id, data

    def __contains__(self, words: str) -> bool:
        return words in self.text or any(words in title for title, _, _ in self.buttons)

    def __str__(self) -> str:
        return "\n".join([self.text, *(f"[{title}]" for title, _, _ in self.buttons)])


def code_in(sms: str) -> str:
    return str(re.findall(r"(?<!\d)\d{6}(?!\d)", sms)[-1])


class Patient:
    """Base of both platforms' patients. `name`, `id_number`, `phone` are made up and valid."""

    channel: str
    meeting: str  # what a newcomer does first on this platform

    def __init__(self, sandbox: httpx.Client, about: dict[str, Any]) -> None:
        self.sandbox = sandbox
        self.name: str = about["name"]
        self.id_number: str = about["id_number"]
        self.phone: str = about["phone"]
        self.person: str = about["person"]  # to meet the same person on the other platform
        self.seen = 0
        self.last = Said()

    # What differs between the platforms.
    @classmethod
    def arrive(cls, sandbox: httpx.Client, **order: Any) -> Self:
        """A new person who follows or starts the account."""
        raise NotImplementedError

    @property
    def address(self) -> dict[str, Any]:
        """The platform's name for this patient, as the sandbox's door takes it."""
        raise NotImplementedError

    @property
    def platform_id(self) -> str:
        """The same as the program keeps it."""
        [found] = self.address.values()
        return str(found)

    def act(self, kind: str, **more: Any) -> dict[str, Any]:
        """One act through the platform; returns what the platform said about its delivery."""
        answer = self.sandbox.post(f"/{self.channel}/messages", json={**self.address, "type": kind, **more})
        answer.raise_for_status()
        return answer.json()

    def say(self, text: str, *, wait: float = PATIENCE) -> Said:
        """Writes, and reads what comes back within `wait` seconds."""
        return self.read(self.act("text", text=text)["entry"], wait)

    def choose(self, words: str) -> Said:
        """Takes the offered choice whose title holds the words."""
        raise NotImplementedError

    def read(self, after: int, wait: float = PATIENCE) -> Said:
        """What the account said after an entry; waits for the first message that answers."""
        until, answers = time.monotonic() + wait, list[dict[str, Any]]()
        while not answers:
            left = until - time.monotonic()
            look = {**self.address, "after": after, "wait_s": min(max(left, 0.0), _GLANCE)}
            seen = self.sandbox.get(f"/{self.channel}", params=look)
            seen.raise_for_status()
            found = seen.json()["messages"]
            answers = [entry for entry in found if is_answer(entry)]
            if left <= 0:
                break
            # What is not an answer would end the next look at once.
            after = max([after, *(entry["id"] for entry in found if entry["side"] != "patient")])
        return self.hear(answers)

    def hears(self, words: str, wait: float = PATIENCE) -> Said:
        """Waits for the words in what comes after the last thing read: news, which other words may precede."""
        until = time.monotonic() + wait
        while words not in self.read(self.seen, until - time.monotonic()):
            assert time.monotonic() < until, f"{words} did not come: {self.all_said()[-3:]}"
        return self.last

    def hear(self, entries: list[dict[str, Any]]) -> Said:
        """Takes what the account said as the last thing read."""
        if entries:
            self.seen = max(entry["id"] for entry in entries)
        self.last = Said("\n".join(entry.get("text") or "" for entry in entries), self._buttons(entries))
        return self.last

    def does(self, kind: str, *, wait: float = PATIENCE, **more: Any) -> Said:
        """One act other than writing, and what comes back."""
        return self.read(self.act(kind, **more)["entry"], wait)

    def entries(self) -> list[dict[str, Any]]:
        """The whole conversation as the sandbox keeps it."""
        answer = self.sandbox.get(f"/{self.channel}", params=self.address)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def all_said(self) -> list[str]:
        """Every text the account ever sent to this patient."""
        return [entry.get("text") or "" for entry in self.entries() if entry["side"] == "account"]

    def _buttons(self, entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        return []

    # What every patient can do.
    def sms(self, phone: str = "") -> str:
        """The last SMS to a phone, this patient's own unless told: the first one may come behind the words that
        tell of it."""
        until = time.monotonic() + PATIENCE
        while True:
            messages = self.sandbox.get("/sms", params={"phone": phone or self.phone}).json()["messages"]
            if messages:
                return str(messages[-1]["text"])
            assert time.monotonic() < until, f"no SMS came; said last: {self.all_said()[-3:]}"
            time.sleep(0.05)

    def sms_code(self, phone: str = "") -> str:
        """The code in the last SMS to a phone."""
        return code_in(self.sms(phone))

    def agree(self) -> Said:
        """Gives every consent that is asked for."""
        said = self.choose("同意")
        while any("同意" in title for title in self._titles()):
            said = self.choose("同意")
        return said

    def register(self) -> Said:
        """Consents and registers in the chat. Returns what comes after the confirmation."""
        self.say("注册")
        if "同意" in self.last:
            self.agree()
        if "就在这里" in self.last:
            self.choose("就在这里")
        self.say(self.name)
        self.say(self.id_number)
        self.say(self.phone)
        self.say(self.sms_code())
        return self.choose("确认")

    def _titles(self) -> list[str]:
        return [title for title, _, _ in self.last.buttons]


class WeChatPatient(Patient):
    channel = "wechat"
    meeting = "follow"

    def __init__(self, sandbox: httpx.Client, about: dict[str, Any]) -> None:
        super().__init__(sandbox, about)
        self.openid: str = about["openid"]

    @classmethod
    def arrive(cls, sandbox: httpx.Client, **order: Any) -> Self:
        answer = sandbox.post("/wechat/users", json=order)
        answer.raise_for_status()
        patient = cls(sandbox, answer.json())
        if order.get("follow", True):
            patient.read(0)
        return patient

    @property
    def address(self) -> dict[str, Any]:
        return {"openid": self.openid}

    def choose(self, words: str) -> Said:
        number = next(number for title, _, number in self.last.buttons if words in title)
        return self.say(number)

    def menu(self, key: str) -> Said:
        return self.read(self.act("menu", key=key)["entry"])

    def _buttons(self, entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        """WeChat patients choose by number: the numbered lines of the last message."""
        lines = (entries[-1].get("text") or "").splitlines() if entries else []
        numbered = [re.match(r"(\d{1,2})[ .、)](.+)", line) for line in lines]
        return [(found[2].strip(), "", found[1]) for found in numbered if found]


class TelegramPatient(Patient):
    channel = "telegram"
    meeting = "start"

    def __init__(self, sandbox: httpx.Client, about: dict[str, Any]) -> None:
        super().__init__(sandbox, about)
        self.chat_id: int = about["chat_id"]

    @classmethod
    def arrive(cls, sandbox: httpx.Client, **order: Any) -> Self:
        answer = sandbox.post("/telegram/users", json=order)
        answer.raise_for_status()
        patient = cls(sandbox, answer.json())
        if order.get("start", True):
            patient.read(0)
        return patient

    @property
    def address(self) -> dict[str, Any]:
        return {"chat_id": self.chat_id}

    def choose(self, words: str) -> Said:
        message, data = next((message, data) for title, message, data in self.last.buttons if words in title)
        return self.read(self.act("callback", message_id=int(message), data=data)["entry"])

    def _buttons(self, entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        return [
            (button["text"], entry["ref"], button["callback_data"])
            for entry in entries
            for row in entry.get("inline_keyboard") or []
            for button in row
        ]


PATIENTS: dict[str, type[Patient]] = {"wechat": WeChatPatient, "telegram": TelegramPatient}
