"""Numbers that count, name or date something and measure nothing: 三餐, 两回, 第二次, 2型, 7:30, 周三, 二甲双胍.

A number that is taken for a value alarms staff, or hides the value beside it; one that is left out is asked for once
more. So what is unclear is hidden. Pure functions over folded, simplified text."""

from __future__ import annotations

import re

HIDDEN = "·"  # stands where a character of such a number stood
MMOL_SPOKEN = r"个(?=$|[\s，,。；;、！!？?~～吧了啊呢呀的]|左右|上下)"  # so patients say it: 血糖16.8个

_DIGIT = "零〇一二两三四五六七八九十百"
_ONE = "一二两三四五六七八九"
_NUMBER = rf"(?:(?<![\d.])\d{{1,4}}(?:\.\d{{1,2}})?|(?<![{_DIGIT}点])[{_DIGIT}]{{1,6}})"
_RANGE = rf"{_NUMBER}(?: ?[-~～—–到至] ?{_NUMBER})?"

_VALUES = rf"{_NUMBER}(?: ?[/比~～-] ?{_NUMBER})?"

_HOUR = rf"(?:\d{{1,2}}|(?<![{_DIGIT}])(?:(?:二?十)?[{_ONE}]|二?十|零))"
_UNIT = r" ?(?:公斤|千克|kg|斤|磅|lb|度|℃|°|毫摩|mmol|毫克|mg)"  # 七点38度5 was measured at seven

