"""Reading one text: which rule is hit, once what is denied, over, asked about or only a saying is put aside.

A hit counts only when it ends inside the new text, so that one alarm is not raised again by every later message;
fragments ("我妈" / "突然" / "说不了话") are read together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.red_flags.plain import plain
from bot.red_flags.reading import GRAVITY, Outcome, Rule, rule_named
from bot.red_flags.scope import Scope
from bot.second_opinion.speaking import harmless, opinion

WINDOW = timedelta(minutes=3)
_LOOK_BACK = 100  # characters of earlier messages that can belong to a fragment
_SAID = 6  # characters of fragments on which the second opinion speaks: 我妈 / 嘴巴 is not said to its end
_REACH = 45  # characters between a sign and what has to stand near it
_HAN = re.compile(r"[㐀-鿿]")
_LATIN = re.compile(r"[a-z]{2}")
_NOTHING = (Outcome.NONE, "")
_GRAVE = (Outcome.CRISIS, Outcome.EMERGENCY)

Found = tuple[Outcome, str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules made of a text. `put_aside`: there was a sign, and something that took its weight;
    `open_to_doubt`: a rule rings that may be doubted; `doubtful`: a weak cue says that it is no matter of now;
    `rest`: the text without the signs in it that are denied."""

    found: Found
    put_aside: bool
    wishes: bool
    open_to_doubt: bool
    doubtful: bool
    rest: str


def look(text: str, earlier: Sequence[str] = ()) -> tuple[Outcome, str]:
    """The gravest outcome in a new text, read together with the patient's earlier messages (oldest first,
    at most `WINDOW` old, all in simplified Chinese), and the name of the rule that saw it ("" for none; model.… for
    the second opinion)."""
    new = plain(text)
    before = "".join(_apart(plain(one)) for one in earlier)[-_LOOK_BACK:]
    found = _both(new, _judge(new, 0), before)
    if not before or not new.strip() or found[0] is Outcome.EMERGENCY:
        return found
    joined = before + _apart(new)
    together = _judge(joined, len(before))
    later = _both(joined, together, before) if len(joined) >= _SAID else together.found
    if _gravity(later) > _gravity(together.found):  # by the second opinion
        known = opinion(before, doubted=together.put_aside, wishes=False)
        if known and GRAVITY.index(rule_named(known).outcome) >= _gravity(later):
            later = together.found  # it heard that in the earlier words alone
    return max(found, later, key=_gravity)


def _both(text: str, judged: Judged, before: str) -> Found:
    """The rules' word, unless it is silenced. Where they are silent the second opinion counts; where they put a sign
    aside or are only mildly worried, it does when it is very sure of a life in danger."""
    ruled = judged.found
    if _silenced(text, judged, before):
        return _NOTHING
    if ruled[0] in _GRAVE:
        return ruled
    doubted = judged.put_aside or ruled[0] is not Outcome.NONE
    name = opinion(judged.rest, doubted=doubted, wishes=judged.wishes)
    return (rule_named(name).outcome, name) if name else ruled


def _silenced(text: str, judged: Judged, before: str) -> bool:
    """Whether a second opinion silences the one rule that rings: one that is sure of no harm together with a weak cue
    in the text, or one that is certain of it, in what was said just before too. Against despair, and when somebody
    calls for help, both are needed: the cue, and certainty. Certainty alone counts in Chinese only, of which it knows
    most."""
    if judged.found[0] is Outcome.NONE:
        return False
    plainly = judged.found[0] is Outcome.CRISIS and not rule_named(judged.found[1]).is_hint
    open_to_doubt = judged.open_to_doubt and not plainly
    if not judged.doubtful and (text.isascii() or not open_to_doubt):
        return False
    alone = not (judged.doubtful and open_to_doubt)
    said = (text, before) if before else (text,)
    return all(harmless(one, alone=alone) for one in said) and not _agreed(judged.found[1], text)


