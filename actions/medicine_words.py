"""What patients say about getting their medicine: by courier or at the hospital, another address, a parcel. And how
medicine is written for them: in English with its English name before the one on the pack."""

from __future__ import annotations

import re

from actions.turn import Turn
from integrations.catalogue import ENGLISH
from integrations.hospital.models import Handing
from integrations.language.dosing import dosing_in_english, pack_in_english

_PICKUP = re.compile(
    r"到院|自[取提]|自己(?:过?[去来]|到|上|跑).{0,6}[取拿领]|自己[取拿领]|(?:去|来|到|上)(?:你们)?(?:医院|药房|窗口|门诊).{0,4}[取拿领]"
    r"|[取拿领]药窗口|不(?:用|要|想|必)?(?:寄|快递|送|邮)了?|我?(?:过)?[去来][取拿领]"
    r"|\bpick(?:ing)?(?: it| them| the medicine| my medicine)? ?-?up\b|\bcollect\b|\bin person\b|\bmyself\b"
    r"|\bat the (?:hospital|counter|pharmacy)\b",
    re.IGNORECASE,
)
_DELIVERY = re.compile(
    r"快递|寄|邮|配送|送(?:到|药|货|上门|过来|来|给|家)|到家"
    r"|\bdeliver(?:y|ed)?\b|\bship(?:ped|ping)?\b|\bcourier\b|\b(?:send|mail|post)(?: it| them| the medicine)?\b"
    r"|\bto my (?:home|house|door)\b",
    re.IGNORECASE,
)
# Where nothing was asked only these words change it: 自取不方便 and 去医院拿报告 do not.
_CHANGES_HOW = re.compile(
    r"(?:那|就|还是|算了|改|换|成|我|想|要|请|麻烦|给我|帮我|直接|药|都|[，,]|\s)*"
    r"(?:寄|邮寄|快递|配送|送|自取|自己[去来]?[取拿]|到院[取拿]|[去来到](?:你们)?(?:医院|药房|窗口)[取拿])"
    r"(?:药|过来|给我|到家|回家|家里|家|吧|了|好了|就行|可以吗|行吗|谢谢|[。，,!！]|\s)*"
    r"|(?:(?:please|actually|ok|okay|sorry|just|then|i changed my mind"
    r"|i'd rather|i would rather|i'd prefer to|i'd like to|can you|could you|let me|i'll|i will|i want to),? )*"
    r"(?:send|mail|ship|deliver|post|collect|pick(?: it| them)? up)(?: it| them| up| to me| to my (?:home|house)| home"
    r"| by courier| at the (?:hospital|pharmacy)| myself| instead| please|[.,!])*",
    re.IGNORECASE,
)
_WHEREABOUTS = re.compile(
    r"到哪|在哪|哪[里儿]|查|物流|单号|[没吗呢]|几|什么时候|啥时候|多久|多少|收到|到了|地址|\b(?:where|when|track|status|arrived?|received?|how)\b",
    re.IGNORECASE,
)
_NEW = re.compile(
    r"新(?:的)?(?:收货)?地址|新的$|(?:换|另|加|添|增|存|录)(?:外|加|上)?(?:一?个|一?条)?(?:别的|新的?)?(?:收货)?(?:地址|地方)"
    r"|别的地[址方]|\b(?:new|another|different|other|add(?: an?)?) address\b|\bsomewhere else\b",
    re.IGNORECASE,
)
_DELETE = re.compile(r"删|去掉|不要(?:这|那|第)|移除|\b(?:delete|remove)\b", re.IGNORECASE)
_DEFAULT = re.compile(r"默认|常用|以后(?:都|就)寄|\b(?:default|usual|main)\b", re.IGNORECASE)
_MOVES = re.compile(
    r"(?:改|换|变更|更[正换])[^，。,]{0,8}地[址方]|地址[^，。,]{0,8}(?:改|换|变|错|不对)|改(?:寄|送|派)|(?:寄|送)到别|搬(?:新?家|走)"
    r"|\b(?:chang|edit|updat|correct|wrong|different|another|other|new)\w*\b.{0,24}\baddress"
    r"|\baddress(?:es)?\b.{0,16}\b(?:changed?|wrong|incorrect)|\b(?:redirect|reroute)|\bi(?:'ve| have)? moved\b"
    r"|\b(?:send|bring|deliver) it (?:elsewhere|somewhere else)",
    re.IGNORECASE,
)
_ASKS_WHAT = re.compile(
    r"[啥什]么?(?:叫|是)|(?:是|叫)(?:啥|什么)|(?:啥|什么)意思|怎么回事|咋回事|\bwhat(?:'s| is| does)\b|\bmean\b",
    re.IGNORECASE,
)
_LONGEST_CHOICE, _LONGEST_IN_ENGLISH = 14, 36  # characters
_NOT_WANTED = re.compile(
    r"(?:[，,。.!！~\s]|算了|那|我|俺|就|还是|都|这个|这些|这单|现在|又|先|真的?|抱歉|不好意思|谢谢)*"
    r"(?:不(?:想|打算|再)要|不(?:用|需)?要了|不(?:想)?买了?|不需要了|(?:帮我|给我)?退(?:掉|了|给你们))"
    r"(?:它|这个|这些|啦|了|吧|啊|呀|哈|[，,。.!！~\s]|谢谢)*"
    r"|(?:(?:sorry|actually|no|please|well|i changed my mind|changed my mind|on second thought)[,. ]*)*"
    r"(?:i |we )?(?:really )?(?:do not (?:want|need)|don['’]?t (?:want|need)|no longer (?:want|need))"
    r" (?:it|them|that|this|those)(?: (?:any ?more|now|after all|please|sorry|thanks|thank you)|[,.!])*",
    re.IGNORECASE,
)
_GOT_IT = re.compile(
    r"(?:(?:ok|okay|yes|yeah|great|good|hi|hello)[,. ]*)*(?:i(?:['’]ve| have)? (?:just )?)?"
    r"(?:got|received) (?:it|them|everything)"
    r"(?: (?:today|now|already|just now|thanks|thank you|this morning|yesterday)|[,.!])*"
    r"|(?:嗯|好的?|[，,])*我?(?:收到|拿到)了?(?:哈|啊|哦|谢谢|[，,。!！])*",
    re.IGNORECASE,
)
_LATER = re.compile(r"以后再|回头|过[会一]|晚点|等会|再说|想想|later|not now", re.IGNORECASE)


