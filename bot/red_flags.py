"""Words that cannot wait: a pure function over a new text and what the same patient wrote just before.

It runs when a message is accepted, before anything else may fail. The rules are data: a name, an
outcome, a pattern over simplified Chinese and lower-case English, and the guidance it rests on.
A hit counts only when it ends inside the new text, so that one alarm is not raised again by every
later message; fragments ("我妈" / "突然" / "说不了话") are read together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache

WINDOW = timedelta(minutes=3)
_LONGEST_LOOK_BACK = 200  # characters of earlier messages that can belong to a fragment


class Outcome(StrEnum):
    NONE = "none"
    CRISIS = "crisis"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    outcome: Outcome
    pattern: str
    source: str


_STROKE = "中国卒中学会「中风120」识别口诀"
_FIRST_AID = "中国红十字会救护员指南"
_CHEST_PAIN = "中国胸痛中心认证标准"
_CRISIS = "国家卫生健康委 12356 心理援助热线"

RULES: tuple[Rule, ...] = (
    Rule("crisis.wish", Outcome.CRISIS, r"想死(?!你|我了|了你)|不想(再)?活|不如死了|死了算了|活不下去|活着(真)?(没|沒)(有)?(什么)?意思|想(要)?(自杀|轻生|自尽)|准备自杀|结束(自己的|我的|这条)?生命|了结(自己|我自己|生命)|一死了之", _CRISIS),
    Rule("crisis.act", Outcome.CRISIS, r"自杀(?!干预|热线|预防)|轻生|割腕|割脉|跳楼|跳河|跳桥|上吊|遗书|自残|(伤害|弄死|杀了?)(我)?自己|开煤气自", _CRISIS),
    Rule("crisis.overdose", Outcome.CRISIS, r"(吞|吃|喝)(了|下|完)?(一整?瓶|整瓶|半瓶|一把|一大把|很多|好多|几十[片颗粒])(的)?(安眠药|药片|药|安定|头孢)|安眠药(都|全)?(吞|吃)(了|完)", _CRISIS),
    Rule("crisis.english", Outcome.CRISIS, r"\b(kill(ing)? myself|suicid(e|al)|want to die|wanna die|end my life|hurt(ing)? myself|overdosed?)\b", _CRISIS),
    Rule("chest.pain", Outcome.EMERGENCY, r"(胸口?|心口|胸部|胸前|前胸|心前区|心脏)[^，。；！？]{0,6}(剧痛|压榨|绞痛|痛得(要命|厉害|受不了)|疼得(要命|厉害|受不了)|像(石头|大石)压|压着(块|一块)?石头)", _CHEST_PAIN),
    Rule("chest.signs", Outcome.EMERGENCY, r"(胸痛|胸闷|胸口(疼|痛|闷)|心口(疼|痛))[^。！？]{0,12}(大汗|冷汗|出汗|喘不|左臂|左胳膊|左肩|后背|濒死|要晕|快晕|呼吸困难)|心梗|心肌梗(死|塞)(了|发作)", _CHEST_PAIN),
    Rule("stroke.face", Outcome.EMERGENCY, r"(嘴|口角|嘴角|脸|口眼)(都|突然|有点|一下子?)?(歪|斜)(了|斜)?|说话(突然|都|有点)?(大舌头|含糊|不清楚|说不清|不利索)|大舌头", _STROKE),
    Rule("stroke.limb", Outcome.EMERGENCY, r"(半边|一侧|一边|左边|右边|左侧|右侧|半身|半个)(身子|身体|身|手脚|胳膊|腿|手|脸)?[^，。；！？]{0,5}(麻木|发麻|没力|没劲|无力|动不了|不能动|不会动|瘫|抬不起)", _STROKE),
    Rule("stroke.sudden", Outcome.EMERGENCY, r"突然[^。！？]{0,8}(说不(了|出|出来|清)话?|不会说话|讲不(了|出)话|看不见|看不清|失明|站不(稳|住)|走不(了|稳))|(脑)?中风了|脑(出血|溢血|梗)(了|发作)", _STROKE),
    Rule("breathing", Outcome.EMERGENCY, r"喘不(上|过|了)(来)?(气)?|透不过气|上不来气|呼吸(很|非常|特别)?(困难|不了|不上来)|不能呼吸|(没有?|停止?)(了)?呼吸(?!困难|急促|道|科|内科)|窒息|(嘴唇|嘴巴|脸|脸色)(发|都)?(紫|青)|(噎|呛|卡)(住|着|到)(了)?(喉咙|气管|嗓子)?[^。]{0,6}(喘|呼吸|憋|脸|说不)", _FIRST_AID),
    Rule("unconscious", Outcome.EMERGENCY, r"(叫|喊|唤|弄|摇)(都|也|怎么也|他|她)?不醒|昏迷|不省人事|(没|没有|失去)(了)?(意识|知觉)|没有?反应了|晕倒|昏倒|昏过去|晕过去|休克|(没有?|停)(了)?(心跳|脉搏)|心(脏)?(跳)?骤?停(了|跳)", _FIRST_AID),
    Rule("bleeding", Outcome.EMERGENCY, r"大出血|血(流|止|怎么也止)(都|得)?不(停|住|止)|止不住(的|地)?(血|流)|(喷|狂|大口)[^，。]{0,2}血|吐(了)?(好多|很多|大口|一大口)?血|呕血|咯血|大量(的)?(便血|出血|流血)|血流如注", _FIRST_AID),
    Rule("convulsion", Outcome.EMERGENCY, r"抽搐|抽风|惊厥|口吐白沫|(浑身|全身|一直|不停)(地|在)?抽(动|筋)?(?!血|烟|时间|空)", _FIRST_AID),
    Rule("poison", Outcome.EMERGENCY, r"(喝|吃|吞|误服|误食)(了|下|进)?[^，。；]{0,5}(农药|百草枯|敌敌畏|老鼠药|毒鼠|洁厕|消毒液|漂白水|毒蘑菇|纽扣电池|电池)|(煤气|一氧化碳|农药|食物|药物|毒蘑菇)中毒|被毒?蛇(咬|给)", _FIRST_AID),
    Rule("allergy", Outcome.EMERGENCY, r"(喉咙|嗓子|舌头|喉头)(都|一下子?|突然)?(肿|水肿)[^。]{0,8}(喘|呼吸|憋|堵|说不)|过敏性休克|(过敏|蜂蜇|蜂蛰|打(完)?针)[^。]{0,12}(喘|呼吸困难|喉咙肿|意识)", _FIRST_AID),
    Rule("injury", Outcome.EMERGENCY, r"(出|遇到|发生)(了)?车祸|被车(撞|轧|压)|从[^，。]{0,6}(楼|高处|梯子|屋顶|树)[^，。]{0,4}(摔|掉|坠)|触电|被电(到|了|击)|溺水|淹(到|着|了)|大面积(烧|烫)伤|(手指|手|脚|腿|胳膊)(被)?(切|轧|绞|砍)?断(了|掉)", _FIRST_AID),
    Rule("pregnancy", Outcome.EMERGENCY, r"(怀孕|孕妇|孕\d*周|孕期|肚里的?孩子|怀着)[^。]{0,14}(大?出血|流血|见红很多|破水|抽|剧痛)|羊水(破|流)|胎动(没有?了?|消失|停)|没(有)?(了)?胎动", "中华医学会妇产科学分会 产前保健指南"),
    Rule("emergency.english", Outcome.EMERGENCY, r"\b(can'?t breathe|cannot breathe|not breathing|crushing chest pain|chest pain and|heart attack|having a stroke|face (is )?droop\w*|slurred speech|unconscious|won'?t wake up|passed out|seizure|bleeding (heavily|won'?t stop)|severe bleeding|choking)\b", _FIRST_AID),
)  # fmt: skip

_CLAUSE_END = "，。；！？\n"
_MARKS = str.maketrans(",;!?", "，；！？")
_NEGATED = re.compile(r"(没有|没|不是|并不|并未|未曾|无|不会|不曾|别|防止|避免|否认)(过|出现|发生|感到|觉得|明显|什么|再)?的?[^，。；！？\n]{0,2}$")
_PAST = re.compile(r"以前|曾经|曾(?!经)|小时候|去年|前年|大前年|上次|那年|年前|年轻时|病史|得过|有过")
_ABOUT = re.compile(r"预防|讲座|科普|后遗症|康复|复查|是什么|有哪些|什么原因|怎么引起|会遗传|课程|电影|小说|电视|新闻|游戏")
_SAYINGS = re.compile(
    r"(气|笑|累|困|饿|渴|热|冷|吓|烦|忙|想|爱|羡慕|高兴|贵|丑|堵|急|烦)(得|都|要|快)?(想)?死(我|人|你|了)|想死你|笑(到|得)?抽|抽不(出|开)|跳楼价|吐血价|吐血推荐"
)


@lru_cache(maxsize=1)
def _compiled() -> tuple[tuple[Rule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule.pattern)) for rule in RULES)


def look(text: str, earlier: Sequence[str] = ()) -> tuple[Outcome, str]:
    """The gravest outcome in a new text, read together with the patient's earlier messages (oldest first,
    at most `WINDOW` old, all in simplified Chinese), and the name of the rule that saw it ("" for none)."""
    new = _even(text)
    before = _even("".join(earlier))[-_LONGEST_LOOK_BACK:]
    found = (Outcome.NONE, "")
    for rule, pattern in _compiled():
        if found[0] is Outcome.EMERGENCY and rule.outcome is not Outcome.EMERGENCY:
            continue
        if _hits(rule, pattern, new, 0) or (before and _hits(rule, pattern, before + new, len(before))):
            if rule.outcome is Outcome.EMERGENCY:
                return rule.outcome, rule.name
            found = found if found[1] else (rule.outcome, rule.name)
    return found


def _even(text: str) -> str:
    """One case and one set of marks, as the patterns are written."""
    return text.lower().translate(_MARKS)


def _hits(rule: Rule, pattern: re.Pattern[str], text: str, new_from: int) -> bool:
    return any(match.end() > new_from and not _harmless(rule, text, match) for match in pattern.finditer(text))


def _harmless(rule: Rule, text: str, match: re.Match[str]) -> bool:
    start = max((text.rfind(mark, 0, match.start()) for mark in _CLAUSE_END), default=-1) + 1
    ends = [at for at in (text.find(mark, match.end()) for mark in _CLAUSE_END) if at >= 0]
    clause = text[start : min(ends, default=len(text))]
    said_before = text[start : match.start()]
    if any(saying.start() < match.end() and saying.end() > match.start() for saying in _SAYINGS.finditer(text)):
        return True
    if _NEGATED.search(said_before):
        return True
    # A past attempt still matters in a crisis; a past stroke is history.
    return rule.outcome is Outcome.EMERGENCY and bool(_PAST.search(said_before) or _ABOUT.search(clause))
