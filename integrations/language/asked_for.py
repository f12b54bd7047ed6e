"""Whom a patient asks for, when that is somebody in particular: a pharmacist, a department's doctors, the one from
just now. Who asks for a person, whoever it is, is understood by the dialogs.

A pure function; it goes by the whole message, for with more words it may be about something else (找心内科医生看病).
"""

from __future__ import annotations

import re
from enum import StrEnum

from integrations.language.script import normalise


class Whom(StrEnum):
    PHARMACIST = "pharmacist"
    DOCTOR = "doctor"
    DOCTOR_BEFORE = "doctor_before"  # with whom they talked last
    BEFORE = "before"  # whoever helped last


_LONGEST = 60  # characters
_EDGES = " \t\r\n，。,.!！~～、；;？?"
_ASK = (
    r"(?:(?:请|麻烦|拜托|劳驾|那|先|还是|我|俺|想|要|需要|得|能不能|可不可以|可以|能|帮忙|帮|给|替|你们|你好|您好|[你您])"
    r"[，, ]*)*"
)
_ONE = r"(?:一?[下位个名]|问|到|去)?"
_TALK = (
    r"(?:说(?:话|一下|几句|说)?|聊(?:聊|一下|几句)?|谈(?:谈|一下)?|讲(?:话|几句)?|沟通(?:一下)?|通话|对话)"
)
_END = r"(?:[，, ]*(?:吗|吧|呢|啊|呀|行吗|可以吗|好吗|谢谢|一下|想?问|点事|几句|有?(?:个|点|用药的)?问题|咨询|用药))*"
_TO = rf"(?:转(?:接|给)?|联系|接通?){_ONE}"
_ASKED = rf"(?:问|咨询|请教){_ONE}"
_LOOKED_FOR = rf"(?:找|换){_ONE}"
_PHARMACIST = (
    r"(?:(?:[你咱]们|贵院|医院|院里)的?)?"
    r"(?:(?:临床|值班|人工)?药(?:剂)?师|药房的?(?:药(?:剂)?师|人|工作人员|同事)|药剂科|药学部)"
)
_DEPARTMENT = r"[^，。,.！!？? ]{1,12}?(?:科|门诊|中心)(?:室)?(?:的|那边的?|那里的?)?"
_DOCTOR = r"(?:值班)?(?:的)?(?:医生|大夫|医师|专家|主任)"
_OF_THE_HELPERS = r"(?:人工|客服|同事|人|护士|工作人员|小姐姐|小哥|老师|姑娘|小伙子?)"
_THAT = r"(?:的|那|那[个位]|给我(?:回复|服务|解答)的|跟我(?:说话|聊)的|接待我?的|帮我的)*"
_ANY_TO = rf"(?:{_TO}|{_ASKED}|{_LOOKED_FOR})"
_CHINESE: tuple[tuple[Whom, str], ...] = (
    (Whom.PHARMACIST, rf"{_ANY_TO}(?:刚才|刚刚)?{_THAT}{_PHARMACIST}{_TALK}?"),
    (Whom.PHARMACIST, rf"(?:{_TO}|{_ASKED})(?:[你咱]们)?药房{_TALK}?"),
    (Whom.PHARMACIST, rf"[跟和同与]{_PHARMACIST}{_TALK}"),
    (Whom.PHARMACIST, r"(?:有没有|有)?(?:人工|值班)?药师(?:在吗|在不在|在线吗|咨询)?"),
    (Whom.DOCTOR_BEFORE, rf"(?:{_ANY_TO}|[跟和同与])(?:刚才|刚刚|刚){_THAT}{_DOCTOR}{_TALK}?"),
    (
        Whom.BEFORE,
        rf"(?:{_ANY_TO}|[跟和同与])(?:刚才|刚刚|刚|上次|之前|前面){_THAT}{_OF_THE_HELPERS}{_TALK}?",
    ),
    (Whom.BEFORE, rf"{_ANY_TO}(?:刚才|刚刚|刚)那[个位]"),
    (Whom.DOCTOR, rf"(?:{_TO}|{_ASKED}){_DEPARTMENT}{_DOCTOR}{_TALK}?"),
    (Whom.DOCTOR, rf"(?:{_TO}){_DOCTOR}{_TALK}?"),
    (Whom.DOCTOR, rf"[跟和同与](?:{_DEPARTMENT})?{_DOCTOR}{_TALK}"),
)
_ASK_EN = (
    r"(?:(?:please|hi|hello|can|could|may|i|you|we|want|need|would|like|i'd|i’d|to|let|me|help|just)[, ]+)*"
    r"(?:(?:talk|speak|chat|talking|speaking) (?:to|with)|ask|contact|reach|find|get|connect (?:me )?(?:to|with)"
    r"|transfer (?:me )?to|put me through to)"
)
_END_EN = r"(?:[, ]+(?:please|thanks|thank you|something|a question|about (?:my|a|the) (?:medicines?|drugs?|pills?)))*"
_ENGLISH: tuple[tuple[Whom, str], ...] = (
    (Whom.PHARMACIST, r"(?:a |an |the |your |hospital )*(?:pharmacist|pharmacy)"),
    (Whom.DOCTOR_BEFORE, r"(?:the |that )?(?:same )?(?:doctor)(?: from)? (?:before|just now|earlier)"),
    (Whom.BEFORE, r"(?:the |that )?(?:same )?(?:person|agent|one|colleague)(?: from)? (?:before|just now|earlier)"),
    (
        Whom.BEFORE,
        r"(?:the )?(?:person|one) (?:who|that)? ?i (?:just )?(?:talked|spoke)(?: to| with)?(?: before| just now)?",
    ),
    (Whom.DOCTOR, r"(?:a |the |your )?(?:doctors?|physicians?) (?:of|in|from|at) (?:the )?[a-z &]{3,30}?"),
)  # fmt: skip
_READ = [
    *((whom, re.compile(f"{_ASK}{words}{_END}")) for whom, words in _CHINESE),
    *((whom, re.compile(f"{_ASK_EN} {words}{_END_EN}", re.IGNORECASE)) for whom, words in _ENGLISH),
]
_NO_LONGER = re.compile(
    r"(?:我|那|先|算了|还是|[，, ])*不(?:想)?(?:再)?(?:等|排队?)(?:了|啦)(?:吧|谢谢|[，, ])*"
    r"|(?:please )?(?:stop waiting|don't wait|i won't wait|i will not wait)(?: any ?more)?",
    re.IGNORECASE,
)


def no_longer(text: str) -> bool:
    """ "不等了": whoever waits for somebody does so no longer."""
    said = normalise(text).strip(_EDGES)
    return 0 < len(said) <= _LONGEST and bool(_NO_LONGER.fullmatch(said))


def whom(text: str) -> Whom | None:
    """ "我想找药师": a pharmacist. None where nobody in particular is asked for, or more is said."""
    said = normalise(text).strip(_EDGES)
    if not 0 < len(said) <= _LONGEST:
        return None
    return next((one for one, pattern in _READ if pattern.fullmatch(said)), None)
