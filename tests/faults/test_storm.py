"""A hundred patients register, book and pay on both platforms while everything breaks at random. Afterwards the
platforms' records and the database agree: each message stored once, each effect once, nothing said twice,
nobody left without an answer; each payment is a confirmed number or whole back with its payer.

DAOZHEN_STORM_SECONDS=600 DAOZHEN_STORM_SEED=7 make test ARGS="-k storm" blows longer, or otherwise;
DAOZHEN_STORM_PATIENTS=40 for a machine that has other things to do."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter

import httpx
import pytest

from tests.faults.accounting import audit_money
from tests.faults.auditing import audit
from tests.faults.breaking import QUESTION, conversation, last_entry, said_after
from tests.faults.crowd import Visitor
from tests.faults.purse import Purse
from tests.faults.storm import Storm
from tests.patients import PATIENTS, Patient
from tests.stack import Stack

SECONDS = float(os.environ.get("DAOZHEN_STORM_SECONDS", "40"))
SEED = int(os.environ.get("DAOZHEN_STORM_SEED", "1"))
PATIENTS_MANY = int(os.environ.get("DAOZHEN_STORM_PATIENTS", "100"))
AFTERWARDS = 1500.0  # seconds in which everybody gets through once it is calm; a quiet machine needs 40

_TAKEN = {"replied", "accepted"}  # how a try of a platform ends well

pytestmark = [
    pytest.mark.slow,
    pytest.mark.faults,
    pytest.mark.timeout(SECONDS + AFTERWARDS + 300, func_only=True),
]


async def test_nobody_is_lost_in_a_storm(stack: Stack) -> None:
    crowd = [
        PATIENTS[channel].arrive(stack.sandbox, **{PATIENTS[channel].meeting: False})
        for channel in sorted(PATIENTS)
        for _ in range(PATIENTS_MANY // 2)
    ]
    storm = Storm(stack, SEED)
    visitors = await _visit(stack, crowd, storm)
    print("silences:", sum(one.silences for one in visitors), "messages:", sum(len(v.said) for v in visitors))
    print("payments:", dict(visitors[0].purse.done), audit_money(stack))
    audit(stack, crowd, storm=True)
    for patient in crowd:
        _is_answered(stack, patient)
    _each_effect_once(stack, crowd)


async def _visit(stack: Stack, crowd: list[Patient], storm: Storm) -> list[Visitor]:
    began = time.monotonic()
    # Each request on a connection of its own: a kept one may be closed by the sandbox just as it is used again.
    limits = httpx.Limits(max_connections=2 * len(crowd), max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=str(stack.sandbox.base_url), timeout=120, limits=limits) as http:
        visitors, paid = [], Counter[str]()
        for number, patient in enumerate(crowd):
            chance = random.Random(1000 * SEED + number)  # noqa: S311 - repeatable
            purse = Purse(stack, http, patient, chance, paid)
            visitors.append(Visitor(stack, http, patient, purse, chance, began + SECONDS))
        visits = asyncio.gather(*(one.visit(began + SECONDS + AFTERWARDS) for one in visitors))
        storm.begin()
        await asyncio.sleep(SECONDS)
        await asyncio.to_thread(storm.end)
        try:
            await visits
        finally:
            print(f"seed {SEED}:", *storm.log, sep="\n  ")
    return visitors


def _is_answered(stack: Stack, patient: Patient) -> None:
    """Something was said after the last thing the patient did. Where the platform gave up on it, for it was told at
    none of its tries that we have it, it says so to the patient itself; the next message is answered."""
    last = last_entry(patient)
    if said_after(patient, last["id"]):
        return
    fared = f"{patient.address}: no answer to {last.get('text')}, which fared so: {last['attempts']}"
    assert not _TAKEN & {attempt["outcome"] for attempt in last["attempts"]}, fared
    assert patient.say(QUESTION).text, fared


def _each_effect_once(stack: Stack, crowd: list[Patient]) -> None:
    for patient in crowd:
        talk = conversation(stack, patient)
        patients = stack.rows(
            """
            SELECT patient_id FROM account_patients
            WHERE relation = 'self' AND account_id = (SELECT account_id FROM contacts WHERE id = %s)
            """,
            talk,
        )
        assert len(patients) == 1, f"{patient.address} is registered {len(patients)} times"
        [(codes,)] = stack.rows("SELECT count(*) FROM one_time_codes WHERE contact_id = %s", talk)
        received = stack.sandbox.get("/sms", params={"phone": patient.phone}).json()["messages"]
        assert len(received) <= codes, f"{patient.address} got {len(received)} SMS for {codes} codes"
    assert not stack.rows(
        """
        SELECT patient_id, schedule_id FROM appointments
        WHERE status NOT IN ('cancelled', 'expired') GROUP BY 1, 2 HAVING count(*) > 1
        """
    )
    assert not stack.rows(
        """
        SELECT appointments.id FROM appointments LEFT JOIN operations
            ON operation IN ('book', 'reschedule') AND result ->> 'appointment_id' = appointments.id::text
        WHERE contact_id = ANY(%s::uuid[]) GROUP BY appointments.id HAVING count(operations.message_id) <> 1
        """,
        [conversation(stack, patient) for patient in crowd],
    )
