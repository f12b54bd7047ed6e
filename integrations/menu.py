"""The account's menu, the same on every platform. Keys are intents of the dialog."""

from __future__ import annotations

from typing import Final

BOOKING: Final = ("book_appointment", "挂号")
MINE: Final = ("我的", (("my_appointments", "我的预约"), ("my_profile", "我的信息")))
HELP: Final = ("帮助", (("talk_to_human", "人工客服"), ("emergency_help", "急救"), ("help", "使用说明")))

ENTRIES: Final = (BOOKING, *MINE[1], *HELP[1])
