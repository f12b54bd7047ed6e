"""Reaching the points at which things break: by signals to processes and by locks in the database. The
program has no hook for it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg

from bot.launching.leftovers import started_on
from tests.patients import Patient, is_answer
from tests.stack import Stack

# Answered without consent or registration, in one message.
QUESTION, ANSWER = "医院地址在哪里？", "康宁路 18 号"
OTHER_QUESTION, OTHER_ANSWER = "怎么停车？", "地下停车场"
_GATE = 7_203_114  # an advisory lock of our own


def until[Result](condition: Callable[[], Result], seconds: float = 120) -> Result:
    """Waits for something truthy and gives it. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.05)
    return result


@dataclass(frozen=True, slots=True)
class Written:
    """A message on its way to the program. `external_id` is the platform's name for it."""

    patient: Patient
    entry: int
    external_id: str


def write(patient: Patient, text: str, kind: str = "text", **more: object) -> Written:
    """The patient writes and does not wait for the platform."""
    sent = patient.act(kind, text=text, wait=False, **more)
    return Written(patient, sent["entry"], str(sent.get("msg_id") or sent.get("update_id")))


def press(patient: Patient, words: str) -> Written:
    """As Patient.choose, without waiting."""
    title, message, data = next(button for button in patient.last.buttons if words in button[0])
    if patient.channel == "wechat":
        return write(patient, data)
    return write(patient, title, "callback", message_id=int(message), data=data)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the inbox knows about a message."""

    id: str
    status: str
    deliveries: int
    attempts: int


def stored(stack: Stack, written: Written) -> Stored | None:
    rows = stack.rows(
        "SELECT id::text, status, deliveries, attempts FROM inbound WHERE channel = %s AND external_id = %s",
        written.patient.channel,
        written.external_id,
    )
    return Stored(*rows[0]) if rows else None


def conversation(stack: Stack, patient: Patient) -> str:
    """The id of the patient's conversation."""
    platform_id = str(next(iter(patient.address.values())))
    return stack.rows(
        "SELECT id::text FROM contacts WHERE channel = %s AND platform_id = %s", patient.channel, platform_id
    )[0][0]


def said_after(patient: Patient, entry: int) -> list[str]:
    """What reached the patient after an entry, message by message, but for the word that it takes longer."""
    answer = patient.sandbox.get(f"/{patient.channel}", params={**patient.address, "after": entry})
    return [found.get("text") or "" for found in answer.json()["messages"] if is_answer(found)]


def attempts(patient: Patient) -> list[dict[str, Any]]:
    """How the platform fared with what the patient wrote last."""
    return last_entry(patient)["attempts"]


def last_entry(patient: Patient) -> dict[str, Any]:
    entries = patient.sandbox.get(f"/{patient.channel}", params=patient.address).json()["messages"]
    return [entry for entry in entries if entry["side"] == "patient"][-1]


def turns_of(stack: Stack, patient: Patient) -> int:
    """How many turns Rasa's tracker of this patient has stored."""
    rows = stack.rows(
        "SELECT version FROM rasa_tracker WHERE sender_id = %s",
        conversation(stack, patient).replace("-", ""),
    )
    return rows[0][0] if rows else 0


def settle(stack: Stack, patient: Patient, seconds: float = 180) -> None:
    """Waits until the platform has delivered, and the program answered, all that this patient wrote. Raises
    TimeoutError with what is still on its way."""
    talk = conversation(stack, patient)
    try:
        until(lambda: not _under_way(patient) and not on_its_way(stack, talk), seconds)
    except TimeoutError as error:
        raise TimeoutError(
            f"{patient.address}: on the phone {_under_way(patient)}, here {on_its_way(stack, talk)}"
        ) from error


def _under_way(patient: Patient) -> list[dict[str, Any]]:
    entries = patient.sandbox.get(f"/{patient.channel}", params=patient.address).json()["messages"]
    return [entry for entry in entries if entry["state"] == "sending"]


