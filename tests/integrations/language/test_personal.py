from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.language.personal import find_personal, put_tokens, redact

TOKEN = "[[id_number:0123456789abcdef0123456789abcdef]]"

SHAPES = {
    "110101199003071234": [("id_number", "110101199003071234")],
    "11010119900307123X1": [("id_number", "11010119900307123X1")],  # one too many
    "11010119900307123X": [("id_number", "11010119900307123X")],
    "11010119900307123ｘ": [("id_number", "11010119900307123X")],
    "11010119900307123×": [("id_number", "11010119900307123X")],
    "身份证110101 19900307 1234": [("id_number", "110101199003071234")],
    "110101-19900307-123x": [("id_number", "11010119900307123X")],
    "１１０１０１　１９９００３０７　１２３４": [("id_number", "110101199003071234")],
    "11010119900307123": [("id_number", "11010119900307123")],  # one digit short
    "110101900307123": [("id_number", "110101900307123")],  # the old form
    "110101 900307 123": [("id_number", "110101900307123")],
    "1101011990030712345": [("id_number", "1101011990030712345")],  # one too many
    "一一零一零一一九九零零三零七一二三四": [("id_number", "110101199003071234")],
    "H12345678": [("id_number", "H12345678")],
    "13812345678": [("phone", "13812345678")],
    "电话138 1234 5678": [("phone", "13812345678")],
    "138-1234-5678": [("phone", "13812345678")],
    "＋８６　１３８１２３４５６７８": [("phone", "13812345678")],
    "8613812345678": [("phone", "13812345678")],
    "0086 138 1234 5678": [("phone", "13812345678")],
    "(86)13812345678": [("phone", "13812345678")],
    "一三八一二三四五六七八": [("phone", "13812345678")],
    "幺三八，幺二三四，五六七八": [("phone", "13812345678")],
    "138123456789": [("phone", "138123456789")],
    "+1 (202) 555-0143": [("phone", "+12025550143")],
    "my phone is +44 7911 123456": [("phone", "+447911123456")],
    "0044 7911 123456": [("phone", "+447911123456")],
    "＋852 6123 4567": [("phone", "+85261234567")],
    "3+5=8, 2026+11+22": [],
    "010-62345678": [("phone", "01062345678")],
    "(0755)2345 6789": [("phone", "075523456789")],
    "110101199003071234 13812345678": [("id_number", "110101199003071234"), ("phone", "13812345678")],
    "13812345678，110101199003071234": [("phone", "13812345678"), ("id_number", "110101199003071234")],
    "我叫张三，手机13812345678": [("person_name", "张三"), ("phone", "13812345678")],
}

NOBODYS = [
    "2026-11-25",
    "2026-11-25 2026-11-30",
    "2026-11-25 14:30",
    "20261125",
    "下周三上午9点",
    "血压120/80, 130/85, 140/90",
    "验证码123456",
    "就诊人是本人",
    "订单400-123-4567",
    "一二三四五",
    TOKEN,
    "0192f3a4-1234-7abc-8def-0123456789ab",
]

NAMES = {
    "张三": "张三",
    " 张三 。": "张三",
    "我叫张三": "张三",
    "叫我张三吧": "张三",
    "我的名字是 张三": "张三",
    "姓名：王小明": "王小明",
    "我是欧阳娜娜": "欧阳娜娜",
    "我妈叫王芳": "王芳",
    "患者李四": "李四",
    "张三，男，35岁": "张三",
    "阿依古丽·买买提": "阿依古丽·买买提",
    "Li Lei": "Li Lei",
    "张三，为什么要这个": "张三",
    "张三 13812345678": "张三",
    "张三，谢谢": "张三",
    "我叫陈建军，身份证11010519900307013X，手机13812345678": "陈建军",
    "陈建军身份证号是11010519900307013X": "陈建军",
    "陈建军 电话:13812345678": "陈建军",
    "王": "王",  # told to be cut short, later
    "我叫明。": "明",
    "给我妈登记，她叫王秀英": "王秀英",
    "Anna Maria de la Cruz": "Anna Maria de la Cruz",
    "O'Brien": "O'Brien",
    "JOHN SMITH": "JOHN SMITH",
    "my name is Grace Young": "Grace Young",
    "this is John Smith": "John Smith",
    "May Long": "May Long",
    "Will Young": "Will Young",
    "to wai man": "to wai man",
    "do van minh": "do van minh",
    "you li": "you li",
    "mark brown": "mark brown",
    "James Bond and my phone is 13812345678": "James Bond",
    "James Bond, passport E12345678": "James Bond",
}

