"""What is said beside the matter: a word to wait (等一下), or where somebody is and what they are at (我在楼上,
在开会呢). It asks for nothing, answers nothing and tells of no complaint.

A pure function; it goes by the whole message, for with more words it may be told for a reason (在家摔了一跤).
"""

from __future__ import annotations

import re

from integrations.language.script import normalise

_LONGEST = 40  # characters
_EDGES = " \t\r\n，。,.!！~～、；;…"
_MINUTES = r"(?:一|两|二|三|五|十|几|半|\d{1,2})(?:分钟|秒钟?)"
_WAIT = (
    r"(?:(?:先|请|麻烦|拜托|那|嗯|哦|哎|诶|好的?|可以|能不能|可不可以|让我|[你您])[，, ]*)*"
    r"(?:稍等(?:我)?(?:一?下下?|一?会儿?|片刻)?|稍候|慢着|且慢|等我"
    rf"|等(?:我|俺)?(?:等|一等|一?下下?|一?小?会儿?|一阵子?|片刻|哈子?|{_MINUTES}))"
    r"(?:[，, ]*(?:先|我|啊|呀|哈|哦|噢|吧|呢|嘛|好吗|行吗|可以吗|谢谢|我?(?:马上|很快|就)+(?:回来?|来|好)))*"
)
_WHO = r"(?:(?:我们?|俺|本人|人|现在|这会儿?|目前|已经|还|正|刚|才|都|一直|就)[，, ]*)*"
_END = r"(?:等着?|排队|坐着|待着|了|啦|呢|啊|呀|哦|噢|哈)*"
_PLACE = (
    r"(?:楼[上下顶]|[一二三四五六七八九十两\d]{1,3}[楼层]|路[上口边]|半路|家|屋|房间|外[面边头地]|里[面边头]|门口|大厅|老家|国外"
    r"|这里|这儿|那里|那边|单位|公司|学校|办公室|宿舍|食堂|超市|银行|车站|机场|厨房|厕所|洗手间|电梯|停车场|车库|地下车库|小区"
    r"|(?:你们|咱们)?(?:医院|门诊|急诊|诊室|候诊区?|病房|住院部|药房|药店|窗口|护士站|导诊台)"
    r"|(?:地铁|公交|公交车|车|火车|高铁|出租车|网约车|大巴|飞机|高速|床|沙发|轮椅|扶梯)(?:上|里|站))"
    r"(?:大厅|门口|楼[上下]|外[面边]|里[面边]?|前[面台]|上|口)?"
)
_DOING = r"(?:上[班课]|开[会车]|忙|吃个?饭|做饭|洗澡|带孩子|接(?:个|一下)?(?:电话|孩子)|买菜|坐车|出差|遛狗|做家务)"
_AT = (
    rf"{_WHO}(?:在|坐在|站在|回到|来到|到了?){_PLACE}{_END}"
    rf"|(?:我们?|俺|人)(?:现在|已经|快要?|马上|刚|都|就)*到{_END}"
    rf"|{_WHO}(?:在|先去?|要去?|得去?|去){_DOING}(?:一下|着|中)?{_END}"
    rf"|{_WHO}{_DOING}(?:呢|中)"
)
_WAIT_ENGLISH = (
    r"(?:(?:please|ok(?:ay)?|oh|um+|sorry|could you|can you)[, ]+)*"
    r"(?:wait|(?:hold|hang) on|hold it|bear with me|one moment|brb|just wait"
    r"|(?:just|wait|hold on|hang on|hold on for|wait for|give me|in)[, ]+"
    r"(?:just )?(?:a|an|one|two|five|a few|\d) ?(?:moment|minute|min|second|sec|bit|while)s?"
    r"|(?:i(?:'ll| will|’ll) )?be (?:right )?back(?: soon| in (?:a|one|five|\d) (?:moment|minute|sec|second|min)s?)?)"
    r"(?:[, ]+(?:please|thanks|thank you|for me|up|there))*"
)
_AT_ENGLISH = (
    r"(?:(?:i am|i'm|i’m|im|we are|we're|still|already|now|just|right now)[, ]+)+"
    r"(?:upstairs|downstairs|outside|inside|here|busy|driving|working|cooking|almost there|nearly there"
    r"|at (?:home|work|school|lunch|the (?:office|hospital|door|entrance|station|airport|gate|counter|reception))"
    r"|on (?:the|my|a) (?:way|bus|train|subway|metro|road|plane|underground|(?:first|second|third|\d+\w*) floor)"
    r"|in (?:the|a|my) (?:car|lobby|office|meeting|queue|taxi|lift|elevator|hall|waiting (?:room|area)|traffic))"
    r"(?:[, ]+(?:now|right now|at the moment|already))*"
)
_ASIDE = re.compile(f"(?:{_WAIT}|{_AT}|{_WAIT_ENGLISH}|{_AT_ENGLISH})", re.IGNORECASE)


def is_aside(text: str) -> bool:
    """ "等一下", "wait a moment", "我在楼上": nothing else is said."""
    said = normalise(text).strip(_EDGES)
    return 0 < len(said) <= _LONGEST and bool(_ASIDE.fullmatch(said))
