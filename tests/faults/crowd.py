"""Patients who find their own way: each reads the last message and does what a patient would do next, so that
they get through whatever breaks on the way. What a patient does depends on what was read and on the seed only."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg

from tests.faults.breaking import conversation, on_its_way
from tests.faults.purse import Purse
from tests.patients import Patient, code_in, is_answer
from tests.stack import Stack

# Seconds without an answer, after which a patient asks again; more each time, or a slow machine would only get slower.
PATIENCE, MOST_PATIENCE = 25.0, 150.0
# Not those that other tests here count on: a crowd leaves few numbers.
WISHES = ("皮肤科", "眼科", "耳鼻喉科", "骨科", "口腔科", "中医科", "康复科")
# Far enough ahead that whoever cancels gets all the money back.
DAYS = ("后天上午", "后天下午", "大后天上午", "大后天下午")

# What is read in the last message → what is done. The first that fits; the words stand in the questions only.
_REGISTRATION = (
    ("发您的手机号", "phone"),
    ("身份证号，用来核实", "id_number"),
    ("字母和数字都要", "id_number"),  # a number typed twice chose another document
    ("请问您的姓名", "name"),
)
_TAKEN = ("同意", "就在这里填", "确认取消", "确认", "取消 ", "余")  # what is chosen when it is offered
_KNOWN = ("登记好了", "已经登记过")
_BOOKED = ("约好了，这是", "已为您保留到")
_WAITING = "不等了"  # for a person, to whom one is led whose answers came too late too often
_AFTERWARDS = ("我的预约", "取消预约", "我付好了", "怎么停车？")


@dataclass
class Visitor:
    """One patient of the crowd. `said` are all answers read, oldest first; `done` what was done, and what for."""

    stack: Stack
    http: httpx.AsyncClient
    patient: Patient
    purse: Purse
    chance: random.Random
    until: float  # monotonic: no new booking after it
    said: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    typed: str = ""  # the last code
    booked: int = 0
    silences: int = 0

    async def visit(self, deadline: float) -> None:
        """Registers, books, pays or does not, and looks or cancels and books again until time is over. Raises
        TimeoutError when the last booking is not through by the deadline (monotonic)."""
        last = await self._act(self.patient.meeting)
        while not (self.booked and time.monotonic() > self.until):
            if time.monotonic() > deadline:
                raise TimeoutError("\n".join([f"{self.patient.address} got stuck", *self.done[-90:]]))
            last = await self._next(last, deadline)

    async def _next(self, last: str, deadline: float) -> str:
        if _WAITING in last:
            return await self._say(_WAITING)
        for words, value in _REGISTRATION:
            if words in last:
                return await self._say(str(getattr(self.patient, value)))
        if "验证码" in last:
            return await self._say(await self._code() or "重发")
        for title in _TAKEN:
            if answer := await self._choose(title):
                return answer
        if any(words in last for words in _BOOKED):
            self.booked += 1
            await self.purse.pay(last, deadline)
            return await self._say(self.chance.choice(_AFTERWARDS))
        if not any(words in said for words in _KNOWN for said in self.said):
            return await self._say("注册")
        return await self._say(f"{self.chance.choice(DAYS)}挂{self.chance.choice(WISHES)}")

    async def _say(self, text: str) -> str:
        return await self._act("text", text=text)

    async def _choose(self, title: str) -> str:
        for found, message, data in self.patient.last.buttons:
            if title in found and "不" not in found:
                if self.patient.channel == "wechat":
                    return await self._say(data)
                return await self._act("callback", message_id=int(message), data=data)
        return ""

    async def _code(self) -> str:
        """The newest code on the phone, unless it was typed already."""
        answer = await self.http.get("/sms", params={"phone": self.patient.phone})
        codes = [code_in(message["text"]) for message in answer.json()["messages"]]
        if not codes or codes[-1] == self.typed:
            return ""
        self.typed = codes[-1]
        return self.typed

    async def _act(self, kind: str, **more: object) -> str:
        """Does something on the platform and reads the answer; asks again when there is none."""
        door, patient = f"/{self.patient.channel}", self.patient
        order = {**patient.address, "type": kind, **more, "wait": False}
        sent = await self.http.post(f"{door}/messages", json=order)
        sent.raise_for_status()
        self.done.append(f"{kind} {more}")
        after, began = sent.json()["entry"], time.monotonic()
        patience = min(PATIENCE * (1 + self.silences), MOST_PATIENCE)
        while time.monotonic() - began < patience:
            seen = await self.http.get(door, params={**patient.address, "after": after, "wait_s": 5})
            entries: list[dict[str, Any]] = [e for e in seen.json()["messages"] if is_answer(e)]
            if entries:
                patient.hear(entries)
                self.said.append(patient.last.text)
                self.done.append(f"    read: {patient.last.text}")
                return self.said[-1]
        self.silences += 1
        self.done.append(await asyncio.to_thread(self._why_silent))
        return self.said[-1] if self.said else ""

    def _why_silent(self) -> str:
        """What the program has to do for this patient: for whoever reads a failure."""
        try:
            talk = conversation(self.stack, self.patient)
            state = self.stack.rows("SELECT state, changed_at FROM controls WHERE conversation_id = %s", talk)
            return f"    silence, {state}, on its way: {on_its_way(self.stack, talk)}"
        except (psycopg.Error, LookupError, OSError) as error:
            return f"    silence, and no answer from the database: {type(error).__name__}"
