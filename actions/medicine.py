"""Prescriptions and parcels in the chat: shown only when the patient asks, for a push names neither."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from actions.page_addresses import order_page, parcel_page, prescription_page
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations import courier
from integrations.hospital.delivery import parcels, views
from integrations.hospital.delivery.views import ParcelFault, ParcelView
from integrations.hospital.models import WITH_PHARMACY, DeliveryStatus, Handing
from integrations.hospital.pharmacy import checkout
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.pharmacy.terms import AnswerFirst, OutOfStock, PharmacyError, Terms
from integrations.hospital.pharmacy.views import PrescriptionView

_LATELY = timedelta(days=7)
_SHOWN = 3


async def answer_prescriptions(turn: Turn, reply: Reply) -> None:
    """What is on them, how each stands, and the next step."""
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        found = await prescriptions.current(session, account, turn.now - _LATELY)
    if not found:
        reply.say("say_no_prescriptions")
    for one in found[:_SHOWN]:
        _show(turn, reply, one)
        reply.say("say_prescription_page", link=await prescription_page(turn, one.id))


def _show(turn: Turn, reply: Reply, one: PrescriptionView) -> None:
    texts, phone = turn.words.texts, turn.runtime.settings.hospital_phone
    reply.say("say_prescription", patient=one.patient, doctor=turn.words.doctor(one.practitioner, one.title))
    for line in one.lines:
        values = {"dose": line.dose, "frequency": line.frequency, "days": line.days}
        name = f"{line.name} {line.strength}"
        reply.say("say_prescription_line", name=name, quantity=line.quantity, unit=line.unit, **values)
    until = turn.words.moment(one.valid_until - timedelta(minutes=1), turn.today)
    total = turn.words.money(one.amount_fen or one.medicine_fen)
    status = f"say_prescription_{one.status}"
    if one.asked:
        status = "say_prescription_to_decide"
    elif one.status in WITH_PHARMACY and one.handing is Handing.PICKUP:
        status = "say_prescription_code"
    reply.say(
        status,
        until=until,
        total=total,
        phone=phone,
        code=one.pickup_code or "-",
        reason=one.rejection or "-",
    )
    if one.payable(turn.now) and not one.asked:
        reply.offer(
            texts.text("word_collect", patient=one.patient),
            f'/collect_medicine{{"prescription": "{one.id}"}}',
        )


async def answer_collect(turn: Turn, reply: Reply) -> None:
    """Opens the bill for picking it up, and gives the page that pays it."""
    phone = turn.runtime.settings.hospital_phone
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        payable = [
            one
            for one in await prescriptions.current(session, account, turn.now - _LATELY)
            if one.payable(turn.now) and turn.facts.prescription in ("", str(one.id))
        ]
    if len(payable) != 1:
        await answer_prescriptions(turn, reply)
        return
    try:
        async with turn.runtime.database.begin() as session:
            billed = await checkout.open_bill(
                session,
                turn.runtime.crypto,
                payable[0].id,
                Handing.PICKUP,
                account_id=account,
                contact_id=turn.contact_id,
                terms=Terms.of(turn.runtime.settings),
                delivery_name="",
                key=turn.key(f"collect {payable[0].id}"),
                now=turn.now,
            )
    except OutOfStock as error:
        reply.say("say_out_of_stock", name=error.medicine, phone=phone)
        return
    except AnswerFirst:
        reply.say("say_prescription_to_decide", phone=phone)
        return
    except PharmacyError:
        reply.say("say_no_prescriptions")
        return
    assert billed.order_no
    assert billed.pay_until
    link = await order_page(turn, billed.order_no, billed.pay_until)
    total, until = turn.words.money(billed.amount_fen or 0), turn.words.until(billed.pay_until)
    reply.say("say_medicine_billed", total=total, until=until, link=link)


async def answer_parcel(turn: Turn, reply: Reply) -> None:
    """Where the parcels are: asked anew when the tracker allows it."""
    async with turn.runtime.database.begin() as session:
        found = await views.parcels_of(session, await account_of(session, turn), turn.now - _LATELY)
    if not found:
        reply.say("say_no_parcels")
        return
    known = True
    for one in found[:_SHOWN]:
        if one.status in parcels.ON_THE_WAY:
            known = await courier.ask(turn.runtime, one.id) and known
        async with turn.runtime.database.begin() as session:
            _say_parcel(turn, reply, await views.parcel(session, one.id))
        reply.say("say_parcel_page", link=await parcel_page(turn, one.id))
    if not known:
        reply.say("say_parcel_not_asked")


def _say_parcel(turn: Turn, reply: Reply, one: ParcelView) -> None:
    if one.status in (DeliveryStatus.PREPARING, DeliveryStatus.DELIVERED):
        reply.say(f"say_parcel_{one.status}")
        return
    state = turn.words.texts.text(f"word_parcel_{one.state or 'shipped'}")
    at = turn.words.moment(one.state_at or one.shipped_at or turn.now, turn.today)
    reply.say("say_parcel", state=state, at=at, tail=one.tail)
    if one.status in parcels.ON_THE_WAY:
        reply.offer(turn.words.texts.text("word_received"), f'/confirm_receipt{{"delivery": "{one.id}"}}')


async def answer_receipt(turn: Turn, reply: Reply) -> None:
    """ "收到了": of the one parcel that is on its way, or the one whose button was pressed."""
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        found = [
            one.id
            for one in await views.parcels_of(session, account, turn.now - _LATELY)
            if one.status in parcels.ON_THE_WAY
        ]
    wanted = UUID(turn.facts.delivery) if turn.facts.delivery else found[0] if len(found) == 1 else None
    if wanted is None:
        await answer_parcel(turn, reply)
        return
    try:
        async with turn.runtime.database.begin() as session:
            await parcels.confirm_receipt(
                session, wanted, account_id=account, key=turn.key(f"receipt {wanted}"), now=turn.now
            )
    except ParcelFault:
        reply.say("say_no_parcels")
        return
    reply.say("say_receipt_confirmed")
