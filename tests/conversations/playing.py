"""Plays a written conversation at the platforms' own doors, and says line by line what was expected and what came."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from integrations import menu
from integrations.catalogue import Texts
from integrations.language.script import traditional
from tests.conversations.blanks import Blanks, UnknownBlank, catalogue_pattern
from tests.conversations.hospital import Hospital, NoSuchNumber
from tests.conversations.passing import let_pass
from tests.conversations.script import WORLD, Conversation, Line, Step, pause_of
from tests.conversations.world import NotPossible, World, pieces
from tests.patients import PATIENTS, Patient, Said, WeChatPatient
from tests.stack import Stack

FIRST_ANSWER = 120.0  # seconds; many conversations run at once
WHOLE_ANSWER = 90.0  # more after the first message of an answer, when something is still missing
SILENCE = 3.0
_EITHER = re.compile(r"\s*[｜|]\s*")
_MESSAGES = re.compile(r"\s*[／/]\s*")
# In English these stay: masked names, the languages' own names, what stands in brackets or is a medicine's name beside
# its English, the name that shows how one is written, and addresses, which couriers read.
_OWN_NAMES = re.compile(
    r"\*[㐀-鿿]|简体中文|繁體中文|请选择语言|[㐀-鿿]+(?:片|胶囊)(?: \S+)?|\([^()]*\)|张小明"
    r"|[㐀-鿿]{2,3}市\S*|(?<= )\d+[A-Za-z]?号"
)
_HAN = re.compile(r"[㐀-鿿]+")
ELDER_CHOICES = 4  # three, and 更多
ELDER_LENGTH = 175  # characters of an answer, its choices and links left out
_LINK_OR_CHOICE = re.compile(r"https?://\S+|^\d{1,2} .+$|回复数字选择", re.MULTILINE)
_KINDS = {
    "图片": {"wechat": "image", "telegram": "photo"},
    "语音": {"wechat": "voice", "telegram": "voice"},
    "视频": {"wechat": "video", "telegram": "video"},
    "文件": {"telegram": "document"},
    "表情": {"wechat": "sticker", "telegram": "sticker"},
    "位置": {"wechat": "location", "telegram": "location"},
    "链接": {"wechat": "link"},
}


@dataclass(slots=True)
class Played:
    """The conversation as it went; `missed` holds what was expected and did not come."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class Player:
    """One conversation on one platform, with a patient of its own."""

    def __init__(
        self, stack: Stack, hospital: Hospital, texts: Texts, conversation: Conversation, channel: str
    ) -> None:
        self.hospital = hospital
        self.texts = texts
        self.conversation = conversation
        kind = PATIENTS[channel]
        self.patient: Patient = kind.arrive(stack.sandbox, **{kind.meeting: False})
        self.world = World(hospital, self.patient)
        self.blanks = Blanks(self.patient, hospital.today())
        self.offered: list[tuple[str, str, str]] = []  # every choice ever offered, the latest last
        self.played = Played()
        self.last_message = 0  # the patient's own, for editing
        self.told: list[str] = []  # what the patient wrote: it may be said back in any language

    def play(self) -> Played:
        try:
            self._arrange()
            for step in self.conversation.steps:
                self._take(step)
        except (NotPossible, NoSuchNumber, UnknownBlank) as problem:
            self._miss(str(problem))
        except Exception as error:  # noqa: BLE001 (the other conversations go on)
            self._miss(repr(error))
        return self.played

    def _arrange(self) -> None:
        """What was before: consent, registration, appointments, half days with so many numbers."""
        who = self.conversation.who
        if who == "已登记":
            self.hospital.register([self.patient])
        elif who == "已同意":
            self.hospital.consent(self.patient)
        if "长辈模式" in self.conversation.throughout:
            self.hospital.elder_mode(self.patient)
        for line in self.conversation.sources:
            doctor, slots, day, period = pieces(line)
            _, self.blanks.kept[day] = self.hospital.half_day(doctor, slots=int(slots), period=period)
        for line in self.conversation.before:
            self.world.arrange(line)
        for line in self.conversation.booked:
            self.hospital.book(self.patient, *self._half_day(line))
        self._note(f"（{self.patient.channel}，{who}）")
        arrived = self._sent(self.patient.act(self.patient.meeting))
        self._answered(arrived, self.conversation.welcome)

    def _take(self, step: Step) -> None:
        self._note(f"{step.act.word}：{self._readable(step.act.rest)}")
        after = self._act(step.act)
        if after is not None and (step.expected or step.act.word not in WORLD):
            patience = FIRST_ANSWER if step.act.word in WORLD else WHOLE_ANSWER
            said = self._answered(after, step.expected, patience)
            for problem in self._against_throughout(said):
                self._miss(problem)

    def _answered(self, after: int, expected: list[Line], patience: float = WHOLE_ANSWER) -> Said:
        said = self._listen(after, expected, patience)
        for line in expected:
            self._check(line, said)
        return said

    # What the patient does

    def _act(self, line: Line) -> int | None:
        """Gives the entry after which the answer comes; None when none is expected."""
        rest, patient = line.rest, self.patient
        if line.word in WORLD:
            before = int(patient.entries()[-1]["id"])
            self.world.happens(line, self.blanks.fill(rest))
            return before
        match line.word:
            case "病人":
                self.told.append(self.blanks.fill(rest))
                return self._sent(patient.act("text", text=self.told[-1]))
            case "病人连发":
                sent = [
                    patient.act("text", text=self.blanks.fill(one), wait=False)
                    for one in _MESSAGES.split(rest)
                ]
                return int(sent[0]["entry"])
            case "病人按":
                return self._press(self.blanks.fill(rest), self.patient.last.buttons)
            case "病人按旧的":
                open_now = {message for _, message, _ in patient.last.buttons}
                return self._press(
                    self.blanks.fill(rest), [one for one in self.offered if one[1] not in open_now]
                )
            case "病人点菜单":
                return self._menu(rest)
            case "病人发":
                return self._send_kind(rest)
            case "病人改成":
                return self._sent(
                    patient.act("edit", message_id=self.last_message, text=self.blanks.fill(rest))
                )
        if line.word == "过":
            let_pass(self.hospital, patient, pause_of(line))
        else:  # 别人约走
            self.hospital.take_away(*self._half_day(line), time=self._clock(line))
        return None

    def _sent(self, answer: dict[str, Any]) -> int:
        self.last_message = answer.get("message_id") or 0
        return int(answer["entry"])

    def _press(self, words: str, choices: list[tuple[str, str, str]]) -> int:
        found = [choice for choice in reversed(choices) if words in choice[0]]
        if not found:
            offered = "、".join(title for title, _, _ in choices) or "（没有）"
            raise NotPossible(f"没有“{words}”可以按；当时有：{offered}")
        _, message, data = found[-1] if choices is self.patient.last.buttons else found[0]
        if isinstance(self.patient, WeChatPatient):
            return self._sent(self.patient.act("text", text=data))
        return int(self.patient.act("callback", message_id=int(message), data=data)["entry"])

    def _menu(self, title: str) -> int:
        keys = [key for key, name in menu.ENTRIES if name == title]
        if not keys:
            raise NotPossible(f"菜单里没有“{title}”")
        if isinstance(self.patient, WeChatPatient):
            return int(self.patient.act("menu", key=keys[0])["entry"])
        return self._sent(self.patient.act("text", text=f"/{keys[0]}"))

    def _send_kind(self, rest: str) -> int:
        name, _, words = rest.partition(" ")
        kind = _KINDS.get(name, {}).get(self.patient.channel)
        if kind is None:
            raise NotPossible(f"在这个渠道发不了“{name}”")
        more: dict[str, Any] = {}
        if words:
            more = {"recognition" if kind == "voice" else "text": self.blanks.fill(words)}
        return self._sent(self.patient.act(kind, **more))

    # What the assistant says

    def _listen(self, after: int, expected: list[Line], patience: float) -> Said:
        """Reads until all that has to come has come; what must not come has the same time to show itself."""
        if any(line.word == "助手不出声" for line in expected):
            return self.patient.read(after, SILENCE)
        said = self.patient.read(after, FIRST_ANSWER)
        deadline = time.monotonic() + patience
        awaited = [line for line in expected if line.word not in ("助手不说", "没有选项")]
        while time.monotonic() < deadline and not all(self._holds(line, said) for line in awaited):
            newest = self.patient.seen
            self.patient.read(newest, 2)
            said = self.patient.read(after, 0)
        self._remember(said)
        self._note(*(f"　　{line}" for line in _as_seen(self.patient, said).splitlines()))
        return said

    def _check(self, line: Line, said: Said) -> None:
        if not self._holds(line, said):
            self._miss(f"第 {line.number} 行没有做到：{line.word}：{self._readable(line.rest)}")

    def _holds(self, line: Line, said: Said) -> bool:
        whole = str(said)
        pieces = _EITHER.split(line.rest)
        titles = [title for title, _, _ in said.buttons]
        match line.word:
            case "助手":
                return any(self.blanks.find(piece, whole) for piece in pieces)
            case "助手不说":
                return not any(self.blanks.find(piece, whole) for piece in pieces)
            case "助手原文":
                return bool(catalogue_pattern(self.texts, line.rest).search(said.text))
            case "选项":
                return any(
                    all(any(self.blanks.fill(one) in title for title in titles) for one in piece.split("、"))
                    for piece in pieces
                )
            case "没有选项":
                return not titles
            case _:
                return not said.text and not titles

    def _against_throughout(self, said: Said) -> list[str]:
        """What is not as the whole conversation has to be."""
        problems, words = [], str(said)
        if "英文" in self.conversation.throughout:
            own = " ".join((*self.told, self.patient.name))
            strange = [one for one in _HAN.findall(_OWN_NAMES.sub("", words)) if one not in own]
            problems += [f"英文里有中文：{'、'.join(strange)}"] if strange else []
        if "繁体" in self.conversation.throughout and traditional(words) != words:
            problems.append("不全是繁体")
        if "长辈模式" in self.conversation.throughout:
            if len(said.buttons) > ELDER_CHOICES:
                problems.append(f"长辈模式里给了 {len(said.buttons)} 个选项")
            if (length := len(_LINK_OR_CHOICE.sub("", said.text).strip())) > ELDER_LENGTH:
                problems.append(f"长辈模式里说了 {length} 个字")
        return problems

    def _remember(self, said: Said) -> None:
        self.offered += said.buttons

    def _readable(self, words: str) -> str:
        """With the blanks that are known filled in, for who reads what went wrong."""
        try:
            return self.blanks.fill(words) if "？}" not in words and "验证码" not in words else words
        except UnknownBlank:
            return words

    # What stands around it

    def _half_day(self, line: Line) -> tuple[str, date, str]:
        """(doctor, day, half day) of "李静 {下周三}上午"."""
        filled = self.blanks.fill(line.rest)
        found = re.match(r"(\S+) (\d+)月(\d+)日\S*?(上午|下午|晚上)", filled)
        if not found:
            raise NotPossible(f"第 {line.number} 行：这样写：李静 {{下周三}}上午")
        today = self.blanks.today
        day = date(today.year + (int(found[2]) < today.month), int(found[2]), int(found[3]))
        return found[1], day, found[4]

    def _clock(self, line: Line) -> str:
        found = re.search(r" (\d{1,2}:\d\d)$", self.blanks.fill(line.rest))
        return found[1] if found else ""

    def _note(self, *lines: str) -> None:
        self.played.lines += lines

    def _miss(self, problem: str) -> None:
        self.played.missed.append(problem)
        self._note(f"✗ {problem}")


def _as_seen(patient: Patient, said: Said) -> str:
    """WeChat's choices are numbered lines of the text already."""
    return said.text if isinstance(patient, WeChatPatient) else str(said)
