from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto, KeyRing
from integrations.hospital.codes import CodeCheck, TooMany, TooSoon, Verdict, check_code, issue_code
from integrations.hospital.models import OneTimeCode
from integrations.hospital.operations import OperationKey

PHONE = "+8613812345678"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Desk:
    """Issues and checks for one contact, each in a transaction of its own; `at` counts from the start."""

    def __init__(self, clinic: Any, crypto: Crypto, contact_id: Any) -> None:
        self.clinic, self.crypto, self.contact_id = clinic, crypto, contact_id

    async def issue(
        self,
        at: timedelta = timedelta(),
        *,
        phone: str = PHONE,
        purpose: str = "registration",
        key: OperationKey | None = None,
    ) -> str | None:
        async with self.clinic.database.begin() as session:
            return await issue_code(
                session,
                self.crypto,
                phone=phone,
                purpose=purpose,
                contact_id=self.contact_id,
                now=self.clinic.now + at,
                key=key,
            )

    async def check(
        self,
        code: str | None,
        at: timedelta = timedelta(),
        *,
        phone: str = PHONE,
        purpose: str = "registration",
        key: OperationKey | None = None,
    ) -> CodeCheck:
        async with self.clinic.database.begin() as session:
            return await check_code(
                session,
                self.crypto,
                phone=phone,
                purpose=purpose,
                code=code or "",
                contact_id=self.contact_id,
                now=self.clinic.now + at,
                key=key,
            )


@pytest.fixture
async def desk(clinic: Any, crypto: Crypto) -> Desk:
    return Desk(clinic, crypto, (await clinic.contact()).id)


def _wrong(code: str | None, step: int = 1) -> str:
    return f"{(int(code or '') + step) % 10**6:06d}"


async def test_a_right_code_is_right_once(desk: Desk) -> None:
    code = await desk.issue()
    assert code is not None
    assert re.fullmatch(r"\d{6}", code)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code)
    assert await desk.check(f" {wide[:3]} {wide[3:]} ") == CodeCheck(Verdict.RIGHT)
    assert (await desk.check(code)).verdict is Verdict.EXPIRED


async def test_five_tries(desk: Desk) -> None:
    code = await desk.issue()
    checks = [await desk.check(_wrong(code, step)) for step in range(1, 6)]
    assert [check.left for check in checks] == [4, 3, 2, 1, 0]
    assert [check.verdict for check in checks] == [Verdict.WRONG] * 4 + [Verdict.TOO_MANY_TRIES]
    assert (await desk.check(code)).verdict is Verdict.TOO_MANY_TRIES


async def test_thirty_guesses_at_once_are_five_tries(desk: Desk) -> None:
    code = await desk.issue()
    checks = await asyncio.gather(*(desk.check(_wrong(code, step)) for step in range(1, 31)))
    assert Counter(check.verdict for check in checks)[Verdict.WRONG] == 4


async def test_a_repeated_message_costs_one_try(desk: Desk) -> None:
    code, key = await desk.issue(), OperationKey("0" * 32, "action", "check")
    first = await desk.check(_wrong(code), key=key)
    assert await desk.check(_wrong(code), key=key) == first
    assert (await desk.check(_wrong(code, 2))).left == 3


async def test_a_right_verdict_is_repeated_to_the_same_message(desk: Desk) -> None:
    code, key = await desk.issue(), OperationKey("0" * 32, "action", "check")
    assert (await desk.check(code, key=key)).right
    assert (await desk.check(code, key=key)).right


async def test_after_the_clock_was_set_back_the_newest_code_is_the_one_that_counts(desk: Desk) -> None:
    """And it is to be had: a minute that lasts eleven began before that."""
    first = await desk.issue()
    second = await desk.issue(-10 * MINUTE)
    assert second is not None
    if first != second:
        assert (await desk.check(first, -9 * MINUTE)).verdict is Verdict.WRONG
    assert (await desk.check(second, -9 * MINUTE)).right
    assert (await desk.check(second, -9 * MINUTE)).verdict is Verdict.EXPIRED


