"""Addresses as tests type them, and what is kept and shown of them."""

from __future__ import annotations

from typing import Any

from integrations.hospital import tokens
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import Destination
from integrations.hospital.tokens import SHOWN_BACK, TOKEN_PATTERN
from tests.pharmacy_rows import NOW

WHOLE = "北京市海淀区中关村大街1号 李四 13800138000"


async def book(chat: Any) -> list[Destination]:
    async with chat.runtime.database.begin() as session:
        found = await addresses.book(session, chat.runtime.crypto, chat.contact.account_id)
    return [one.destination for one in found]


async def shown(chat: Any, said: Any) -> str:
    """As the patient reads it: the worker puts in what is shown back."""
    text = said.text
    for found in list(TOKEN_PATTERN.finditer(text)):
        assert found["kind"] == SHOWN_BACK
        async with chat.runtime.database.begin() as session:
            value = await tokens.reveal(
                session, chat.runtime.crypto, conversation_id=chat.contact.id, token=found[0],
                purpose="test", now=NOW,
            )  # fmt: skip
        text = text.replace(found[0], value)
    return text
