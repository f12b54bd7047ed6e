"""The database refuses steps that are not allowed, and keeps those that were taken."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from integrations.hospital.models import Order, OrderStatus, StatusChange
from integrations.hospital.models.billing import ORDER_STEPS

PAID = (OrderStatus.PAID, OrderStatus.REFUND_DUE, OrderStatus.REFUNDED)


@pytest.fixture
async def order(clinic: Any) -> Any:
    made = await clinic.book(await clinic.booker(), await clinic.schedule(fee_fen=3500))
    async with clinic.database.begin() as session:
        return (await session.scalars(select(Order).where(Order.order_no == made.order_no))).one()


@pytest.mark.parametrize(("before", "after"), list(permutations(OrderStatus, 2)))
async def test_only_the_steps_of_the_table_are_taken(
    clinic: Any, order: Order, before: OrderStatus, after: OrderStatus
) -> None:
    async with clinic.database.begin() as session:  # as if it had been so from the start
        await session.execute(text("SET LOCAL session_replication_role = replica"))
        await session.execute(_to(order, before, clinic.now))
    allowed = after in ORDER_STEPS.get(before, ())
    try:
        async with clinic.database.begin() as session:
            await session.execute(_to(order, after, clinic.now))
    except IntegrityError:
        assert not allowed
    else:
        assert allowed
    async with clinic.database.begin() as session:
        steps = (
            await session.execute(
                select(StatusChange.entity, StatusChange.before, StatusChange.after).where(
                    StatusChange.subject_id == order.id
                )
            )
        ).all()
    assert steps == ([("orders", before, after)] if allowed else [])


async def test_the_history_is_never_changed(clinic: Any, order: Order) -> None:
    async with clinic.database.begin() as session:
        await session.execute(_to(order, OrderStatus.PAID, clinic.now))
    for statement in ("UPDATE status_changes SET after = 'closed'", "DELETE FROM status_changes"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with clinic.database.begin() as session:
                await session.execute(text(statement))


def _to(order: Order, status: OrderStatus, now: Any) -> Any:
    changed = update(Order).where(Order.id == order.id)
    return changed.values(status=status, paid_at=now if status in PAID else None)
