"""A yes brings help, so it is heard however it goes on; a no is one only when nothing is added to it."""

from __future__ import annotations

import pytest

from bot import check_answers

HEARD = {
    "yes": (
        "嗯，有", "嗯嗯", "嗯", "对，有", "對，有", "有些", "是有点", "有，有", "有有有", "有的。", "有一点",
        "都有", "是的", "是，突然开始的", "是突然开始的", "有点出汗", "有出冷汗", "嗯嗯 有点喘", "有，不过不严重",
        "有，喘不上气", "有点没力气", "有点想吐", "哦，有", "我有", "好像有", "不对，有", "不是，有一点", "有，氣短",
        "有，帮我挂心内科", "yes", "Yes!", "yes i am", "Yes i do", "yes there is", "yeah a bit", "I am", "there is",
        "some", "Yes, I do have some pain in my arm", "there is some sweat", "I have cold sweat",
        "yes, please book a doctor", "yes please",
    ),
    "no": (
        "没有", "都没有。", "沒有", "不是的", "嗯，没有", "对，没有", "没有没有", "没有不舒服", "現在沒有",
        "no", "No, thanks", "no i don’t", "none of them", "no, nothing like that", "Nope, I'm fine", "not at all",
        "I do not have any of those",
    ),
    "unsure": ("不知道", "我不清楚", "I don't know", "I'm not sure"),
    "unclear": (
        "有没有", "是不是", "不是没有", "有号吗", "有医生吗", "有人吗", "有吗", "是吗", "有个问题", "有点事想问",
        "对了 帮我挂号", "对不起", "是我妈", "会员", "有，没有", "有，以前有过", "嗯，知道了", "嗯，好的", "好多了",
        "喘气费劲", "地址是中关村大街1号", "我在三号楼", "体检说心电图不好", "can you call an ambulance",
        "the other arm hurts", "how long can I wait", "在吗", "你好", "怎么办", "胸口疼", "突然开始的", "不对",
        "yes please book an appointment", "yes i'm ok", "yes not now", "i am fine", "there is no pain", "hello",
        "I have an appointment tomorrow",
    ),
    "other": (
        "我想挂号", "没有号了吗", "明天上午可以吗", "停车怎么收费", "取消预约", "can i book a doctor",
        "帮我查报告",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "answer"), [(words, answer) for answer in HEARD for words in HEARD[answer]]
)
def test_what_was_answered(words, answer):
    assert check_answers.read(words) == answer


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("有", "yes"),
        ("是的。", "yes"),
        ("Yes!", "yes"),
        ("没有", "no"),
        ("有点胸口疼", "unclear"),
        ("我想挂号", "unclear"),
    ],
)
def test_an_edited_message_may_be_the_complaint_itself(words, answer):
    assert check_answers.read_edited(words) == answer


@pytest.mark.parametrize(
    ("words", "corrects"),
    [("不对，有", True), ("说错了，有的", True), ("Sorry, yes", True), ("有", False), ("不是，没有", False)],
)
def test_a_no_is_taken_back_in_so_many_words(words, corrects):
    assert check_answers.corrects(words) is corrects
