"""What characters sound like, loosely enough for slips of typing by sound and of speech recognition."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

# Sounds that many speakers and keyboards do not keep apart: n/l, zh/z, ch/c, sh/s, -ng/-n.
_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l"))


@lru_cache(maxsize=8192)
def syllable(character: str) -> str:
    """The reading without tone: 科 → "ke". A character without a reading stands for itself."""
    return lazy_pinyin(character)[0]


@lru_cache(maxsize=8192)
def loose_syllable(character: str) -> str:
    """The reading with sounds that are easily mistaken made equal: 内 and 类 → "lei"."""
    sound = syllable(character)
    for hard, soft in _INITIALS:
        if sound.startswith(hard):
            sound = soft + sound[len(hard) :]
            break
    return sound.removesuffix("g") if sound.endswith("ng") else sound


def loosely(text: str) -> tuple[str, ...]:
    """The loose reading of a text, one entry for each character."""
    return tuple(map(loose_syllable, text))


def typed(text: str) -> tuple[str, str]:
    """How a text is typed by sound, in full and by first letters: 退款 → ("tuikuan", "tk")."""
    return "".join(lazy_pinyin(text)).lower(), "".join(lazy_pinyin(text, style=Style.FIRST_LETTER)).lower()