def handing_of(text: str) -> Handing | None:
    """How the patient wants to get it; None when the message does not say, or asks what a way is (啥叫快递到家)."""
    if asks_what(text):
        return None
    if _PICKUP.search(text):
        return Handing.PICKUP
    return Handing.DELIVERY if _DELIVERY.search(text) else None


def asks_what(text: str) -> bool:
    """ "啥叫快递到家" """
    return bool(_ASKS_WHAT.search(text))


def changes_how(text: str) -> bool:
    """ "还是寄吧": said where nothing was asked, how medicine is to come after all."""
    return _CHANGES_HOW.fullmatch(text.strip()) is not None


def answers_how(text: str) -> Handing | None:
    """The same of a short message where it is asked; a question about a parcel is none."""
    short = len(text) <= (_LONGEST_IN_ENGLISH if text.isascii() else _LONGEST_CHOICE)
    return handing_of(text) if short and not _WHEREABOUTS.search(text) else None


def not_wanted(text: str) -> bool:
    """ "不想要了", which names nothing."""
    return _NOT_WANTED.fullmatch(text.strip()) is not None


def got_it(text: str) -> bool:
    """ "I got it", which may be no more than a thanks."""
    return _GOT_IT.fullmatch(text.strip()) is not None


def wants_new_address(text: str) -> bool:
    return bool(_NEW.search(text))


def changes_address(text: str) -> bool:
    """ "收货地址改一下", "my parcel has left, can I change the address": what is sent is to go somewhere else."""
    return bool(_MOVES.search(text))


def puts_off(text: str) -> bool:
    """ "以后再说" """
    return bool(_LATER.search(text))


def book_purpose(text: str) -> str:
    """What is to be done with the address book: new, delete, default, or "" for looking at it."""
    if _DELETE.search(text):
        return "delete"
    if _DEFAULT.search(text):
        return "default"
    return "new" if wants_new_address(text) else ""


def name_in_words(turn: Turn, name: str, english: str) -> str:
    return f"{english} {name}".strip() if turn.language == ENGLISH else name


def unit_in_words(turn: Turn, unit: str) -> str:
    return pack_in_english(unit) if turn.language == ENGLISH else unit


def dosing_in_words(turn: Turn, written: str) -> str:
    """A doctor's words for dose or frequency."""
    return dosing_in_english(written) if turn.language == ENGLISH else written