TALK = [
    "取消", "返回", "帮助", "转人工", "我要挂号", "为什么要姓名？", "你们医院在哪里", "可以不填吗", "好的", "不是",
    "用页面填", "重发链接", "填好了", "我填好了", "好了", "已提交", "注册", "就在这里填", "心内科", "明天上午骨科",
    "王医生", "链接打不开", "傻逼", "谢谢", "我头疼", "我想挂明天的号", "ok", "",
    "？？？", "123", "填错了", "我自己", "為什麼要填", "幫助", "轉人工", "我爸", "妈妈", "我女儿", "my dad", "给我妈",
    "不", "急", "嗯", "女", "三", "不对", "不对，是我妈", "说错了，应该是我爸",
    "繁體", "繁体中文", "说英文", "普通话", "长辈模式", "王小明他爸",
    "fill in here", "type here", "Type here", "what do you need it for", "here in the chat", "just let me do it here",
    "ready", "sure go ahead", "Sure go ahead", "for my visa", "is it safe", "let's go", "not my name",
]  # fmt: skip

ADDRESSES = {
    "北京市海淀区中关村大街1号院2号楼": "北京市海淀区中关村大街1号院2号楼",
    "我住在北京市海淀区，中关村大街1号。": "北京市海淀区，中关村大街1号",
    "地址：上海市黄浦区人民路5号301": "上海市黄浦区人民路5号301",
}


def values(text: str, expects: str | None = None) -> list[tuple[str, str]]:
    return [(span.entity, span.value) for span in find_personal(text, expects)]


@pytest.mark.parametrize(("text", "expected"), SHAPES.items())
def test_found_by_shape(text: str, expected: list[tuple[str, str]]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize("text", NOBODYS)
def test_numbers_that_are_nobodys(text: str) -> None:
    assert values(text) == []


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_the_answer_to_a_question_for_a_name(text: str, name: str) -> None:
    assert ("person_name", name) in values(text, "person_name")
    swapped, _ = put_tokens(text, spans := find_personal(text, "person_name"), [TOKEN] * len(spans))
    assert name not in swapped


def test_words_between_name_and_numbers_are_no_names() -> None:
    said = "我叫陈建军，身份证11010519900307013X，手机13812345678"
    assert values(said, "person_name") == [
        ("person_name", "陈建军"),
        ("id_number", "11010519900307013X"),
        ("phone", "13812345678"),
    ]


@pytest.mark.parametrize("text", ["the house number is 14", "it is on the left of the gate"])
def test_an_english_sentence_may_put_an_address_right(text: str) -> None:
    assert [kind for kind, _ in values(text, "address")] == ["address"]
    assert values(text, "person_name") == []


@pytest.mark.parametrize("text", TALK)
def test_commands_and_questions_are_no_names(text: str) -> None:
    assert values(text, "person_name") == []


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items())
def test_the_answer_to_a_question_for_an_address(text: str, address: str) -> None:
    assert values(text, "address") == [("address", address)]


