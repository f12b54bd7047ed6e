"""Errors in Telegram's own words."""

from __future__ import annotations

from typing import Any


class TelegramError(Exception):
    """An answer {"ok": false, …} whose HTTP status is `code`. `retry_after` is seconds, only with 429."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def as_json(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


def bad_request(words: str) -> TelegramError:
    return TelegramError(400, f"Bad Request: {words}")


def forbidden(words: str) -> TelegramError:
    return TelegramError(403, f"Forbidden: {words}")


def too_many(retry_after: int) -> TelegramError:
    return TelegramError(429, f"Too Many Requests: retry after {retry_after}", retry_after)


STANDARD = {
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request",
}


def standard(code: int, retry_after: int) -> TelegramError:
    """The usual error of this code, for faults made on purpose."""
    if code == 429:
        return too_many(retry_after)
    return TelegramError(code, STANDARD.get(code, "Bad Request" if code < 500 else "Internal Server Error"))
