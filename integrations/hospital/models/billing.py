"""What is to be paid, how it was paid, and what goes back. Money is whole fen."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from integrations.database import Base, Key
from integrations.hospital.models.states import stateful
from integrations.hospital.models.types import one_of, word
from integrations.money import Platform


class OrderKind(StrEnum):
    REGISTRATION = "registration"
    CONSULTATION = "consultation"
    TEST = "test"
    MEDICINE = "medicine"


class OrderStatus(StrEnum):
    UNPAID = "unpaid"
    PAID = "paid"
    CLOSED = "closed"  # nobody is to pay it any more
    REFUND_DUE = "refund_due"  # paid, and to be paid back
    REFUNDED = "refunded"


ORDER_STEPS = {
    OrderStatus.UNPAID: {OrderStatus.PAID, OrderStatus.CLOSED},
    OrderStatus.CLOSED: {OrderStatus.PAID, OrderStatus.REFUND_DUE},  # paid too late
    OrderStatus.PAID: {OrderStatus.REFUND_DUE},
    OrderStatus.REFUND_DUE: {OrderStatus.REFUNDED},
}


class PaymentStatus(StrEnum):
    OPENED = "opened"  # the platform may know it, and somebody may pay it
    PAID = "paid"
    CLOSED = "closed"  # the platform takes no money for it any more


PAYMENT_STEPS = {
    PaymentStatus.OPENED: {PaymentStatus.PAID, PaymentStatus.CLOSED},
    PaymentStatus.CLOSED: {
        PaymentStatus.PAID
    },  # paid in the moment it was closed: money that came is money that came
}


class FoundBy(StrEnum):
    """How we learned that a payment was made."""

    CALLBACK = "callback"
    QUERY = "query"
    BILL = "bill"


class RefundReason(StrEnum):
    CANCELLED = "cancelled"  # by the patient, in time
    TOO_LATE = "too_late"  # paid after what it was for had gone
    TWICE = "twice"  # the order was paid already
    STOPPED = "stopped"  # by the hospital
    STAFF = "staff"


class RefundStatus(StrEnum):
    DUE = "due"
    PROCESSING = "processing"  # the platform has it
    SUCCEEDED = "succeeded"
    ABNORMAL = "abnormal"  # the payer's account does not take it: staff settle it with the platform
    CLOSED = "closed"  # the platform refused it


REFUND_STEPS = {
    RefundStatus.DUE: {
        RefundStatus.PROCESSING, RefundStatus.SUCCEEDED, RefundStatus.ABNORMAL, RefundStatus.CLOSED,
    },
    RefundStatus.PROCESSING: {RefundStatus.SUCCEEDED, RefundStatus.ABNORMAL, RefundStatus.CLOSED},
    RefundStatus.ABNORMAL: {RefundStatus.PROCESSING, RefundStatus.SUCCEEDED, RefundStatus.CLOSED},
    RefundStatus.CLOSED: {RefundStatus.DUE},  # tried once more, under another number
}  # fmt: skip


class Order(Base):
    """What is to be paid, for whatever it is. `order_no` goes to the payment platforms (WeChat: 32 characters)."""

    __tablename__ = "orders"
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        CheckConstraint("amount_fen > 0", "amount_fen"),
        CheckConstraint("(status IN ('paid', 'refund_due', 'refunded')) = (paid_at IS NOT NULL)", "paid_at"),
        CheckConstraint("(kind = 'registration') = (appointment_id IS NOT NULL)", "appointment_id"),
        CheckConstraint("prescription_id IS NULL OR kind = 'medicine'", "prescription_id"),
        Index("uq_orders_open", "appointment_id", unique=True, postgresql_where=text("status <> 'closed'")),
        Index(
            "uq_orders_prescription", "prescription_id", unique=True,
            postgresql_where=text("status IN ('unpaid', 'paid')"),
        ),
        Index("ix_orders_expiry", "expires_at", postgresql_where=text("status = 'unpaid'")),
    )  # fmt: skip

    id: Mapped[Key]
    order_no: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[OrderKind] = mapped_column(word(OrderKind), server_default=OrderKind.REGISTRATION.value)
    appointment_id: Mapped[UUID | None] = mapped_column(ForeignKey("appointments.id"), index=True)
    prescription_id: Mapped[UUID | None] = mapped_column(ForeignKey("prescriptions.id"), index=True)
    patient_id: Mapped[UUID] = mapped_column(ForeignKey("patients.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id"), index=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contacts.id"))  # where it was made
    amount_fen: Mapped[int]
    status: Mapped[OrderStatus] = mapped_column(word(OrderStatus))
    expires_at: Mapped[
        datetime | None
    ]  # unpaid until then it is closed; an appointment's order with its hold
    paid_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OrderItem(Base):
    """A line of an order's bill; what an appointment costs needs none."""

    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", "quantity"),
        CheckConstraint("amount_fen >= 0", "amount_fen"),
    )

    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    quantity: Mapped[int]
    amount_fen: Mapped[int]  # of all of them


