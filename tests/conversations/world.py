"""What a patient cannot bring about by chat: what was before a conversation, and what others do in the middle of it."""

from __future__ import annotations

import re

from tests.conversations import acts
from tests.conversations.hospital import Hospital
from tests.conversations.script import Line
from tests.conversations.staff import Agent, Doctor
from tests.patients import Patient

PLANS = {
    "就诊后": "after_visit",
    "手术后": "after_surgery",
    "高血压": "hypertension",
    "糖尿病": "diabetes",
}
RATED = {"就诊": "visit", "配送": "delivery", "人工": "agent", "在线复诊": "consultation", "服务": "service"}
# How a line of what was before is written, with an example.
_WRITTEN = {
    "号源": (r"(\S+) (\d+) ?个号 \{(\S+)\} ?(上午|下午)?", "雷雨 2 个号 {那天}"),
    "处方": (r"(\S+?) (\d+) ?盒(?:，换成(\S+))?", "氯雷他定片 2 盒，换成阿莫西林胶囊"),
    "账单": (r"(\S+) ¥(\d+)", "血常规 ¥25"),
    "开药": (r"(\S+?) (\d+) ?盒(?:，换成(\S+))?", "氯雷他定片 2 盒"),
    "开单": (r"(\S+) ¥(\d+)", "血常规 ¥25"),
    "在线医生": (r"(\S+) ¥(\d+)", "李静 ¥30"),
}


class NotPossible(Exception):
    """The conversation asks for something that cannot be done here; says what."""


def pieces(line: Line) -> tuple[str, ...]:
    """The parts of a line of what was before. Raises NotPossible, with an example of a good one."""
    pattern, example = _WRITTEN[line.word]
    found = re.fullmatch(pattern, line.rest)
    if not found:
        raise NotPossible(f"第 {line.number} 行：这样写{line.word}：{example}")
    return tuple(piece or "" for piece in found.groups())


class World:
    """What stands around one patient."""

    def __init__(self, hospital: Hospital, patient: Patient) -> None:
        self.hospital = hospital
        self.patient = patient
        self.doctor: Doctor | None = None
        self.agent: Agent | None = None

    def arrange(self, line: Line) -> None:
        """A prescription, a bill, a doctor who consults online."""
        name, number, *more = pieces(line)
        match line.word:
            case "处方" | "开药":
                acts.prescribe(self.hospital, self.patient, name, int(number), instead=more[0])
            case "账单" | "开单":
                acts.bill(self.hospital, self.patient, name, int(number) * 100)
            case "在线医生":
                self.doctor = Doctor(self.hospital, acts.staff_no(self.hospital, name), int(number) * 100)

    def happens(self, line: Line, rest: str) -> None:
        """One act of others; `rest`: what it says, its blanks filled."""
        word = line.word
        if word in _WRITTEN:
            self.arrange(line)
        elif word.startswith("医生"):
            self._doctor(word, rest)
        elif word.startswith("人工"):
            self._agent(word, rest)
        else:
            self._hospital(word, rest)

    def _hospital(self, word: str, rest: str) -> None:
        match word:
            case "病人付款":
                acts.pay_open(self.hospital, self.patient)
            case "药寄出":
                acts.ship(self.hospital, self.patient)
            case "随访":
                acts.follow_up(self.hospital, self.patient, _named(PLANS, rest))
            case "请评价":
                acts.ask_rating(self.hospital, self.patient, _named(RATED, rest))

    def _agent(self, word: str, rest: str) -> None:
        self.agent = self.agent or Agent(self.hospital)
        match word:
            case "人工接手":
                self.agent.accepts(self.patient)
            case "人工说":
                self.agent.says(self.patient, rest)
            case "人工结束":
                self.agent.closes(self.patient)

    def _doctor(self, word: str, rest: str) -> None:
        if self.doctor is None:
            raise NotPossible("先写在线医生：李静 ¥30")
        match word:
            case "医生接诊":
                self.doctor.accepts(self.patient)
            case "医生没来":
                self.doctor.does_not_come(self.patient)
            case "医生说":
                self.doctor.says(self.patient, rest)
            case "医生结束":
                self.doctor.finishes(self.patient, rest)
            case "医生退诊":
                self.doctor.gives_back(self.patient, rest)


def _named(known: dict[str, str], name: str) -> str:
    if name not in known:
        raise NotPossible(f"没有“{name}”；可以是：{'、'.join(known)}")
    return known[name]
