"""What takes the weight from a sign: it is denied, long over, asked or read about, only feared, or a figure of speech.

The cues are data (scope.yml); here stands where they count. A clause ends at a comma, a sentence at a full stop.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cache, cached_property

from bot.red_flags.phrases import Phrase, Sieve, picked, pieces
from bot.red_flags.reading import Rule, read, rules, sieve, written

_CLAUSE_END = "，。；！？\n"
_SENTENCE_END = "。！？\n"
_LASTING = 8  # characters after a sign in which its length may be told
_QUOTES = "“‘「『\"'"  # 不是“想死” is denied as 不是想死 is
_SUDDEN = ("突然", "忽然", "suddenly")  # may as well be told of what happened years ago
_DATES = frozenset("年月岁")
_DATE = 5  # characters in which a date stands
_NEAR_ENGLISH = 60
_NEAR = 24  # characters around the name of an illness in which a question about it counts


# A sign that says of itself that it is not so: 胸不疼也不闷.
_DENIED_INSIDE = re.compile(
    r"(?<!要)(?<!止)(?<!是)(?:不|没有?|无)(?:再|怎么|太)?(?:疼|痛|闷|晕|麻|歪|喘|肿|烧|抽|慌|紫|难受|出血|流血)$"
)
_WHOLE_WORDS = ("reported", "purpose", "generic", "doubtful")  # my app is not in my appointment
_WORD_ENDS = r"(?a:(?<=\s)|(?!\w))"
_ANCHORED = ("denied", "feared", "once")  # these stand directly before what they silence


@cache
def _cue(name: str) -> tuple[Phrase, ...]:
    """The cues of one kind, Chinese and English."""
    row = read("scope")[name]
    both = ((False, row.get("chinese", [])), (True, row.get("english", [])))
    end = "$" if name in _ANCHORED else ""
    border = end or (_WORD_ENDS if name in _WHOLE_WORDS else "")
    return tuple(
        Phrase.of(f"(?:{written(one, english=english)}){border if english else end}")
        for english, phrases in both
        for one in phrases
    )


@cache
def _cue_sieve() -> tuple[Sieve, dict[str, int]]:
    """A sieve of all cues, and where in it those of each kind begin."""
    phrases: list[Phrase] = []
    begin = {}
    for name in read("scope"):
        begin[name] = len(phrases)
        phrases += _cue(name)
    return Sieve(phrases), begin


@cache
def _bits() -> tuple[tuple[Rule, int], ...]:
    """Each rule, the gravest outcome first, and the bits of its phrases in the sieve."""
    begin = sieve()[1]
    return tuple(
        (rule, ((1 << len(rule.patterns.chinese) + len(rule.patterns.english)) - 1) << begin[rule.name])
        for rule in rules()
    )


def warm() -> None:
    """Reads all cues, so that no message waits for them."""
    _cue_sieve()


class Scope:
    """One text, and what silences in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.held = pieces(text)
        self.put_aside = False  # whether a sign was silenced
        self._denied_signs: set[tuple[int, int]] = set()
        self._found: dict[str, list[tuple[int, int]]] = {}

    def possible(self) -> Iterator[Rule]:
        """The rules that may see something in the text, the gravest outcome first."""
        left = self._left
        for rule, own in _bits():
            if left & own:
                yield rule

    def phrases(self, rule: Rule, *, han: bool, latin: bool) -> Iterator[Phrase]:
        """Those of a rule that the text can match."""
        left = self._left >> sieve()[1][rule.name]
        chinese, english = rule.patterns.chinese, rule.patterns.english
        if han:
            yield from picked(chinese, left)
        if latin:
            yield from picked(english, left >> len(chinese))

    def silences(self, sign: re.Match[str], rule: Rule) -> bool:
        silenced = self._silenced(sign, rule)
        self.put_aside = self.put_aside or silenced
        return silenced

    def doubtful(self) -> bool:
        """Whether there is a weak cue that it is no matter of now."""
        return bool(self._cues("doubtful"))

    def pressing(self) -> bool:
        """Whether somebody calls for help, or what was over is here again."""
        return bool(self._cues("pressing") or self._cues("returns"))

    def _silenced(self, sign: re.Match[str], rule: Rule) -> bool:
        start, end = sign.span()
        if self._part_of_words(start, end) or self._said(start, end):
            return True
        if self._denied(start, end) or self._denies_itself(sign, rule):
            self._denied_signs.add((start, end))
            return True
        if self._of_people(start):
            return True
        if "past" not in rule.despite and self._over(start, end):
            return True
        return "about" not in rule.despite and self._about(start, end, rule.is_name)

    def without_denied(self) -> str:
        """The text without the signs in it that are denied."""
        gone = {at for start, end in self._denied_signs for at in range(start, end)}
        return "".join(letter for at, letter in enumerate(self.text) if at not in gone) if gone else self.text

    def recovered(self, end: int) -> bool:
        """Whether it is told afterwards that it is over by now."""
        return any(at >= end for at, _ in self._cues("recovered"))

    def long_ago(self, sign: re.Match[str]) -> bool:
        return self._over(*sign.span())

    def chronic(self, sign: re.Match[str]) -> bool:
        """Whether it has lasted for weeks, or comes and goes, and nothing says that it is worse now."""
        first, last = self.clause_start(sign.start()), sign.end() + _LASTING
        now = any(first <= at <= sign.end() for at, _ in self._cues("now"))
        return not now and any(first <= at < last for at, _ in self._cues("chronic"))

    def wishes(self) -> bool:
        """Whether a number or a department is asked for."""
        return bool(self._cues("wishes"))

    def lately(self, start: int) -> bool:
        """Whether it is of these hours."""
        return any(at <= start for at, _ in self._cues("lately"))

    def _denies_itself(self, sign: re.Match[str], rule: Rule) -> bool:
        """胸不疼也不闷 is no sign; but who asks for a death that does not hurt is not at ease."""
        return "about" not in rule.despite and bool(_DENIED_INSIDE.search(sign[0]))

    def _part_of_words(self, start: int, end: int) -> bool:
        """Whether one of its ends lies inside a word that reaches beyond it: 昏迷 in 黄昏迷路."""
        return any(at < start < until or at < end < until for at, until in self._cues("words"))

    def _of_people(self, start: int) -> bool:
        """Whether its clause speaks of people in general."""
        since = self.clause_start(start)
        return any(since <= at < start for at, _ in self._cues("generic"))

    def _said(self, start: int, end: int) -> bool:
        """Whether a figure of speech touches its first clause: 我站在桥上，手机快没电了 is none."""
        comma = self.text.find("，", start, end)
        end = comma if comma > start else end
        return any(at < end and until > start for at, until in self._cues("sayings"))

    def _denied(self, start: int, end: int) -> bool:
        return self._just_before("denied", start) or self._just_after("denied_after", end)

    def _over(self, start: int, end: int) -> bool:
        """A time long ago before it in its clause, and no now between; or the words beside it say so."""
        if any(at >= end for at, _ in self._cues("returns")):
            return False
        if self._just_after("over_after", end) or self._just_before("once", start):
            return True
        since = self.clause_start(start)
        ago = [until for at, until in self._cues("over") if since <= at < start]
        if not ago:
            return False
        dated = not _DATES.isdisjoint(self.text[max(since, max(ago) - _DATE) : max(ago)])
        return not any(
            max(ago) <= at <= end and not (dated and self.text[at:until] in _SUDDEN)
            for at, until in self._cues("now")
        )

    def _about(self, start: int, end: int, is_name: bool) -> bool:
        if self._just_before("feared", start):
            return True
        if self._cues("purpose") and not self._somebodys_now():
            return True
        first, last = self._sentence_start(start), self._sentence_end(end)
        if any(first <= at < end for at, _ in self._cues("supposed")):
            return True
        if any(first <= at < last for at, _ in self._cues("reported")):
            return True
        now = any(first <= at < last for at, _ in self._cues("now"))
        done = "了" in self.text[max(start, end - 1) : end + 1]
        if not now and not done and self._just_after("service", end):
            return True
        real = any(first <= at < last for at, _ in self._cues("real"))
        if is_name:
            near = _NEAR_ENGLISH if self.text[start:end].isascii() else _NEAR
            first, last = max(first, start - near), min(last, end + near)
            return any(first <= at < last for at, _ in self._cues("asked")) and not real
        return any(first <= at < last for at, _ in self._cues("studied")) and not real

    def _somebodys_now(self) -> bool:
        real = any(self.text[at:until] != "just" for at, until in self._cues("real"))  # just curious
        return real or bool(self._cues("now") or self._cues("pressing"))

    def _cues(self, name: str) -> list[tuple[int, int]]:
        if name not in self._found:
            self._found[name] = [
                found.span() for cue in self._possible_cues(name) for found in cue.pattern.finditer(self.text)
            ]
        return self._found[name]

    def _just_before(self, name: str, start: int) -> bool:
        before = self.text[self.clause_start(start) : start].rstrip(_QUOTES)
        return any(cue.pattern.search(before) for cue in self._possible_cues(name))

    def _just_after(self, name: str, end: int) -> bool:
        return any(cue.pattern.match(self.text, end) for cue in self._possible_cues(name))

    def _possible_cues(self, name: str) -> Iterator[Phrase]:
        return picked(_cue(name), self._cues_left >> _cue_sieve()[1][name])

    @cached_property
    def _left(self) -> int:
        return sieve()[0].left(self.held)

    @cached_property
    def _cues_left(self) -> int:
        return _cue_sieve()[0].left(self.held)

    def clause_start(self, at: int) -> int:
        """Where the clause begins that this place is in."""
        return self._after_last(self._clause_ends, at)

    def _sentence_start(self, at: int) -> int:
        return self._after_last(self._sentence_ends, at)

    def _sentence_end(self, at: int) -> int:
        place = bisect_left(self._sentence_ends, at)
        return self._sentence_ends[place] if place < len(self._sentence_ends) else len(self.text)

    @cached_property
    def _clause_ends(self) -> list[int]:
        return [at for at, mark in enumerate(self.text) if mark in _CLAUSE_END]

    @cached_property
    def _sentence_ends(self) -> list[int]:
        return [at for at in self._clause_ends if self.text[at] in _SENTENCE_END]

    @staticmethod
    def _after_last(ends: list[int], at: int) -> int:
        """Behind the last of these that stands before a place."""
        place = bisect_left(ends, at)
        return ends[place - 1] + 1 if place else 0
