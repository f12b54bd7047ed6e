"""WeChat's own agents: what the program hands over, and what an agent's client does with it. While an agent has a
patient, WeChat forwards what they write and the program hears nothing, for half an hour at most; of those who wait,
the program hears every message and hands each over again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.sandbox.wechat.account import WeChatUser
    from integrations.sandbox.wechat.patient import Patients, Pending

FORWARDS_FOR = timedelta(minutes=30)


@dataclass(slots=True)
class Native:
    """A patient as the agents' client knows them. `seen`: the messages that agents have."""

    waiting: bool = False
    agent: str = ""
    since: datetime | None = None
    seen: list[str] = field(default_factory=list)

    def has(self, now: datetime) -> bool:
        """Whether an agent has the patient. Forwarding ends by itself, and no event tells of it."""
        if self.agent and self.since and now - self.since > FORWARDS_FOR:
            self.agent, self.since = "", None
        return bool(self.agent)

    def hand_over(self, shown: str, agent: str) -> None:
        """The program asked for it; events are forwarded as well, and mean nothing to an agent."""
        self.seen.append(shown)
        self.waiting = not self.agent

    def as_json(self) -> dict[str, Any]:
        return {"waiting": self.waiting, "agent": self.agent, "seen": list(self.seen)}


class Agents:
    """Each act returns the delivery of its event, or None. Raises KeyError for what an agent cannot do."""

    def __init__(self, patients: Patients) -> None:
        self._patients = patients

    def accept(self, user: WeChatUser, agent: str) -> Pending:
        """Takes a patient who waits, or begins with one by themselves."""
        native = user.native
        if native.has(self._now()):
            raise KeyError(user.openid)
        native.waiting, native.agent, native.since = False, agent, self._now()
        return self._patients.tell(user, "kf_create_session", {"KfAccount": agent})

    def switch(self, user: WeChatUser, agent: str) -> Pending:
        before = self._agent(user)
        user.native.agent = agent
        return self._patients.tell(user, "kf_switch_session", {"FromKfAccount": before, "ToKfAccount": agent})

    def close(self, user: WeChatUser) -> Pending:
        agent = self._agent(user)
        user.native.agent, user.native.since = "", None
        return self._patients.tell(user, "kf_close_session", {"KfAccount": agent})

    def say(self, user: WeChatUser, text: str) -> None:
        user.thread.add("account", "text", {"text": text, "agent": self._agent(user)})

    def _agent(self, user: WeChatUser) -> str:
        if not user.native.has(self._now()):
            raise KeyError(user.openid)
        return user.native.agent

    def _now(self) -> datetime:
        return self._patients.account.clock()