def _may_be_doubted(found: Found, scope: Scope) -> bool:
    """Who wishes to die means it, however it is said; who calls for help is believed."""
    rule = rule_named(found[1])
    return not scope.pressing() and (rule.is_hint or "about" not in rule.despite)


def _agreed(found: str, text: str) -> bool:
    """Whether a rule about something else rings as well, in another clause."""
    scope, (han, latin) = Scope(text), _scripts(text)
    about = found.partition(".")[0]
    clauses = {scope.clause_start(hit.start()) for hit in _hits(rule_named(found), scope, han, latin, 0)}
    return any(
        scope.clause_start(hit.start()) not in clauses
        for rule in scope.possible()
        if rule.name.partition(".")[0] != about
        for hit in _hits(rule, scope, han, latin, 0)
    )


def _gravity(found: Found) -> int:
    return GRAVITY.index(found[0])


def _apart(text: str) -> str:
    """Fragments of Chinese join as they are, English words keep their distance."""
    return f" {text}" if text[:1].isascii() and text[:1].isalnum() else text


def _scripts(text: str) -> tuple[bool, bool]:
    return bool(_HAN.search(text)), bool(_LATIN.search(text))


def _judge(text: str, new_from: int) -> Judged:
    han, latin = _scripts(text)
    scope = Scope(text)
    found, weighed = _gravest(scope, han, latin, new_from)
    rings = found[0] is not Outcome.NONE
    open_to_doubt = rings and _may_be_doubted(found, scope)
    return Judged(
        found,
        weighed or scope.put_aside,
        not rings and scope.wishes(),
        open_to_doubt,
        rings and scope.doubtful(),
        scope.without_denied(),
    )


def _gravest(scope: Scope, han: bool, latin: bool, new_from: int) -> tuple[Found, bool]:
    """And whether a sign was found that is over, or has lasted long."""
    milder, weighed = _NOTHING, False
    for rule in scope.possible():
        if milder[0] is not Outcome.NONE and GRAVITY.index(rule.outcome) <= GRAVITY.index(milder[0]):
            break
        for hit in _hits(rule, scope, han, latin, new_from):
            if rule.outcome is Outcome.CHECK and rule.asks == "general" and scope.wishes():
                continue
            if rule.outcome is Outcome.EMERGENCY and scope.chronic(hit):
                milder, weighed = max(milder, (Outcome.CHECK, rule.name), key=_gravity), True
                continue
            if "recovered" in rule.despite or not scope.recovered(hit.end()):
                return (rule.outcome, rule.name), weighed
            if rule.outcome is Outcome.CRISIS and not scope.long_ago(hit):
                return (rule.outcome, rule.name), weighed
            weighed = True
            if rule.outcome is Outcome.EMERGENCY and scope.lately(hit.start()):
                milder = Outcome.URGENT, rule.name
    return milder, weighed


def _hits(rule: Rule, scope: Scope, han: bool, latin: bool, new_from: int) -> Iterator[re.Match[str]]:
    """What the rule sees in the text that nothing takes the weight from."""
    for phrase in scope.phrases(rule, han=han, latin=latin):
        for sign in phrase.pattern.finditer(scope.text):
            if scope.silences(sign, rule):
                continue
            if rule.companions is None:
                if sign.end() > new_from:
                    yield sign
            elif any(
                max(sign.end(), other.end()) > new_from
                for other in _companions(rule, scope, sign, han, latin)
            ):
                yield sign


def _companions(
    rule: Rule, scope: Scope, sign: re.Match[str], han: bool, latin: bool
) -> Iterator[re.Match[str]]:
    assert rule.companions
    first, last = max(0, sign.start() - _REACH), sign.end() + _REACH
    for phrase in rule.companions.of(han=han, latin=latin):
        for other in phrase.find(scope.text, scope.held, first, last):
            apart = other.start() >= sign.end() or other.end() <= sign.start()
            if apart and not scope.silences(other, rule):
                yield other
