"""Short answers: yes or no, not now, not this one; and which part of a message answers which question."""

from __future__ import annotations

import re
from collections.abc import Iterable

_CLAUSE_END = re.compile(
    r"[，,。.；;！!？?\n、~～…](?!\d)|\b(?:and|but)\b|但是?|不过|可是|另外|还有(?=[，,、：:\s])",
    re.IGNORECASE,
)
_SPACE = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_STUTTERED = 2.5  # characters between spaces, on average: then the spaces part nothing
_NO = re.compile(
    r"没|不(?!过|太好|舒服|好|错)|无(?!力)|忘|漏|停了|断了|从来?未"
    r"|\b(?:no|nope|not|never|none|nothing|forgot|missed|skipped|haven'?t|didn'?t|don'?t|isn'?t|wasn'?t|without)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^(?:是|对|嗯|有|好|会|吃|做|按时|都|当然|基本|yes|yeah|yep|yup|sure|ok|right|i (?:do|did|have|am))"
    r"|有(?:点|些)?|了$|的$|按时|每天|坚持|正常"
    r"|\b(?:yes|took|taken|taking|a (?:bit|little)|some|always|every ?day|on time)\b",
    re.IGNORECASE,
)
_DOUBLE_NO = re.compile(
    r"没(?:有)?(?:忘|漏|停|断)|从不忘|不曾漏|\bnever (?:missed|forgot|skipped)|n't (?:miss|forget|skip)"
)
_SKIP = re.compile(
    r"^(?:我|俺|家里|今[天早]|昨天|这[次周]|这[几两]天|现在|还|也|实在){0,3}(?:跳过|略过|下一[个题]|这[个题](?:跳过|不答|不想答)|不(?:想|愿意?)(?:说|答|回答)|不知道|不清楚|记不[清得]楚?|不记得|[没忘]有?了?(?:量|测|称)(?:血压|血糖|体温|体重)?|没秤"
    r"|(?:医生|大夫|这次|这回)*(?:没有?|没给我?)开(?:过|什么|任何)?药|no (?:medicine|pills) (?:was|were) prescribed"
    r"|没有?(?:血压计|血糖仪|体重秤|体温计)|skip(?: (?:it|this(?: one)?))?|pass|next|i don'?t know|no idea|not measured"
    r"|(?:i )?(?:haven'?t|didn'?t|have not|did not) (?:measured?|checked?|weigh(?:ed)?|taken?) ?(?:it)?)"
    r"(?:了|吧|呢|today)?[。.!！ ]*$",
    re.IGNORECASE,
)
_TIME = (
    r"(?:今晚上?|晚上|晚点|晚些|待会|呆会|等会|等一?下|等一会|过会|一会儿?|回头|(?:明天|明儿|后天|今天)(?:早上|上午|中午|下午|晚上)|明天|明早|明儿|后天|下午|中午|傍晚|周末|过一?[阵会]|改天|有空|有时间|空了"
    r"|闲下来|下了?班|到家|回[家去]|吃完饭|忙完)(?:儿|后|了|的?时候?|之后|以后){0,2}"
)
_DO = r"(?:说|答|回答|回复|量|测|弄|讲|聊|回|填|称|发|报|记|告诉|补|问|来)"
_LATER = re.compile(
    # 晚上再说, 等我回家再量, 明天量了告诉你; 晚上量的 and 晚上才睡着 tell something
    rf"(?:等?我?{_TIME}[，, ]?){{1,3}}(?:我|俺|你|您)?(?:"
    rf"(?:再|在|才有空|才能|才)(?:给你|给您|跟你|慢慢|一起|好好)?{_DO}?(?![\u4e00-\u9fff])"
    rf"|(?:再|在|才能|才有空)(?:给你|给您|跟你|慢慢|一起|好好)?{_DO}(?!的|过)"
    rf"|{_DO}(?:一下|血压|血糖|体温|体重|完|好|了){{0,2}}(?:再|就)?(?:告诉|发|说|报)(?:给)?(?:你|您)?(?:吧|哈|啊|呢)?"
    rf"|{_DO}(?:吧|哈|呗|好吗|行吗|可以吗)?(?=$|[，,。.！!～~ ]))"
    rf"|(?:^|(?<=[，,。.；;！!？? ]))(?!等一?[下会])(?:那|就|等|等我|先|还是|要不)*(?:{_TIME}){{1,2}}"
    r"(?:吧|哈|呗|好吗|行吗|可以吗)*(?=$|[，,。.！!～~ ])"
    r"|(?:^|(?<=[，,。.；;！!？? ]))(?:我|不好意思|抱歉|现在|这会儿?|今天|这几天|最近|正|实在|真的|太)*"
    r"(?:没空|没时间|在忙|忙着|忙呢|很忙|有点忙|太忙|忙|不方便|走不开|在开会|开会|在上班|在?开着?车)"
    rf"(?:呢|着|了|呀|啊|先|中|{_DO})*(?=$|[，,。.；;！!？?、 ]|晚|等|待|明|再|回|过|改|没)"
    # what is put off, by whom, until when; "185/120 tonight" and "worse later" tell something
    r"|\b(?:(?:i'?ll|i will|let me|can i|can we|could we|may i) (?:just |please )?)?"
    r"(?:do (?:it|this|that|them|the rest)|ask|answer|tell you|measure|check|send|reply|try|let you|write|get back"
    r"|talk|finish|come back)\b"
    r"[^,.;!?\d]{0,40}?\b(?:later|tonight|tomorrow|this evening|after work|another time"
    r"|in a (?:bit|while|moment|minute))\b"
    r"|\bnot (?:right )?now\b|\banother time\b|\bmaybe later\b"
    r"|\b(?:i'?m|i am) (?:a bit |too |very |really |so )?busy\b(?: (?:right )?now| at the moment| today)?"
    r"|(?:^|(?<=[,.;!] )|(?<=[,.;!]))(?:(?:ok|sorry|please|well|maybe|perhaps|a bit|a little|too|so|until|till) )*"
    r"(?:later|tonight|tomorrow|busy|this evening|in a (?:bit|while|moment|minute))"
    r"(?: (?:please|thanks|on|then|now|today|ok|maybe|morning|night|evening|afternoon))*(?=$|[,.;!])",
    re.IGNORECASE,
)
# Around a word to wait these add nothing.
_COURTESY = re.compile(
    r"(?:[，,。.；;！!？?~～…、\s]|我|俺|你|您|等|那|就|先|吧|呢|啊|呀|哈|哦|噢|嘛|了|好的?|行|嗯|谢谢|不好意思|抱歉|现在|今天|这会儿?|血压|血糖|体重|体温"
    r"|\b(?:ok(?:ay)?|sorry|please|thanks?|thank you|i|it|will|the|rest|now|today|well|then)\b)*",
    re.IGNORECASE,
)
_LONGEST_LATER = 40  # characters
_PLAIN_NO = re.compile(
    r"(?:这[几两]天|最近|现在|目前|暂时|今天|一直|我|俺|也|都|倒|基本上?|真的?|完全|从来|是|还|就|全|嗯|啊|哦|额|呃|那)*"
    r"(?:没有?|没得|莫得?|冇|无|否|不是?|唔系|木有|么有)"
    r"(?:什么|啥|任何|出现|发现|发生|过|这些|那些|以上|这种|这样|的|了|啊|呢|呀|哦|噢|哈|嘛|哒|哩|呗|滴|诶|都|也|没有?|儿)*"
    r"|(?:(?:oh|well|um+|uh|so far|today|this week|luckily) )*(?:no|nope|nah|not|none|never|nothing|neither"
    r"|(?:i )?(?:did|do|have|has|is|was|am|does)(?:n'?t| not)|i'?m not)"
    r"(?: (?:at all|really|yet|thanks|thank you|so far|today|this week|these days|now|sir|doctor|no|not|nothing"
    r"|of (?:them|these|those|that)|i (?:didn'?t|don'?t|haven'?t|have not|did not|do not)))*",
    re.IGNORECASE,
)
_PLAIN_YES = re.compile(
    r"(?:是|对|嗯|有|会|当然|肯定|必须|都|确实|真的?|倒)+(?:的|了|啊|呢|呀|哦|哈|嘛|哒|滴|过|噢|喽|咯|吧)*"
    r"|(?:(?:oh|well|um+|uh) )*(?:yes|yeah|yep|yup|yea|ya|right|correct|of course|always|i (?:do|did|have|am))"
    r"(?: (?:i (?:do|did|have|am)|yes|of course|sir|doctor|it is|there is|thanks|thank you))*",
    re.IGNORECASE,
)


