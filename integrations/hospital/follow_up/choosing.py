"""Which option, or which of yes and no, a patient's words mean: surely, or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from integrations.hospital.follow_up.plans import Option, Question
from integrations.hospital.follow_up.vocabulary import vocabulary
from integrations.hospital.models import Level
from integrations.language.clauses import clauses, plainly, yes_or_no
from integrations.language.mentions import Mention, Stance, mentions, outermost

# 好转不大, 愈合得慢: denied behind the word.
_POORLY = re.compile(
    r"(?:得|的)?(?:也|还|都|并|很|比较|挺|有点|太|是)*(?:不(?!错|疼|痛|咳|晕|红|肿|难|烧|渗|流)|缓?慢|差(?!不多)|有限|糟)"
)
_NOT_ONE_BIT = re.compile(r"一点点?儿?(?:都|也)?(?=[没不])")  # 一点都不晕 is no little
_BUT = re.compile(
    r"但|不过|可是|(?<=[，, ])(?:就是|只是)(?![没不这那说])|除了|\bbut\b|\bhowever\b|\bjust (?:a|an|some)\b|\bexcept\b",
    re.IGNORECASE,
)
# 不太晕 is a little.
_HARDLY = re.compile(
    r"[不没](?:是|算|有)?(?:太|怎么|大[^问碍]|很|那么|以前|之前|原来|上次)|\bnot (?:so|very|too|that|as) ",
    re.IGNORECASE,
)
# "well, ..." and "is it normal?" say nothing good.
_FILLER = re.compile(r"^(?:oh,? |um+,? )?well(?=[, ] ?\S)", re.IGNORECASE)
_QUESTION = re.compile(r"吗|[?？]|\b(?:is it|am i|i (?:hope|guess))\b", re.IGNORECASE)
_HAS = re.compile(r"(?<![没冇未无])有(?!没有|什么|啥|空|时间|办法)")
_DENYING = re.compile(r"[没不无冇]")


def grave(question: Question) -> bool | None:
    """The answer to a yes or no that is to be looked at."""
    return question.alarm_if if question.alarm_if is not None else question.watch_if


def affirmed(question: Question, text: str) -> bool | None:
    """What is to be looked at wins over everything else that is said: 有个水泡，不疼."""
    affirms = question.affirms.all if question.affirms else []
    denies = question.denies.all if question.denies else []
    told = [(one, True) for one in mentions(text, affirms)] + [(one, False) for one in mentions(text, denies)]
    told = outermost(told)
    unsure = any(one.stance is Stance.OPEN for one, _ in told)
    votes = [yes is (one.stance is Stance.SAID) for one, yes in told if one.stance is not Stance.OPEN]
    for clause in clauses(text):
        vote = plainly(clause)
        if vote is None and grave(question) and _HAS.search(clause) and not _DENYING.search(clause):
            vote = True
        if vote is None and not (affirms or denies or question.alarm_if is not None):
            vote = yes_or_no(clause)
        votes += [] if vote is None else [vote]
    graver = grave(question)
    if graver in votes:
        return graver
    return None if unsure or not votes else votes[0]


def option_told(question: Question, text: str) -> Option | None:
    """The option that is told, the gravest of several. Good news is taken for it only where nothing speaks against it;
    what is denied says nothing of the others."""
    text = _FILLER.sub("", _NOT_ONE_BIT.sub("", text))
    heard = _heard(question, text)
    told = [(one, option) for one, option in heard if one.stance is Stance.SAID]
    for level in (Level.ALARM, Level.WATCH):
        if found := [(one, option) for one, option in told if option.level is level]:
            return _longest(found)
        if level is Level.ALARM and any(
            option.level is level and one.stance is Stance.OPEN for one, option in heard
        ):
            return None
    none = next((option for option in question.options if option.id == "none"), None)
    good = [(one, option) for one, option in heard if option.level is Level.USUAL]
    if _QUESTION.search(text) or any(one.stance is not Stance.SAID or _not_yet(text, one) for one, _ in good):
        return None
    if none:
        return none if _complains_of_nothing(question, text, told=bool(good)) else None
    but = _BUT.search(text)
    if _says(text, vocabulary().worse.all) or (but and _says(text[but.end() :], vocabulary().complaints.all)):
        return None
    if good:
        return _longest(good)
    return _all_others_denied(question, heard)


def _longest(told: Sequence[tuple[Mention, Option]]) -> Option:
    """The option whose words say the most."""
    return max(told, key=lambda one: one[0].end - one[0].start)[1]


def _says(text: str, words: Sequence[str]) -> bool:
    return any(one.stance is Stance.SAID for one in mentions(text, words))


def _words(option: Option) -> list[str]:
    """By which an option is known; a plain no is read as such."""
    said = (option.text.zh, option.text.en, *(option.words.all if option.words else ()))
    return [word for word in said if plainly(word) is None]


def _heard(question: Question, text: str) -> list[tuple[Mention, Option]]:
    """The words of all options, each where no longer word of another holds it: 没好转 is not 好转."""
    listed = grave_words(question)
    found = [
        (one, option)
        for option in question.options
        for one in mentions(text, _words(option), () if option.level is Level.USUAL else listed)
    ]
    return outermost(found)


def _not_yet(text: str, good: Mention) -> bool:
    """Whether the good news is hoped for, or taken back behind its word."""
    poorly = not text[: good.end].endswith("了") and _POORLY.match(text[good.end :])
    return bool(poorly or _hoped().search(text[: good.start]))


@cache
def _hoped() -> re.Pattern[str]:
    """Up to the good news: 希望快点, 会慢慢, "hope to get"."""
    hopes = vocabulary().hopes
    return re.compile(
        rf"(?:{'|'.join(hopes.zh)})[^，,。；;！!？?]{{0,4}}$|(?:会|能|将)(?:慢慢|很快|快|再)*$"
        rf"|\b(?:{'|'.join(hopes.en)})\b[^,.;!?]{{0,25}}$",
        re.IGNORECASE,
    )


def _complains_of_nothing(question: Question, text: str, *, told: bool) -> bool:
    """A no, or all well, and no complaint beside it."""
    own = [word for word in question.about.all if not _DENYING.match(word)] if question.about else []
    found = mentions(text, (*own, *vocabulary().complaints.all))
    if (
        _HARDLY.search(text)
        or _BUT.search(text)
        or _says(text, vocabulary().worse.all)
        or any(one.stance is not Stance.DENIED for one in found)
    ):
        return False
    return told or bool(found) or any(plainly(clause) is False for clause in clauses(text))


def _all_others_denied(question: Question, heard: Sequence[tuple[Mention, Option]]) -> Option | None:
    """不红不肿，没流脓: what is left of the options."""
    denied = {option.id for one, option in heard if one.stance is Stance.DENIED}
    left = [option for option in question.options if option.id not in denied]
    return left[0] if len(left) == 1 and left[0].level is Level.USUAL else None


def grave_words(question: Question) -> list[str]:
    """By which a clause is known to tell of what is to be watched: 脚没事，破了点皮."""
    if question.kind == "choice":
        return [
            word for option in question.options if option.level is not Level.USUAL for word in _words(option)
        ]
    words = question.affirms if grave(question) else question.denies
    return words.all if words else []
