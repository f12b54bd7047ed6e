"""The hospital's own names in English sentences: 门诊楼3层 心血管内科 302诊室 → Outpatient Building, floor 3,
Cardiology, room 302."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FLOOR = r"(?P<floor>\d+)层"
_ROOM = r"(?P<room>[\dA-Z]+)诊室"
_HAN = re.compile("[㐀-鿿]")


class Glossary:
    """Puts English names in the place of Chinese ones. Words that it does not know stay as they are."""

    def __init__(self, english: Mapping[str, str]) -> None:
        """`english`: the English for each name; an empty one is left out."""
        self._english = {name: words for name, words in english.items() if words}
        names = sorted(self._english, key=len, reverse=True)
        one = "|".join(
            [*map(re.escape, names), _FLOOR.replace("?P<floor>", ""), _ROOM.replace("?P<room>", "")]
        )
        self._run = re.compile(rf"(?:{one})(?: ?(?:{one}))*")
        self._one = re.compile("|".join([*map(re.escape, names), _FLOOR, _ROOM]))

    def put(self, text: str) -> str:
        """The text with all that is known in English; what stands side by side is parted by commas."""
        if not _HAN.search(text):
            return text
        return self._run.sub(lambda run: ", ".join(map(self._say, self._one.finditer(run[0]))), text)

    def _say(self, one: re.Match[str]) -> str:
        if one["floor"]:
            return f"floor {one['floor']}"
        return f"room {one['room']}" if one["room"] else self._english[one[0]]
