"""`daozhen money` as staff run it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital import accounts, patients
from integrations.hospital.billing import differences, paying, reconciling, refunds
from integrations.hospital.billing.paying import Trade
from integrations.hospital.models import DifferenceKind, FoundBy, Payment, RefundReason, RefundStatus
from integrations.money import BillLine, Platform
from tests.bot.commands.conftest import Desk

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PHONE = "13812345678"


async def _arrive(session: AsyncSession, crypto: Crypto) -> UUID:
    contact = await accounts.ensure_contact(session, "wechat", "openid")
    done = await patients.register(
        session, crypto, account_id=contact.account_id, name="张明", id_number="110101199003078515", phone=PHONE,
        outcome="match", key=None, now=NOW,
    )  # fmt: skip
    return done.patient_id


@pytest.fixture
def order_no(desk: Desk) -> str:
    desk.before(_arrive)
    made = desk.run(
        "money", "bills", "add", "--item", "血常规=25.00", "--item", "尿常规=10", typed=f"{PHONE}\n"
    )
    assert made.exit_code == 0, made.output
    return next(word for word in made.output.split() if word.startswith("JC"))


def _paid_back(order_no: str, status: RefundStatus) -> Any:
    async def work(session: AsyncSession, _: Crypto) -> str:
        await paying.open_payment(session, order_no, Platform.WECHATPAY, "native", NOW, None)
        trade = Trade(Platform.WECHATPAY, order_no, "T1", 3500, NOW, "oPatient")
        await paying.receive(session, trade, FoundBy.CALLBACK, NOW)
        payment = (await session.scalars(select(Payment))).one()
        await refunds.owe(session, payment, RefundReason.STAFF, NOW)
        await refunds.settle_refund(session, f"{order_no}R1", status, NOW, error="USER_ACCOUNT_ABNORMAL")
        return f"{order_no}R1"

    return work


def _audit(desk: Desk) -> list[tuple[str, str]]:
    with psycopg.connect(desk.url) as connection:
        return connection.execute(
            "SELECT action, coalesce(detail->>'note', '') FROM audit_events WHERE actor LIKE 'staff:%' ORDER BY id"
        ).fetchall()


def test_a_bill_is_made_for_who_acts_for_the_patient_and_told(desk: Desk, order_no: str) -> None:
    shown = desk.run("money", "orders", "show", order_no).output
    assert f"{order_no}  test  unpaid  ¥35  *明" in shown
    assert "血常规 x1  ¥25" in shown
    with psycopg.connect(desk.url) as connection:
        [(kind, told)] = connection.execute("SELECT kind, payload FROM hospital_events").fetchall()
    assert (kind, told) == ("bill_opened", {"order_no": order_no, "amount_fen": 3500})
    assert _audit(desk) == [("bill_added", "")]


def test_a_bill_that_is_not_to_be_is_closed(desk: Desk, order_no: str) -> None:
    assert "Closed" in desk.run("money", "orders", "refund", order_no, "--note", "not needed").output
    assert f"{order_no}  test  closed" in desk.run("money", "orders", "show", order_no).output
    again = desk.run("money", "orders", "refund", order_no, "--note", "not needed")
    assert (again.exit_code, "it is closed" in again.output) == (1, True)
    assert _audit(desk)[-1] == ("order_given_back", "not needed")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--item", "血常规"), "NAME=YUAN"),
        (("--item", "血常规=0"), "NAME=YUAN"),
        (("--item", "血常规=1.234"), "NAME=YUAN"),
        (("--item", "血常规=25", "--kind", "registration"), "appointment"),
        (("--item", "血常规=25", "--patient", "01935b5e-0000-7000-8000-000000000000"), "Say which patient"),
    ],
)
def test_a_bill_that_cannot_be_is_not_made(desk: Desk, words: tuple[str, ...], said: str) -> None:
    desk.before(_arrive)
    refused = desk.run("money", "bills", "add", *words, typed=f"{PHONE}\n")
    assert refused.exit_code != 0
    assert said in refused.output
    for number in ("13900000000", "12"):
        assert desk.run("money", "bills", "add", "--item", "血常规=25", typed=f"{number}\n").exit_code == 1
    with psycopg.connect(desk.url) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)


def test_a_refused_refund_is_asked_for_again(desk: Desk, order_no: str) -> None:
    number = desk.before(_paid_back(order_no, RefundStatus.CLOSED))
    listed = desk.run("money", "refunds", "list").output
    assert f"{number}  closed" in listed
    assert "USER_ACCOUNT_ABNORMAL" in listed
    assert f"as {order_no}R2" in desk.run("money", "refunds", "retry", number).output
    assert desk.run("money", "refunds", "retry", number).exit_code == 1
    assert (
        desk.run("money", "refunds", "settle", f"{order_no}R2", "--note", "x").exit_code == 1
    )  # it is on its way
    assert f"{order_no}R2" in desk.run("money", "orders", "show", order_no).output
    assert _audit(desk)[-1] == ("refund_retried", "")


@pytest.mark.parametrize("status", [RefundStatus.ABNORMAL, RefundStatus.CLOSED])
def test_what_the_platform_cannot_pay_back_is_settled_by_hand(
    desk: Desk, order_no: str, status: RefundStatus
) -> None:
    number = desk.before(_paid_back(order_no, status))
    assert desk.run("money", "refunds", "settle", number, "--note", " ").exit_code != 0
    assert desk.run("money", "refunds", "settle", number, typed="paid by bank transfer\n").exit_code == 0
    assert number not in desk.run("money", "refunds", "list").output
    assert desk.run("money", "refunds", "settle", number, "--note", "again").exit_code == 1
    with psycopg.connect(desk.url) as connection:
        told = connection.execute(
            "SELECT payload->>'by_hand' FROM hospital_events WHERE kind = 'refunded'"
        ).fetchall()
        marked = connection.execute("SELECT billed_on IS NOT NULL FROM refunds").fetchone()
    assert (told, marked) == ([("true",)], (True,))
    assert _audit(desk)[-1] == ("refund_settled", "paid by bank transfer")


def test_differences_are_listed_and_settled_with_what_they_were(desk: Desk) -> None:
    async def differ(session: AsyncSession, _: Crypto) -> UUID:
        await differences.note_difference(
            session, DifferenceKind.WRONG_AMOUNT, Platform.ALIPAY, "JC1", found_by=FoundBy.BILL, ours_fen=3500,
            theirs_fen=3400,
        )  # fmt: skip
        return (await differences.open_differences(session))[0].id

    found = str(desk.before(differ))
    listed = desk.run("money", "differences", "list").output
    assert found in listed
    assert "ours ¥35 theirs ¥34" in listed
    assert desk.run("money", "differences", "settle", found, "--note", "a coupon").exit_code == 0
    assert found not in desk.run("money", "differences", "list").output
    assert desk.run("money", "differences", "settle", found, "--note", "again").exit_code == 1
    assert _audit(desk) == [("difference_settled", "a coupon")]


def test_a_day_is_shown_and_compared_again(desk: Desk) -> None:
    day = date(2026, 11, 21)

    async def compared(session: AsyncSession, _: Crypto) -> None:
        lines = [BillLine("JC1", "T1", 3500, NOW), BillLine("JC1", "T1", 3500, NOW, "JC1R1")]
        begin = NOW - timedelta(hours=32)
        await reconciling.finish(session, Platform.ALIPAY, day, lines, begin=begin, learned=1, now=NOW)

    assert "Not compared yet" in desk.run("money", "reconcile", "2026-11-21").output
    desk.before(compared)
    shown = desk.run("money", "reconcile", "2026-11-21").output
    assert "alipay    1 payments ¥35, 1 refunds ¥35; 1 not heard of before, 0 differences" in shown
    again = desk.run("money", "reconcile", "2026-11-21", "--again").output
    assert again.count("waits for its bill") == 2


def test_an_unknown_order_is_said_so(desk: Desk) -> None:
    assert desk.run("money", "orders", "show", "GH1").exit_code == 1
