"""Whether a message says where something is to be sent. Place, name and phone beside each other are one personal
value then: which of the words is the name shows only when all of them are read together."""

from __future__ import annotations

import re

_HAN = "㐀-鿿"
_STREET = re.compile(
    rf"[{_HAN}A-Za-z](?:路|街|大道|道|巷|弄|胡同|小区|大厦|公寓|花园|家园|新村|苑|园|里|村|镇|乡|院|城|广场|宿舍|大学)"
    rf"[{_HAN}()]{{0,12}}?\s?[A-Za-z]?\d"
    r"|\d+\s?(?:号院|号楼|弄|栋|幢|单元|室)"
)
_DIVISION = re.compile(
    rf"[{_HAN}]{{2,}}(?:省|自治区|自治州)[{_HAN}]{{2,}}|[{_HAN}]{{2,}}市[{_HAN}]{{2,}}|[{_HAN}]{{2,}}[区县旗][{_HAN}]{{2,}}\s?\d"
)
_IN_ENGLISH = re.compile(
    r"(?=.*\d).*\b(?:road|rd|street|st|avenue|ave|lane|district|building|bldg|room|apt|apartment|lu|jie)\b",
    re.IGNORECASE | re.DOTALL,
)
_SENT_TO = re.compile(
    r"(?:寄|邮寄|送|送货|送药|发|发货|邮|快递|配送)(?:到|给|往|去|至)\s*[:是]?\s*"
    r"(?:我们?(?:家|单位|公司)里?\s*[:,在]?\s*)?"
    r"|(?:收[货件]|邮寄|寄送|寄药|送药|配送)(?:的)?(?:地址|人)\s*[:是为]{0,2}\s*"
    r"|\b(?:send|ship|deliver|mail|post)\b.{0,25}?\bto\b:?\s*"
    r"(?:(?:my|our) (?:home|house|office|company|place|address)\s*(?:[:,]|\b(?:at|in)\b)?\s*)?",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"(?:[\s,。;:]|请|麻烦|帮|忙|给|我|们|想|要|让|药|的|把|都|就|直接|可以|能|不能|那|好|一下|处方|快递|邮寄|please|pls|can|could"
    r"|you|i|want|it|the|medicine|my|to)*",
    re.IGNORECASE,
)
_FIRST = 40  # characters in which a message that is about sending says so
_LONGEST = 150  # a whole story is something else
# What is said where an address is asked for and is none: which one of several, or another way altogether.
_ABOUT_IT = re.compile(
    r"[取领]|自提|(?:医院|药房|窗口|门诊|自己)[^,。]{0,4}拿|[来去到][^,。]{0,5}拿|拿药|单据|处方|药|物流|运费|快递费|多少钱|地址簿|我的地址|默认|常用|老地址|老样子|上次|新[的地]|另[外一]"
    r"|第[一二三四五六七八九十两\d]+|^[一二三四五六七八九十两\d]+号?$|[那这上下头][个一]|最后|[个条]$|删|保存|继续"
    r"|^(?:嗯|哦|噢|好|行|那|就|可以|对|是|吧|的|啊|呀)+$|(?:错了?|不对)$|寄吧?$|搬家"
    r"|多久|几天|什么时候|太贵|贵[吗了啊吧]|再说|问一?下|商量|老[公婆]|发票|顺丰|快递柜|驿站|电梯|门口(?:就|$)"
    r"|没错|没问题|正确|好嘞|行吧|就这|可以|不[寄送行改]|家里$|单位$|公司$"
    r"|\b(?:first|second|third|last|other|another|one|new|default|usual|mine|right|correct|fine|ok|okay|sure|yes|pick|pickup"
    r"|collect|delivery|courier|parcel|prescription|medicine|fee|delete|remove|save|address|home|same)\b",
    re.IGNORECASE,
)


def names_a_place(folded: str) -> bool:
    """A street with a number, or a district with what lies in it."""
    return bool(_STREET.search(folded) or _DIVISION.search(folded) or _IN_ENGLISH.search(folded))


def is_about_addresses(folded: str) -> bool:
    """ "第二个", "用默认的", "还是自己去取": an answer to the question for an address that holds none."""
    return bool(_ABOUT_IT.search(folded))


def behind_sending(folded: str) -> int:
    """Where the address begins behind 麻烦寄到 or "please deliver it to", 0 where the message does not begin so."""
    found = _SENT_TO.search(folded[:_FIRST])
    return found.end() if found and _HARMLESS.fullmatch(folded[: found.start()]) else 0


def sent_to(folded: str, *, has_phone: bool) -> int | None:
    """From where on a message that nobody asked for an address says where to send something; None when it does
    not."""
    if len(folded) > _LONGEST or not names_a_place(folded):
        return None
    if _SENT_TO.search(folded[:_FIRST]):
        return behind_sending(folded)
    return 0 if has_phone else None
