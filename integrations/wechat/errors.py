"""WeChat's errcode into the tree of integrations.channel. HTTP 200 with errcode != 0 is a failure."""

from __future__ import annotations

from typing import Any

from integrations.channel import (
    NoticeFaulty,
    NoticeRefused,
    Rejected,
    SendError,
    Throttled,
    Unavailable,
    Unreachable,
    WindowClosed,
)

# The access token is wrong, not the message: one refresh, one repetition.
TOKEN_ERRORS = frozenset({40001, 40014, 42001})

_MINUTE, _HOUR = 60.0, 3600.0


def error_for(code: int, message: str) -> SendError:
    """The error of one `errcode`; what is not known will not get better by repeating it: Rejected."""
    said = f"errcode {code}: {message}"
    match code:
        case -1:  # busy
            return Unavailable(said)
        case 45009:  # the day's quota: worth an alarm, unlike other throttling
            error = Throttled(said, retry_after=_HOUR)
            error.loggable = True
            return error
        case 45011:  # the minute's quota
            return Throttled(said, retry_after=_MINUTE)
        case 45015 | 45047:  # 48 hours are over; the messages of this window are used up
            return WindowClosed(said)
        case 40003 | 43004:  # unknown openid; not a follower
            return Unreachable(said)
        case 43101:  # no permission, or all of them used
            return NoticeRefused(said)
        case 40037 | 47003:  # no such template; its fields and ours do not fit
            return NoticeFaulty(said)
        case 40001 | 40014 | 42001:  # still refused after a refresh
            return Unavailable(said)
    return Rejected(said)


def raise_for(answer: dict[str, Any]) -> None:
    code = errcode(answer)
    if code != 0:
        raise error_for(code, str(answer.get("errmsg", ""))[:200])


def errcode(answer: dict[str, Any]) -> int:
    try:
        return int(answer.get("errcode") or 0)
    except (TypeError, ValueError):
        return -1
