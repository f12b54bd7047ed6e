"""Conversations written down by people who do not program: the files in dialogs/, read. Their README teaches how
one is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).with_name("dialogs")

# What may stand before the colon of a line, and whether something has to follow it.
HEAD = {
    "是谁": True,
    "渠道": True,
    "全程": True,
    "已约": True,
    "号源": True,
    "处方": True,
    "账单": True,
    "在线医生": True,
}
ACTS = {
    "病人": True,
    "病人按": True,
    "病人按旧的": True,
    "病人点菜单": True,
    "病人发": True,
    "病人改成": True,
    "病人连发": True,
    "过": True,
    "别人约走": True,
    "开单": True,
    "开药": True,
    "病人付款": False,
    "随访": True,
    "请评价": True,
    "药寄出": False,
    "医生接诊": False,
    "医生没来": False,
    "医生说": True,
    "医生结束": True,
    "医生退诊": True,
    "人工接手": False,
    "人工说": True,
    "人工结束": False,
}
# What comes from others; whether the patient hears of it at once, a line with an expectation says.
WORLD = frozenset(
    {
        "开单",
        "开药",
        "病人付款",
        "随访",
        "请评价",
        "药寄出",
        "医生接诊",
        "医生没来",
        "医生说",
        "医生结束",
        "医生退诊",
    }
    | {"人工接手", "人工说", "人工结束"}
)
EXPECTATIONS = {
    "助手": True,
    "助手不说": True,
    "助手原文": True,
    "选项": True,
    "没有选项": False,
    "助手不出声": False,
}
KNOWN = HEAD | ACTS | EXPECTATIONS
CHANNELS = {"微信": "wechat", "Telegram": "telegram"}
WHO = ("陌生人", "已同意", "已登记")
THROUGHOUT = ("英文", "繁体", "长辈模式")  # what holds for every answer of a conversation
_LINE = re.compile(r"(?P<word>[^\s：:]+?)\s*(?:[：:]\s*(?P<rest>.*))?")
_PAUSE = re.compile(r"(?P<count>\d+) ?(?P<unit>分钟|小时|天)")
_UNITS = {"分钟": 60, "小时": 3600, "天": 86400}


class BadScript(Exception):
    """A line that cannot be read; says where, and what is wrong, in the words of who writes such files."""

    def __init__(self, file: Path, number: int, problem: str) -> None:
        shown = file.relative_to(FOLDER) if file.is_relative_to(FOLDER) else file
        super().__init__(f"{shown} 第 {number} 行：{problem}")


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    word: str
    rest: str = ""

    def __str__(self) -> str:
        return f"{self.word}：{self.rest}" if self.rest else self.word


@dataclass(slots=True)
class Step:
    """One act of the patient (or of the world around), and what is expected of the answer to it."""

    act: Line
    expected: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Conversation:
    title: str
    file: Path
    number: int
    who: str = "陌生人"
    channels: tuple[str, ...] = tuple(CHANNELS.values())
    booked: list[Line] = field(default_factory=list)  # appointments made before
    sources: list[Line] = field(default_factory=list)  # half days with so many numbers
    before: list[Line] = field(default_factory=list)  # prescriptions, bills, who consults online
    throughout: tuple[str, ...] = ()  # of THROUGHOUT
    welcome: list[Line] = field(default_factory=list)  # what the patient hears on coming
    steps: list[Step] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.file.stem}/{self.title}"


def read_all(folder: Path = FOLDER) -> list[Conversation | BadScript]:
    """Every conversation of every file; for a file that cannot be read, what is wrong with it."""
    found: list[Conversation | BadScript] = []
    for file in sorted(folder.rglob("*.md")):
        if file.name == "README.md":
            continue
        try:
            found += read(file)
        except BadScript as problem:
            found.append(problem)
    return found


def read(file: Path) -> list[Conversation]:
    """The conversations of a file, each under a `## title`. Raises BadScript."""
    conversations: list[Conversation] = []
    channels: tuple[str, ...] = tuple(CHANNELS.values())
    throughout: tuple[str, ...] = ()
    for number, text in _lines(file):
        if text.startswith("## "):
            title = text.removeprefix("## ").strip()
            if any(other.title == title for other in conversations):
                raise BadScript(file, number, f"“{title}”在这个文件里已经有了，换一个标题")
            conversations.append(Conversation(title, file, number, channels=channels, throughout=throughout))
        elif conversations:
            _add(conversations[-1], _line(file, number, text))
        elif (line := _line(file, number, text)).word == "全程":
            throughout = _throughout(file, line)
        else:
            channels = _channels(file, line)
    for one in conversations:
        if not any(step.expected for step in one.steps):
            raise BadScript(file, one.number, f"“{one.title}”里没有一行“助手：…”，什么也没有检查")
    if not conversations:
        raise BadScript(file, 1, "没有对话；每段对话以“## 标题”开头")
    return conversations


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """Without empty lines, notes (>) and what stands before the first title as the file's own heading."""
    for number, raw in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        text = raw.strip()
        if text and not text.startswith((">", "# ")):
            yield number, text