# What is counted. Where a value may stand before the same character, what then follows is ruled out: 6.1回家测的.
_COUNTED = (
    r"天(?!天)|日(?!常)|次(?!日)|回(?![家来去到答复头诊])|趟|遍|周(?![二三四五六日末天]|一(?![次回趟遍]))"
    r"|(?:星期|礼拜)(?![一二三四五六日天末])|个(?!多(?![小月星周钟]))|年|月|号|[多来几]?岁|片|粒|颗|丸|袋|包|盒|瓶"
    r"|支|针|滴|顿|餐(?![前后])|碗|口(?=[饭水])|勺|杯|条|根|样(?!子)|种|位|床|层|楼|型|期(?!间)|件|块|元|步|公里|厘米"
    r"|毫升|单位|倍|分钟|秒|小时|钟头|点钟|[%％]|米(?!汞)|只(?=[手胳脚眼耳腿])|克"
    r"|(?:days?|weeks?|months?|years?|hours?|hrs?|h|minutes?|mins?|times|pills?|tablets?|units?|iu|u|cm|ml|g)\b"
)
# Behind an hour: "，6.1", "，空腹6.1"; not "，3分钟前".
_AND_A_VALUE = (
    r"(?:血糖|空腹|[早午晚]?[餐饭][前后]|[是为测量的])*"
    rf"(?:\d{{1,2}}(?:\.\d{{1,2}})?(?![\d.]| ?[分克片粒天次])|[{_DIGIT}]{{1,3}}点[{_ONE}])"
)
_MEASURES_NOTHING = (
    # hours and days of the year
    rf"\d{{1,2}}[:：]\d{{2}}|{_HOUR}点[0-5]\d(?![.\d]|{_UNIT})分?|{_HOUR}点\d分|\d{{1,2}}点零[{_ONE}]分?",
    rf"\d{{1,2}}(?=点(?:\d{{1,2}}\.\d|\d{{3}}|\d\d{_UNIT}))|[{_DIGIT}]{{1,3}}(?=点\d)",
    rf"(?:\d{{1,2}}|[{_DIGIT}]{{1,3}})点(?:[二三四五]?十[{_ONE}]?分?|零?[{_ONE}]分|[一三]刻)",
    # 七点零五 is 7.05 as well, and 早上三点零二 may be a sugar that is too low: an hour where a value stands beside it
    rf"(?:(?<=早上)|(?<=早晨)|(?<=[上中下]午)|(?<=[早晚]上)|(?<=[今昨][早晚])|(?<=凌晨))[{_DIGIT}]{{1,3}}点零[{_ONE}](?![{_DIGIT}])"
    rf"(?=[测量称查抽起吃打睡时的]|[^\d{_DIGIT}，,。]{{0,6}}[，, ]?{_AND_A_VALUE})",
    rf"[{_DIGIT}]{{1,3}}点零[{_ONE}](?=[测量称查抽起吃打睡时]|的时候|[，, ]{{1,2}}{_AND_A_VALUE})",
    rf"(?:\d{{1,2}}|[{_DIGIT}]{{1,3}})月(?:\d{{1,2}}|[{_DIGIT}]{{1,3}})|\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}",
    r"(?<![\d./])(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])(?= +[^\d]{0,8}\d)",
    # counts and names
    rf"第 ?{_NUMBER}",
    rf"(?P<pieces>(?![一两]个|(?<=[测量查]了)[1-4二三四] ?个){_RANGE} ?)(?={MMOL_SPOKEN})",
    rf"{_RANGE} ?(?={_COUNTED})",
    r"(?<![腹糖前后是.\d])[1-6](?=餐)",
    # 6 of 二甲双胍, 两只, 三高, 一直: a lone Chinese number that something else goes on with
    rf"(?<![{_DIGIT}点])一(?=[\u4e00-\u9fff])(?![{_DIGIT}]|点[{_DIGIT}])",
    rf"(?<![{_DIGIT}点])[{_ONE}](?=[\u4e00-\u9fff])(?![{_DIGIT}点度斤千磅左吧了啊呢的多几来到至和或比毫级]|分(?!钟)|公斤|上下|个多)",
    r"(?<=周)[一二三四五六](?![次回遍天])|(?<=星期)[一二三四五六]|(?<=礼拜)[一二三四五六]|(?<=初)[一二三四五六七八九十]",
    r"百(?=分)|(?<=百分)[之百][零一二两三四五六七八九十百点]*|十(?=分(?!$|[\s，,。；;、！!？?~～…之钟吧]|了(?![解得不])))",
    r"(?:五一|十一)(?=[期假长放节前那]|后[，,。 ])",
    r"(?<=高血压)[1-3一二三](?=级)|[1-3一二三](?=级高)",
    # what it is not above, what it should be, and what it was: 没超过140/90, 目标130/80, 从150/95降到
    rf"(?:(?:没有?|未)(?:怎么|曾|再|大)?(?:到过?|过|上过?|达到|超过?|高过|高于|大于)|不(?:怎么|曾|再|大)?(?:超过?|高过|高于|大于))"
    rf"(?:了|[高低]压)?[ :：血压糖体重温]{{0,4}}{_VALUES}",
    rf"(?:(?:目标|要求)(?:血压|血糖|体重|体温)?值?(?:[是为在]|不超过|低于|小于)*"
    rf"|(?:标准|正常)(?:血压|血糖|体重|体温)?(?:[值是为]|范围|应该?|要|不超过|低于|小于)+"
    rf"|(?:应该?|要|得|需要?|争取|希望|最好|尽量|想)(?:把?(?:血压|血糖|体重))?(?:控制?|降|减|保持|维持|低|小)[在到至于])"
    rf"[ :：]?{_VALUES}",
    r"(?:1[1-9]\d|2\d\d) ?/ ?\d{2,3}(?= ?[以之][下内])",
    rf"从(?:[今昨前]天|上[周次月]|原来|最[高初]|之前)?的?{_VALUES}[^\d{_DIGIT}，,。；;]{{0,6}}(?=[降减掉瘦升涨长变][到至成为了]|to)",
    rf"\b(?:no(?:t| more)|never)(?: (?:been|gone|was|went))? (?:above|over|more than|higher than|than) {_VALUES}",
    rf"\bfrom {_VALUES} (?=(?:down |up )?to\b)",
    # what it was at another time, where another number tells of now; by how much it differs; and whom to call
    rf"(?:上一?次|上个?[周月]|之前|以前|原来|原先|\blast (?:time|week|month))"
    rf"(?:[测量称]的?)?(?:血压|血糖|体重|体温)?(?:[是为]|was|it was)? ?{_VALUES}(?![\d.])"
    r"(?=[^\d]{0,8}(?:现在|今[天早晚]|这次|刚[才刚]|\bnow\b|\btoday\b)[^\d]{0,6}\d[\d./]*+(?! ?[天片粒颗楼次周月年]))",
    rf"比[^\d，,。；;]{{1,8}}[高低多少重轻](?:了|出)?{_NUMBER}(?![\d./]| \d)",
    r"(?:打|拨|叫|呼叫?|给|\bcall(?:ed|ing)?|\bdial(?:led)?)(?:了|过|个)? ?120(?! ?[\d/比])",
    # what was taken, how tall, the average of months, and by how much it changed
    r"(?:吃|服|用药?|打|胍|胰岛素|地平|\b(?:metformin|insulin|took|taking|take|dose(?: of)?)\b)"
    r"(?:(?!(?<![降低制])血糖(?!的?药))[^\d，,。；;]){0,8}?"
    rf"{_NUMBER} ?(?=(?:mg\b|毫克)(?! ?(?:/|每|per) ?(?:dl\b|100|分升|百毫升)))",
    rf"(?:糖化(?:血红蛋白)?|\b(?:hb)?a1c)[^\d{_DIGIT}，,。；;]{{0,6}}{_NUMBER}",
    rf"(?<![{_DIGIT}点])[{_DIGIT}]{{1,3}}(?=[米面肉酒]|饭(?![前后]))",
    rf"(?:\d{{1,2}}|[{_DIGIT}]{{1,3}})(?=[千万](?!克))",
    r"身高[^\d，,。]{0,3}\d{3}|\d米\d{1,2}",
    rf"(?:[瘦胖轻重减掉涨长]|增加|下降|降低|上升|升高|降)了(?:大概|大约|差不多|有|快)?{_NUMBER}(?![\d./])",
    rf"\b(?:lost|gained|put on)(?: about| around| nearly)? {_NUMBER}",
)
_ELSE = re.compile("|".join(_MEASURES_NOTHING), re.IGNORECASE)
_FIGURES = re.compile(rf"[\d{_DIGIT}]")
# 血糖25个 is 25 mmol/L; 饭后吃了3个 and 血糖高了3个 are not.
_OF_SUGAR = re.compile(
    r"(?:血糖(?![仪试])|空腹|吃完饭|[餐饭][前后])"
    r"(?:(?![高低升降涨]了)[^，,。；;！!？?吃喝打服用买扎剩比差])*$"
)
_CLAUSE = 30  # characters of it that are looked through


def hide(text: str) -> str:
    """The text with such numbers made unreadable, every other character in its place."""
    return _ELSE.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    before = found.string[max(0, found.start() - _CLAUSE) : found.start()]
    if found["pieces"] and _OF_SUGAR.search(before):
        return found[0]
    return _FIGURES.sub(HIDDEN, found[0])
