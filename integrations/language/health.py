"""What patients say of an illness, read: how long, how bad, how old, whether pregnant; "没有", "不清楚".

Pure functions over simplified text. What they cannot read stays the patient's own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from integrations.language.asides import is_aside
from integrations.language.numerals import SMALL, read_number
from integrations.language.script import normalise

_LONGEST_NO = 30  # characters
_EDGES = " \t\r\n，。,.!！~～、；;"
_NONE = re.compile(
    r"(?:都|暂时|目前|现在|应该|好像)?(?:没有?|无|不)(?:有|吃|过敏|怀孕|怀|伴随|得过|对什么过敏|在?吃药|吃药|用药|别的|其他的?|什么|病史|任何)*+"
    r"(?:不舒服|症状|病|药|过敏|药物|东西)?(?:了|的|啊|呢|哦)?|否|都没有?|都没|没了|不是|没什么|正常"
    r"|no|none|nope|nothing(?: else)?|not (?:that i know(?: of)?|pregnant|any|really)"
    r"|no(?:ne)? (?:allerg(?:y|ies)|medicines?|medications?|drugs|known allergies)"
    r"|i (?:don'?t|do not)(?: have any| take any)?|i'?m not|never",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(?:我|这个|也)?(?:不(?:太|大)?(?:清楚|知道|确定|记得|好说|晓得)|说不(?:清楚?|好|准|上来)|忘(?:记)?了|不懂|没查过|没测过)(?:了|啊|呢|哦)?"
    r"|跳过|先跳过|过|下一(?:个|题|步)|略过|不想说|不方便说|不填"
    r"|(?:i )?(?:don'?t|do not) know|not sure|no idea|unsure"
    r"|skip(?: it| this)?|next|pass|unknown|can'?t (?:say|remember)",
    re.IGNORECASE,
)
_YEARS = re.compile(
    rf"(?P<years>\d{{1,3}}|{SMALL})\s*(?:周?岁|years?[ -]old|yrs? old|y/?o\b)(?P<half>半)?", re.IGNORECASE
)
# 我58, 今年62, 62了, 我妈快七十了: no more than that in its part of the message.
_TENS = r"[二三四五六七八九]?十[一二三四五六七八九]?"
_WHO = r"(?:我|俺|他|她|本人|病人|患者|[我他她]?(?:老?[爸妈]|爷爷?|奶奶?|父亲|母亲|老公|老婆|老伴|爱人))"
_BY_NOW = r"(?:今年|都|已经|快|有|也|近)"
_AGED = re.compile(
    rf"(?:^|[，,。;；\s])(?:(?:{_WHO}{_BY_NOW}*|{_BY_NOW}+)(?P<said>[1-9]\d|{_TENS})多?(?:了|的人了)?"
    rf"|(?P<bare>[1-9]\d|{_TENS})多?(?:了|的人了))(?=$|[，,。;；\s])"
    r"|\b(?:i am|i'?m|he is|he'?s|she is|she'?s) (?P<english>[1-9]\d)(?=$|[,.;!]| and\b)",
    re.IGNORECASE,
)
# Beside these a bare number is rather a value: 发烧，39了.
_MEASURED = re.compile(
    r"[烧热]|体温|血压|高压|低压|血糖|血氧|心率|心跳|脉搏|体重|\b(?:fever|temperature|pressure|sugar|pulse)\b",
    re.IGNORECASE,
)
_MONTHS = re.compile(
    rf"(?P<months>{SMALL})\s*个?月(?:大|龄|的?(?:宝宝|婴儿|孩子|娃|小孩))|(?P<m>\d{{1,2}})[ -]months?[ -]old",
    re.IGNORECASE,
)
_BORN = re.compile(r"新生儿|刚出生|刚满月|出生(?:才|刚)?\d*几?天|newborn", re.IGNORECASE)
_SCORE = re.compile(
    rf"(?:(?P<of>{SMALL})\s*(?:分(?![钟之])|/\s*10|out of (?:10|ten))"
    rf"|(?:程度|评分|打分|大[概约]|差不多|有)\s*(?P<said>{SMALL})$)",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?:(?:大概|大约|差不多|约|可能|about|around|maybe|probably|like|an?|it'?s|i(?:'?d| would)? say)\s*)*"
    rf"(?P<n>10|\d|{SMALL})(?:\s*[到至~\-—]\s*(?P<to>10|\d|{SMALL}))?(?:吧|左右|个?分)?",
    re.IGNORECASE,
)
_WORDS = (
    (
        9,
        r"(?:疼|痛|难受)(?:死|得要命|得受不了)|忍不了|受不了|难以忍受|剧[烈痛]|最(?:疼|痛|难受)"
        r"|unbearable|worst|excruciating",
    ),
    (
        7,
        r"很(?:严重|厉害|疼|痛|难受|重)|特别|非常|厉害|严重|睡不着|severe|very (?:bad|painful)|really bad|intense",
    ),
    (5, r"中等|比较|挺|一般|有些|还行|moderate|medium|so-so|quite"),
    (2, r"轻[微度]?|有一?点|一点点|稍微|隐隐|不太|不怎么|还好|能忍|mild|slight|a (?:little|bit)"),
    (0, r"不(?:疼|痛|难受)|没感觉|no pain"),
)
_SEVERE = tuple((score, re.compile(words, re.IGNORECASE)) for score, words in _WORDS)

_UNIT = {
    "分钟": 0, "小时": 0, "钟头": 0, "天": 1, "晚上": 1, "晚": 1, "夜": 1, "周": 7, "星期": 7, "礼拜": 7,
    "个月": 30, "年": 365,
    "minute": 0, "hour": 0, "day": 1, "night": 1, "week": 7, "month": 30, "year": 365,
}  # fmt: skip
_FOR = re.compile(
    rf"(?<!孕)(?P<half>半)?(?:(?P<n>\d{{1,3}}|{SMALL}|好几|几|数)\s*)?(?:来|多)?\s*(?:个(?P<and>半))?(?P<of>个(?!月))?多?"
    r"(?P<unit>分钟|小时|钟头|天|晚上|晚|夜|周(?!岁)|星期|礼拜|个?月|年)(?P<after>半|多|来)?(?!龄|级|纪|岁|大)"
)
_FOR_ENGLISH = re.compile(
    r"\b(?P<n>\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|couple of|few|several|half an?)[ -]"
    r"(?:couple of |few )?(?P<unit>minute|hour|day|night|week|month|year)s?\b(?![ -]old)",
    re.IGNORECASE,
)
_COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "couple of": 2, "few": 3, "several": 4, "half a": 0.5, "half an": 0.5,
}  # fmt: skip
_SINCE = (
    (0, r"今天|今早|今晨|早上起来|刚才|刚刚|刚开始|中午|下午|today|this morning|just now|just started"),
    (1, r"昨[天晚日夜早]|昨儿|yesterday|last night"),
    (3, r"大前天"),
    (2, r"前[天晚]|前两天|day before yesterday"),
    (7, r"上个?(?:周|星期|礼拜)|last week"),
    (30, r"上个?月|last month"),
    (365, r"去年|last year"),
    (730, r"前年"),
    (2, r"这两天"),
    (3, r"这几天|最近几天|these (?:few )?days"),
)
_STARTED = tuple((days, re.compile(words, re.IGNORECASE)) for days, words in _SINCE)
_WHOLE = re.compile(
    r"(?:从|自从)?(?:小时候|小|出生|生下来|天生)(?:就|开始|以来)|一直(?:都)?(?:有|这样)|很久|好久|老毛病|多年|常年"
    r"|always|for ages|a long time"
)
_PREGNANT = re.compile(
    r"(?<![没不未])(?:怀孕|怀上|怀着|有喜|孕妇)(?!了?吗)|(?<![没不未])有?(?:身孕|宝宝在肚子)|孕(?:早|中|晚)期|孕?\d{1,2}周\+?|怀(?:了|着)?\S{0,3}月"
    r"|\bpregnant\b|weeks? pregnant",
    re.IGNORECASE,
)
_NOT_PREGNANT = re.compile(
    r"(?:没有?|不是?|未|没在)(?:怀孕|怀|孕)|绝经|not pregnant|no chance|menopaus|^(?:没有?|否|不是|没|no)$",
    re.IGNORECASE,
)
_EXPECTING = re.compile(
    r"孕(?:了|有|着|已经|快|都)*\S{1,4}(?:个?月|周)|孕?\d{1,2}周孕|\d{1,2} ?weeks? pregnant", re.IGNORECASE
)
_DAY = re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})[日号]?")
_FEW = {"几": 3, "数": 3, "好几": 5}

# What in an answer to a question about an illness speaks to us instead: short, and one of these.
_TO_US = re.compile(
    r"取消|返回|上一步|退出|停止|结束|不[填办问]了|算了|人工|客服|帮助|挂号|预约|改约|退号|投诉|急救|120|繁体|英文"
    r"|^(?:你好|您好|谢谢|好的?|嗯|对|是的?|确认|可以|行|没错|同意|完了|好了|就这些|再见|在吗|继续)(?:[了吧啊呢])?$"
    r"|^(?:hi|hello|thanks|thank you|ok(?:ay)?|yes|correct|confirm|cancel|back|go back|stop|quit|help|human"
    r"|agent|book|done|never ?mind|forget (?:about )?it)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]$|[吗呢么]$|怎么(?:走|办理|收费|去|停)|多少钱|几点|在哪|什么时候|要多久"
    r"|\b(?:where|when|how (?:much|long|do))\b",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"(?:那|这|这个|那个|我|现在|接下来|该|应该|要|得|可)*(?:怎么|咋|怎样)(?:个)?(?:弄|办|整|搞|做|填|回答?|说|选)(?:好|啊|呀|呐|哦|了)*"
)
_SHORT, _SHORT_ENGLISH, _QUESTION, _LONGEST_WISH = 8, 24, 24, 80
# 下周三上午挂骨科, as a whole: what holds more ("挂号排队太久") is told, not wished.
_LEAD = r"(?:我|帮|给|请|麻烦|想|要|先|再|另外|顺便|还|你|您|能|可以|需要|俺|然后|，|,| )*"
_WHEN = (
    r"(?:大?[今明后]天|[这下本]*个?(?:周|星期|礼拜)[一二三四五六日末天]|\d{1,2}月|\d{1,2}[日号]|[上下]午|早上|晚上|中午|[一-十\d]{1,3}点半?"
    r"|的|，|,| )*"
)
_BOOKS = re.compile(
    rf"{_LEAD}{_WHEN}{_LEAD}(?:挂|预约|约|看)(?:一?个|一下)?{_WHEN}(?:(?!取消|费|单|记录|了|过|错|好的)[\u4e00-\u9fff]){{0,8}}?"
    rf"(?:号|科|门诊|医生|大夫|主任|专家)的?号?{_WHEN}(?:吧|吗|可以吗|行吗|谢谢|啊|呗)?"
    r"|(?:(?:i(?:'d| would)? (?:like|want|need) to|can (?:i|you)|please|then|help me) )*"
    r"(?:book|make|get)\b.{0,30}\b(?:appointment|doctor|visit|clinic|department)\b.{0,30}",
    re.IGNORECASE,
)
# What comes behind an answer, and is no part of it.
_BESIDES = re.compile(
    r"[，,。.；;！!？?\s]+(?:(?:另外|还有|顺便|顺带|对了|然后|再|请问|想问|我?想|麻烦|and|also|by the way)[，, ]*)+"
    r"(?P<rest>.{2,30})$",
    re.IGNORECASE,
)
_OF_THE_HOSPITAL = re.compile(
    r"停车|地铁|公交|怎么走|坐[什几]|几点|上班|开门|医保|报销|发票|食堂|收费|多少钱|地址|wifi|营业"
    r"|\b(?:park|parking|subway|metro|bus|open|hours|insurance|invoice|canteen|address|cost)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when: the words that say so, and the day they come to; None where they come to none (从小)."""

    words: str
    since: date | None = None


