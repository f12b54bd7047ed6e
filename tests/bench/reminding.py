"""Follow-ups and reminders that fall due within one hour: planned one by one, then handed out by the sweep and told,
through a real Postgres. Half of them are questions of a plan, asked in the chat; half are plain reminders."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any, cast

import psutil
from sqlalchemy import create_engine, text

import bot.models  # noqa: F401  (its tables)
from bot import inbox, sweep
from bot.launching.local import Postgres, running
from integrations.crypto import Crypto, KeyRing
from integrations.database import Base, Database
from integrations.hospital import reminders
from integrations.hospital.accounts import CONSENT_VERSION
from integrations.hospital.events import EventKind
from integrations.runtime import Runtime
from integrations.settings import Settings

FEW, MANY = 1_000, 100_000
ROUNDS = 3  # of the few: the least of them counts, for whatever else the machine does adds to it
HOUR = datetime(2026, 12, 1, 0, tzinfo=UTC)  # 8:00 in Shanghai
_PLANNED_AT_ONCE = 500

# Everybody chats on Telegram, agreed, and has one task of a plan.
_PEOPLE = """
    INSERT INTO accounts (id) SELECT uuidv7() FROM generate_series(1, :count);
    INSERT INTO contacts (id, account_id, channel, platform_id)
        SELECT uuidv7(), id, 'telegram', id::text FROM accounts WHERE id NOT IN (SELECT account_id FROM contacts);
    INSERT INTO conversations (id, language) SELECT id, 'zh-Hans' FROM contacts ON CONFLICT DO NOTHING;
    INSERT INTO controls (conversation_id) SELECT id FROM contacts ON CONFLICT DO NOTHING;
    INSERT INTO patients
        (id, name, masked_name, id_number, id_number_index, phone, phone_index, birth_date, sex, status)
        SELECT account_id, '', '*明', '', account_id::text::bytea, '', '', '1960-03-07', 'male', 'verified'
        FROM contacts ON CONFLICT DO NOTHING;
    INSERT INTO account_patients (account_id, patient_id, relation)
        SELECT account_id, account_id, 'self' FROM contacts ON CONFLICT DO NOTHING;
    INSERT INTO consents (account_id, contact_id, kind, version, given_at)
        SELECT account_id, id, kind, :version, now()
        FROM contacts, (VALUES ('health_data'), ('data_abroad')) AS kinds (kind)
        ON CONFLICT DO NOTHING;
    INSERT INTO follow_up_enrolments (plan, patient_id, account_id, contact_id, started_by, started_on)
        SELECT 'hypertension', account_id, account_id, id, 'staff', '2026-11-24' FROM contacts ON CONFLICT DO NOTHING;
    INSERT INTO follow_up_tasks (enrolment_id, number, due_at)
        SELECT id, 1, :hour FROM follow_up_enrolments ON CONFLICT DO NOTHING
"""
_SUBJECTS = text("""
    SELECT t.id, e.account_id, e.contact_id FROM follow_up_tasks t
    JOIN follow_up_enrolments e ON e.id = t.enrolment_id WHERE t.status = 'planned'
      AND NOT EXISTS (SELECT FROM reminders WHERE subject_id = t.id) ORDER BY t.id LIMIT :count