def on_its_way(stack: Stack, conversation_id: str) -> list[Any]:
    """The messages in and out that are not done with, and who controls the conversation."""
    return stack.rows(
        """
        WITH open AS (
            SELECT 'in' AS way, status, concat_ws(' ', received_at, attempts, retry_at) AS since FROM inbound
            WHERE conversation_id = %s AND status = 'pending'
            UNION ALL
            SELECT 'out', status, concat_ws(' ', claimed_at, attempts, not_before) FROM outbound
            WHERE conversation_id = %s AND status IN ('queued', 'sending')
        )
        SELECT open.*, (SELECT state FROM controls WHERE conversation_id = %s) FROM open
        """,
        *[conversation_id] * 3,
    )


def answered_once(stack: Stack, written: Written, words: str) -> str:
    """Waits until all is quiet, and asserts that one message holds the answer. Gives it."""
    until(lambda: said_after(written.patient, written.entry))
    settle(stack, written.patient)
    said = said_after(written.patient, written.entry)
    assert len(said) == 1, said
    assert said[0].count(words) == 1
    found = stored(stack, written)
    assert found
    assert found.status == "done"
    return said[0]


@contextmanager
def down(stack: Stack, *names: str) -> Iterator[None]:
    """These processes are killed and not started again inside the block: their supervisor stands still."""
    with supervisor_frozen(stack):
        for name in names:
            stack.kill(name)
        yield


@contextmanager
def supervisor_frozen(stack: Stack) -> Iterator[None]:
    found = [p for p in started_on(stack.options.var) if "supervisor.supervisord" in " ".join(p.cmdline())]
    supervisor = min(found, key=psutil.Process.create_time)
    supervisor.suspend()
    try:
        yield
    finally:
        supervisor.resume()


@dataclass(frozen=True, slots=True)
class Lock:
    """What others wait for. `waiting()`: how many of them."""

    connection: psycopg.Connection[tuple[int]]

    def waiting(self) -> int:
        # Not pg_stat_activity, of which a transaction sees one moment only.
        rows = self.connection.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        row = rows.fetchone()
        return row[0] if row else 0


@contextmanager
def nobody_writes(stack: Stack, table: str) -> Iterator[Lock]:
    """Whoever writes into the table waits until the block is left."""
    # Closing is what ends the lock: Postgres may be dead by then.
    with closing(psycopg.connect(stack.addresses["DATABASE_URL"])) as connection:
        connection.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        yield Lock(connection)


@contextmanager
def commits_wait(stack: Stack, event: str, table: str, when: str = "true") -> Iterator[Lock]:
    """A transaction that did this (INSERT, UPDATE) waits inside its COMMIT until the block is left: then it is
    committed, whether or not the process that asked for it still lives to hear of it."""
    with psycopg.connect(stack.addresses["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_GATE])
        connection.execute(
            f"""
            CREATE OR REPLACE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
            $$BEGIN PERFORM pg_advisory_xact_lock_shared({_GATE}); RETURN NULL; END$$;
            CREATE CONSTRAINT TRIGGER wait_at_commit AFTER {event} ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION wait_at_commit()
            """
        )
        try:
            yield Lock(connection)
        finally:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_GATE])
            connection.execute(f"DROP TRIGGER wait_at_commit ON {table}")


@contextmanager
def worker_beside(stack: Stack, name: str, *before: str) -> Iterator[None]:
    """Another worker beside the supervised one, started just as that was; `before`: what Python runs in its place, with
    the command behind. Killed on leaving."""
    plan = json.loads((stack.options.var / "run/worker.json").read_text())
    python, *command = plan["command"]
    log = stack.log_dir / f"worker-{name}.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [python, *before, *command, "--hostname", f"{name}@%h"],
            env=plan["environment"],
            cwd=Path(plan["directory"]),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: " ready." in log.read_text())
        yield
    finally:
        worker.terminate()
        worker.wait(120)
