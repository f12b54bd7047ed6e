"""What a patient's words answer of triage's questions by themselves, so that nothing is asked that was said; and
whether they are about an illness at all."""

from __future__ import annotations

import re
from datetime import date

from integrations.hospital.triage.assess import speaks_of_illness
from integrations.language.asides import is_aside
from integrations.language.health import read_age, read_onset, read_pregnant, read_severity
from integrations.language.script import normalise

# Part of the body → what people call it. Of several parts none is the answer.
_WHERE = {
    "head": r"头(?!发)|脑|太阳穴|\bhead",
    "eyes": r"眼|视力|\beyes?\b",
    "ears_nose_throat": r"耳|鼻|嗓|喉|咽|\b(?:ears?|nose|throat)\b",
    "mouth": r"牙|口腔|舌|嘴|\b(?:tooth|teeth|mouth|gums?)",
    "neck": r"脖子|颈|\bneck",
    "chest": r"胸(?!部肿块)|心口|心慌|心跳|\bchest",
    "breast": r"乳|奶头|\bbreast",
    "belly": r"肚|腹|胃|\b(?:belly|stomach|abdom)",
    "anus": r"肛|痔|屁股|\banus",
    "private_parts": r"下身|下体|阴|小便|尿|月经|白带|睾|\burin",
    "back_limbs": r"腰|背|膝|腿|脚|手(?!术|机)|胳膊|肩|关节|髋|腕|肘"
    r"|\b(?:back|knee|leg|foot|feet|arm|shoulder|joint|hand)s?\b",
    "skin": r"皮肤|疹|痘|瘙?痒|湿疹|\b(?:skin|rash|itch)",
}
_PARTS = {part: re.compile(words, re.IGNORECASE) for part, words in _WHERE.items()}
_NO = r"(?:没有?|不|无|没在|未|\bno |\bnot )"
_FEVER, _NO_FEVER = (
    re.compile(r"发[烧热]|高烧|低烧|体温|\bfever", re.IGNORECASE),
    re.compile(rf"{_NO}(?:发[烧热]|烧|fever)", re.IGNORECASE),
)
_INJURED, _NOT_INJURED = (
    re.compile(
        r"摔|扭[伤了到]|崴|撞|砸|受伤|外伤|骨折|割[伤破]|烫|\b(?:fell|fall|injur|twisted|sprain)",
        re.IGNORECASE,
    ),
    re.compile(rf"{_NO}(?:受|外)?(?:伤|摔|撞|扭)", re.IGNORECASE),
)
# How it comes and goes, and on which side.
_COURSE = re.compile(
    r"有时|偶尔|经常|常常|老是|总是|一直|反复|断断续续|一阵|越来越|加重|厉害|严重|好转|左|右|两[边侧]|里面|早[上晨]|晚上|夜里|半夜|白天"
    r"|[饭餐][前后]|空腹|\b(?:sometimes|often|always|worse|better|left|right|at night|mornings?|after eating)\b",
    re.IGNORECASE,
)
_OF_ILLNESS = (*_PARTS.values(), _FEVER, _INJURED, _NOT_INJURED, _COURSE)


def tells_of_illness(text: str, today: date) -> bool:
    """Whether words can be about an illness: a complaint, a part of the body, since when, how bad, how old. Of words
    that are of none of these kinds nobody can be sure."""
    said = normalise(text)
    if is_aside(said):
        return False
    read = (read_onset(said, today), read_age(said), read_severity(said), read_pregnant(said))
    return (
        any(pattern.search(said) for pattern in _OF_ILLNESS)
        or any(one is not None for one in read)
        or speaks_of_illness(said)
    )


def told_answer(key: str, text: str, choices: tuple[str, ...]) -> str:
    """The answer to a question that the text holds already, "" when it does not say."""
    said = normalise(text)
    if key == "where":
        found = [part for part, pattern in _PARTS.items() if pattern.search(said)]
        return found[0] if len(found) == 1 and found[0] in choices else ""
    yes, no = False, False
    if key == "fever":
        no = bool(_NO_FEVER.search(said))
        yes = bool(_FEVER.search(said)) and not no
    elif key == "injury":
        no = bool(_NOT_INJURED.search(said))
        yes = bool(_INJURED.search(said)) and not no
    elif key == "pregnant":
        pregnant = read_pregnant(said)
        yes, no = pregnant is True, pregnant is False
    return "yes" if yes else "no" if no else ""
