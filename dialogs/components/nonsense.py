"""What means nothing, to learn from: a classifier that never saw any takes every babble for its largest intent."""

from __future__ import annotations

import random
import string

from components.classifier import SOUNDS

MANY = 400
_SHAPES = ("aaab", "abab", "abb", "aabb", "ababb", "abcd", "abc", "aa", "abcda")  # 哗啦啦, 叽叽喳喳
_CHARACTERS = [chr(code) for code in sorted(SOUNDS)]


def nonsense(many: int = MANY) -> list[str]:
    """Babble of Chinese characters and of Latin letters; always the same."""
    chance = random.Random(0)  # noqa: S311 - no secret
    return [_babble(chance) for _ in range(many)]


def _babble(chance: random.Random) -> str:
    shape = chance.randrange(len(_SHAPES) + 2)
    if shape == len(_SHAPES):
        return "".join(chance.choices(_CHARACTERS, k=chance.randint(4, 9)))
    if shape > len(_SHAPES):
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 10)))
    drawn = chance.choices(_CHARACTERS, k=4)
    return "".join(drawn["abcd".index(letter)] for letter in _SHAPES[shape])
