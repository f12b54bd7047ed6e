"""Reading what a complaint says of itself: its category, and what is wanted with an earlier one."""

from __future__ import annotations

import re

from integrations.hospital.models import Category
from integrations.language.script import normalise

# The first that fits: what harms comes before what annoys.
_CATEGORIES = (
    (
        Category.DELIVERY,
        r"快递|配送|包裹|寄|物流|送货|签收|药(?:还|一直)?没(?:到|收到|送)|parcel|deliver|courier|package|shipp",
    ),
    (
        Category.ONLINE,
        r"系统|网页|页面|链接|小程序|公众号|验证码|登录|登不|打不开|闪退|机器人|卡住|线上|website|web page|link|the app"
        r"|chat ?bot"
        r"|\bbot\b|log ?in",
    ),
    (
        Category.CARE,
        r"误诊|诊断|治疗|手术|打针|输液|抽血|开错|打错|用药|检查做错|看病.{0,4}敷衍|误了?病情|摔|烫|过敏|感染|没看好"
        r"|treat(?:ed|ment)? (?:wrong|bad)|misdiagnos|wrong (?:medicine|drug|injection|side)|surgery|injection"
        r"|infect|fell\b",
    ),
    (
        Category.FEES,
        r"收费(?!窗口|处|室|大厅)|乱收|多收|费用|退费|退款|扣(?:了)?(?:我)?(?:两|多)?(?:次)?(?:钱|款|费)|价格|太贵|医保|发票|charg|refund|fee\b|fees|bill"
        r"|overpriced|expensive|invoice",
    ),
    (
        Category.ATTITUDE,
        r"态度|骂|凶|吼|不耐烦|不理人|不理我|冷漠|敷衍|推诿|踢皮球|白眼|没礼貌|爱答不理|rude|shout|yell|attitude|ignored|impolite"
        r"|dismissive|unfriendly",
    ),
    (
        Category.WAITING,
        r"等(?:了|候|太|好|很|半)|排队|排了|太慢|叫号|过号|迟到|晚点|拖|没人(?:来|理|管)|wait|queue|late\b|delay|slow|hours",
    ),
)
_PATTERNS = tuple((category, re.compile(words, re.IGNORECASE)) for category, words in _CATEGORIES)
_PREAMBLE = re.compile(
    r"^(?:您好|你好|喂|那个|我们?|现在|今天|就是|真的|必须|一定|还是|想|要|需要|打算|要求|得|再|来|去|请|帮我|可以|能不能|怎么|如何|在哪|哪里"
    r"|能|投诉|举报|反映|提(?:个|点|一下)?|意见|建议|一下|下|个|你们|您们|医院|这里|问题|情况|一件事|不满意|不满|对|服务|很|非常|十分|特别|吗|[，。,.!！?？:：、\s]"
    r"|hi|hello|please|i|we|want|would like|need|wish|have|to|a|an|file|make|submit|lodge|register|complaints?"
    r"|complain|about"
    r"|report|the hospital|you|something|my|how|do|can|where|against|formal|'d|like)++",
    re.IGNORECASE,
)
_LEAST, _LEAST_ENGLISH = 4, 8
_ASKS_WHEN = re.compile(
    r"(?:那|请问|你们|您|大概|一般|最晚|到底|，|,)*(?:[啥什]么?时候|几时|多久|几天|多长时间)(?:能|会|可以|才|给|有|个)*"
    r"(?:我|俺)?(?:个)?(?:回[我复话音]?|答复|结果|处理好?|联系我?|消息)(?:我|呀|啊|呢|吗|一下)*[?？。]*"
    r"|(?:and )?(?:when|how (?:long|soon)) (?:will|do|can|until) (?:you|i|someone|somebody)? ?"
    r"(?:hear|get|reply|answer|respond|call)[^,.;!]{0,24}[?]?",
    re.IGNORECASE,
)

