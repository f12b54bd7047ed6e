"""Codes by SMS that prove a phone. The caller sends them; here they are made, limited and checked."""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.locks import lock_indexes
from integrations.hospital.models import OneTimeCode
from integrations.hospital.operations import OperationKey, Result, once

CODE_LIFETIME = timedelta(minutes=5)
MAX_TRIES = 5

# How many codes one number may get in how long (what the SMS platforms allow per number) …
_PER_NUMBER = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))
# … and one contact in a day, over all numbers: nobody may flood other people's phones through us.
_PER_CONTACT_AND_DAY = 20


class TooSoon(Exception):
    """The last code is less than a minute old; `seconds` to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class TooMany(Exception):
    """The hour's or the day's codes are used up; the next one is to be had in `hours`, rounded up."""

    def __init__(self, hours: int) -> None:
        super().__init__(f"wait {hours} h")
        self.hours = hours


class Verdict(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"  # too old, used already, or none was asked for
    TOO_MANY_TRIES = "too_many_tries"  # a new code is needed


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """`left` is how many tries the present code still has."""

    verdict: Verdict
    left: int = 0

    @property
    def right(self) -> bool:
        return self.verdict is Verdict.RIGHT


async def issue_code(
    session: AsyncSession,
    crypto: Crypto,
    *,
    phone: str,
    purpose: str,
    contact_id: UUID,
    now: datetime,
    key: OperationKey | None = None,
    whom: str = "",
) -> str | None:
    """A new six-digit code for an E.164 number; earlier ones of the same purpose and contact no longer count.
    `whom`: the person for whom it is an agreement; read back for anybody else it is wrong.

    None when this key had its code before: it was sent, or was about to be, so do not send again.
    Commit before sending. Raises TooSoon, TooMany (per number, over all purposes and contacts).
    """
    indexes = _phone_indexes(crypto, phone)
    code = f"{secrets.randbelow(10**6):06d}"
    issued: list[str] = []

    async def effect() -> Result:
        await lock_indexes(session, "code", indexes)
        await _refuse_too_many(session, indexes, contact_id, now)
        await _end_earlier(session, indexes, purpose, contact_id, now)
        session.add(
            OneTimeCode(
                phone_index=indexes[0],
                purpose=purpose,
                contact_id=contact_id,
                code_hash=_hashes(crypto, phone, purpose, whom, code)[0],
                issued_at=now,
                expires_at=now + CODE_LIFETIME,
            )
        )
        await session.flush()
        issued.append(code)
        return {}

    await once(session, key, effect)
    return issued[0] if issued else None


async def check_code(
    session: AsyncSession,
    crypto: Crypto,
    *,
    phone: str,
    purpose: str,
    code: str,
    contact_id: UUID,
    now: datetime,
    key: OperationKey | None = None,
    whom: str = "",
) -> CodeCheck:
    """Compares with the last code of this number, purpose and contact. A right code is used up.

    The verdict is returned, not raised: the transaction must be committed for the try to count.
    With a key, the same message gets the same verdict and costs one try.
    """

    async def effect() -> Result:
        found = await _last_code(session, crypto, phone, purpose, contact_id)
        check = _judge(found, _hashes(crypto, phone, purpose, whom, _digits(code)), now)
        await session.flush()
        return {"verdict": check.verdict, "left": check.left}

    result = await once(session, key, effect)
    return CodeCheck(Verdict(result["verdict"]), result["left"])


async def _refuse_too_many(
    session: AsyncSession, phone_indexes: list[bytes], contact_id: UUID, now: datetime
) -> None:
    day = select(OneTimeCode.issued_at, OneTimeCode.contact_id, OneTimeCode.phone_index).where(
        OneTimeCode.issued_at > now - timedelta(days=1),
        or_(OneTimeCode.phone_index.in_(phone_indexes), OneTimeCode.contact_id == contact_id),
    )
    rows = (await session.execute(day.order_by(OneTimeCode.issued_at.desc()))).all()
    of_number = [row.issued_at for row in rows if bytes(row.phone_index) in phone_indexes]
    for window, most in _PER_NUMBER:
        if len(of_number) < most or (wait := of_number[most - 1] + window - now) <= timedelta():
            continue
        if most > 1 or wait <= window:  # a minute that lasts longer began before the clock was set back
            raise TooSoon(ceil(wait.total_seconds())) if most == 1 else TooMany(_hours(wait))
    of_contact = [row.issued_at for row in rows if row.contact_id == contact_id]
    if len(of_contact) >= _PER_CONTACT_AND_DAY:
        raise TooMany(_hours(of_contact[_PER_CONTACT_AND_DAY - 1] + timedelta(days=1) - now))


async def _end_earlier(
    session: AsyncSession, phone_indexes: list[bytes], purpose: str, contact_id: UUID, now: datetime
) -> None:
    """Only the new code counts, even if the clock was set back since an earlier one."""
    earlier = update(OneTimeCode).where(
        OneTimeCode.phone_index.in_(phone_indexes),
        OneTimeCode.purpose == purpose,
        OneTimeCode.contact_id == contact_id,
        OneTimeCode.used_at.is_(None),
    )
    await session.execute(earlier.values(used_at=now))


async def _last_code(
    session: AsyncSession, crypto: Crypto, phone: str, purpose: str, contact_id: UUID
) -> OneTimeCode | None:
    return await session.scalar(
        select(OneTimeCode)
        .where(
            OneTimeCode.phone_index.in_(_phone_indexes(crypto, phone)),
            OneTimeCode.purpose == purpose,
            OneTimeCode.contact_id == contact_id,
        )
        .order_by(OneTimeCode.used_at.is_not(None), OneTimeCode.issued_at.desc(), OneTimeCode.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _judge(found: OneTimeCode | None, hashes: list[bytes], now: datetime) -> CodeCheck:
    if found is None or found.used_at is not None or now >= found.expires_at:
        return CodeCheck(Verdict.EXPIRED)
    if found.tries >= MAX_TRIES:
        return CodeCheck(Verdict.TOO_MANY_TRIES)
    found.tries += 1
    if any(hmac.compare_digest(bytes(found.code_hash), candidate) for candidate in hashes):
        found.used_at = now
        return CodeCheck(Verdict.RIGHT)
    left = MAX_TRIES - found.tries
    return CodeCheck(Verdict.WRONG if left else Verdict.TOO_MANY_TRIES, left)


def _phone_indexes(crypto: Crypto, phone: str) -> list[bytes]:
    return crypto.blinds(phone, "one_time_codes.phone")


def _hashes(crypto: Crypto, phone: str, purpose: str, whom: str, code: str) -> list[bytes]:
    good_for = f"{phone}|{purpose}|{whom}" if whom else f"{phone}|{purpose}"
    return crypto.blinds(f"{good_for}|{code}", "one_time_codes.code")


def _digits(code: str) -> str:
    """Full-width digits and spaces between them are what phones and old people type."""
    return "".join(c for c in unicodedata.normalize("NFKC", code) if not c.isspace())


def _hours(wait: timedelta) -> int:
    return ceil(wait / timedelta(hours=1))
