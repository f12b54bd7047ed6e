"""Actions through the SDK's executor and a real Postgres, with Rasa's part of a turn played here."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from rasa_sdk.executor import ActionExecutor
from sqlalchemy.ext.asyncio import AsyncSession

from actions.journeys import ENTRIES
from actions.server import build_executor
from integrations.catalogue import Texts
from integrations.crypto import Crypto
from integrations.database import Database
from integrations.hospital import accounts, patients, rules, tokens
from integrations.hospital.models import (
    AccountPatient,
    BookingRule,
    Contact,
    Period,
    Practitioner,
    Relation,
    Sex,
)
from integrations.identity.interface import Outcome
from integrations.runtime import Runtime
from integrations.settings import Settings
from integrations.sms.interface import SmsError
from tests.clinic_rows import doctor, half_day, known_patient, ward
from tests.pharmacy_rows import Pharmacy

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)  # Sunday, 9:00 in Shanghai
TODAY = date(2026, 11, 22)
WEDNESDAY = date(2026, 11, 25)
ID_NUMBERS = ("11010519900307013X", "110105198811110027", "110105197412084015")


@dataclass(slots=True)
class Outside:
    """What the outside world does, and what it was asked to do."""

    now: datetime = NOW
    identity: Outcome = Outcome.MATCH
    sms_error: SmsError | None = None
    sent: list[tuple[str, str]] = field(default_factory=list)
    askers: list[str] = field(default_factory=list)  # of consents
    languages: list[str] = field(default_factory=list)  # in which they were asked

    async def send_code(self, phone: str, code: str) -> None:
        if self.sms_error:
            raise self.sms_error
        self.sent.append((phone, code))

    async def send_consent_code(self, phone: str, code: str, asker: str, language: str = "") -> None:
        self.askers.append(asker)
        self.languages.append(language)
        await self.send_code(phone, code)

    async def check(self, name: str, id_number: str) -> Outcome:
        return self.identity


@dataclass(slots=True)
class Said:
    text: str
    buttons: dict[str, str]  # title → payload
    expects: str | None
    handoff: dict[str, str] | None = None  # the wish for a person


class Chat:
    """One patient's conversation: `say` runs the action that Rasa would, applies its events, follows it up."""

    def __init__(self, executor: ActionExecutor, runtime: Runtime, contact: Contact) -> None:
        self.executor = executor
        self.runtime = runtime
        self.contact = contact
        self.slots: dict[str, Any] = {}
        self.form = ""
        self.calls = 0
        self.language = "zh-Hans"
        self.elder = False
        self.urgent = False  # an alarm of today stands
        self.alarm_ago: int | None = None  # seconds since their last alarm
        self._numbers = itertools.count(1)

    async def say(
        self,
        intent: str,
        *entities: tuple[str, Any],
        kind: str = "text",
        message_id: str = "",
        confidence: float = 1.0,
        text: str = "",
        away: timedelta = timedelta(),
        together: bool = False,
        wishes: dict[str, Any] | None = None,
    ) -> Said:
        """`together`: the entities of a kind are candidates for the same words. `wishes`: the message holds
        several, as the understanding of language tells them."""
        message = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "intent_ranking": [{"name": intent, "confidence": confidence}],
            "entities": [
                {"entity": name, "value": value, "start": 0 if together else at}
                for at, (name, value) in enumerate(entities)
            ]
            + ([{"entity": "next_wish", "value": wishes}] if wishes else []),
            "metadata": {
                "message_id": message_id or uuid4().hex,
                "channel": self.contact.channel,
                "kind": kind,
                "language": self.language,
                "away": int(away.total_seconds()),
                **({"elder": True} if self.elder else {}),
                "urgent": self.urgent,
                **({} if self.alarm_ago is None else {"alarm": self.alarm_ago}),
            },
        }
        form = self.form or ENTRIES.get(intent, "")
        said: list[dict[str, Any]] = []
        while form:
            form = await self._form(form, message, said)
        if not self.form and not said and intent not in ENTRIES:
            form = await self._call(f"action_{intent}", message, said)
            while form:
                form = await self._form(form, message, said)
        return Said(
            "\n".join(one["text"] for one in said),
            {button["title"]: button["payload"] for one in said for button in one["buttons"]},
            next((one["metadata"].get("expects") for one in reversed(said[-1:]) if "metadata" in one), None),
            next((one["custom"]["handoff"] for one in said if "handoff" in one.get("custom", {})), None),
        )

    async def press(self, said: Said, title: str) -> Said:
        """Presses the button whose title starts so."""
        import json

        payload = next(payload for words, payload in said.buttons.items() if words.startswith(title))
        intent, _, rest = payload.lstrip("/").partition("{")
        return await self.say(intent, *(json.loads("{" + rest).items() if rest else ()))

    async def tell(self, intent: str = "inform", *entities: tuple[str, str], **values: str) -> Said:
        """Says personal values, by kind."""
        return await self.say(
            intent, *entities, *[await self.token(kind, value) for kind, value in values.items()]
        )

    async def token(self, kind: str, value: str) -> tuple[str, str]:
        async with self.runtime.database.begin() as session:
            text = await tokens.mint(
                session, self.runtime.crypto, conversation_id=self.contact.id, kind=kind, value=value, now=NOW
            )
        return kind, text

    async def _form(self, form: str, message: dict[str, Any], said: list[dict[str, Any]]) -> str:
        """Runs a form once; gives the form to go on with."""
        self.form = form
        follow = await self._call(f"validate_{form}", message, said)
        if self.slots.get("requested_slot") is None:
            self.form = ""
        return follow

    async def _call(self, action: str, message: dict[str, Any], said: list[dict[str, Any]]) -> str:
        self.calls += 1
        tracker = {
            "sender_id": self.contact.id.hex,
            "slots": self.slots,
            "latest_message": message,
            "events": [],
            "paused": False,
            "followup_action": None,
            "active_loop": {"name": self.form} if self.form else {},
            "latest_action_name": "action_listen",
        }
        call = {"next_action": action, "sender_id": self.contact.id.hex, "tracker": tracker, "domain": {}}
        result = await self.executor.run(call)
        assert result is not None
        said += result.responses
        follow = ""
        for event in result.events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "followup":
                follow = event["name"]
        return follow


