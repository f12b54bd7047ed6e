"""Finding a conversation by what a caller reads out."""

import pytest

from bot.desk.talks import finding
from integrations.hospital.billing import orders
from integrations.hospital.billing.orders import Item
from integrations.hospital.models import OrderKind
from tests.clinic_rows import talks


@pytest.fixture
def find(rt):
    async def asked(words):
        async with rt.database.transaction() as session:
            return await finding.find(session, rt.crypto, words)

    return asked


@pytest.mark.parametrize("asked", ["<script>", "%", "zhang", "1381234"])
async def test_what_is_no_number_finds_nobody(arrive, find, asked):
    await arrive()
    assert await find(asked) == []


async def test_an_order_is_found_by_its_number_as_it_is_read_out(rt, clinic, clock, find):
    who = await clinic.booker()
    booked = await clinic.book(who, await clinic.schedule(fee_fen=3500))
    async with rt.database.begin() as session:
        await talks(session, who.contact_id)
        bill = await orders.open_order(
            session, OrderKind.TEST, [Item("血常规", 4500)], patient_id=who.patient_id,
            account_id=who.account_id, contact_id=who.contact_id, expires_at=None, now=clock(),
        )  # fmt: skip
    for number in (booked.order_no, orders.number(OrderKind.TEST, bill, clock())):
        for asked in (number, f"{number[:10]} {number[10:].lower()}"):
            assert await find(asked) == [who.contact_id]
            assert finding.kind_of(asked) == "number"
    assert await find(f"{number[:-1]}X") == []
    assert finding.kind_of("11010519900307013X") == "person"