""")
_TOLD = text("SELECT content FROM inbound WHERE kind = 'system' AND external_id LIKE 'event:%'")
_NEWS = text("SELECT conversation_id, count(*) AS times FROM outbound WHERE notice IS NOT NULL GROUP BY 1")
_CLEAN = (
    "TRUNCATE inbound, outbound, hospital_events, reminders, follow_up_tasks, follow_up_enrolments CASCADE"
)
_SCAN = text(
    "EXPLAIN SELECT id FROM reminders WHERE due_at <= :now ORDER BY due_at, id LIMIT 500 FOR UPDATE SKIP LOCKED"
)


@dataclass(frozen=True, slots=True)
class Reminding:
    """CPU of this process and of Postgres: milliseconds an item. `plan`: how Postgres looks for what is due."""

    few_ms: float
    many_ms: float
    lost: int
    twice: int
    grown_mb: float
    seconds: float
    plan: str

    @property
    def figures(self) -> dict[str, float]:
        return {
            "follow_up_cost_ratio": round(self.many_ms / self.few_ms, 3),
            "follow_up_ms": round(self.many_ms, 2),
            "follow_up_lost": float(self.lost),
            "follow_up_twice": float(self.twice),
            "follow_up_rss_growth_mb": round(self.grown_mb, 1),
        }


class _Clock:
    def __init__(self) -> None:
        self.time = HOUR - timedelta(days=1)

    def __call__(self) -> datetime:
        return self.time


@dataclass(slots=True)
class _Bench:
    rt: Runtime
    clock: _Clock
    postgres: int
    resident: int = 0  # bytes, when all was handed out and nothing counted yet

    def cpu_seconds(self) -> float:
        server = psutil.Process(self.postgres)
        every = [psutil.Process(), server, *server.children(recursive=True)]
        return sum(sum(one.cpu_times()[:2]) for one in every)

    async def people(self, count: int) -> None:
        values = {"count": count, "version": CONSENT_VERSION, "hour": HOUR}
        async with self.rt.database.begin() as session:
            for statement in _PEOPLE.split(";"):
                used = {
                    name: value for name, value in values.items() if re.search(rf"(?<!:):{name}\b", statement)
                }
                await session.execute(text(statement), used)
            await session.execute(text("ANALYZE"))

    async def plan(self, count: int) -> None:
        """One reminder a subject, spread over the hour; every other one is a plain one."""
        for start in range(0, count, _PLANNED_AT_ONCE):
            async with self.rt.database.begin() as session:
                subjects = (await session.execute(_SUBJECTS, {"count": _PLANNED_AT_ONCE})).all()
                for number, one in enumerate(subjects, start):
                    await reminders.plan(
                        session,
                        EventKind.ORDER_EXPIRED if number % 2 else EventKind.FOLLOW_UP_DUE,
                        one.id,
                        due_at=HOUR + timedelta(seconds=number * 3600 / count),
                        account_id=one.account_id,
                        contact_id=one.contact_id,
                        payload={"order_no": "0" * 20} if number % 2 else {"task_id": str(one.id)},
                    )

    async def hand_out(self) -> None:
        """The sweep comes every second of the hour; here the hour runs as fast as it can."""
        for second in range(0, 3601, 10):
            self.clock.time = HOUR + timedelta(seconds=second)
            while await self._due():
                await sweep.hospital(self.rt)

    async def _due(self) -> bool:
        async with self.rt.database.begin() as session:
            waiting = text(
                "SELECT EXISTS (SELECT FROM reminders WHERE due_at <= :now)"
                " OR EXISTS (SELECT FROM hospital_events WHERE handled_at IS NULL)"
            )
            return bool(await session.scalar(waiting, {"now": self.clock.time}))

    async def told(self) -> Counter[str]:
        """How often each was told: the dialog's command by its task, plain news by its conversation."""
        async with self.rt.database.begin() as session:
            rows = (await session.execute(_TOLD)).all()
            counted = Counter(inbox.unseal(self.rt.crypto, row.content)["choice"] for row in rows)
            counted.update({str(row.conversation_id): row.times for row in await session.execute(_NEWS)})
        return counted

    async def clean(self) -> None:
        async with self.rt.database.begin() as session:
            await session.execute(text(_CLEAN))

    async def scan(self) -> str:
        async with self.rt.database.begin() as session:
            await session.execute(text("ANALYZE reminders"))
            lines = await session.execute(_SCAN, {"now": HOUR + timedelta(seconds=30)})
            return "\n".join(str(row[0]) for row in lines)


async def measure(few: int = FEW, many: int = MANY) -> Reminding:
    """Some at first, then all of them, on the same database."""
    async with _bench() as bench:
        await _round(bench, few)  # warms up
        few_ms = min([(await _round(bench, few))[0] for _ in range(ROUNDS)])
        before = psutil.Process().memory_info().rss
        clock = perf_counter()
        many_ms, counted, plan = await _round(bench, many)
        seconds = perf_counter() - clock
        grown = (bench.resident - before) / 2**20
    return Reminding(
        few_ms,
        many_ms,
        lost=many - len(counted),
        twice=sum(times > 1 for times in counted.values()),
        grown_mb=grown,
        seconds=seconds,
        plan=plan,
    )


async def _round(bench: _Bench, count: int) -> tuple[float, Counter[str], str]:
    await bench.clean()
    await bench.people(count)
    spent = bench.cpu_seconds()
    await bench.plan(count)
    spent = bench.cpu_seconds() - spent
    plan = await bench.scan()
    began = bench.cpu_seconds()
    await bench.hand_out()
    spent += bench.cpu_seconds() - began
    bench.resident = psutil.Process().memory_info().rss
    return 1000 * spent / count, await bench.told(), plan


@asynccontextmanager
async def _bench() -> AsyncIterator[_Bench]:
    with tempfile.TemporaryDirectory(prefix="daozhen-bench-") as folder:
        server = Postgres(Path(folder) / "postgres", "bench")
        with running(server):
            engine = create_engine(server.url.replace("postgresql://", "postgresql+psycopg://", 1))
            Base.metadata.create_all(engine)
            engine.dispose()
            database, clock = Database(server.url), _Clock()
            yield _Bench(_runtime(database, clock), clock, _postmaster(Path(folder)))
            await database.close()


def _postmaster(folder: Path) -> int:
    pid_file = next(folder.rglob("postmaster.pid"))
    return int(pid_file.read_text().splitlines()[0])


def _runtime(database: Database, clock: _Clock) -> Runtime:
    """Only what the sweep needs: nothing leaves the machine."""
    key = KeyRing.parse(KeyRing.generate("bench"))
    telegram = SimpleNamespace(name="telegram")
    nothing = cast(Any, None)
    return Runtime(
        settings=Settings(_env_file=None),  # type: ignore[call-arg]
        database=database,
        redis=nothing,
        http=nothing,
        crypto=Crypto(key, key),
        channels={"telegram": cast(Any, telegram)},
        throttle=nothing,
        sms=nothing,
        identity=nothing,
        now=clock,
    )


def main() -> None:
    """Only this part: python -m tests.bench.reminding"""
    found = asyncio.run(measure())
    print(found.plan)
    for name, value in found.figures.items():
        print(f"{name:28} {value}")
    print(f"{MANY:,} in {found.seconds:.0f} s; {found.few_ms:.2f} ms an item of {FEW:,}")


if __name__ == "__main__":
    main()
