"""What patients say here: a booking in four messages, and a conversation that never ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bot.understanding import Understanding
from integrations.hospital import accounts, directory, patients
from integrations.runtime import Runtime

# Says nothing that only one of the two understands: the same words, the same entities for both.
BOOKING = ("我要挂号", "{department}", "{day}上午，都可以", "确认")
# No hospital write, so it can go on for ever; through a form, out of it, and into questions.
ENDLESS = ("你好", "我要挂号", "{department}", "医院地址在哪", "算了，不挂了", "我的预约", "谢谢", "帮助")


@dataclass(frozen=True, slots=True)
class Line:
    """A message as the worker hands it to Rasa."""

    text: str
    entities: list[dict[str, Any]]
    today: str

    def metadata(self, message_id: str) -> dict[str, Any]:
        return {
            "entities": self.entities,
            "channel": "wechat",
            "kind": "text",
            "language": "zh-Hans",
            "today": self.today,
            "message_id": message_id,
        }


async def read(rt: Runtime, texts: tuple[str, ...], **words: str) -> list[Line]:
    """The texts as bot's worker understands them."""
    understanding, today = Understanding(), rt.local_now().date().isoformat()
    lines = []
    for text in texts:
        said = text.format(**words)
        reading = await understanding.read(rt, UUID(int=0), said, None)
        lines.append(Line(reading.text, reading.entities, today))
    return lines


async def departments(rt: Runtime) -> list[str]:
    """Names of the departments, as patients call them."""
    async with rt.database.begin() as session:
        return [one.name for one in await directory.departments(session)]


async def registered_patient(rt: Runtime, number: int, channel: str = "wechat", platform_id: str = "") -> str:
    """A contact with consents and a verified patient; gives the conversation's id."""
    async with rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, channel, platform_id or f"bench-{number}")
        required = accounts.required_consents(channel)
        await accounts.give_consents(session, contact, required, rt.now(), None)
        if await patients.self_patient(session, contact.account_id) is None:
            await patients.register(
                session,
                rt.crypto,
                account_id=contact.account_id,
                name="测试患者",
                id_number=_id_number(number),
                phone=f"139{number:08d}",
                outcome="match",
                key=None,
                now=rt.now(),
            )
        return contact.id.hex


def _id_number(number: int) -> str:
    """A number with a right check digit (GB 11643) that belongs to nobody."""
    body = f"110101{1960 + number % 40}{1 + number // 40 % 12:02d}{1 + number // 480 % 28:02d}{number % 1000:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
