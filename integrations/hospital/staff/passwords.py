"""Passwords of staff: made, judged, hashed. Hashing takes a while on purpose: it runs beside the event loop."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200
_MOST_AT_ONCE = 2  # each takes 32 MB while it runs


class BadPassword(ValueError):
    """Too short, too long, too plain, or the login itself."""


@cache
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_MOST_AT_ONCE, "passwords")


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    """What is compared with where there is no such login: that must take as long."""
    return _hasher().hash(secrets.token_urlsafe(16))


def generate() -> str:
    return secrets.token_urlsafe(15)


def judge(password: str, login: str) -> None:
    """Raises BadPassword. Length is what counts; composition rules make passwords that end in 1 and !."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadPassword("length")
    if len(set(password)) < 6 or login in password.lower():
        raise BadPassword("plain")


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_workers(), _hasher().hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Takes as long without a hash."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_workers(), _matches, password_hash, password[: LONGEST + 1])


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other costs than today's."""
    return _hasher().check_needs_rehash(password_hash)


def _matches(password_hash: str | None, password: str) -> bool:
    try:
        right = _hasher().verify(password_hash or _nobodys(), password)
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None