def clauses(text: str) -> list[str]:
    """The parts of a message that each may answer something of their own."""
    return [part.strip() for part in _CLAUSE_END.split(punctuated(text)) if part and part.strip()]


def punctuated(text: str) -> str:
    """Spaces between Chinese characters as commas; gone where all is written with spaces."""
    pieces = _SPACE.split(text)
    stuttered = len(pieces) > 1 and sum(map(len, pieces)) / len(pieces) < _STUTTERED
    return ("" if stuttered else "，").join(pieces)


def plainly(clause: str) -> bool | None:
    """A yes or a no that says nothing else; None for all other words, be it 没感觉 or 不疼."""
    clause = clause.strip().replace("’", "'")
    if _PLAIN_NO.fullmatch(clause):
        return False
    return True if _PLAIN_YES.fullmatch(clause) else None


def yes_or_no(clause: str) -> bool | None:
    """What a few words say to a question that is answered by yes or no; None when they say neither."""
    clause = clause.strip()
    if _DOUBLE_NO.search(clause):
        return True
    if _NO.search(clause):
        return False
    return True if _YES.search(clause) else None


def about(text: str, words: Iterable[str]) -> str:
    """The parts of a message that speak of one of these words, put together; empty when none does."""
    lowered = [word.lower() for word in words]
    return "，".join(part for part in clauses(text) if any(word in part.lower() for word in lowered))


def skips(text: str) -> bool:
    """Whether the patient passes this question over, and says nothing else: 没秤，跳过."""
    parts = clauses(text)
    return bool(parts) and all(_SKIP.match(part.strip()) for part in parts)


def puts_off(text: str) -> bool:
    """Whether the patient wants to be left alone for now; what else the message tells, `without_later` gives."""
    return len(text) <= _LONGEST_LATER and bool(_LATER.search(text))


def without_later(text: str) -> str:
    """What a message tells beside "晚上再说"; empty when that is all."""
    rest = _LATER.sub("，", text)
    return "" if _COURTESY.fullmatch(rest) else rest.strip("，, ")
