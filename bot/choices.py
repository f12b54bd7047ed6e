"""Choices are data: what a question offered is kept, and an answer is matched against it before any
understanding runs. WeChat patients answer by number or by words, Telegram patients press a button
that carries only a short id."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from integrations.language.script import normalise
from integrations.messages import Option

_CHINESE_NUMBERS = {word: number for number, word in enumerate("一二三四五六七八九十", start=1)} | {"两": 2}
_NUMBER = re.compile(
    r"(?:选|要|第|我选|我要|就|那就)?\s*([0-9]{1,2}|[一二两三四五六七八九十])\s*(?:号|个|吧|项|那个|、|\.|。)*"
)
_ENGLISH_NUMBER = re.compile(
    r"(?:the |option |number |no\.? ?|# ?|choice |choose |pick |take )*"
    r"(?P<number>[0-9]{1,2}|one|two|three|four|five|six|first|second|third|fourth|fifth|sixth|1st|2nd|3rd|[4-9]th)"
    r"(?: (?:one|option|please|pls|time|doctor))*[.!]?",
    re.IGNORECASE,
)
_ENGLISH_NUMBERS = {
    word: at for at, word in enumerate(("one", "two", "three", "four", "five", "six"), start=1)
} | {word: at for at, word in enumerate(("first", "second", "third", "fourth", "fifth", "sixth"), start=1)}
_PUNCTUATION = re.compile(r"[\s，。,.!！?？、~～“”\"'（）()]+")
_SHORTEST_ENGLISH = 3
_AGREEING = re.compile(
    r"(?:对|嗯|好的?|是的?|行)[，,、\s]+(?:就|我?要|选|那就|那)?|(?:就|我?要|选|那就)(?=.*那[个位]$)"
)
_POINTING = re.compile(r"(?:那|这)?[个位](?:医生|大夫)?$|的$|吧$")  # 海燕那个
MORE = "/more_choices"  # the payload of 更多: answered by the worker, never by the dialogs
WITHDRAW_MESSAGE = "/withdraw_message"  # the same of 撤回留言
LASTING = frozenset(
    {WITHDRAW_MESSAGE}
)  # whose buttons stay good whatever was asked since: they bear their payload
FEW = 3  # choices a message, for whom many are hard to read
_ANSWERS = ("/inform", "/affirm", "/deny")
_SHORTEST_WORDS = 2  # characters; a single one hits too much


class Stale(Exception):
    """A button of an earlier question was pressed."""


def remember(
    buttons: Sequence[dict[str, str]], *, more: str = ""
) -> tuple[dict[str, Any] | None, tuple[Option, ...]]:
    """Makes what is kept in the conversation, and the options that go out (at most 64 bytes an id).

    With `more`, the title of a button that shows the rest, only the first few go out.
    """
    if not buttons:
        return None, ()
    question = secrets.token_urlsafe(9)
    every = [{"title": b["title"], "payload": b["payload"]} for b in buttons]
    kept: dict[str, Any] = {"id": question, "options": every}
    if more and len(every) > FEW + 1:  # a fourth takes no more room than the button for it
        kept = {
            "id": question,
            "options": [*every[:FEW], {"title": more, "payload": MORE}],
            "rest": every[FEW:],
        }
    return kept, _options(kept)


def _options(kept: dict[str, Any]) -> tuple[Option, ...]:
    return tuple(
        Option(option["payload"] if option["payload"] in LASTING else f"{kept['id']}:{at}", option["title"])
        for at, option in enumerate(kept["options"])
    )


def unfolded(kept: dict[str, Any] | None) -> list[dict[str, str]]:
    """All that was offered, what was not shown first: so that 更多 leads around."""
    if not kept:
        return []
    return [*kept.get("rest", ()), *(option for option in kept["options"] if option["payload"] != MORE)]


def wait_for_an_answer(kept: dict[str, Any] | None) -> bool:
    """Whether they belong to a question, not to a menu of journeys or to the welcome, which asks for the consent."""
    return any(option["payload"].startswith(_ANSWERS) for option in unfolded(kept))


def again(kept: dict[str, Any]) -> tuple[Option, ...]:
    """The same choices once more. They keep their ids: whoever pressed an old button many times while nothing
    answered reads as many of these, and each counts."""
    return _options(kept)


def pressed(choice: str, kept: dict[str, Any] | None) -> str:
    """The payload of a pressed button. Raises Stale unless it is a lasting one, or belongs to the last question."""
    if choice in LASTING:
        return choice
    question, _, at = choice.rpartition(":")
    if not kept or question != kept["id"] or not at.isdecimal() or int(at) >= len(kept["options"]):
        raise Stale
    payload: str = kept["options"][int(at)]["payload"]
    return payload


def typed(text: str, kept: dict[str, Any] | None) -> str | None:
    """The payload that a typed answer names by number or by the option's words, or None."""
    if not kept:
        return None
    options = kept["options"]
    answer = normalise(text).strip()
    if number := _NUMBER.fullmatch(answer):
        position = _CHINESE_NUMBERS.get(number[1]) or int(number[1])
        return options[position - 1]["payload"] if 1 <= position <= len(options) else None
    if said := _ENGLISH_NUMBER.fullmatch(answer):
        word = said["number"].lower()
        position = _ENGLISH_NUMBERS.get(word) or int(word.rstrip("stndrh"))
        return options[position - 1]["payload"] if 1 <= position <= len(options) else None
    options = [*options, *kept.get("rest", ())]  # what was not shown can be named
    words = _PUNCTUATION.sub("", answer).casefold()
    titles = [_PUNCTUATION.sub("", normalise(option["title"])).casefold() for option in options]
    same = [at for at, title in enumerate(titles) if title == words]
    if words.isdecimal() and not same:
        return None  # 130 is a value, and no word for "130 斤"
    if not same and len(words) >= (_SHORTEST_ENGLISH if words.isascii() else _SHORTEST_WORDS):
        same = [at for at, title in enumerate(titles) if title.startswith(words)]
    named = _PUNCTUATION.sub("", _without_yes(answer)).casefold()
    if not same and named != words:
        same = [at for at, title in enumerate(titles) if title == named]
    part = _POINTING.sub("", named)
    if not same and len(part) >= _SHORTEST_WORDS and not part.isascii():
        same = [at for at, title in enumerate(titles) if part in title]
    return options[same[0]]["payload"] if len(same) == 1 else None


def _without_yes(answer: str) -> str:
    """对，候补那个 names the same as 候补那个."""
    return _AGREEING.sub("", answer, count=1) if _AGREEING.match(answer) else answer
