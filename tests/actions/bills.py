"""Bills as tests make them, and a platform that knows which were paid."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from integrations.hospital import links, patients
from integrations.hospital.billing import orders, paying
from integrations.hospital.billing.paying import Trade
from integrations.hospital.models import (
    FoundBy,
    Order,
    OrderKind,
    PageLink,
    Platform,
)
from integrations.payment.interface import State, TradeNews, Unavailable

from .conftest import NOW, WEDNESDAY, Chat, Clinic, Said


class WeChatPay:
    """Knows which payments were made; `down` and nobody answers."""

    name = Platform.WECHATPAY
    configured = True

    def __init__(self) -> None:
        self.paid: dict[str, TradeNews] = {}
        self.down = False

    def pay(self, out_trade_no: str, amount_fen: int, payer: str = "o-payer") -> None:
        self.paid[out_trade_no] = TradeNews(
            out_trade_no, State.DONE, f"4200{out_trade_no}", amount_fen, NOW, payer
        )

    async def query(self, out_trade_no: str) -> TradeNews:
        if self.down:
            raise Unavailable("down")
        return self.paid.get(out_trade_no, TradeNews(out_trade_no, State.OPEN))


async def held(clinic: Clinic, chat: Chat, doctor: str = "李静", fee_fen: int = 3500) -> Said:
    await clinic.session(doctor, WEDNESDAY, fee_fen=fee_fen)
    await chat.say("book_appointment", ("practitioner", clinic.doctors[doctor]))
    return await chat.say("affirm")


async def bill(clinic: Clinic, chat: Chat, amount_fen: int, **hours: float) -> str:
    """A bill for tests; without `hours` it can be paid for ever."""
    async with clinic.runtime.database.begin() as session:
        [person] = await patients.acting_for(session, chat.contact.account_id)
        order_id = await orders.open_order(
            session,
            OrderKind.TEST,
            [orders.Item("血常规", amount_fen)],
            patient_id=person.id,
            account_id=chat.contact.account_id,
            contact_id=chat.contact.id,
            expires_at=NOW + timedelta(**hours) if hours else None,
            now=NOW,
        )
        return (await session.get_one(Order, order_id)).order_no


async def opened(clinic: Clinic, order_no: str, platform: Platform = Platform.WECHATPAY) -> str:
    async with clinic.runtime.database.begin() as session:
        return (
            await paying.open_payment(session, order_no, platform, "jsapi", clinic.runtime.now(), "o-payer")
        ).out_trade_no


async def pay(clinic: Clinic, order_no: str, amount_fen: int, payer: str | None = None) -> str:
    """Paid, as the platform's callback tells."""
    number = await opened(clinic, order_no)
    async with clinic.runtime.database.begin() as session:
        trade = Trade(Platform.WECHATPAY, number, f"4200{number}", amount_fen, NOW, payer)
        await paying.receive(session, trade, FoundBy.CALLBACK, clinic.runtime.now())
    return number


async def only_order(clinic: Clinic) -> Order:
    async with clinic.runtime.database.begin() as session:
        return (await session.scalars(select(Order))).one()


def page(text: str, kind: str) -> str:
    """The secret part of the one address of this kind in the text."""
    [found] = [line for line in text.split() if f"/p/{kind}/" in line]
    address, _, token = found.rpartition("/")
    assert address.endswith(f"https://hospital.example/p/{kind}")
    return token


async def link(clinic: Clinic, token: str, purpose: str) -> PageLink:
    async with clinic.runtime.database.begin() as session:
        return await links.read_link(session, token, {purpose}, clinic.runtime.now())
