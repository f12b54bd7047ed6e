from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from integrations.language.lexicon import DepartmentName, Lexicon, PractitionerName
from integrations.language.names import NameIndex
from integrations.language.personal import find_personal, put_tokens
from integrations.language.understand import understand

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
TOKEN = "[[phone:20261125456789abcdef0123456789ab]]"
INDEX = NameIndex(
    Lexicon(
        departments=(DepartmentName("heart", "心血管内科", ("心内科",)),),
        practitioners=(
            PractitionerName("wang", "王建国", "主任医师", ("heart",)),
            PractitionerName("zhou", "周一鸣", "主治医师", ("heart",)),
            PractitionerName("zhou-wu", "周伍", "医师", ("heart",)),
        ),
    )
)


def entities(text: str, expects: str | None = None) -> list[tuple[str, str, object]]:
    found = understand(text, index=INDEX, now=NOW, expects=expects)
    return [(e["entity"], text[e["start"] : e["end"]], e["value"]) for e in found]


CASES = {
    "帮我妈挂号": [("relative", "妈", "妈")],
    "给孩子看病": [("relative", "孩子", "孩子")],
    "我老伴腿疼": [("relative", "老伴", "老伴")],
    "妈呀怎么这么贵": [],
    "下周三上午挂心内科王医生": [
        ("date", "下周三", "2026-12-02"),
        ("period", "上午", "morning"),
        ("department", "心内科", "heart"),
        ("practitioner", "王医生", "wang"),
    ],
    "周一鸣医生周三": [("practitioner", "周一鸣医生", "zhou"), ("date", "周三", "2026-11-25")],
    "周一": [("date", "周一", "2026-11-30")],
    "周五上午": [("date", "周五", "2026-11-27"), ("period", "上午", "morning")],
    "周伍医生": [("practitioner", "周伍医生", "zhou-wu")],
    f"{TOKEN}，明天": [("date", "明天", "2026-11-25")],
    "第二个": [("ordinal", "第二个", 2)],
    "第3位医生": [("ordinal", "第3位医生", 3)],
    "2号那位": [("ordinal", "2号那位", 2)],
    "2": [("ordinal", "2", 2)],
    "选三": [("ordinal", "选三", 3)],
    "最后一个": [("ordinal", "最后一个", -1)],
    "2号": [("date", "2号", "2026-12-02"), ("ordinal", "2号", 2)],
    "11月31号": [("impossible_date", "11月31号", "11月31号")],
    "25点挂心内科": [("impossible_time", "25点", "25点"), ("department", "心内科", "heart")],
    "明天26点半": [("date", "明天", "2026-11-25"), ("impossible_time", "26点半", "26点半")],
    "下午3点70": [("period", "下午", "afternoon"), ("impossible_time", "3点70", "3点70")],
    "体温36点5": [("measurement", "体温36点5", "temperature")],
    "有38点不明白": [],
    "我想候补王建国的号": [("practitioner", "王建国", "wang")],
    "候补周伍的号": [("practitioner", "周伍", "zhou-wu")],
    "最便宜的那个": [("any", "最便宜的那个", "cheapest")],
    "the cheapest one": [("any", "the cheapest one", "cheapest")],
    "not that, the next day": [("shift", "not that, the next day", 1)],
    "不要这个，第二天": [("shift", "不要这个，第二天", 1)],
    "a day earlier please": [("shift", "a day earlier please", -1)],
    "我第二天再来": [],
    "nobody picked up the phone all morning": [],
    "no one answers": [],
    "no. one": [("ordinal", "no. one", 1)],
    "第一次来": [],
    "第一，我头疼": [],
    "第二天开始疼": [],
    "你好": [],
    "": [],
}

ANY_DOCTOR = {
    "book cardiology next Wednesday morning, any doctor": True,
    "cardiology tomorrow, whoever is free": True,
    "dermatology on Friday, no preference on doctor": True,
    "I have no preference": True,
    "tomorrow morning, I don't care which doctor": True,
    "next week with whichever doctor": True,
    "book me in with anyone tomorrow": True,
    "either doctor is fine": True,
    "any": True,
    "I don't want just any doctor": False,
    "not any doctor, Dr Wang": False,
    "is there any doctor who speaks English": False,
    "any other doctor": False,
    "do you have any doctors on Monday": False,
    "is anyone there": False,
}

CODES = {
    "123456": "123456",
    "验证码是 123 456": "123456",
    "１２３４５６": "123456",
    "一二三四五六": "123456",
    "1-2-3-4-5-6。": "123456",
    "12345": "12345",
}


@pytest.mark.parametrize(("text", "expected"), CASES.items())
def test_entities(text: str, expected: list[tuple[str, str, object]]) -> None:
    assert entities(text) == expected


@pytest.mark.parametrize(("text", "found"), ANY_DOCTOR.items())
def test_any_doctor_may_be_said_inside_a_sentence(text: str, found: bool) -> None:
    assert ("any" in [entity for entity, _, _ in entities(text)]) is found


@pytest.mark.parametrize(("text", "code"), CODES.items())
def test_a_code_is_found_where_one_is_expected(text: str, code: str) -> None:
    assert [(entity, value) for entity, _, value in entities(text, "sms_code")] == [("sms_code", code)]
    assert "sms_code" not in [entity for entity, _, _ in entities(text)]


def test_an_answer_without_a_code_is_understood_all_the_same() -> None:
    assert entities("重新发送", "sms_code") == []
    assert entities("明天", "sms_code") == [("date", "明天", "2026-11-25")]


def test_the_two_steps_give_places_in_the_swapped_text() -> None:
    text = "我叫李四，电话13812345678，明天挂心内科"
    spans = find_personal(text)
    swapped, personal = put_tokens(text, spans, [TOKEN.replace("phone", span.entity) for span in spans])
    found = [span.as_entity() for span in personal] + understand(swapped, index=INDEX, now=NOW)
    assert [e["entity"] for e in found] == ["person_name", "phone", "date", "department"]
    assert [swapped[e["start"] : e["end"]] for e in found][2:] == ["明天", "心内科"]
