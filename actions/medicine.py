"""Prescriptions and parcels in the chat: shown only when the patient asks, for a push names neither."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

from actions import answers
from actions.consultation_words import answer_standing
from actions.medicine_words import (
    changes_address,
    changes_how,
    dosing_in_words,
    got_it,
    name_in_words,
    not_wanted,
    unit_in_words,
)
from actions.page_addresses import order_page, parcel_page, prescription_page
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations import courier
from integrations.hospital.delivery import parcels, views
from integrations.hospital.delivery.views import ParcelFault, ParcelView
from integrations.hospital.models import (
    WITH_PHARMACY,
    ConfirmedBy,
    DeliveryStatus,
    Handing,
    OrderStatus,
    PrescriptionStatus,
)
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.pharmacy.views import PrescriptionView

_LATELY = timedelta(days=7)
_WRONG = (DeliveryStatus.PROBLEM, DeliveryStatus.RETURNED)
SHOWN = 3
FORM = "medicine_form"
# "显示签收了我没收到" confirms nothing.
_NOT_THERE = re.compile(
    r"[没未](?:有|能|见)?(?:人)?(?:收|拿|取|看|到)|不在|不见|收不到|\b(?:not|never|no)\b|n['’]t\b|where",
    re.IGNORECASE,
)


# "到了吗" asks.
_IS_IT_THERE = re.compile(r"[?？吗么没]\s*$|\b(?:has|did|is|have|was) (?:it|my|the)\b", re.IGNORECASE)


async def current(turn: Turn) -> list[PrescriptionView]:
    """The account's prescriptions that are going on, or were lately."""
    async with turn.runtime.database.begin() as session:
        return await prescriptions.current(session, await account_of(session, turn), turn.now - _LATELY)


async def is_asked_how(turn: Turn) -> bool:
    """ "还是寄吧" outside of every question: how medicine is to come that is not paid yet."""
    return changes_how(turn.text) and any(is_open(turn, one) for one in await current(turn))


async def is_not_wanted(turn: Turn) -> bool:
    """ "不想要了" outside of every question, where medicine is what may be given up."""
    return not_wanted(turn.text) and any(is_cancellable(one) for one in await current(turn))


def is_billed(one: PrescriptionView) -> bool:
    """Whether it can be paid on a page right now."""
    return one.status is PrescriptionStatus.APPROVED and one.order_status is OrderStatus.UNPAID


def is_open(turn: Turn, one: PrescriptionView) -> bool:
    """Whether the patient has something to decide."""
    return one.payable(turn.now) or one.asked is not None


def is_cancellable(one: PrescriptionView) -> bool:
    """By the patient alone."""
    return is_billed(one) or one.status is PrescriptionStatus.PAID


def is_redirectable(one: PrescriptionView) -> bool:
    return one.handing is Handing.DELIVERY and one.status is PrescriptionStatus.PAID


def is_with_pharmacy(one: PrescriptionView) -> bool:
    """Whether only staff can change something about it."""
    return one.status in (PrescriptionStatus.DISPENSING, PrescriptionStatus.SHIPPED)


async def answer_prescriptions(turn: Turn, reply: Reply) -> None:
    """What is on them, how each stands, and what to say for the next step: whatever else is going on, that opens it."""
    found = await show(turn, reply)
    if any(is_open(turn, one) for one in found):
        reply.say("say_prescriptions_way")


async def show(turn: Turn, reply: Reply) -> list[PrescriptionView]:
    """The first of them, said; gives those."""
    found = (await current(turn))[:SHOWN]
    if not found:
        reply.say("say_no_prescriptions")
    for one in found:
        await _show(turn, reply, one)
        reply.say("say_prescription_page", link=await prescription_page(turn, one.id))
    return found