_WITHDRAW = re.compile(
    r"撤(?:回|销|诉|掉)|不投诉了|不告了|取消(?:我的)?投诉|withdraw|take back|drop (?:my|the)"
    r"|cancel (?:my|the) complaint",
    re.IGNORECASE,
)
# That what was said is wrong; not that somebody else said something wrong.
_CORRECT = re.compile(
    r"更正|(?:改|修改)(?:一下|改)?(?:我的|那个|刚才的)?投诉|投诉(?:的内容)?(?:我)?(?:说|写|填|选|搞|弄)错|改(?:一下)?投诉"
    r"|(?:^|[，,。我])(?:刚才|刚刚|之前|前面|上次)?(?:我)?(?:说|写|填|选|搞|弄|记)错(?:了|人)"
    r"|correct (?:my|the) complaint|change (?:my|the) complaint|mistake in (?:my|the) complaint"
    r"|my complaint is (?:wrong|about (?:another|a different))",
    re.IGNORECASE,
)
_NOT_THAT_ONE = re.compile(
    r"(?:都)?不是(?:这|那)(?:个|位|名|件|单|一?次|一单)?(?:医生|大夫|科室?|就诊|看病|包裹|快递|药|订单)?的?(?:$|[，,。])"
    r"|不是(?:他|她)(?:$|[，,。])|^都不是(?:$|[，,。])|(?:另外?|别的?)(?:一个|那个)?(?:包裹|快递|订单)"
    r"|(?:not|wrong|another|different) (?:that |this |the )?(?:doctor|visit|appointment|parcel|package|delivery|order)",
    re.IGNORECASE,
)
_ADD = re.compile(r"补充|追加|再加|add (?:to|something|more|a)|supplement", re.IGNORECASE)
_REOPEN = re.compile(
    r"重新处理|再处理|重新调查|不服|重新投诉|reopen|look (?:at|into) it again", re.IGNORECASE
)
_UNSATISFIED = re.compile(
    r"(?:处理|结果|答复|对结果|对处理).{0,6}(?:不满|不接受|不认可)|(?:not|un)\s?satisfied with (?:the|your|this)",
    re.IGNORECASE,
)
_OUTSIDE = re.compile(
    r"12345|12320|医调委|卫健委|卫生局|上级(?:部门|单位)|还能(?:找|去|打|向)(?:谁|哪)|去哪(?:里|儿)?(?:投诉|告)你们"
    r"|health (?:authority|bureau|commission)|mediation|complain (?:elsewhere|outside)|who else",
    re.IGNORECASE,
)


# Said while a complaint is being told, these are about it and no part of it. Behind the first more may be told.
_MORE = re.compile(
    r"(?:我)?(?:还|再)?(?:想|要)?(?:补充|追加|再加)(?:一下|一点|几句|两句|点|说明)?"
    r"(?:我的|刚才的|这个|这次)?(?:投诉|内容|意见)?吧?(?:$|[:：，,。、\s]+)(?P<rest>.*)"
    r"|(?:i (?:want|would like|wish) to |i'd like to |please )?add(?: something| more)?"
    r"(?: to (?:my|the|this) complaint)?(?:$|[:,.]\s*)(?P<rest_en>.*)",
    re.IGNORECASE | re.DOTALL,
)
_COMMANDS = (
    (
        "withdraw",
        r"(?:我)?(?:想|要)?(?:撤(?:回|销|诉|掉)|取消|放弃)(?:这个|这次|我的)?(?:投诉)?(?:吧|了)?"
        r"|(?:算了)?[，,]?(?:我)?不(?:想|要)?投诉(?:了|啦|吧)?"
        r"|withdraw (?:it|(?:my|the|this) complaint)|(?:cancel|drop) (?:my|the|this) complaint",
    ),
    (
        "anew",
        r"(?:我)?(?:想|要)?(?:重新?|从头)(?:写|说|讲|来|填)(?:一遍|一次|过)?吧?"
        r"|(?:let me )?(?:start (?:over|again)|write it (?:anew|again))",
    ),
    (
        "change",
        r"(?:我)?(?:想|要)?(?:更正|修改|改)(?:一下)?(?:我的|这个|刚才的)?(?:投诉|内容)?"
        r"|(?:correct|change) (?:my|the|this) complaint",
    ),
)
_COMMAND_PATTERNS = tuple((command, re.compile(words, re.IGNORECASE)) for command, words in _COMMANDS)
_TRIMMED = " \t\n，。,.!！~～"
# That what was read back is wrong, without what is right: short, and with none of the words that would lead up to it.
_LONGEST_NO, _LONGEST_NO_ENGLISH = 8, 24
_LEADS_TO_MORE = re.compile(
    r"(?<!不)是(?!的)|应该|改[成为]|换成|\b(?:it's|it is|it was|should)\b", re.IGNORECASE
)
_PUTS_RIGHT = re.compile(
    r"不对|不是|错了|更正|(?:应该)?改(?:成|为|一下)|换成|(?:应该|其实)(?:是|算|属于)|类别|类型|分类"
    r"|(?:no|not|actually|change it to|it is|it should be|it's)\b",
    re.IGNORECASE,
)
_WHAT_IT_IS_NOT = re.compile(r"(?:不是|并非|不算|\bnot (?:about )?)[^，,。.；;]*", re.IGNORECASE)
_LONGEST_PUTTING_RIGHT = 60  # characters: longer, it is a story of its own


