"""The chat hears of an address that a page kept."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital.delivery import addresses
from tests.pharmacy_rows import HOME, Client, Pharmacy


@pytest.mark.parametrize(("language", "said"), [("zh-Hans", "送货地址存好了"), ("en", "is saved")])
async def test_it_says_which_masked_and_what_to_do_with_it(clinic: Any, language: str, said: str) -> None:
    chat = await clinic.chat()
    chat.language = language
    pharmacy = Pharmacy(chat.runtime.database, chat.runtime.crypto)
    client = Client(chat.contact.account_id, chat.contact.id, chat.contact.id)
    kept = await pharmacy.address(client)
    told = await chat.say("address_saved", ("destination", str(kept)), kind="system")
    assert said in told.text
    assert HOME.masked in told.text
    assert HOME.street not in told.text
    async with chat.runtime.database.begin() as session:
        await addresses.remove(session, kept, client.account_id)
    assert (await chat.say("address_saved", ("destination", str(kept)), kind="system")).text == ""