# Asked for an address: all that is personal beside it is swapped with it.
WITH_A_NAME = [
    "张三 13812345678 北京市朝阳区建国路88号",
    "张三，13812345678，北京市朝阳区建国路88号",
    "北京市海淀区中关村大街1号 张三 138 1234 5678",
    "寄到北京市海淀区中关村大街1号，收件人张三，电话13812345678",
    "李四 建国路88号",
    "收件人换成李四",
    "不对，是李四",
    "张三",
    "我想寄到北京市朝阳区建国路88号 张三收 麻烦放门口柜子里",
    "北京市朝阳区医生公寓3号楼 张三",
    "電話13812345678，收件人陳大文，重慶市渝中區解放碑1號",
    "John Smith, Room 1502, 88 Jianguo Road, Chaoyang District, 13812345678",
    "please send it to John Smith, 88 Jianguo Road, Beijing",
]
UNASKED = {
    "寄到北京市海淀区中关村大街1号 张三 13800138000": "",
    "把药寄到北京市海淀区中关村大街1号 张三 13800138000": "把药寄到",
    "快递给张三 13800138000 上海市徐汇区衡山路10号": "快递给",
    "收货地址：杭州西湖区文三路100号 王小明 13812345678": "收货地址：",
    "张三 13812345678 北京市朝阳区建国路88号": "",
    "老李 寄到杭州西湖区文三路100号吧": "",
    "send it to John Smith, 88 Jianguo Road, Chaoyang District": "send it to ",
}


@pytest.mark.parametrize("text", WITH_A_NAME)
def test_a_name_beside_an_address_is_swapped_with_it(text: str) -> None:
    spans = find_personal(text, "address")
    swapped, _ = put_tokens(text, spans, ["#"] * len(spans))
    assert not re.search(r"张三|李四|陳大文|John|Smith|1381|5678|建国|Jianguo|中关村|柜子", swapped), swapped


@pytest.mark.parametrize(("text", "left"), UNASKED.items())
def test_an_address_that_nobody_asked_for_is_swapped_too(text: str, left: str) -> None:
    [span] = find_personal(text)
    assert span.entity == "address"
    assert text[: span.start] in (left, "寄到")
    assert span.end == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "第二个", "用默认的", "还是自己去取", "到院取药", "我的单据", "药到哪了", "停车怎么收费", "换一个", "没错",
        "取消", "不寄了", "1", "最后那个", "the first one", "pick it up", "地址簿", "新地址", "算了",
        "那就来医院拿", "我过来拿吧", "去药房拿", "自己拿", "嗯嗯", "那行", "好的吧", "电话错了", "还是寄吧",
        "多久能送到", "几天能到", "太贵了", "等我老公回来再说", "我问一下我老婆", "放门口就行", "放快递柜", "没有电梯",
        "要发票", "换成顺丰",
    ],
)  # fmt: skip
def test_what_is_said_about_addresses_is_none(text: str) -> None:
    assert values(text, "address") == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("北京市朝阳区建国路88号 张三 13812345678", "北京市朝阳区建国路88号 张三 13812345678"),
        ("张三 13812345678", "张三 13812345678"),
        ("建国路88号 张三", "建国路88号 张三"),
        ("随便吧", None),
        ("我自己过去", None),
        ("送家里", None),
    ],
)
def test_where_an_address_may_be_typed_other_answers_stay(text: str, expected: str | None) -> None:
    assert values(text, "place") == ([("address", expected)] if expected else [])


@pytest.mark.parametrize(
    ("text", "expects"),
    [
        ("你们医院在北京市朝阳区建国路88号吗", None),
        ("我住在北京市朝阳区建国路88号，挂心内科", None),
        ("快递送到门诊楼哪里", None),
        ("下周三上午挂心内科王医生", None),
        ("护士把我推到3号楼102室就不管了，电话也不接", "words"),
    ],
)
def test_a_place_that_nothing_is_sent_to_is_left(text: str, expects: str | None) -> None:
    assert values(text, expects) == []