def is_none(text: str) -> bool:
    """ "没有", "不过敏", "none": there is nothing of the kind that was asked for."""
    said = normalise(text).strip(_EDGES)
    return len(said) <= _LONGEST_NO and bool(_NONE.fullmatch(said))


def is_unknown(text: str) -> bool:
    """ "不清楚", "跳过", "not sure": no answer, and none will come."""
    return bool(_UNKNOWN.fullmatch(normalise(text).strip(_EDGES)))


def speaks_to_us(text: str) -> bool:
    """Whether an answer to a question about an illness is a word to the assistant (取消, 转人工, 没有, 等一下, a
    question) and not what was asked for. Such words say nothing of the illness by themselves."""
    said = normalise(text).strip(_EDGES)
    if not said or is_none(said) or is_unknown(said) or said.isdecimal() or is_aside(said):
        return True
    if len(said) <= (_SHORT_ENGLISH if said.isascii() else _SHORT) and _TO_US.search(said):
        return True
    short = len(said) <= _QUESTION * (2 if said.isascii() else 1)
    return short and (bool(_ASKS.search(text.strip()) or _HOW.fullmatch(said)) or books(said))


def books(text: str) -> bool:
    """下周三上午挂骨科: asks for a visit, and says nothing else."""
    return len(text) <= _LONGEST_WISH and bool(_BOOKS.fullmatch(normalise(text).strip(_EDGES)))


