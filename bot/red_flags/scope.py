"""What takes the weight from a sign: it is denied, long over, asked or read about, only feared, or a figure of speech.

The cues are data (scope.yml); here stands where they count. A clause ends at a comma, a sentence at a full stop.
"""

from __future__ import annotations

import re
from functools import cache

from bot.red_flags.reading import Rule, compiled, read

_CLAUSE_END = "，。；！？\n"
_SENTENCE_END = "。！？\n"
_NEAR = 24  # characters around the name of an illness in which a question about it counts


@cache
def _cue(name: str) -> tuple[re.Pattern[str], ...]:
    """The cues of one kind, Chinese and English."""
    written = read("scope")[name]
    both = compiled(written.get("chinese", [])), compiled(written.get("english", []), english=True)
    return tuple(one for one in both if one)


@cache
def _before(name: str) -> tuple[re.Pattern[str], ...]:
    """The cues of one kind, directly before what follows."""
    return tuple(re.compile(f"(?:{one.pattern})$") for one in _cue(name))


@cache
def _after(name: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"(?:{one.pattern})") for one in _cue(name))


class Scope:
    """One text, and what silences in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._found: dict[str, list[tuple[int, int]]] = {}

    def silences(self, sign: re.Match[str], rule: Rule) -> bool:
        start, end = sign.span()
        if self._said(start, end) or self._denied(start, end):
            return True
        if "past" not in rule.despite and self._over(start, end):
            return True
        return "about" not in rule.despite and self._about(start, end, rule.is_name)

    def recovered(self, end: int) -> bool:
        """Whether it is told afterwards that it is over by now."""
        return any(at >= end for at, _ in self._cues("recovered"))

    def long_ago(self, sign: re.Match[str]) -> bool:
        return self._over(*sign.span())

    def lately(self, start: int) -> bool:
        """Whether it is of these hours."""
        return any(at <= start for at, _ in self._cues("lately"))

    def _said(self, start: int, end: int) -> bool:
        return any(at < end and until > start for at, until in self._cues("sayings"))

    def _denied(self, start: int, end: int) -> bool:
        before = self.text[self._clause_start(start) : start]
        rest = self.text[end : self._clause_end(end)]
        return any(cue.search(before) for cue in _before("denied")) or any(
            cue.match(rest) for cue in _after("denied_after")
        )

    def _over(self, start: int, end: int) -> bool:
        """A time long ago before it in its clause, and no now between; or the words beside it say so."""
        if any(cue.match(self.text, end) for cue in _after("over_after")):
            return True
        since = self._clause_start(start)
        if any(cue.search(self.text[since:start]) for cue in _before("once")):
            return True
        ago = [until for at, until in self._cues("over") if since <= at < start]
        if not ago:
            return False
        return not any(max(ago) <= at <= end for at, _ in self._cues("now"))

    def _about(self, start: int, end: int, is_name: bool) -> bool:
        before = self.text[self._clause_start(start) : start]
        if any(cue.search(before) for cue in _before("feared")):
            return True
        first, last = self._sentence_start(start), self._sentence_end(end)
        if any(first <= at < end for at, _ in self._cues("supposed")):
            return True
        if any(first <= at < last for at, _ in self._cues("reported")):
            return True
        now = any(first <= at < last for at, _ in self._cues("now"))
        if not now and any(cue.match(self.text, end) for cue in _after("service")):
            return True
        real = any(first <= at < last for at, _ in self._cues("real"))
        if is_name:
            first, last = max(first, start - _NEAR), min(last, end + _NEAR)
            return any(first <= at < last for at, _ in self._cues("asked")) and not real
        return any(first <= at < last for at, _ in self._cues("studied")) and not real

    def _cues(self, name: str) -> list[tuple[int, int]]:
        if name not in self._found:
            self._found[name] = [found.span() for cue in _cue(name) for found in cue.finditer(self.text)]
        return self._found[name]

    def _clause_start(self, at: int) -> int:
        return max((self.text.rfind(mark, 0, at) for mark in _CLAUSE_END), default=-1) + 1

    def _clause_end(self, at: int) -> int:
        return min((found for mark in _CLAUSE_END if (found := self.text.find(mark, at)) >= 0), default=len(self.text))

    def _sentence_start(self, at: int) -> int:
        return max((self.text.rfind(mark, 0, at) for mark in _SENTENCE_END), default=-1) + 1

    def _sentence_end(self, at: int) -> int:
        return min(
            (found for mark in _SENTENCE_END if (found := self.text.find(mark, at)) >= 0), default=len(self.text)
        )
