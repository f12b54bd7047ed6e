"""What runs every few seconds, or for every patient, finds its rows by an index, however large its table has grown."""

import dataclasses
import re
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bot import paging, payments, sweep
from integrations import database as databases
from integrations.database import Transaction
from integrations.hospital import accounts
from integrations.hospital.billing import desk, reconciling
from tests.payment_in_memory import MemoryPlatform

GROWING = frozenset(
    {
        *("inbound", "outbound", "media", "conversations", "contacts", "accounts", "consents", "patients"),
        *("account_patients", "appointments", "orders", "slots", "hospital_events", "operations"),
        *("payments", "refunds", "status_changes"),
        "deliveries",
        "follow_up_alerts",
        *("reminders", "follow_up_enrolments", "follow_up_tasks", "follow_up_answers", "measurements"),
    }
)


@pytest.fixture
def statements(rt, monkeypatch):
    """Collects what the ORM's connections run, and the plain ones."""
    found = []
    execute = Transaction.execute

    async def execute_and_keep(self, statement, values=None, /):
        found.append((databases._written(statement).decode(), values))
        return await execute(self, statement, values)

    monkeypatch.setattr(Transaction, "execute", execute_and_keep)

    def keep(connection, cursor, statement, parameters, context, many):
        found.append((statement, parameters))

    event.listen(rt.database.engine.sync_engine, "before_cursor_execute", keep)
    yield found
    event.remove(rt.database.engine.sync_engine, "before_cursor_execute", keep)


async def plans(rt, statements, *, without=()):
    """(statement, plan) of each; what no index leads to shows as a scan although scans are dear."""
    found = []
    async with rt.database.engine.connect() as connection:
        await connection.execute(text("SET enable_seqscan = off"))
        # What other tests left behind, and whether it was looked at meanwhile, is part of a plan's costs.
        await connection.execute(
            text("SET LOCAL session_replication_role = replica")
        )  # no trigger refuses it
        await connection.execute(text(f"TRUNCATE {', '.join(sorted(GROWING))} CASCADE"))
        for index in without:  # taken back with the transaction
            await connection.execute(text(f"DROP INDEX {index}"))
        for words, values in statements:
            if re.match(r"\s*(SELECT|WITH|UPDATE)", words):
                lines = await connection.exec_driver_sql(f"EXPLAIN {words}", values)
                found.append((words, "\n".join(row[0] for row in lines)))
    assert found
    return found


async def test_the_sweeps_read_no_table_as_a_whole(rt, statements):
    await sweep.find(rt)
    await sweep.hospital(rt)
    for words, plan in await plans(rt, list(statements)):
        assert not GROWING & set(re.findall(r"Seq Scan on (\w+)", plan)), words


async def test_what_is_asked_of_payment_platforms_is_found_by_an_index(rt, statements):
    platform = MemoryPlatform(rt.now)
    paying = dataclasses.replace(rt, payments={platform.name: platform})
    async with rt.database.begin() as session:
        await reconciling.ask_again(session, platform.name, rt.local_now().date() - timedelta(days=1))
        await reconciling.days_due(session, platform.name, rt.local_now().date())
        await reconciling.finish(
            session, platform.name, rt.local_now().date(), [], begin=rt.now(), learned=0, now=rt.now()
        )
        await desk.health(session, rt.now())
        await desk.refund_cases(session, rt.now())
    for work in (payments.ask_open, payments.refund, payments.reconcile):
        await work(paying)
    found = await plans(rt, list(statements))
    assert any("ix_payments_opened" in plan for _, plan in found)
    for words, plan in found:
        assert not GROWING & set(re.findall(r"Seq Scan on (\w+)", plan)), words


async def test_what_is_due_is_found_by_its_index(rt, statements):
    await sweep.hospital(rt)
    [(_, plan)] = [one for one in await plans(rt, list(statements)) if "DELETE FROM reminders" in one[0]]
    assert "ix_reminders_due" in plan
    [(_, plan)] = [one for one in await plans(rt, list(statements)) if "followed_up = true" in one[0]]
    assert "ix_appointments_to_follow_up" in plan


async def test_who_waits_for_the_identity_check_is_found_by_an_index(rt, statements):
    await sweep.identities(rt)
    [(_, plan)] = [one for one in await plans(rt, list(statements)) if "FROM patients" in one[0]]
    assert "ix_patients_waiting" in plan


async def test_parcels_that_are_silent_or_not_subscribed_are_found_by_an_index(rt, statements):
    await sweep.parcels(dataclasses.replace(rt, parcels=object()))
    found = await plans(rt, [one for one in statements if "FROM deliveries" in one[0]])
    assert [re.findall(r"ix_deliveries_(\w+)", plan) for _, plan in found] == [
        ["unsubscribed"],
        ["on_the_way"],
        ["on_the_way"],
    ]


async def test_alerts_to_page_are_found_by_an_index(rt, statements):
    await paging.page(rt)
    found = [plan for words, plan in await plans(rt, list(statements)) if "follow_up_alerts" in words]
    assert len(found) == 2  # those on call, and the duty office
    assert all("ix_follow_up_alerts_open" in plan for plan in found)


async def test_what_an_account_agreed_to_is_found_by_an_index(rt, statements):
    async with rt.database.begin() as session:
        contact = await accounts.ensure_contact(session, "telegram", "1")
        statements.clear()
        await accounts.missing_consents(session, contact)
    # Of an empty table the planner takes any index; of a large one only that which names the account.
    others = ("uq_consents_standing", "ix_consents_patient_id")
    [(_, plan)] = await plans(rt, list(statements), without=others)
    assert "ix_consents_account_id" in plan
