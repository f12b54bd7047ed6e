"""The account's menu, the same on every platform. Keys are intents of the dialog.

Telegram shows each phone the commands of its language. WeChat has one menu for everybody: it refuses menus by
language (65320, as all that a phone tells of its owner), so its titles say both.
"""

from __future__ import annotations

from typing import Final

BOOKING: Final = ("book_appointment", "挂号")
MINE: Final = ("我的", (("my_appointments", "我的预约"), ("my_profile", "我的信息")))
HELP: Final = ("帮助", (("talk_to_human", "人工客服"), ("emergency_help", "急救"), ("help", "使用说明")))

LANGUAGE: Final = ("choose_language", "Language 语言")
ENTRIES: Final = (BOOKING, *MINE[1], *HELP[1], LANGUAGE)
ENGLISH: Final = {
    "book_appointment": "Book a visit",
    "my_appointments": "My appointments",
    "my_profile": "My details",
    "talk_to_human": "Talk to a person",
    "emergency_help": "Emergency numbers",
    "help": "How this works",
    "choose_language": "Language 语言",
}
# WeChat shows a title of the bar up to 8 columns, one of a list up to 16; a Han character takes two.
IN_WECHAT: Final = {
    "挂号": "挂号Book",
    "我的": "我的Me",
    "帮助": "帮助Help",
    "我的预约": "我的预约 Visits",
    "我的信息": "我的信息 Details",
    "人工客服": "人工客服 Person",
    "急救": "急救 Emergency",
    "使用说明": "使用说明 Guide",
}
COMMANDS: Final = {"language": "choose_language"}  # what else may be typed for an entry

# Said below numbered choices, where a platform has no buttons.
CHOOSE: Final = {"zh-Hans": "回复数字选择", "zh-Hant": "回覆數字選擇", "en": "Reply with a number"}
