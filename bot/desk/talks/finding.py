"""Finding a conversation by what a caller reads out: an order's or a case's number, a phone, an identity number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text

from integrations.crypto import Crypto
from integrations.database import Executor
from integrations.hospital.reading import InvalidPhone, read_phone

_ORDER = re.compile(r"[A-Z]{2}\d{8}[0-9A-F]{20}")
_CASE = re.compile(r"[A-Z]{1,4}\d{4,18}")
_DOCUMENT = re.compile(r"[A-Z0-9]{6,20}")
_SEPARATORS = re.compile(r"[\s\-_.]+")
_MOST = 30

_BY_ORDER = text("SELECT contact_id AS id FROM orders WHERE order_no = :number")
_BY_CASE = text("""
    SELECT contacts.id FROM cases JOIN contacts USING (account_id)
    WHERE replace(cases.number, '-', '') = :number LIMIT 30
""")
_BY_PATIENT = text("""
    SELECT DISTINCT contacts.id FROM patients
    JOIN account_patients ON account_patients.patient_id = patients.id
    JOIN contacts ON contacts.account_id = account_patients.account_id
    JOIN conversations ON conversations.id = contacts.id
    WHERE patients.phone_index = ANY(:phones) OR patients.id_number_index = ANY(:numbers)
    LIMIT :most
""")


async def find(session: Executor, crypto: Crypto, asked: str) -> list[UUID]:
    """The conversations it may mean; [] when it is none of these."""
    plain = _SEPARATORS.sub("", asked).upper()
    found: list[UUID] = []
    if _ORDER.fullmatch(plain):
        found += _ids(await session.execute(_BY_ORDER, {"number": plain}))
    if not found and _CASE.fullmatch(plain):
        found += _ids(await session.execute(_BY_CASE, {"number": plain}))
    phones = _phones(crypto, asked)
    numbers = crypto.blinds(plain, "patients.id_number") if _DOCUMENT.fullmatch(plain) else []
    if not found and (phones or numbers):
        values = {"phones": phones, "numbers": numbers, "most": _MOST}
        found += _ids(await session.execute(_BY_PATIENT, values))
    return found


def kind_of(asked: str) -> str:
    """What was asked by, for the audit log, which holds no value."""
    plain = _SEPARATORS.sub("", asked).upper()
    if _ORDER.fullmatch(plain) or _CASE.fullmatch(plain):
        return "number"
    return "person" if plain.isalnum() else "other"


def _phones(crypto: Crypto, asked: str) -> list[bytes]:
    try:
        return crypto.blinds(read_phone(asked), "patients.phone")
    except InvalidPhone:
        return []


def _ids(rows: Iterable[object]) -> list[UUID]:
    return [row.id for row in rows]  # type: ignore[attr-defined]
