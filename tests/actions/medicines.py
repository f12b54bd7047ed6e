"""Who chats, as the pharmacy knows them."""

from __future__ import annotations

from integrations.hospital import patients
from tests.pharmacy_rows import Client

from .conftest import Chat


async def client_of(chat: Chat) -> Client:
    async with chat.runtime.database.begin() as session:
        [patient] = await patients.acting_for(session, chat.contact.account_id)
    return Client(chat.contact.account_id, chat.contact.id, patient.id)