def asks_when(text: str) -> bool:
    """ "啥时候回我": asked about the complaint, and no part of it."""
    return _ASKS_WHEN.fullmatch(normalise(text).strip()) is not None


def command_in(text: str) -> tuple[str, str]:
    """What is wanted with the complaint that is open: more, withdraw, anew, change; and what is told behind it.
    "" for words that belong to the complaint."""
    words = text.strip(_TRIMMED)
    if found := _MORE.fullmatch(words):
        return "more", (found["rest"] or found["rest_en"] or "").strip()
    return next((command for command, one in _COMMAND_PATTERNS if one.fullmatch(words)), ""), ""


def category_of(text: str) -> Category | None:
    words = normalise(text)
    return next((category for category, pattern in _PATTERNS if pattern.search(words)), None)


def category_put_right(text: str) -> Category | None:
    """ "不是态度，是乱收费": which it is instead of the one that was noted; None where the message names none."""
    words = normalise(text).strip(_TRIMMED)
    if len(words) > _LONGEST_PUTTING_RIGHT or not _PUTS_RIGHT.match(words):
        return None
    return category_of(_WHAT_IT_IS_NOT.sub("", words))


def is_plain_no(text: str) -> bool:
    """ "不对", "再改一下": it says that something is wrong, and not what."""
    words = normalise(text).strip(_TRIMMED)
    short = len(words) <= (_LONGEST_NO_ENGLISH if words.isascii() else _LONGEST_NO)
    return short and not _LEADS_TO_MORE.search(words)


def content_of(text: str) -> str:
    """The complaint itself, where the message says more than that there is one."""
    rest = _PREAMBLE.sub("", text.strip())
    return text.strip() if len(rest) >= (_LEAST_ENGLISH if text.isascii() else _LEAST) else ""


def purpose_of(text: str) -> str:
    """What is wanted with an earlier complaint: withdraw, correct, add, reopen, unsatisfied; or where else to go:
    outside."""
    words = normalise(text)
    for purpose, pattern in (
        ("outside", _OUTSIDE),
        ("withdraw", _WITHDRAW),
        ("reopen", _REOPEN),
        ("unsatisfied", _UNSATISFIED),
        ("correct", _CORRECT),
        ("add", _ADD),
    ):
        if pattern.search(words):
            return purpose
    return ""


def correction_in(text: str) -> str:
    """What is right instead, where the message that something is wrong says it too."""
    rest = content_of(_NOT_THAT_ONE.sub("，", _CORRECT.sub("，", normalise(text))).strip(" ，,。了人"))
    return text.strip() if rest else ""


def means_another(text: str) -> bool:
    """ "不是这个医生": it is about something else than was noted."""
    return bool(_NOT_THAT_ONE.search(normalise(text)))
