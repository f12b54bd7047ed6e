"""A runtime with a real database and a real Valkey, and small stand-ins for what lies outside: the platform
and Rasa. Both keep what they were given and fail as they are told to."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
import pytest
from redis.asyncio import Redis

from bot import inbox
from bot.second_opinion import speaking
from integrations.channel import SendError
from integrations.crypto import Crypto
from integrations.database import Database
from integrations.messages import Answer, Kind, MessageIn, MessageOut
from integrations.runtime import Runtime
from integrations.settings import Settings
from integrations.throttle import Throttle
from tests.integrations.hospital.conftest import Clinic

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


@dataclass
class Clock:
    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass
class Platform:
    """A chat platform without rations: what is sent is kept; `fail` holds errors to raise, one a call."""

    name: str = "telegram"
    merges: bool = False
    sent: list[MessageOut] = field(default_factory=list)
    fail: list[SendError | None] = field(default_factory=list)
    before_send: Callable[[], None] | None = None

    def parse(self, webhook):
        raise NotImplementedError

    def fits(self, text: str) -> bool:
        return len(text) <= 100

    def split(self, text: str) -> list[str]:
        return [text[at : at + 100] for at in range(0, len(text), 100)]

    async def send(self, message: MessageOut) -> str:
        if self.before_send:
            self.before_send()
        error = self.fail.pop(0) if self.fail else None
        if error:
            raise error
        self.sent.append(message)
        return f"platform-{len(self.sent)}"

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.sent]


@dataclass
class RationedPlatform(Platform):
    """Like WeChat: a patient's message grants a number of ours, texts are merged, a first reply goes passively."""

    name: str = "wechat"
    merges: bool = True
    quotas: dict = field(
        default_factory=lambda: {"message": (2, timedelta(hours=48)), "menu": (1, timedelta(minutes=1))}
    )
    nothing: Answer = field(default_factory=lambda: Answer(b"success"))

    def passive(self, message: MessageOut, inbound: MessageIn) -> Answer:
        return Answer(message.text.encode())


@dataclass
class Rasa:
    """Answers as the dialog engine would: "echo <text>", or what `say` holds for a text. `fail` holds statuses
    or exceptions, one a call."""

    turns: list[dict] = field(default_factory=list)
    say: dict[str, list[dict]] = field(default_factory=dict)
    fail: list[int | Exception | None] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(503)
        turn = json.loads(request.content)
        self.turns.append(turn)
        failure = self.fail.pop(0) if self.fail else None
        if isinstance(failure, Exception):
            raise failure
        if failure:
            return httpx.Response(failure)
        messages = self.say.get(turn["text"], [{"text": f"echo {turn['text']}"}])
        return httpx.Response(200, json={"messages": messages, "replayed": False})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telegram() -> Platform:
    return Platform()


@pytest.fixture
def wechat() -> RationedPlatform:
    return RationedPlatform()


@pytest.fixture
def rasa() -> Rasa:
    return Rasa()


@cache
def _settings() -> Settings:
    return Settings(_env_file=None, rasa_urls="http://rasa.test", rasa_token="secret")


@pytest.fixture
async def rt(
    database: Database,
    crypto: Crypto,
    valkey: str,
    clock: Clock,
    telegram: Platform,
    wechat: RationedPlatform,
    rasa: Rasa,
) -> AsyncIterator[Runtime]:
    redis = Redis.from_url(valkey)
    await redis.flushall()
    async with httpx.AsyncClient(transport=httpx.MockTransport(rasa)) as http:
        yield Runtime(
            settings=_settings().model_copy(),
            database=database,
            redis=redis,
            http=http,
            crypto=crypto,
            channels={"telegram": telegram, "wechat": wechat},
            throttle=Throttle(redis),
            sms=None,
            identity=None,
            now=clock,
        )
    await redis.aclose()


@pytest.fixture
def message(clock: Clock) -> Callable[..., MessageIn]:
    """Makes a patient's message; the next one has the next external id."""
    count = 0

    def make(
        text: str = "你好",
        *,
        channel: str = "telegram",
        sender: str = "patient-1",
        kind: Kind = Kind.TEXT,
        **more,
    ) -> MessageIn:
        nonlocal count
        count += 1
        fields = {"external_id": f"m{count}", "sent_at": clock()} | more
        return MessageIn(channel=channel, sender=sender, kind=kind, text=text, **fields)

    return make


@pytest.fixture
def clinic(rt: Runtime, clock: Clock) -> Clinic:
    """A small hospital, by the test's clock."""
    made = Clinic(rt.database)
    made.now = clock()
    return made


@pytest.fixture(autouse=True)
def the_rules_alone() -> Iterator[None]:
    """Whatever the rest of the session holds: no model has a say in red flags, unless a test gives it one."""
    before = list(speaking._held)
    speaking.hold(None)
    yield
    speaking.hold(before[0] if before else None)


class Phones:
    """Those of staff; `fail` holds errors, one a call."""

    def __init__(self):
        self.rung, self.fail = [], []

    async def send_page(self, phone, alarms, number):
        if self.fail and (error := self.fail.pop(0)):
            raise error
        self.rung.append((phone, alarms, number))


@pytest.fixture
def phones(rt):
    """A runtime whose staff can be reached, and their phones."""
    found = Phones()
    settings = rt.settings.model_copy(
        update={"oncall_phones": "+8613900000001, +8613900000002", "duty_office_phones": "+8613900000003"}
    )
    return dataclasses.replace(rt, settings=settings, sms=found), found


@pytest.fixture
def say(rt, telegram, message):
    """A patient writes."""

    async def accept(words="", **more):
        return await inbox.accept(rt, telegram, message(words, **more), passive_until=None)

    return accept
