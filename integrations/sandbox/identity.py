"""Tencent's identity check (faceid IdCardVerification): does this name belong to this identity number.

A person of the sandbox answers by their own data. Anyone else matches when the number is valid and the name is a
Chinese one, except that the first character of the name can ask for another result (`MARKS`).
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

from stdnum.cn import ric
from stdnum.exceptions import ValidationError

from integrations.sandbox import tc3
from integrations.sandbox.people import People
from integrations.sandbox.state import Clock
from integrations.sandbox.tc3 import TencentError

NAME = re.compile(r"[\u4e00-\u9fff\u3400-\u4dbf]{2,15}(?:·[\u4e00-\u9fff\u3400-\u4dbf]{1,15})*")
TRIES_A_DAY = 15  # of one name with one number [unverified]
CHINA = timedelta(hours=8)

DESCRIPTIONS = {
    "0": "姓名和身份证号一致",
    "-1": "姓名和身份证号不一致",
    "-2": "非法身份证号（长度、校验位等不正确）",
    "-3": "非法姓名（长度、格式等不正确）",
    "-4": "证件库服务异常",
    "-5": "证件库中无此身份证记录",
    "-6": "权威比对系统升级中，请稍后再试",
    "-7": "认证次数超过当日限制",
}
# The first character of a name that asks for a result.
MARKS = {"错": "-1", "忙": "-4", "无": "-5", "停": "-6", "限": "-7"}


class IdentityService:
    def __init__(self, service: tc3.Service, people: People, clock: Clock) -> None:
        self.service = service
        self._people = people
        self._clock = clock
        self._day = date.min
        self._tries: Counter[str] = Counter()

    def check(self, data: dict[str, Any]) -> dict[str, Any]:
        """IdCardVerification. Raises TencentError when a parameter is missing."""
        number, name = data.get("IdCard"), data.get("Name")
        if not isinstance(number, str) or not isinstance(name, str):
            raise TencentError("MissingParameter", "缺少参数 IdCard 或 Name。")
        return self.answer(self._result(number.upper(), name))

    def answer(self, result: str) -> dict[str, Any]:
        return {"Result": result, "Description": DESCRIPTIONS.get(result, "")}

    def _result(self, number: str, name: str) -> str:
        try:
            ric.validate(number)
        except ValidationError:
            return "-2"
        if not NAME.fullmatch(name):
            return "-3"
        if name[0] in MARKS:
            return MARKS[name[0]]
        if self._tried_too_often(f"{number} {name}"):
            return "-7"
        known = self._people.by_id_number(number)
        return "-1" if known and known.name != name else "0"

    def _tried_too_often(self, pair: str) -> bool:
        today = (self._clock() + CHINA).date()
        if today != self._day or len(self._tries) > 100_000:
            self._day = today
            self._tries.clear()
        self._tries[pair] += 1
        return self._tries[pair] > TRIES_A_DAY
