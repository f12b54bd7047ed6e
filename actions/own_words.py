"""Questions that are answered in a patient's own words, in one message or several. Nearly all that is typed is then
such words, whatever it sounds like; they are kept as tokens, and what of them is personal stays a token inside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from actions.revealing import reveal
from actions.turn import Turn
from integrations.hospital import tokens
from integrations.hospital.tokens import TOKEN_PATTERN, UnknownToken
from integrations.language.health import books
from integrations.language.script import written

_DONE = re.compile(
    r"(?:我)?(?:就)?(?:说|写|讲|发)?(?:完|好)(?:了|啦)?|(?:就|只有|就是)?(?:这些|这样|这么多)(?:了|吧)?|没有?(?:别的|其他的?|要补充的)?(?:了|啦)"
    r"|没有|不用(?:了|补充了?)?|不补充了?|结束|提交(?:吧)?|完毕"
    r"|done|finished|that'?s (?:all|it|everything)|that is (?:all|it)|nothing (?:else|more)|no more|all done|submit",
    re.IGNORECASE,
)
# Said shortly, these leave the question; in a longer text they are part of the story.
_LEAVING = frozenset(
    {"cancel", "go_back", "talk_to_human", "emergency_help", "help", "choose_language", "complaint_status"}
    | {"pause"}
)
# What our messages tell patients to reply: said alone, it is meant so at any question.
_COMMANDS = frozenset(
    {"挂号", "我的单据", "我的账单", "我的在线服务", "药到哪了", "快递到哪了"}
    | {"my documents", "my bills", "my consultations", "where is my parcel"}
)
_SHORT, _SHORT_ENGLISH = 6, 22
_QUESTION = re.compile(r"[?？吗呢]$|怎么|多少|几点|在哪|\b(?:where|when|how|what)\b", re.IGNORECASE)
_EVIDENCE = frozenset({"image", "video", "voice", "file"})
_TRIMMED = " \t\n，。,.!！~～"


def is_done(text: str) -> bool:
    """ "说完了", "就这些", "that's all" """
    return bool(_DONE.fullmatch(text.strip(_TRIMMED)))


def tells(turn: Turn) -> bool:
    """Whether the message is words for the open question: typed, and no short way out of it."""
    said = turn.text.strip(_TRIMMED)
    if not said:
        return False
    if books(said):
        return False
    if said.casefold() in _COMMANDS:
        return False
    short = len(said) <= (_SHORT_ENGLISH if said.isascii() else _SHORT)
    if short and (turn.intent in _LEAVING or said in _titles(turn)):
        return False
    asks = turn.intent == "ask_hospital" and bool(turn.facts.topics) and bool(_QUESTION.search(said))
    return not (asks and len(said) <= 2 * (_SHORT_ENGLISH if said.isascii() else _SHORT))


def _titles(turn: Turn) -> set[str]:
    """What our own buttons elsewhere are called: typed alone, it is that button."""
    texts = turn.words.texts
    names = (
        "book_appointment",
        "my_appointments",
        "cancel_appointment",
        "register",
        "my_profile",
        "complain",
    )
    return {texts.text(f"intent_{name}") for name in names}


def brings_evidence(turn: Turn) -> bool:
    """A picture or recording, with words or without."""
    return turn.kind in _EVIDENCE


async def keep(turn: Turn, text: str) -> str:
    """A token for the words, so that the draft holds none. They came in as they are understood; staff read them."""
    async with turn.runtime.database.begin() as session:
        return await tokens.mint(
            session,
            turn.runtime.crypto,
            conversation_id=turn.contact_id,
            kind="words",
            value=written(text.strip()),
            now=turn.now,
        )


async def read(turn: Turn, kept: Sequence[str], purpose: str) -> str:
    """All words as typed, a line for a message; for what is stored sealed. Empty when they were forgotten since."""
    return await _as_typed(turn, "\n".join(await _kept(turn, kept, purpose)), purpose)


async def typed(turn: Turn, purpose: str) -> str:
    """The words of this message as typed."""
    return await _as_typed(turn, turn.text.strip(), purpose)


async def excerpt(turn: Turn, kept: Sequence[str], longest: int = 60) -> str:
    """How the words begin and end, without the personal values in them. `longest` in Chinese characters."""
    words = " ".join(await _kept(turn, kept, "shown back"))
    words = re.sub(r"\s+", " ", TOKEN_PATTERN.sub("＊＊＊", words))
    longest *= 2 if words.isascii() else 1
    if len(words) <= longest:
        return words
    end = longest // 3  # what was said last is what is looked for
    return f"{words[: longest - end].rstrip()}…{words[-end:].lstrip()}"


async def _kept(turn: Turn, kept: Sequence[str], purpose: str) -> list[str]:
    """What is left of them: tokens do not outlive a month."""
    found = []
    for one in kept:
        try:
            found.append(await reveal(turn, one, purpose))
        except UnknownToken:
            continue
    return found


async def _as_typed(turn: Turn, words: str, purpose: str) -> str:
    for found in list(TOKEN_PATTERN.finditer(words)):
        try:
            value = await reveal(turn, found[0], purpose)
        except UnknownToken:  # forgotten since, when a consent was refused
            value = "＊＊＊"
        words = words.replace(found[0], value)
    return words
