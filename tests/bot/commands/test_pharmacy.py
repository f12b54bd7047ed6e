"""`daozhen prescriptions`, `medicines` and `parcels` as staff run them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, patients, seed
from integrations.hospital.delivery import addresses
from integrations.hospital.models import Handing
from integrations.hospital.pharmacy import checkout, fulfilment, rows, views
from tests.bot.commands.conftest import Desk
from tests.pharmacy_rows import HOME, TERMS

PHONE = "13812345678"


async def _arrive(session: AsyncSession, crypto: Crypto) -> UUID:
    """The demo hospital, and a patient."""
    seed.DAYS_AHEAD, days = 0, seed.DAYS_AHEAD
    try:
        await seed.seed(session, date(2026, 11, 22))
    finally:
        seed.DAYS_AHEAD = days
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    await patients.register(
        session, crypto, account_id=contact.account_id, name="张明", id_number="11010519900307013X",
        phone=PHONE, outcome="match", key=None, now=datetime(2026, 11, 22, tzinfo=UTC),
    )  # fmt: skip
    return contact.account_id


def _id(output: str) -> str:
    found = re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", output)
    assert found, output
    return found[0]


def test_a_prescription_is_written_reviewed_and_sent(desk: Desk) -> None:
    account_id = desk.before(_arrive)
    shelf = desk.run("medicines", "list").output
    assert "AML5" in shelf
    assert re.search(r"CEF1 .* pick-up only", shelf)
    assert re.search(r"GLA300 .* cold", shelf)
    issued = desk.run(
        "prescriptions", "issue", PHONE, "--doctor", "李静", "--line", "AML5:每次1片:每天早上1次:28:1"
    )
    assert issued.exit_code == 0, issued.output
    made = _id(issued.output)
    assert f"{made}  issued" in desk.run("prescriptions", "queue").output
    assert desk.run("prescriptions", "reject", made, "--reason", " ").exit_code == 1
    assert desk.run("prescriptions", "approve", made).exit_code == 0
    assert "approved" in desk.run("prescriptions", "list", "--doctor", "李静").output
    again = desk.run("prescriptions", "approve", made)
    assert (again.exit_code, "it is approved" in again.output) == (1, True)
    assert "Traceback" not in again.output

    staff_no = re.search(r"李静 \((\w+)\)", desk.run("prescriptions", "show", made).output)
    assert staff_no
    offer = ("AML5", "NIF30", "--packs", "1", "--dose", "每次1片", "--agreed-by", staff_no[1])
    warned = desk.run("prescriptions", "substitute", made, *offer)
    assert warned.exit_code == 1
    assert "nothing is known of allergies" in warned.output
    assert desk.run("prescriptions", "substitute", made, *offer, "--reason", "asked by phone").exit_code == 0
    assert "asked: " in desk.run("prescriptions", "show", made).output
    assert "declined" in desk.run("prescriptions", "answered", made, "--no").output
    assert desk.run("prescriptions", "answered", made, "--no").exit_code == 1

    async def pay(session: AsyncSession, crypto: Crypto) -> None:
        contact = await accounts.ensure_contact(session, "wechat", "openid")
        where = await addresses.add(
            session, crypto, HOME, account_id=account_id, contact_id=contact.id, key=None, now=NOW
        )
        await checkout.open_bill(
            session, crypto, UUID(made), Handing.DELIVERY, address_id=where.id, account_id=account_id,
            contact_id=contact.id, terms=TERMS, delivery_name="配送费", key=None, now=NOW,
        )  # fmt: skip
        one = await views.prescription(session, UUID(made))
        await session.execute(
            text("UPDATE orders SET status = 'paid', paid_at = now() WHERE order_no = :no"),
            {"no": one.order_no},
        )
        await fulfilment.paid(session, await rows.locked(session, UUID(made)))

    desk.before(pay)
    label = desk.run("parcels", "address", made, "--reason", "packing")
    assert HOME.street in label.output
    assert desk.run("parcels", "ship", made, "shunfeng", "1").exit_code == 1
    assert desk.run("parcels", "ship", made, "shunfeng", "SF1234567890").exit_code == 0
    early = desk.run("parcels", "ship", made, "shunfeng", "SF1234567891", "--again")
    assert (early.exit_code, "it is shipped" in early.output) == (1, True)
    shown = desk.run("prescriptions", "show", made).output
    assert "shipped" in shown
    assert "每天早上1次" in shown
    assert desk.run("parcels", "problems").output == ""
    assert desk.run("prescriptions", "refund", made).exit_code == 0


NOW = datetime.now(UTC)


def test_what_cannot_be_written_is_said_in_words(desk: Desk) -> None:
    desk.before(_arrive)
    for words, reason in (
        ((PHONE, "--doctor", "李静", "--line", "NONE:1:1:1:1"), "NONE"),
        ((PHONE, "--doctor", "nobody", "--line", "AML5:1:1:1:1"), "no doctor"),
        (("13900000000", "--doctor", "李静", "--line", "AML5:1:1:1:1"), "no patient"),
        ((PHONE, "--doctor", "李静", "--line", "DZP25:1:1:1:1", "--online"), "online"),
        ((PHONE, "--doctor", "李静", "--line", "AML5:1:1"), "not CODE"),
    ):
        done = desk.run("prescriptions", "issue", *words)
        assert done.exit_code != 0
        assert reason in done.output
    assert "AML5: 210" in desk.run("medicines", "restock", "AML5", "10").output
    assert desk.run("medicines", "restock", "AML5", "--", "-500").exit_code == 1
