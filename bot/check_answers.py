"""What was said to the one question of a check.

"Yes" is read generously, for it brings help: it may go on, as long as nothing takes it back. "No" is read strictly.
What is neither stays open, unless it plainly asks the hospital for something else.
"""

from __future__ import annotations

import re
from enum import StrEnum

from integrations.language.script import normalise


class Said(StrEnum):
    """`UNCLEAR`: it may be a yes; `OTHER`: something else is wanted."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"
    UNCLEAR = "unclear"
    OTHER = "other"


_MARKS = r"[，,。.！!、；;~…\s]"
_CORRECTION = rf"(?:(?:我|刚才|啊|哦|哎)*(?:不对|不是|[说打按回]?错了)|actually|sorry|no wait|wait){_MARKS}+"
_CORRECTS = re.compile(rf"(?:{_CORRECTION})+")
_BEFORE = re.compile(  # what may stand before a yes
    rf"(?:{_CORRECTION})*(?:[啊哦噢呃额哎唉]|等一?等|等一下|oh|ah|uh|um|well|{_MARKS})*"
    r"(?:我|他|她|孩子|宝宝|现在|目前|刚才|好像|似乎|感觉|应该|可能|确实|的确|真的?|也|都|还|就|一直|全)*"
)
_TAIL = r"[的啊呀呢哒哦呐滴嘞]*"
_PLAINLY_YES = re.compile(rf"(?:有{_TAIL}(?=$|{_MARKS})|(?:yes+|yeah|yea|yep|yup|y)(?=$|[,.!;]))")
_BARE_YES = re.compile(rf"(?:有|是|对|[嗯恩]+|会|yes|yeah|yep|y|i do|i am){_TAIL}{_MARKS}*")
_YES = re.compile(
    rf"(?:有|[嗯恩]+|是{_TAIL}|对{_TAIL}[对了]*|会{_TAIL}|y)"
    rf"(?:(?<=有)|(?=$|{_MARKS}|有|会|很|挺|都|突然|从没|特别|非常|一直|越来越))"
    r"|(?:yes+|yeah|yea|yep|yup|mhm|uh-?huh|definitely|of course|correct|sometimes|slightly|kind of|sort of)\b"
    r"|(?:some|a (?:bit|little|few)|there(?: is| are|'s)|(?:i|he|she|they|we) ha(?:ve|s)|i think so|i guess so)\b"
    r"|(?:(?:i|he|she|it|they|we) (?:am|do|does|is|are)|i'm)(?=$|[,.!;]| (?:a bit|a little|indeed|now))"
)
_TAKEN_BACK = re.compile(
    r"没(?!力|劲|精神|知觉|意识|反应|脉|呼吸|胃口|法|办法)|冇|无(?!力|法)|不[是对算用]|否|以前|之前|曾经|过去"
    r"|[还挺]好|好[了多些的吧]|正常|知道|明白"
    r"|\b(?:no|not|none|nope|never|nothing|without|fine|ok|okay|good|better|gone|ago|used to)\b|n't"
)
_QUESTION = re.compile(
    r"[吗嘛?]|么$|什么|怎么|多少|[哪谁]|[有个]事|点事|问题|想(?!吐|呕|死|哭|睡)|请|问|帮"
    r"|\b(?:questions?|please \w+|another|other|can (?:i|you)|could you|would like|change|how)\b"
)
# What is wanted of the hospital, and by no means a sign of an illness or the place where somebody lies.
_ELSE = re.compile(
    r"挂(?!了|着|水)|[有放加退抢约家通个的]号|号源|预约|改约|约[个在到明后周一]|门诊|[内外骨儿妇眼皮]科|什么科|哪个?科"
    r"|停车[场费怎收]|医院地址|地址在哪|几点上班|[查看取拿]报告|报告[出好]|发票|[缴交退收]费|多少钱|医保|退款|取消"
    r"|处方|[开买取拿寄配]药|投诉|问诊|明天|后天|下周"
    r"|\b(?:book|appointments?|regist(?:er|ration)|clinic|departments?|cancel|reschedule|tomorrow|prescription"
    r"|invoice|refund|parking|price|pay|my reports?)\b"
)
_NO = re.compile(
    rf"(?:[嗯恩啊哦噢我他她都也]|[对是]的?{_MARKS}|暂时|现在|目前|孩子|{_MARKS})*"
    rf"(?:(?:没有?{_MARKS}*)+|无|不是|不|否|没得|冇|没啥|没什么|没这些|没这种|没有这些)"
    rf"(?:[的啊呢了呀过]|这些|情况|症状|以上|这种|不舒服|谢谢|{_MARKS})*"
    r"|(?:well|oh|um)?[, ]*(?:no|nope|nah|n|none|not really|not at all|nothing)"
    rf"(?:{_MARKS}+(?:none|nothing|not at all|not really|of (?:them|those|these|that)|like that|i(?: am|'m) not"
    r"|(?:i|he|she|we|they|it|there) (?:do|does|is|are|have|has)(?: not|n't)|any|now|at all"
    rf"|i(?: am|'m) (?:fine|ok|okay|good)|thanks|thank you))*{_MARKS}*"
    r"|i (?:don't|do not|haven't|have not)(?: have)?(?: any)?(?: of (?:them|those|these|that))?[.! ]*"
)
_UNSURE = re.compile(
    r"(?:我|也|还)*(?:不知道|不清楚|不太清楚|说不清楚?|说不好|不确定|不好说|拿不准|唔知"
    r"|(?:i(?:'m| am)? )?(?:not|don'?t|do not) (?:sure|know)|no idea|unsure|maybe)(?:啊|呢|了|,|，|。|！|!|\.| )*"
)


def read(words: str) -> Said:
    """What these words answer."""
    said = _plain(words)
    if _NO.fullmatch(said):
        return Said.NO
    if _UNSURE.fullmatch(said):
        return Said.UNSURE
    start = _BEFORE.match(said)
    after = said[start.end() :] if start else said
    if plain := _PLAINLY_YES.match(after):
        return Said.UNCLEAR if _TAKEN_BACK.search(after, plain.end()) else Said.YES
    if begun := _YES.match(after):
        doubtful = any(it.search(after, begun.end()) for it in (_TAKEN_BACK, _QUESTION, _ELSE))
        return Said.UNCLEAR if doubtful else Said.YES
    return Said.OTHER if _ELSE.search(said) else Said.UNCLEAR


def read_edited(words: str) -> Said:
    """The same of a message that was edited. It may be the complaint itself that was mended: only a yes that stands
    alone is one, and nothing else is wanted by it."""
    answer = read(words)
    bare = answer is not Said.YES or _BARE_YES.fullmatch(_plain(words))
    return answer if bare and answer is not Said.OTHER else Said.UNCLEAR


def corrects(words: str, *, edited: bool = False) -> bool:
    """Whether a no that was said before is now a yes: 不对，有; or 有, where the no itself was edited."""
    if edited:
        return read_edited(words) is Said.YES
    return bool(_CORRECTS.match(_plain(words))) and read(words) is Said.YES


def _plain(words: str) -> str:
    return normalise(words).strip().lower().replace("’", "'")