class Payment(Base):
    """One try to pay an order, opened at one platform under a number of its own. Several may be open at once: the
    first that is paid pays the order, and any other goes back to its payer."""

    __tablename__ = "payments"
    __table_args__ = (
        one_of("platform", Platform),
        one_of("status", PaymentStatus),
        one_of("found_by", FoundBy),
        CheckConstraint("amount_fen > 0", "amount_fen"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", "paid_at"),
        CheckConstraint("(status = 'paid') = (transaction_id IS NOT NULL)", "transaction_id"),
        UniqueConstraint("platform", "transaction_id", name="uq_payments_transaction"),
        Index("ix_payments_opened", "ask_at", postgresql_where=text("status = 'opened'")),
        Index(
            "ix_payments_unbilled", "paid_at", postgresql_where=text("status = 'paid' AND billed_on IS NULL")
        ),
    )

    id: Mapped[Key]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    platform: Mapped[Platform] = mapped_column(word(Platform))
    way: Mapped[str] = mapped_column(String(16))  # the platform's product: jsapi, native, h5, wap
    out_trade_no: Mapped[str] = mapped_column(String(32), unique=True)
    amount_fen: Mapped[int]
    status: Mapped[PaymentStatus] = mapped_column(word(PaymentStatus))
    opened_for: Mapped[str | None]  # the platform's id of who was to pay, where it wants one
    transaction_id: Mapped[str | None] = mapped_column(String(64))
    payer: Mapped[str | None]  # the platform's id of who paid
    found_by: Mapped[FoundBy | None] = mapped_column(word(FoundBy))
    opened_at: Mapped[datetime]
    ask_at: Mapped[datetime]  # when the platform is asked what became of it, while it is open
    paid_at: Mapped[datetime | None]  # by the platform's clock
    billed_on: Mapped[date | None]  # the day on whose bill the platform named it


class Refund(Base):
    """Money of one payment on its way back to who paid."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("reason", RefundReason),
        one_of("status", RefundStatus),
        CheckConstraint("amount_fen > 0", "amount_fen"),
        CheckConstraint("(status = 'succeeded') = (settled_at IS NOT NULL)", "settled_at"),
        Index("uq_refunds_payment", "payment_id", unique=True),
        Index("ix_refunds_open", "next_try_at", postgresql_where=text("status IN ('due', 'processing')")),
        Index("ix_refunds_stuck", "id", postgresql_where=text("status IN ('abnormal', 'closed')")),
        Index(
            "ix_refunds_unbilled",
            "settled_at",
            postgresql_where=text("status = 'succeeded' AND billed_on IS NULL"),
        ),
    )

    id: Mapped[Key]
    payment_id: Mapped[UUID] = mapped_column(ForeignKey("payments.id"))
    out_refund_no: Mapped[str] = mapped_column(String(64), unique=True)
    amount_fen: Mapped[int]
    reason: Mapped[RefundReason] = mapped_column(word(RefundReason))
    status: Mapped[RefundStatus] = mapped_column(word(RefundStatus))
    platform_refund_id: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]  # the platform's last word, when it was no yes
    next_try_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    billed_on: Mapped[date | None]  # the day on whose bill the platform named it
    case_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("cases.id")
    )  # staff's, once it does not go by itself
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DifferenceKind(StrEnum):
    """What the platform says and we do not, or the other way round."""

    UNKNOWN_ORDER = "unknown_order"  # the platform took money under a number that is not ours
    WRONG_AMOUNT = "wrong_amount"
    NOT_ON_BILL = "not_on_bill"  # we hold it paid, and the day's bill has it not
    REFUND_NOT_ON_BILL = "refund_not_on_bill"
    UNKNOWN_REFUND = "unknown_refund"
    WRONG_REFUND_AMOUNT = "wrong_refund_amount"
    FOREIGN_ACCOUNT = "foreign_account"  # rightly signed, but of another merchant or application
    OTHER_TRANSACTION = "other_transaction"  # paid, but under another transaction than the one we hold


class Difference(Base):
    """Something about money that does not fit and that staff look into. One row for one thing, however often it is
    found."""

    __tablename__ = "differences"
    __table_args__ = (
        one_of("kind", DifferenceKind),
        one_of("platform", Platform),
        UniqueConstraint("platform", "kind", "number", name="uq_differences_found"),
        Index("ix_differences_open", "id", postgresql_where=text("settled_at IS NULL")),
    )

    id: Mapped[Key]
    platform: Mapped[Platform] = mapped_column(word(Platform))
    kind: Mapped[DifferenceKind] = mapped_column(word(DifferenceKind))
    number: Mapped[str] = mapped_column(String(64))  # out_trade_no or out_refund_no
    transaction_id: Mapped[str | None] = mapped_column(String(64))
    ours_fen: Mapped[int | None]
    theirs_fen: Mapped[int | None]
    found_by: Mapped[FoundBy] = mapped_column(word(FoundBy))
    day: Mapped[date | None]  # of the bill
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]
    note: Mapped[str | None]  # what staff found
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))


class Reconciliation(Base):
    """A day's bill of a platform, compared with ours; sums are the platform's. Without `done_at` staff have asked for
    it once more."""

    __tablename__ = "reconciliations"
    __table_args__ = (one_of("platform", Platform),)

    platform: Mapped[Platform] = mapped_column(word(Platform), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    payments: Mapped[int] = mapped_column(server_default=text("0"))
    payments_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunds: Mapped[int] = mapped_column(server_default=text("0"))
    refunds_fen: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    learned: Mapped[int] = mapped_column(server_default=text("0"))  # payments we had not heard of before
    differences: Mapped[int] = mapped_column(server_default=text("0"))  # new ones
    done_at: Mapped[datetime | None]


stateful(Order, ORDER_STEPS)
stateful(Payment, PAYMENT_STEPS)
stateful(Refund, REFUND_STEPS)