def besides(text: str) -> int:
    """Where, behind the answer, a question for the hospital or a visit is asked for; the text's length if nowhere."""
    said = normalise(text)
    found = _BESIDES.search(said)
    if found is None or len(said) != len(text):
        return len(text)
    asks = _OF_THE_HOSPITAL.search(found["rest"]) or books(found["rest"])
    return found.start() if asks else len(text)


def read_age(text: str) -> float | None:
    """In years, with a fraction for infants; None when the text names no age."""
    said = normalise(text)
    if found := _YEARS.search(said):
        years = read_number(found["years"]) + (0.5 if found["half"] else 0)
        return years if years <= 120 else None
    if found := _MONTHS.search(said):
        return round(read_number(found["months"] or found["m"]) / 12, 2)
    if (found := _AGED.search(said)) and not _MEASURED.search(said):
        return float(read_number(next(filter(None, found.groups()))))
    return 0.05 if _BORN.search(said) else None


def read_severity(text: str, *, asked: bool = False) -> int | None:
    """0 to 10. `asked`: the text answers the question for it, so that a number alone or 有点 is one."""
    said = normalise(text).strip(_EDGES)
    if found := _SCORE.search(said):
        return _score(found["of"] or found["said"])
    if not asked:
        return None
    if found := _BARE.fullmatch(said):
        return _score(found["to"] or found["n"])
    return next((score for score, pattern in _SEVERE if pattern.search(said)), None)


