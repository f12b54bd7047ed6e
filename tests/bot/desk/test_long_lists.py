"""Lists that are longer than a screen: how many there are is said, and everything can be reached and found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from bot import inbox, outbox
from bot.outbox import Reply
from integrations.hospital.cases.opening import About, open_case
from integrations.hospital.models import CaseKind, Category, ParcelState, Role
from tests.bot.desk.clicking import LONG, click, patient_of, see
from tests.bot.desk.conftest import Desks
from tests.bot.desk.test_parcels_and_money_done import shipped
from tests.integrations.hospital.follow_up.test_calls import Ward

_MANY = 90  # more than are drawn at first, with the one that they are copies of


async def _copied(desks: Desks, table: str, **changed: str) -> None:
    """Makes _MANY more of the one row, with these columns by SQL; `n` counts them."""
    values = ", ".join(f"'{column}', {value}" for column, value in changed.items())
    async with desks.rt.database.begin() as session:
        await session.execute(
            text(f"""
                INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(
                    {table}, jsonb_build_object('id', uuidv7(), {values}))).*
                FROM {table}, generate_series(1, {_MANY}) AS n
            """)  # noqa: S608 - of this file alone
        )


async def _cases(desks: Desks, _message: Any) -> None:
    account, contact, patient = await patient_of(desks)
    async with desks.rt.database.begin() as session:
        await open_case(
            session, desks.rt.crypto, CaseKind.COMPLAINT, Category.WAITING, "等了两个小时",
            account_id=account, contact_id=contact, patient_id=patient, about=About(), now=desks.rt.now(),
        )  # fmt: skip
    await _copied(desks, "cases", number="'TS20260101-' || n", deadline="deadline + n")


async def _documents(desks: Desks, _message: Any) -> None:
    await patient_of(desks)
    async with desks.rt.database.begin() as session:
        await session.execute(text("UPDATE patients SET status = 'review'"))
    await _copied(desks, "patients", masked_name="'*' || n", id_number_index="sha256(n::text::bytea)")


async def _unknown(desks: Desks, message: Any) -> None:
    rt = desks.rt
    talk = await inbox.accept(rt, rt.channels["telegram"], message(), passive_until=None)
    async with rt.database.begin() as session:
        await outbox.queue(session, rt.crypto, talk.conversation_id, [Reply("您的号已约好")], epoch=0)
        await session.execute(text("DELETE FROM outbound WHERE status <> 'queued'"))
        lost = text("UPDATE outbound SET status = 'unknown', claimed_at = :now, error = 'lost'")
        await session.execute(lost, {"now": rt.now()})
    await _copied(
        desks,
        "outbound",
        seq="nextval('outbound_seq_seq')",
        error="'lost ' || n",
        claimed_at="claimed_at + n * interval '1 second'",
    )


async def _calls(desks: Desks, _message: Any) -> None:
    await Ward(desks.rt.database, desks.rt.crypto).missed()
    async with desks.rt.database.begin() as session:
        await session.execute(text("DELETE FROM follow_up_tasks WHERE status <> 'missed'"))
    await _copied(desks, "follow_up_tasks", number="1000 + n", due_at="due_at + n * interval '1 second'")


async def _parcels(desks: Desks, _message: Any) -> None:
    await shipped(desks, ParcelState.RETURNED)
    await _copied(desks, "prescriptions", issued_at="issued_at + n * interval '1 second'")
    async with desks.rt.database.begin() as session:
        await session.execute(
            text("""
                INSERT INTO deliveries SELECT (jsonb_populate_record(deliveries, jsonb_build_object(
                    'id', uuidv7(), 'prescription_id', other.id, 'waybill', 'SF' || n,
                    'state_at', state_at + n * interval '1 second'))).*
                FROM deliveries, (SELECT id, row_number() OVER (ORDER BY id) AS n FROM prescriptions
                                  WHERE id NOT IN (SELECT prescription_id FROM deliveries)) AS other
            """)
        )


LISTS = {
    "/cases": (_cases, f"TS20260101-{_MANY}"),
    "/identities": (_documents, f"*{_MANY}"),
    "/unknown": (_unknown, f"lost {_MANY}"),
    "/calls": (_calls, ""),
    "/parcels": (_parcels, f"SF{_MANY}"),
}


@pytest.mark.parametrize("path", LISTS)
async def test_whatever_is_listed_is_counted_reached_and_found(desks: Desks, message: Any, path: str) -> None:
    fill: Callable[[Desks, Any], Awaitable[None]]
    fill, last = LISTS[path]
    await fill(desks, message)
    boss = await desks.enter(Role.SUPERVISOR)
    await boss.user.open(path)
    await see(boss, str(_MANY + 1), f"还有 {_MANY + 1 - 80} 条")
    if last:  # the words by which the last one is found
        await boss.user.should_not_see(last)
        search = next(iter(boss.user.find(marker="queue-filter").elements))
        search.set_value(last)  # type: ignore[attr-defined]
        await see(boss, last, str(_MANY + 1))
        search.set_value("")  # type: ignore[attr-defined]
        await see(boss, f"还有 {_MANY + 1 - 80} 条")
    await click(boss, "queue-more")
    await boss.user.should_not_see(marker="queue-more", retries=LONG)
    if last:
        await see(boss, last)
