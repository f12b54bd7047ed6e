"""The written conversations can be read, and what is wrong in one is said in plain words with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integrations.catalogue import Texts
from tests.conversations.blanks import Blanks, UnknownBlank, catalogue_pattern, day_of, shown
from tests.conversations.script import BadScript, Conversation, Line, read, read_all
from tests.conversations.world import NotPossible, pieces

SUNDAY = date(2026, 11, 22)


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "一段.md"
    file.write_text(text, encoding="utf-8")
    return file


def test_reads_who_where_and_what(tmp_path: Path) -> None:
    [one, other] = read(
        written(
            tmp_path,
            "# 文件\n渠道：微信\n\n## 约号\n是谁：已登记\n病人：挂号\n> 备注\n助手：哪个科\n过 3 天\n"
            "病人按：全科\n选项：确认\n"
            "## 问路\n渠道：微信、Telegram\n助手：您好\n病人：地址\n助手：康宁路\n",
        )
    )
    assert (one.title, one.who, one.channels) == ("约号", "已登记", ("wechat",))
    assert [step.act.word for step in one.steps] == ["病人", "过", "病人按"]
    assert [str(line) for line in one.steps[0].expected] == ["助手：哪个科"]
    assert other.channels == ("wechat", "telegram")
    assert [str(line) for line in other.welcome] == ["助手：您好"]


def test_reads_what_holds_throughout_and_what_others_do(tmp_path: Path) -> None:
    [one, other] = read(
        written(
            tmp_path,
            "全程：英文\n## 甲\n在线医生：李静 ¥30\n账单：血常规 ¥25\n病人：hi\n助手：Hello\n"
            "医生接诊\n医生说：您好\n助手：您好\n"
            "## 乙\n全程：繁体、长辈模式\n病人：你好\n助手：您好\n",
        )
    )
    assert one.throughout == ("英文",)
    assert other.throughout == ("繁体", "长辈模式")
    assert [str(line) for line in one.before] == ["在线医生：李静 ¥30", "账单：血常规 ¥25"]
    assert [pieces(line)[:2] for line in one.before] == [("李静", "30"), ("血常规", "25")]
    assert [(step.act.word, len(step.expected)) for step in one.steps] == [
        ("病人", 1),
        ("医生接诊", 0),
        ("医生说", 1),
    ]


def test_a_line_of_what_was_before_is_shown_how_it_is_written() -> None:
    with pytest.raises(NotPossible, match="第 3 行：这样写在线医生：李静 ¥30"):
        pieces(Line(3, "在线医生", "李静 三十元"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("## 甲\n全程：法文\n", "第 2 行：“全程”只能是：英文、繁体、长辈模式"),
        ("## 甲\n护士：您好\n", "第 2 行：看不懂“护士：您好”"),
        ("## 甲\n病人：\n", "第 2 行：“病人”后面要写内容"),
        ("## 甲\n是谁：医生\n", "第 2 行：“是谁”只能是"),
        ("## 甲\n渠道：短信\n", "第 2 行：这里写渠道"),
        ("## 甲\n病人：挂号\n过 三 天\n", "第 3 行：看不懂“过 三 天”"),
        ("## 甲\n病人：挂号\n过 3 天\n助手：您好\n", "第 4 行：“助手”之前，病人还没有说话"),
        ("## 甲\n病人：挂号\n是谁：已登记\n", "第 3 行：“是谁”要写在病人的第一句话之前"),
        ("## 甲\n病人：挂号\n", "第 1 行：“甲”里没有一行“助手：…”"),
        ("## 甲\n病人：挂号\n助手：科\n## 甲\n", "第 4 行：“甲”在这个文件里已经有了"),
        ("病人：挂号\n", "第 1 行：这里写渠道"),
        ("# 只有标题\n", "第 1 行：没有对话"),
    ],
)
def test_says_what_is_wrong_and_where(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(BadScript) as error:
        read(written(tmp_path, text))
    assert str(error.value).startswith(str(tmp_path / "一段.md"))
    assert problem in str(error.value)


def test_a_bad_file_does_not_keep_the_others(tmp_path: Path) -> None:
    written(tmp_path, "## 甲\n什么\n")
    (tmp_path / "好.md").write_text("## 乙\n病人：挂号\n助手：科\n", encoding="utf-8")
    assert [type(one) for one in read_all(tmp_path)] == [BadScript, Conversation]


def test_there_are_more_than_sixty() -> None:
    found = read_all()
    assert [str(one) for one in found if isinstance(one, BadScript)] == []
    names = [one.name for one in found if isinstance(one, Conversation)]
    assert len(set(names)) == len(names) > 60


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("明天", "11月23日（周一）"),
        ("周三", "11月25日（周三）"),
        ("周日", "11月22日（周日）"),
        ("下周三", "11月25日（周三）"),
        ("40天后", "1月1日（周五）"),
        ("3天前", "11月19日（周四）"),
    ],
)
def test_days_are_those_of_the_week(words: str, expected: str) -> None:
    day = day_of(words, SUNDAY)
    assert day is not None
    assert shown(day) == expected


@pytest.fixture
def blanks() -> Blanks:
    patient = SimpleNamespace(name="张明", id_number="11010519900307013X", phone="13800000000")
    return Blanks(cast(Any, patient), SUNDAY)


def test_a_word_is_remembered_and_found_again(blanks: Blanks) -> None:
    assert blanks.find("请确认…午 {时间？}，…李静", "请确认：11月25日（周三）上午 9:30，李静")
    assert blanks.kept == {"时间": "9:30"}
    assert blanks.find("{时间} 刚刚", "真不巧，9:30 刚刚被别人约走了")
    assert not blanks.find("{时间} 刚刚", "真不巧，9:40 刚刚被别人约走了")
    assert blanks.fill("我叫{姓名}") == "我叫张明"


def test_pieces_stand_in_this_order(blanks: Blanks) -> None:
    assert blanks.find("李静…¥35", "李静\n副主任医师 ¥35")
    assert not blanks.find("¥35…李静", "李静\n副主任医师 ¥35")


def test_an_unknown_blank_is_named(blanks: Blanks) -> None:
    with pytest.raises(UnknownBlank, match=r"不知道{医生}是什么"):
        blanks.fill("{医生}")


def test_a_text_of_the_catalogue_is_recognised_whatever_its_blanks(texts: Texts) -> None:
    human = catalogue_pattern(texts, "say_human")
    assert human.search(texts.text("say_human", phone="010-1"))
    assert not human.search(texts.text("say_thanks"))