async def _show(turn: Turn, reply: Reply, one: PrescriptionView) -> None:
    reply.say("say_prescription", patient=one.patient, doctor=turn.words.doctor(one.practitioner, one.title))
    for line in one.lines:
        reply.say(
            "say_prescription_line",
            name=f"{name_in_words(turn, line.name, line.name_en)} {line.strength}",
            quantity=line.quantity,
            unit=unit_in_words(turn, line.unit),
            dose=dosing_in_words(turn, line.dose),
            frequency=dosing_in_words(turn, line.frequency),
            days=line.days,
        )
    if one.asked:
        reply.say("say_prescription_to_decide")
    elif is_billed(one):
        await say_billed(turn, reply, one)
    else:
        code = one.status in WITH_PHARMACY and one.handing is Handing.PICKUP
        reply.say(
            "say_prescription_code" if code else f"say_prescription_{_state(turn, one)}",
            until=turn.words.moment(one.valid_until - timedelta(minutes=1), turn.today),
            total=turn.words.money(one.amount_fen or one.medicine_fen),
            phone=turn.runtime.settings.hospital_phone,
            code=one.pickup_code or "-",
            reason=one.rejection or "-",
        )


def _state(turn: Turn, one: PrescriptionView) -> str:
    if one.awaits_doctor(turn.now):
        return "overdue" if one.overdue_at else "sent_back"
    return str(one.status)


async def say_billed(turn: Turn, reply: Reply, one: PrescriptionView) -> None:
    """The bill that is open, and the page that pays it."""
    assert one.order_no
    assert one.pay_until
    how = turn.words.texts.text(f"word_handing_{one.handing or Handing.PICKUP}_short")
    link = await order_page(turn, one.order_no, one.pay_until)
    total, until = turn.words.money(one.amount_fen or 0), turn.words.until(one.pay_until)
    reply.say("say_prescription_billed", how=how, total=total, until=until, link=link)


def title(turn: Turn, one: PrescriptionView) -> str:
    """*明：氯雷他定片等"""
    return turn.words.texts.text("word_medicine_of", patient=one.patient, first=first_name(turn, one))


def first_name(turn: Turn, one: PrescriptionView) -> str:
    """The name of its first medicine."""
    return name_in_words(turn, one.lines[0].name, one.lines[0].name_en)


def offer_changes(turn: Turn, reply: Reply, one: PrescriptionView) -> None:
    """What may still be changed about it, as buttons."""
    texts, which = turn.words.texts, f'"prescription": "{one.id}"'
    if is_billed(one) and one.may_be_sent:
        reply.offer(texts.text("word_change_handing"), f'/collect_medicine{{{which}, "purpose": "change"}}')
    if is_redirectable(one):
        offer_redirecting(turn, reply, one)
    if is_cancellable(one):
        reply.offer(texts.text("word_cancel_medicine"), f"/cancel_medicine{{{which}}}")


def offer_redirecting(turn: Turn, reply: Reply, one: PrescriptionView) -> None:
    title = turn.words.texts.text("word_change_address")
    reply.offer(title, f'/collect_medicine{{"prescription": "{one.id}", "purpose": "redirect"}}')


async def say_not_redirected(turn: Turn, reply: Reply) -> bool:
    """Of all that has left, or is being packed, that its address stays, and what can be done. False: there is none."""
    texts, phone = turn.words.texts, turn.runtime.settings.hospital_phone
    gone = [one for one in await _parcels(turn) if one.status in parcels.ON_THE_WAY]
    for one in gone:
        carrier = texts.text("word_the_carrier")
        if f"word_carrier_phone_{one.carrier}" in texts:
            name = texts.text(f"word_carrier_{one.carrier}")
            hotline = texts.text(f"word_carrier_phone_{one.carrier}")
            carrier = texts.text("word_carrier_called", carrier=name, phone=hotline)
        link = await parcel_page(turn, one.id)
        reply.say("say_parcel_not_redirected", tail=one.tail, carrier=carrier, phone=phone, link=link)
    packed = [one for one in await current(turn) if one.status is PrescriptionStatus.DISPENSING]
    if any(one.handing is Handing.DELIVERY for one in packed):
        reply.say("say_medicine_redirect_late", phone=phone)
        return True
    return bool(gone)


async def _parcels(turn: Turn) -> list[ParcelView]:
    async with turn.runtime.database.begin() as session:
        return await views.parcels_of(session, await account_of(session, turn), turn.now - _LATELY)


