"""`/cgi-bin/stable_token`: one token at a time, renewed early, with a forced mode that ends the old one."""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from integrations.sandbox.options import Options
from integrations.sandbox.state import Clock
from integrations.sandbox.wechat.errors import WeChatError

REMEMBERED = 200  # old tokens, to tell "expired" from "never given out"


class Tokens:
    def __init__(self, options: Options, clock: Clock) -> None:
        self._options = options
        self._clock = clock
        self._current = ""
        self._given: OrderedDict[str, datetime] = OrderedDict()  # token -> when it stops working
        self._replaced: set[str] = set()
        self._forced: deque[datetime] = deque(maxlen=options.wechat_forced_refreshes)

    def issue(self, *, force: bool) -> tuple[str, int]:
        """The token and its seconds left. Raises WeChatError 45009 after too many forced refreshes in a day."""
        now = self._clock()
        expires = self._given.get(self._current, now)
        overlap = timedelta(seconds=self._options.wechat_token_overlap)
        if force:
            if not self._may_force(now):
                return self._current, round((expires - now).total_seconds())
            self._given[self._current] = now
            self._replaced.add(self._current)
        elif expires - now > overlap:
            return self._current, round((expires - now).total_seconds())
        return self._renew(now)

    def _may_force(self, now: datetime) -> bool:
        pause = timedelta(seconds=self._options.wechat_forced_pause)
        if self._forced and now - self._forced[-1] < pause:
            return False
        full = len(self._forced) == self._forced.maxlen
        if full and now - self._forced[0] < timedelta(days=1):
            raise WeChatError(45009)
        self._forced.append(now)
        return True

    def _renew(self, now: datetime) -> tuple[str, int]:
        lifetime = self._options.wechat_token_seconds
        self._current = f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}"
        self._given[self._current] = now + timedelta(seconds=lifetime)
        while len(self._given) > REMEMBERED:
            self._replaced.discard(self._given.popitem(last=False)[0])
        return self._current, lifetime

    def check(self, token: str | None) -> None:
        """Raises WeChatError 41001, 40014, 40001 or 42001 for a token that does not work now."""
        if not token:
            raise WeChatError(41001)
        stops = self._given.get(token)
        if stops is None:
            raise WeChatError(40014 if len(token) < 20 else 40001)
        if token in self._replaced:
            raise WeChatError(40001)
        if stops <= self._clock():
            raise WeChatError(42001)
