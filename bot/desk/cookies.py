"""The desk's cookies: which session a browser has, and, between password and code, whose password was right."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.responses import Response

from integrations.crypto import Crypto, Undecryptable
from integrations.hospital.staff.login import SESSION_LASTS
from integrations.settings import Settings

STEP_LASTS = timedelta(minutes=5)
_CONTEXT = "desk.login_step"


@dataclass(frozen=True, slots=True)
class Cookies:
    """`secure`: behind https, where a browser also keeps the cookie to this very host."""

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Cookies:
        return cls(settings.desk_url.startswith("https://"))

    @property
    def session(self) -> str:
        return "__Host-desk" if self.secure else "desk"

    @property
    def step(self) -> str:
        return "__Host-desk-step" if self.secure else "desk-step"

    def token(self, connection: HTTPConnection) -> str:
        return connection.cookies.get(self.session, "")

    def set_session(self, response: Response, token: str) -> None:
        self._set(response, self.session, token, SESSION_LASTS)

    def set_step(self, response: Response, sealed: str) -> None:
        self._set(response, self.step, sealed, STEP_LASTS)

    def clear(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self.secure, httponly=True, samesite="strict")

    def _set(self, response: Response, name: str, value: str, lasts: timedelta) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(lasts.total_seconds()),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite="strict",
        )


@dataclass(frozen=True, slots=True)
class Step:
    """The password of this member was right at this moment."""

    staff_id: UUID
    at: datetime

    def seal(self, crypto: Crypto) -> str:
        content = json.dumps({"staff": str(self.staff_id), "at": self.at.isoformat()})
        return base64.urlsafe_b64encode(crypto.encrypt(content, _CONTEXT)).decode()

    @classmethod
    def open(cls, crypto: Crypto, sealed: str, now: datetime) -> Step | None:
        """None for what is not ours, or too old."""
        try:
            content = json.loads(crypto.decrypt(base64.urlsafe_b64decode(sealed), _CONTEXT))
        except (binascii.Error, ValueError, Undecryptable):
            return None
        step = cls(UUID(content["staff"]), datetime.fromisoformat(content["at"]))
        return step if timedelta() <= now - step.at <= STEP_LASTS else None