async def answer_parcel(turn: Turn, reply: Reply) -> None:
    """Where the parcels are: asked anew when the tracker allows it."""
    found = await _parcels(turn)
    if changes_address(turn.text) and await say_not_redirected(turn, reply):
        reply.offer(turn.words.texts.text("intent_my_addresses"), "/my_addresses")
        return
    if not found:
        await _say_no_parcels(turn, reply)
        return
    known = True
    for one in found[:SHOWN]:
        newest = one
        if one.status in parcels.ON_THE_WAY:
            known = await courier.ask(turn.runtime, one.id) and known
            async with turn.runtime.database.begin() as session:
                newest = await views.parcel(session, one.id)
        _say_parcel(turn, reply, newest, several=len(found) > 1)
        reply.say("say_parcel_page", link=await parcel_page(turn, one.id))
    if not known:
        reply.say("say_parcel_not_asked")


async def _say_no_parcels(turn: Turn, reply: Reply) -> None:
    """Who asks for their medicine may not have said yet how they want it; "怎么还没来" may mean the doctor."""
    if await answer_standing(turn, reply):
        return
    reply.say("say_no_parcels")
    if any(is_open(turn, one) for one in await current(turn)):
        reply.say("say_medicine_waits")
        reply.offer(turn.words.texts.text("intent_collect_medicine"), "/collect_medicine")


def _say_parcel(turn: Turn, reply: Reply, one: ParcelView, *, several: bool) -> None:
    if one.status is DeliveryStatus.PREPARING:
        reply.say("say_parcel_preparing")
        return
    if one.status is DeliveryStatus.DELIVERED:
        _say_delivered(turn, reply, one)
        return
    state = turn.words.texts.text(f"word_parcel_{one.said or 'shipped'}")
    at = turn.words.moment(one.state_at or one.shipped_at or turn.now, turn.today)
    reply.say("say_parcel", state=state, at=at, tail=one.tail)
    if one.status in _WRONG:
        reply.say(f"say_parcel_{one.status}", phone=turn.runtime.settings.hospital_phone)
    if expected := one.expected(turn.now):
        reply.say("say_parcel_expected", when=turn.words.moment(expected, turn.today))
    if one.status in parcels.ON_THE_WAY:
        title = turn.words.texts.text("word_received_one" if several else "word_received", tail=one.tail)
        reply.offer(title, f'/confirm_receipt{{"delivery": "{one.id}"}}')


def _say_delivered(turn: Turn, reply: Reply, one: ParcelView) -> None:
    """Where only the carrier says so, with what to do when it is not true."""
    at = turn.words.moment(one.delivered_at or one.state_at or turn.now, turn.today)
    by_carrier = one.confirmed_by is ConfirmedBy.CARRIER
    reply.say("say_parcel_signed" if by_carrier else "say_parcel_delivered", at=at, tail=one.tail)
    if by_carrier:
        reply.offer(turn.words.texts.text("word_not_received"), '/complain{"category": "delivery"}')


async def answer_thanks(turn: Turn, reply: Reply) -> None:
    """ "I got it" thanks, unless there is a parcel: then it may tell of that, and its state is shown."""
    if not got_it(turn.text):
        await answers.thanks(turn, reply)
        return
    async with turn.runtime.database.begin() as session:
        every = await views.parcels_of(session, await account_of(session, turn), turn.now - _LATELY)
    left = any(one.status in (*parcels.ON_THE_WAY, DeliveryStatus.DELIVERED) for one in every)
    await (answer_parcel if left else answers.thanks)(turn, reply)


async def answer_receipt(turn: Turn, reply: Reply) -> None:
    """ "收到了": of the one parcel that is on its way, or the one whose button was pressed; of none on its way the one
    that the carrier has brought."""
    if _NOT_THERE.search(turn.text) or _IS_IT_THERE.search(turn.text):
        await answer_parcel(turn, reply)
        return
    async with turn.runtime.database.begin() as session:
        account = await account_of(session, turn)
        every = await views.parcels_of(session, account, turn.now - _LATELY)
    found = [one.id for one in every if one.status in parcels.ON_THE_WAY]
    if not found and all(one.status is DeliveryStatus.DELIVERED for one in every):
        found = [one.id for one in every[:1]]
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
