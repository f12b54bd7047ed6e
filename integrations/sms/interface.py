"""Text messages with one-time codes, and how sending one can fail."""

from __future__ import annotations

from typing import Protocol


class SmsError(Exception):
    """No code was sent, or nobody knows. `retryable`: may be sent again by itself."""

    retryable = False


class SmsUnavailable(SmsError):
    """The service refused before it took the message: try again."""

    retryable = True


class SmsUnknown(SmsError):
    """The request left and no answer came: the code may arrive, and a second one would confuse and cost."""


class SmsLimited(SmsError):
    """The service has a limit for this number (per 30 seconds, hour or day): the patient has to wait."""


class SmsRefused(SmsError):
    """It will never be sent (bad number, on the blacklist, wrong template or signature): needs a look."""


class Sms(Protocol):
    async def send_code(self, phone: str, code: str) -> None:
        """Sends one code to a phone (E.164). Raises SmsError; never repeats by itself."""
        ...

    async def send_consent_code(self, phone: str, code: str, asker: str, language: str = "") -> None:
        """Asks somebody whether `asker` (masked) may act for them; the code, told to the asker, is their yes. In this
        language where the account has a template for it, else in Chinese. Raises as `send_code`."""
        ...

    async def send_page(self, phone: str, alarms: int, number: int) -> None:
        """Tells staff that so many alarms wait, the latest of them with this number. Raises as `send_code`."""
        ...