def _line(file: Path, number: int, text: str) -> Line:
    pause = re.fullmatch(r"过 ?(\d+ ?(?:分钟|小时|天))", text)
    found = _LINE.fullmatch(f"过：{pause[1]}" if pause else text)
    if found is None or found["word"] not in KNOWN:
        raise BadScript(file, number, f"看不懂“{text}”；一行的开头可以是：{'、'.join(KNOWN)}")
    rest = (found["rest"] or "").strip()
    if KNOWN[found["word"]] != bool(rest):
        raise BadScript(file, number, f"“{found['word']}”后面{'要写内容' if not rest else '不写内容'}")
    return Line(number, found["word"], rest)


def _add(one: Conversation, line: Line) -> None:
    if line.word in HEAD:
        if one.steps:
            raise BadScript(one.file, line.number, f"“{line.word}”要写在病人的第一句话之前")
        _head(one, line)
    elif line.word in ACTS:
        if line.word == "过" and not _PAUSE.fullmatch(line.rest):
            raise BadScript(one.file, line.number, "这样写停顿：过 3 天、过 2 小时、过 20 分钟")
        one.steps.append(Step(line))
    elif not one.steps:
        one.welcome.append(line)
    elif one.steps[-1].act.word in ("过", "别人约走"):
        raise BadScript(one.file, line.number, f"“{line.word}”之前，病人还没有说话")
    else:
        one.steps[-1].expected.append(line)


def _head(one: Conversation, line: Line) -> None:
    if line.word == "是谁":
        if line.rest not in WHO:
            raise BadScript(one.file, line.number, f"“是谁”只能是：{'、'.join(WHO)}")
        one.who = line.rest
    elif line.word == "渠道":
        one.channels = _channels(one.file, line)
    elif line.word == "全程":
        one.throughout = _throughout(one.file, line)
    else:
        kept = {"已约": one.booked, "号源": one.sources}.get(line.word, one.before)
        kept.append(line)


def _throughout(file: Path, line: Line) -> tuple[str, ...]:
    found = tuple(re.split(r"[、,，]\s*", line.rest))
    if not set(found) <= set(THROUGHOUT):
        raise BadScript(file, line.number, f"“全程”只能是：{'、'.join(THROUGHOUT)}")
    return found


def _channels(file: Path, line: Line) -> tuple[str, ...]:
    names = re.split(r"[、,，]\s*", line.rest)
    unknown = [name for name in names if name not in CHANNELS]
    if line.word != "渠道" or unknown:
        raise BadScript(file, line.number, f"这里写渠道：{'、'.join(CHANNELS)}，或者其中一个")
    return tuple(CHANNELS[name] for name in names)


def pause_of(line: Line) -> int:
    """Seconds of a line such as "过 3 天"."""
    found = _PAUSE.fullmatch(line.rest)
    assert found, line
    return int(found["count"]) * _UNITS[found["unit"]]
