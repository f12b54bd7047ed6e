"""How many customer-service messages a patient's action allows, and for how long (WeChat's table of June 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from integrations.sandbox.wechat.errors import WeChatError

Trigger = Literal["message", "menu", "follow", "scan"]
TABLE: dict[Trigger, tuple[int, timedelta]] = {
    "message": (5, timedelta(hours=48)),
    "menu": (3, timedelta(minutes=1)),  # a msgmenu item counts as one
    "follow": (3, timedelta(minutes=1)),
    "scan": (3, timedelta(minutes=1)),
}


@dataclass(slots=True)
class Window:
    left: int
    until: datetime


class Quota:
    """One patient's open windows, each with its own count [unverified: WeChat does not say how they combine].

    A new action of the same kind fills its window again, it does not add to it.
    """

    def __init__(self) -> None:
        self._windows: dict[Trigger, Window] = {}

    def grant(self, trigger: Trigger, now: datetime) -> None:
        count, length = TABLE[trigger]
        self._windows[trigger] = Window(count, now + length)

    def take(self, now: datetime) -> None:
        """Uses one message of the window that closes first. Raises WeChatError 45015 (shut) or 45047 (used up)."""
        open_windows = sorted(self._open(now).values(), key=lambda window: window.until)
        if not open_windows:
            raise WeChatError(45015)
        for window in open_windows:
            if window.left:
                window.left -= 1
                return
        raise WeChatError(45047)

    def shut(self) -> None:
        self._windows.clear()

    def left(self, now: datetime) -> int:
        return sum(window.left for window in self._open(now).values())

    def as_json(self, now: datetime) -> dict[str, object]:
        windows = {
            trigger: {"left": window.left, "until": window.until.isoformat()}
            for trigger, window in self._open(now).items()
        }
        return {"left": self.left(now), "open": bool(windows), "windows": windows}

    def _open(self, now: datetime) -> dict[Trigger, Window]:
        return {trigger: window for trigger, window in self._windows.items() if window.until > now}
