"""What is not wanted, and a yes that is none."""

from __future__ import annotations

import pytest

from integrations.language.denials import denies, is_denied


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        ("cancel_appointment", "不要取消预约"),
        ("cancel_appointment", "别取消我的号"),
        ("cancel_appointment", "千万别退我的号"),
        ("cancel_appointment", "先不取消了"),
        ("cancel_appointment", "don't cancel my appointment"),
        ("cancel_medicine", "别取消我的药"),
        ("cancel_medicine", "药我要的，别退"),
        ("unbind", "不解绑"),
        ("unbind", "不要解除绑定"),
        ("withdraw_consent", "不撤回同意"),
        ("withdraw_consent", "我没说要撤回"),
        ("reschedule_appointment", "不改约了"),
        ("reschedule_appointment", "算了不改时间了"),
        ("change_profile", "别换了"),
        ("complain", "不投诉了"),
        ("complain", "我不投诉"),
        ("complain", "没有要投诉"),
        ("complain", "我不想投诉，就是问问"),
        ("talk_to_human", "不要人工"),
        ("talk_to_human", "不用人工了我自己来"),
        ("reschedule_appointment", "不改了，到时候我去"),
        ("reschedule_appointment", "不换了，提前谢谢"),
        ("talk_to_human", "别转人工"),
        ("talk_to_human", "不用转人工"),
        ("talk_to_human", "不用给我转人工了"),
        ("talk_to_human", "先别找人工"),
        ("talk_to_human", "don't transfer me to a human"),
        ("talk_to_human", "no need for a person"),
        ("talk_to_human", "i don't want to talk to a person"),
        ("register", "不想注册"),
        ("register", "先不登记"),
        ("book_appointment", "no need to book"),
        ("book_appointment", "不用挂号了"),
        ("start_intake", "不想填"),
        ("rate", "不评价"),
    ],
)
def test_not_wanted(intent: str, said: str) -> None:
    assert is_denied(intent, said)


@pytest.mark.parametrize(
    ("intent", "said"),
    [
        ("talk_to_human", "转人工"),
        ("talk_to_human", "不要机器人，转人工"),
        ("talk_to_human", "不要人工智能，要真人"),
        ("talk_to_human", "能不能转人工"),
        ("talk_to_human", "要不要转人工"),
        ("talk_to_human", "可不可以找人工"),
        ("talk_to_human", "怎么还不给我转人工"),
        ("talk_to_human", "你们不给我转人工"),
        ("talk_to_human", "不转人工不行"),
        ("talk_to_human", "不转人工我就走了"),
        ("talk_to_human", "不给我转人工我打12345了"),
        ("talk_to_human", "不给转人工是吧"),
        ("talk_to_human", "不找人工解决不了问题"),
        ("talk_to_human", "不要客服机器人"),
        ("reschedule_appointment", "不换医生，时间往后推"),
        ("reschedule_appointment", "不换医生，到周五"),
        ("pay_for_me", "不用我付，我儿子来"),
        ("talk_to_human", "再不转人工我就投诉"),
        ("talk_to_human", "我不想跟机器说话，找人工"),
        ("talk_to_human", "i don't want a bot, talk to a person"),
        ("talk_to_human", "can't you transfer me"),
        ("talk_to_human", "no person has answered me"),
        ("complain", "不投诉不行"),
        ("complain", "不投诉没人管"),
        ("complain", "我不投诉他投诉谁"),
        ("complain", "要不投诉吧"),
        ("complain", "我要投诉，医生不给我退号"),
        ("complain", "医生没给我开药我要投诉"),
        ("cancel_appointment", "我不去了，取消预约"),
        ("cancel_appointment", "不想看了帮我退号"),
        ("cancel_appointment", "去不了，取消"),
        ("cancel_appointment", "不要这个号了退掉"),
        ("cancel_appointment", "这个号不要了"),
        ("cancel_medicine", "药不要了"),
        ("cancel_medicine", "不要药了，退钱"),
        ("reschedule_appointment", "来不了，改到周五"),
        ("reschedule_appointment", "周三不行，换周四"),
        ("reschedule_appointment", "周三去不了换成周五"),
        ("change_profile", "名字不对，要改"),
        ("change_profile", "手机号不用了，换一个"),
        ("register", "我还没登记"),
        ("register", "没注册过"),
        ("register", "我没有登记过，要登记"),
        ("register", "还没建档"),
        ("book_appointment", "没挂过号"),
        ("book_appointment", "没约上"),
        ("book_appointment", "没挂上号，再帮我挂"),
        ("book_appointment", "不挂张医生，挂李医生"),
        ("book_appointment", "不要约上午的"),
        ("book_appointment", "i have not booked yet"),
        ("unbind", "不是我家人，解绑"),
        ("withdraw_consent", "不同意了，撤回"),
        ("add_family", "我妈没登记"),
        ("pay_for_me", "我不会付，让女儿付"),
        ("cancel_appointment", "别取消周三的，取消周五的"),
        ("cancel_appointment", "别取消我妈的，取消我的"),
        ("change_profile", "不改名字，改手机号"),
        ("add_family", "不加我爸，加我妈"),
        ("pay_for_me", "我不付，让女儿付"),
        ("pay_for_me", "我不想付，让孩子付"),
        ("talk_to_human", "不我要人工"),
        ("talk_to_human", "不用我要人工"),
        ("talk_to_human", "不要 我要转人工"),
        ("complain", "不 我要投诉"),
        ("cancel_appointment", "不我要取消预约"),
        ("cancel_appointment", "我不去取消预约"),
        ("cancel_appointment", "我不去 取消预约"),
        ("cancel_appointment", "号不要 退掉"),
        ("cancel_medicine", "药不要 退钱"),
        ("online_consultation", "不想去 网上问诊"),
    ],
)
def test_wanted_all_the_same_or_something_else(intent: str, said: str) -> None:
    assert not is_denied(intent, said)