def test_an_identity_number_beside_an_address_stays_one() -> None:
    said = "北京市朝阳区建国路88号 李明 11010519900307013X"
    assert ("id_number", "11010519900307013X") in values(said, "address")
    swapped, _ = put_tokens(said, spans := find_personal(said, "address"), ["#"] * len(spans))
    assert "李明" not in swapped


@pytest.mark.parametrize("text", ["转人工", "为什么要地址", "返回"])
def test_commands_and_questions_are_no_addresses(text: str) -> None:
    assert values(text, "address") == []


@pytest.mark.parametrize("text", ["1101011990", "13812345", "一一零一零一"])
@pytest.mark.parametrize("expects", ["id_number", "phone"])
def test_where_a_number_is_expected_a_part_of_one_is_enough(text: str, expects: str) -> None:
    assert len(values(text, expects)) == 1


def test_put_tokens_gives_the_new_places() -> None:
    text = "身份证110101199003071234，电话13812345678。"
    spans = find_personal(text)
    swapped, placed = put_tokens(text, spans, ["<ID>", "<PHONE>"])
    assert swapped == "身份证<ID>，电话<PHONE>。"
    assert [(swapped[s.start : s.end], s.entity, s.value) for s in placed] == [
        ("<ID>", "id_number", "<ID>"),
        ("<PHONE>", "phone", "<PHONE>"),
    ]


def test_redact() -> None:
    assert redact("sent to 13812345678 at 2026-11-25 09:30") == "sent to [phone] at 2026-11-25 09:30"
    assert redact("appointment 20261125 of E12345678") == "appointment 20261125 of [id_number]"


DIGIT_FORMS = [str(n) for n in range(10)], [chr(0xFF10 + n) for n in range(10)], list("零一二三四五六七八九")
SEPARATORS = st.sampled_from(["", "", "", " ", "-", "－", "　", ".", "·", "/", "  ", " - ", "\u200b", "，"])


@st.composite
def written(draw: st.DrawFn, digits: str) -> str:
    """The digits in any of the forms people type them, with anything in between."""
    forms = draw(st.sampled_from(DIGIT_FORMS))
    parts = [forms[int(c)] if c.isdecimal() else draw(st.sampled_from("xXｘＸ×")) for c in digits]
    return "".join(part + (draw(SEPARATORS) if i < len(parts) - 1 else "") for i, part in enumerate(parts))


REGIONS = st.sampled_from(["110101", "310115", "440305", "510107", "650102", "810000"])
BIRTHDAYS = st.dates().filter(lambda day: day.year >= 1900)
CONTEXTS = st.sampled_from(["{}", "身份证号{}", "我的是 {} 谢谢", "号码：{}。", "（{}）"])


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    serial, last = draw(st.integers(0, 999)), draw(st.sampled_from("0123456789X"))
    return f"{draw(REGIONS)}{draw(BIRTHDAYS):%Y%m%d}{serial:03}{last}"


@given(st.data(), id_numbers(), CONTEXTS)
def test_an_id_number_is_found_however_it_is_written(data: st.DataObject, number: str, context: str) -> None:
    text = context.format(data.draw(written(number)))
    assert values(text) == [("id_number", number)]


@given(st.data(), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), CONTEXTS)
def test_a_phone_is_found_however_it_is_written(data: st.DataObject, number: str, context: str) -> None:
    text = context.format(data.draw(written(number)))
    assert values(text) == [("phone", number)]


@given(
    st.lists(st.one_of(id_numbers(), st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)), max_size=3),
    st.text(max_size=20),
)
def test_nothing_is_left_behind(numbers: list[str], rest: str) -> None:
    text = rest.join(["", *(f"，{number}，" for number in numbers), ""])
    for expects in (None, "person_name", "address", "phone"):
        spans = find_personal(text, expects)
        swapped, _ = put_tokens(text, spans, ["#"] * len(spans))
        assert not any(number in swapped for number in numbers)
        assert all(a.end <= b.start for a, b in pairwise(spans))
