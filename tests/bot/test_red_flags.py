import pytest

from bot.red_flags import Outcome, look

EMERGENCY = """
我妈嘴歪了说话大舌头
孩子叫不醒怎么办
老公突然说不了话了
我爸左边身子动不了
胸口像大石压着喘不上气
胸痛，出冷汗，左胳膊也麻
喘不过气来了嘴唇发紫
奶奶晕倒了没有反应了
流血止不住
吐了好多血
孩子抽搐口吐白沫
喝了农药
煤气中毒头晕
孩子误食纽扣电池
打完针喉咙肿喘不上来
刚出车祸腿断了
从三楼掉下来了
怀孕30周突然大出血
羊水破了
胎动没了
没有呼吸了
顺便问下我的快递到哪了，我爸现在胸口剧痛
he is not breathing
my mum's face is drooping and slurred speech
"""
CRISIS = """
我不想活了
活着没意思
想自杀
我割腕了
想结束自己的生命
吃了一整瓶安眠药
I want to die
"""
NONE = """
气死我了
累死了，排队排了一上午
想死你了
心痛我的钱
笑得肚子疼
下周三上午挂心内科
没有昏迷过
没有胸痛也没有呼吸困难
去年中风了，现在想复查
脑中风后遗症挂哪个科
怎么预防中风
我要抽血化验
跳楼价促销是真的吗
快递堵死了
孩子发烧38度
血压有点高
"""


def lines(block):
    return block.strip().splitlines()


@pytest.mark.parametrize("text", lines(EMERGENCY))
def test_an_emergency_is_seen(text):
    assert look(text)[0] is Outcome.EMERGENCY


@pytest.mark.parametrize("text", lines(CRISIS))
def test_a_crisis_is_seen(text):
    assert look(text)[0] is Outcome.CRISIS


@pytest.mark.parametrize("text", lines(NONE))
def test_the_harmless_stays_quiet(text):
    assert look(text) == (Outcome.NONE, "")


def test_a_hit_must_end_in_the_new_text():
    assert look("说不了话", ["我妈", "突然"])[0] is Outcome.EMERGENCY
    assert look("在几楼", ["我妈突然说不了话"])[0] is Outcome.NONE


def test_a_life_in_danger_goes_before_a_crisis():
    assert look("不想活了，喝了农药")[0] is Outcome.EMERGENCY


def test_the_rule_is_named():
    assert look("孩子叫不醒") == (Outcome.EMERGENCY, "unconscious")