def read_onset(text: str, today: date, *, asked: bool = False) -> Onset | None:
    """Since when, counted back from `today`; of several spans the longest (一个月了，这两天加重). `asked`: a text that
    names no time is the answer all the same."""
    said = _EXPECTING.sub("", normalise(text)).strip()
    found = [(days, words) for days, words in [_on_day(said, today)] if words]
    found += [(days, match[0].strip()) for match in _FOR.finditer(said) if (days := _days(match)) is not None]
    found += [
        (
            int(_COUNTS.get(match["n"].lower(), 0) or _number(match["n"])) * _UNIT[match["unit"].lower()],
            match[0],
        )
        for match in _FOR_ENGLISH.finditer(said)
    ]
    found += [(days, match[0]) for days, pattern in _STARTED if (match := pattern.search(said))]
    if found:
        days, words = max(found, key=lambda one: one[0])
        return Onset(words, today - timedelta(days=days))
    if whole := _WHOLE.search(said):
        return Onset(whole[0])
    return Onset(said) if asked and said else None


def read_pregnant(text: str, *, asked: bool = False) -> bool | None:
    """None where nothing is said of it."""
    said = normalise(text).strip(_EDGES)
    if _NOT_PREGNANT.search(said) and (asked or "孕" in said or "preg" in said.lower() or "绝经" in said):
        return False
    if _PREGNANT.search(said):
        return True
    if not asked:
        return None
    if is_none(said):
        return False
    return True if re.match(r"(?:是|有|对|嗯|怀|yes|yeah|i am)", said, re.IGNORECASE) else None


def _score(said: str) -> int | None:
    number = read_number(said)
    return number if 0 <= number <= 10 else None


def _days(match: re.Match[str]) -> int | None:
    unit = _UNIT.get(match["unit"])
    if unit is None:  # 5月 is a month of the year, but not after 个半
        if not (match["and"] or match["of"]):
            return None
        unit = _UNIT["个月"]
    if match["half"]:
        count = 0.5
    elif match["n"]:
        count = _FEW.get(match["n"]) or _number(match["n"])
    else:
        return None
    if match["and"] or match["after"] == "半":
        count += 0.5
    return int(count * unit)


def _on_day(said: str, today: date) -> tuple[int, str]:
    """11月5号: days ago, the last such day."""
    if not (found := _DAY.search(said)):
        return 0, ""
    try:
        day = date(today.year, int(found["month"]), int(found["day"]))
    except ValueError:
        return 0, ""
    day = day if day <= today else day - timedelta(days=365)
    return (today - day).days, found[0]


def _number(said: str) -> int:
    try:
        return read_number(said)
    except ValueError:
        return 0