async def test_five_minutes(desk: Desk) -> None:
    code = await desk.issue()
    assert (await desk.check(code, 5 * MINUTE)).verdict is Verdict.EXPIRED
    assert (await desk.check(code, 5 * MINUTE - timedelta(seconds=1))).right


async def test_only_the_last_code_counts(desk: Desk) -> None:
    first, second = await desk.issue(), await desk.issue(MINUTE)
    if first != second:
        assert (await desk.check(first, MINUTE)).verdict is Verdict.WRONG
    assert (await desk.check(second, MINUTE)).right


@pytest.mark.parametrize("other", [{"phone": "+8613912345678"}, {"purpose": "unbind"}])
async def test_a_code_is_for_one_phone_and_purpose(desk: Desk, other: dict[str, str]) -> None:
    code = await desk.issue()
    assert (await desk.check(code, **other)).verdict is Verdict.EXPIRED


async def test_a_code_is_for_the_contact_that_asked(desk: Desk, clinic: Any, crypto: Crypto) -> None:
    code = await desk.issue()
    stranger = Desk(clinic, crypto, (await clinic.contact()).id)
    assert (await stranger.check(code)).verdict is Verdict.EXPIRED
    assert (await desk.check(code)).right


async def test_nothing_issued_nothing_right(desk: Desk) -> None:
    assert (await desk.check("123456")).verdict is Verdict.EXPIRED


async def test_one_a_minute(desk: Desk) -> None:
    await desk.issue()
    with pytest.raises(TooSoon) as wait:
        await desk.issue(timedelta(seconds=20), purpose="unbind")
    assert wait.value.seconds == 40
    assert await desk.issue(MINUTE)


async def test_five_an_hour_and_ten_a_day(desk: Desk) -> None:
    for minute in range(5):
        await desk.issue(minute * MINUTE)
    with pytest.raises(TooMany) as wait:
        await desk.issue(30 * MINUTE)
    assert wait.value.hours == 1
    for minute in range(60, 65):
        await desk.issue(minute * MINUTE)
    with pytest.raises(TooMany) as wait:
        await desk.issue(3 * HOUR)
    assert wait.value.hours == 21
    assert await desk.issue(24 * HOUR)


async def test_the_limit_holds_over_contacts_and_at_once(desk: Desk, clinic: Any, crypto: Crypto) -> None:
    contacts = [desk.contact_id, *[(await clinic.contact()).id for _ in range(8)]]

    def issue(contact_id: UUID) -> Callable[[AsyncSession], Awaitable[str | None]]:
        return lambda session: issue_code(
            session, crypto, phone=PHONE, purpose="registration", contact_id=contact_id, now=clinic.now
        )

    results = await clinic.together(*map(issue, contacts))
    assert Counter(type(result).__name__ for result in results) == {"str": 1, "TooSoon": 8}


async def test_one_contact_cannot_flood_many_phones(desk: Desk) -> None:
    for number in range(20):
        await desk.issue(phone=f"+861381234{number:04d}")
    with pytest.raises(TooMany):
        await desk.issue(phone="+8613912345678")


async def test_a_repeated_message_sends_no_second_code(desk: Desk) -> None:
    key = OperationKey("0" * 32, "action", "issue")
    code = await desk.issue(key=key)
    assert await desk.issue(timedelta(seconds=1), key=key) is None
    assert (await desk.check(code)).right


async def test_limits_and_codes_outlive_a_new_index_key(desk: Desk, clinic: Any, crypto: Crypto) -> None:
    code = await desk.issue()
    new = KeyRing.parse(KeyRing.generate("new"))
    rotating = Crypto(crypto.data, KeyRing("new", {**new.keys, **crypto.index.keys}))
    later = Desk(clinic, rotating, desk.contact_id)
    with pytest.raises(TooSoon):
        await later.issue()
    assert (await later.check(code)).right


async def test_neither_phone_nor_code_is_stored(desk: Desk, clinic: Any) -> None:
    code = await desk.issue()
    assert code is not None
    async with clinic.database.begin() as session:
        [row] = await session.scalars(select(OneTimeCode))
        stored = bytes(row.phone_index), bytes(row.code_hash), row.purpose.encode()
    for plain in (PHONE.removeprefix("+86"), code):
        assert all(plain.encode() not in column for column in stored)