@pytest.mark.parametrize(
    "said",
    [
        "不用人工了", "不要人工", "先不找人工了，谢谢", "我不想转人工", "不等客服了", "No person needed", "不要真人",
        "不要人工，你回答就行", "算了，别转人工了", "不用人工服务了，我自己来", "I do not want a person",
        "no person is needed any more", "I don't need an agent any more, thanks", "不用轉人工了",
    ],
)  # fmt: skip
def test_only_that_no_person_is_wanted(said: str) -> None:
    assert is_denied("talk_to_human", said, alone=True)


@pytest.mark.parametrize(
    "said",
    [
        "转人工", "不要机器人我要人工", "人工不行", "不用了", "不是人工吗", "为什么没有人工", "不要人工，帮我挂号",
        "不要人工帮我改到周五", "不要人工智能，要真人", "no person told me when to come",
        "I don't want a person, book Friday",
    ],
)  # fmt: skip
def test_a_person_is_wanted_or_more_is_said(said: str) -> None:
    assert not is_denied("talk_to_human", said, alone=True)


@pytest.mark.parametrize(
    "said",
    [
        "当然不要", "肯定不要", "嗯不要", "好吧不要了", "对，不要了", "我反对", "definitely not", "of course not",
        "授权作废", "不可以", "唔要", "好的算了", "嗯嗯 不是", "可以是可以，但我不想", "I don't think so", "當然不要",
        "好下次吧", "可以免了吧", "嗯再看看吧", "好的我再考虑一下", "好不要了", "行改天吧",
        "好吧没办法来", "好，没办法接受", "我同意不了", "好的下次再来",
        "好，回头再说", "行，等等再说", "好吧以后吧", "好的我想想", "好，缓缓", "行，明天再说", "ok later", "ok nah",
    ],
)  # fmt: skip
def test_no_yes(said: str) -> None:
    assert denies(said)


@pytest.mark.parametrize(
    "said",
    [
        "没错", "没问题", "信息没错", "冇错就系", "中不中就这", "没毛病", "没意见同意", "可以 没意见", "一点不差",
        "好的不急", "好，没事", "行，不着急", "不用改了就这样", "好，不换了", "yes, no problem", "ok no changes",
        "对，没填错", "没写错", "姓名性别都对", "好的，特别感谢", "好，唔該", "莫得问题", "不好意思，确认",
        "对不起刚看到，要", "不需要改，确认", "没有其他问题，对", "好的别忘了提醒我",
        "对，下次复诊是周三", "确认，跟家里商量过了", "没办法，就这个吧", "同意不退", "可不可以，可以",
        "yes, cancel it", "确认取消", "都吃了没落下", "对，没变", "同意", "好的",
        "好的，以后也这样", "可以，再说一遍", "想好了，确认", "yes, I'll pay later",
    ],
)  # fmt: skip
def test_a_yes_all_the_same(said: str) -> None:
    assert not denies(said)
