"""What is not wanted: 不要人工, 别取消我的号, "don't change it". A classifier that learnt what asks for a person hears
人工 and not 不要; and in 好吧不要了 it hears the 好.

Pure functions over the whole message, in simplified characters or English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from integrations.language.script import normalise

_LONGEST = 40  # characters: with more words it is a story, and may be told for a reason
_CLAUSES = re.compile(r"[，,。.；;！!\n]+|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_ASKS = re.compile(
    r"[吗么?？]|呢$|为什么|为啥|怎么|怎样|[能会]不|是不是|要不要|可不可以|行不行|\b(?:why|how|can|could|what)\b",
    re.IGNORECASE,
)

# The words for what an intent would begin.
_VERBS: Mapping[str, str] = {
    "cancel_appointment": r"取消|退|cancel",
    "cancel_medicine": r"取消|退|cancel",
    "cancel_consultation": r"取消|退|cancel",
    "reschedule_appointment": r"改|换|挪|reschedule|move|change",
    "change_profile": r"改|换|更正|change|edit",
    "unbind": r"解绑|解除|取消|unbind|unlink|remove",
    "withdraw_consent": r"撤回|撤销|收回|取消|withdraw|revoke|take back",
    "complain": r"投诉|举报|complain|file a complaint",
    "talk_to_human": r"转?(?:真人|人工(?!智能)|客服|接线员)|找人(?!工智能)|(?:transfer|connect)\b"
    r"|talk to (?:a person|a human|anyone|anybody|an agent)|(?:an? |the |any )(?:person|human|agent)\b"
    r"|(?:person|human|agent)(?= (?:is )?(?:needed|required|necessary))",
    "register": r"注册|登记|建档|register",
    "add_family": r"(?:加|添|登记)|add",
    "book_appointment": r"挂|约|预约|book",
    "start_intake": r"问诊|填|预问诊|fill",
    "online_consultation": r"在线|网上|问诊|consult",
    "rate": r"评价|打分|rate",
    "pay_for_me": r"[代帮]付|付",
}
_BEFORE = (
    r"(?:我们?|咱们?|俺|您|你们?|请|那|就|还是|现在|暂时|先|算了|好[的吧]?|嗯|哦|哎|千万|麻烦|真的?|其实|预约|号|药"
    r"|i|we|please|ok|no|well|actually|oh|sorry)\s*"
)
_NOT = (
    r"(?<![要不用想])(?:别|甭|不[要用想必]?|不需要|不打算|没(?:有)?(?:(?:说|想|打算)(?:要|过)?|要)|无需|用不着"
    r"|don['’]?t|do not|never|(?:there(?:['’]s| is) )?no need to|no (?:need for )?"
    r"|(?:i['’]?m |i am |we['’]?re )?not (?:going )?(?:to )?|(?:i )?didn['’]?t (?:ask|want|mean) (?:to|for)?)"
    r"(?!\s*(?:我|俺|咱)们?(?:就|还是)?(?:要|想|得|找|转))"  # 不，我要人工: an answer, and then a wish
)
_STILL = (
    r"\s*(?:再|要|给我们?|帮我们?|把|我们?的?|这个|那个|急着|着急|进行|做|给|等|找"
    r"|want(?: to)?|wish to|need(?: to)?|please|me to|a|an|my|the)?\s*"
)
_AFTER = r".{0,24}"
# What is named behind these may be all that is not wanted: 不挂张医生, 别改到周五.
_NOTHING_NAMED = (
    r"\s*(?:号|约|期|时间|日期|医生|了|吧|啦|呢|an appointment|a visit|anything|the time|it|now)*"
)
# More behind 不转人工 is why there should be one: 不转人工我就走了, 不要客服机器人.
_OF_THEIRS = (
    r"\s*(?:服务|客服|帮忙|帮助|介入|接待|我自己[来看弄办]?|了|吧|啦|啊|呀|哈|谢谢"
    r"|\b(?:me|to|an?|any|the|person|human|anyone|agent|is|needed|now|more|anymore|please|thanks)\b|\s)*"
)
_AFTER_ALL = {
    "book_appointment": _NOTHING_NAMED,
    "reschedule_appointment": _NOTHING_NAMED,
    "talk_to_human": _OF_THEIRS,
}
_DENIED = {
    intent: re.compile(
        rf"(?:{_BEFORE})*{_NOT}(?:{_STILL}){{0,3}}(?:{verb})(?P<after>{_AFTER_ALL.get(intent, _AFTER)})",
        re.IGNORECASE,
    )
    for intent, verb in _VERBS.items()
}
# What asks for it beside the verb, in another clause: 不换医生，时间往后推; 不用我付，我儿子来.
_ASKED_FOR: Mapping[str, str] = {
    "reschedule_appointment": r"推|延|提前(?!谢)|往[前后]"
    r"|到(?=[下上这本]?(?:周|星期|礼拜)|[\d一二三四五六七八九十]|[明后]|月底)",
    "pay_for_me": r"儿|女|孩子|爸|妈|老公|老婆|爱人|家[人里]|亲戚|朋友|别人|他|她",
}
_WANTED = {
    intent: re.compile(rf"{verb}|{_ASKED_FOR[intent]}" if intent in _ASKED_FOR else verb, re.IGNORECASE)
    for intent, verb in _VERBS.items()
}
# Beside it nothing else is said, or who denies it goes on by themselves.
_NO_MORE_OF_IT = re.compile(
    r"(?:客服|服务|人|[帮回]?[我忙复答]|了|啦|吧|呢|哈|谢谢|多谢|me|to|an?|person|human|agent|is|needed|required|necessary"
    r"|any ?more|now|please|thanks|thank you|\s)*",
    re.IGNORECASE,
)
_ONLY_COURTESY = re.compile(
    r"(?:那|就|先|还是|好[的吧]?|嗯|行|算了|没事了?|谢谢[你您啦了]?|多谢|辛苦[你您]?了?|[你您][帮回我答复来说]+就(?:行|好|可以)了?"
    r"|我自己(?:来|看|弄)(?:就(?:行|好))?(?:了|吧)?|ok(?:ay)?|no|please|thanks|thank you|it['’]?s fine|\s)*",
    re.IGNORECASE,
)
# Two denials ask for it: 不转人工不行; a reproach too: 你们不给转人工.
_INSISTS = re.compile(
    r"不行|不可|才怪|就(?:投诉|告|不)|没有?人(?!工)|谁|你们?(?:不|都不|没)|\bor i\b|\bunless\b", re.IGNORECASE
)

# For now it is a no: 好，回头再说; 好的我想想.
_PUT_OFF = (
    r"(?:下次|[改回]天|改日)(?=$|[吧再来，,。 ])|(?:以后|下次一定)(?=$|[吧啊，,。 ])|以后再"
    r"|[再先](?:看看|说吧|想想|考虑)|考虑(?:一下|考虑)|商量(?!好|过)"
    r"|(?:回头|等[一等]?[下等]?|晚[点些]|过[几两一]?[天阵会]儿?|到时候?|有空|明天)再?说(?!一|的|过)"
    r"|(?:想一?想|缓[缓一几])(?=$|[吧再看啊，,。 ])"
    r"|(?<!pay )\blater\b[.! ]*$"
)
_NO = re.compile(
    r"[不没甭勿莫否拒冇未]|(?<![性特分级区类])别(?!人|的)|唔(?!该)|算了|反对|作废|免了|拉倒|放弃"
    r"|\b(?:no|not|never|none|nope|nah|neither|cannot|refuse|decline|hold off)\b|n['’]t\b"
    rf"|{_PUT_OFF}",
    re.IGNORECASE,
)
# A yes all the same: 没问题, 一点不差, 好的不急.
_NO_MATTER = re.compile(
    r"不好意思|对不起|没(?:填|写|打|看|记|输|量|弄|说)错|(?:没有?|冇|莫得|不会?|无|未)(?:什么|啥|任何|得|有|其他|别的)*(?:错|问题|毛病|意见|差|假|变|改|换|事儿?|异议|疑问|所谓|关系|急|着急|要紧"
    r"|客气|麻烦|谢|说|变化|变动|漏|落下|忘)|不(?:用|必|需要)(?:再)?(?:改|换|变|谢|急|客气|找|加急)|别忘|差不多|少不了|不得了"
    r"|([中行好对是要可])不\1|没(?:办法|辙|法子)(?=$|[，,。 ]|就|只[能好])|同意不(?=退|同意)"
    r"|\b(?:no (?:problem|worries|changes?|rush|hurry|objections?)|why not|not (?:bad|a problem))\b",
    re.IGNORECASE,
)


def denies(text: str) -> bool:
    """Whether in words that sound like a yes something is denied: 好吧不要了, "definitely not"."""
    return bool(_NO.search(_NO_MATTER.sub("", normalise(text))))


def is_denied(intent: str, text: str, *, alone: bool = False) -> bool:
    """Whether the words say not to do what a message of this intent asks for. 别取消周三的，取消周五的 asks for it.
    `alone`: and nothing else; 不要人工，我要挂号 says more."""
    pattern, said = _DENIED.get(intent), normalise(text).strip()
    if pattern is None or len(said) > _LONGEST or _ASKS.search(said) or _INSISTS.search(said):
        return False
    clauses = [one.strip() for one in _CLAUSES.split(said)]
    read = {one: pattern.fullmatch(one) for one in clauses}
    denied = [found for found in read.values() if found]
    others = [one for one, found in read.items() if not found]
    if not denied or any(_WANTED[intent].search(one) for one in others):
        return False
    return not alone or (
        all(_NO_MORE_OF_IT.fullmatch(found["after"]) for found in denied)
        and all(_ONLY_COURTESY.fullmatch(one) for one in others)
    )