class Clinic:
    """Two departments with doctors, one that is not booked online, and patients."""

    def __init__(self, runtime: Runtime, executor: ActionExecutor) -> None:
        self.runtime = runtime
        self.executor = executor
        self.departments: dict[str, str] = {}
        self.doctors: dict[str, str] = {}
        self._patients = iter(ID_NUMBERS)

    async def department(self, name: str, *, bookable: bool = True, **rules: Any) -> str:
        async with self.runtime.database.begin() as session:
            return await self._department(session, name, online=bookable, **rules)

    async def _department(self, session: AsyncSession, name: str, **rules: Any) -> str:
        made = await ward(session, name)
        session.add(BookingRule(department_id=made.id, **rules))
        self.departments[name] = str(made.id)
        return self.departments[name]

    async def doctor(self, name: str, department: str, rank: int = 2) -> str:
        async with self.runtime.database.begin() as session:
            return await self._doctor(session, name, department, rank)

    async def _doctor(self, session: AsyncSession, name: str, department: str, rank: int) -> str:
        made = await doctor(session, name, UUID(self.departments[department]), rank)
        self.doctors[name] = str(made.id)
        return self.doctors[name]

    async def open(self) -> None:
        """心血管内科 with 李静 and two doctors 王, 骨科 with 张伟, 急诊科 without booking."""
        async with self.runtime.database.begin() as session:
            for name in ("心血管内科", "骨科", "急诊科"):
                await self._department(session, name, online=name != "急诊科")
            for name, rank in (("王建国", 1), ("王海燕", 1), ("李静", 2)):
                await self._doctor(session, name, "心血管内科", rank)
            await self._doctor(session, "张伟", "骨科", 2)

    async def session(
        self, doctor: str, day: date, period: str = "morning", *, fee_fen: int = 0, slots: int = 4
    ) -> str:
        """A half day of a doctor, numbers every half hour."""
        async with self.runtime.database.begin() as session:
            practitioner = await session.get_one(Practitioner, UUID(self.doctors[doctor]))
            start = time(8, 30) if period == "morning" else time(14)
            made = await half_day(
                session, practitioner, day, start, Period(period), fee_fen=fee_fen, slots=slots, minutes=30
            )
            return str(made)

    async def chat(self, channel: str = "wechat", *, consent: bool = True, registered: bool = True) -> Chat:
        async with self.runtime.database.begin() as session:
            contact = await accounts.ensure_contact(session, channel, uuid4().hex)
            if consent:
                await accounts.give_consents(session, contact, accounts.OWN_CONSENTS, NOW, None)
            if registered:
                number = next(self._patients)
                await patients.register(
                    session,
                    self.runtime.crypto,
                    account_id=contact.account_id,
                    name="张明",
                    id_number=number,
                    phone="13812345678",
                    outcome="match",
                    key=None,
                    now=NOW,
                )
        return Chat(self.executor, self.runtime, contact)

    async def relative(self, chat: Chat, relation: Relation, born: date, sex: Sex, name: str) -> str:
        """Somebody for whom the account acts, besides its owner; `name` is masked."""
        async with self.runtime.database.begin() as session:
            made = known_patient(name, born, sex)
            session.add(made)
            await session.flush()
            account = chat.contact.account_id
            session.add(AccountPatient(account_id=account, patient_id=made.id, relation=relation))
            return str(made.id)

    async def rule(self, key: str, value: str, department: str = rules.HOSPITAL) -> None:
        async with self.runtime.database.begin() as session:
            await rules.set_rule(session, department, key, value)


@pytest.fixture
def outside() -> Outside:
    return Outside()


@cache
def _settings() -> Settings:
    return Settings(_env_file=None, public_url="https://hospital.example")  # type: ignore[call-arg]


@pytest.fixture
def runtime(database: Database, crypto: Crypto, outside: Outside) -> Runtime:
    return Runtime(
        settings=_settings().model_copy(),
        database=database,
        redis=cast(Any, SimpleNamespace()),
        http=cast(Any, SimpleNamespace()),
        throttle=cast(Any, SimpleNamespace()),
        crypto=crypto,
        channels={},
        sms=outside,
        identity=outside,
        now=lambda: outside.now,
    )


@pytest.fixture
def executor(runtime: Runtime, texts: Texts) -> ActionExecutor:
    return build_executor(runtime, texts)


@pytest.fixture
async def clinic(runtime: Runtime, executor: ActionExecutor) -> Clinic:
    made = Clinic(runtime, executor)
    await made.open()
    return made


@pytest.fixture
async def chat(clinic: Clinic) -> Chat:
    """Somebody who has registered."""
    return await clinic.chat()


@pytest.fixture
async def pharmacy(runtime: Runtime) -> Pharmacy:
    return await Pharmacy(runtime.database, runtime.crypto).open()
