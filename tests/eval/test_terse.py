"""Who names what has happened in a word or two is heard: with the trained second opinion, which knows such words mostly
from questions about an illness and must not take them for one."""

from __future__ import annotations

import pytest

from bot.launching import training
from bot.red_flags import Outcome, get_ready, look

_GRAVE = (Outcome.EMERGENCY, Outcome.CRISIS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "said", ["{}了", "{}了！", "有人{}了", "我爸{}了", "楼下有人{}了在三号楼", "{}了怎么办"]
)
def test_what_has_happened(said: str) -> None:
    if "red flags" in training.untrained():
        training.train_small("red flags")
    get_ready()
    names = (
        "心脏骤停 猝死 休克 过敏性休克 窒息 中风 脑出血 脑溢血 脑梗 心梗 肺栓塞 主动脉夹层 溺水 触电 昏迷 抽搐 大出血"
        " 煤气中毒 农药中毒 服毒 上吊 割腕"
    )
    assert [one for one in names.split() if look(said.format(one))[0] not in _GRAVE] == []
