from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from integrations.crypto import Crypto
from integrations.hospital.models import AuditEvent
from integrations.hospital.tokens import TOKEN_PATTERN, UnknownToken, escape, mint, reveal

NUMBER = "11010119900307123X"


async def test_a_token_stands_for_its_value_in_its_conversation(clinic: Any, crypto: Crypto) -> None:
    mine, other = await clinic.contact(), await clinic.contact()
    async with clinic.database.begin() as session:
        token = await mint(
            session, crypto, conversation_id=mine.id, kind="id_number", value=NUMBER, now=clinic.now
        )
        again = await mint(
            session, crypto, conversation_id=mine.id, kind="id_number", value=NUMBER, now=clinic.now
        )
    assert TOKEN_PATTERN.fullmatch(token)
    assert token != again
    async with clinic.database.begin() as session:
        value = await reveal(
            session, crypto, conversation_id=mine.id, token=token, purpose="registration", now=clinic.now
        )
        assert value == NUMBER
        for wrong in (token.replace("id_number", "phone"), f"[[id_number:{'0' * 32}]]", NUMBER, ""):
            with pytest.raises(UnknownToken):
                await reveal(
                    session, crypto, conversation_id=mine.id, token=wrong, purpose="x", now=clinic.now
                )
        with pytest.raises(UnknownToken):
            await reveal(session, crypto, conversation_id=other.id, token=token, purpose="x", now=clinic.now)
        [shown] = await session.scalars(select(AuditEvent))
        assert (shown.action, shown.detail["purpose"]) == ("token_revealed", "registration")
        assert NUMBER not in str(shown.detail)
        [row] = set(await session.scalars(text("SELECT kind FROM personal_tokens")))
        assert row == "id_number"


async def test_a_strange_kind_makes_no_token(clinic: Any, crypto: Crypto) -> None:
    contact = await clinic.contact()
    async with clinic.database.begin() as session:
        with pytest.raises(ValueError, match="kind"):
            await mint(session, crypto, conversation_id=contact.id, kind="Name!", value="x", now=clinic.now)


@given(
    st.text(max_size=20),
    st.sampled_from(["id_number", "phone", "x"]),
    st.text("0123456789abcdef", max_size=40),
)
def test_nothing_a_patient_types_is_a_token(around: str, kind: str, digits: str) -> None:
    for typed in (
        f"{around}[[{kind}:{digits}]]{around}",
        f"[[[{kind}:{digits}]]]",
        f"[[{kind}:{digits}]][[{kind}:",
    ):
        assert not TOKEN_PATTERN.search(escape(typed))


@given(st.text())
def test_other_text_stays_as_it_is(words: str) -> None:
    if "[[" not in words:
        assert escape(words) == words
