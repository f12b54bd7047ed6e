"""How medicine comes to the patient: picked up, or sent to an address; and the bill for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from actions import medicine
from actions.address_steps import AddressSteps
from actions.forms import Outcome
from actions.medicine_words import asks_what, handing_of, name_in_words
from actions.page_addresses import order_page
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital.delivery.addresses import AddressView, UnknownAddress
from integrations.hospital.delivery.views import ParcelFault
from integrations.hospital.models import Handing
from integrations.hospital.pharmacy import checkout
from integrations.hospital.pharmacy import views as prescriptions
from integrations.hospital.pharmacy.terms import AnswerFirst, NotToBeSent, OutOfStock, PharmacyError, Terms
from integrations.hospital.pharmacy.views import PrescriptionView


class HandingSteps(AddressSteps):
    """Its draft names the `prescription`; `purpose` redirect: paid already, only the address is to be another."""

    @abstractmethod
    async def ask_substitution(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        """What has to be answered before there is a bill."""

    def takes_chosen(self, turn: Turn, draft: Mapping[str, Any]) -> bool:
        return super().takes_chosen(turn, draft) or turn.asked == "handing"

    async def prescription(self, turn: Turn, draft: Mapping[str, Any]) -> PrescriptionView | None:
        try:
            async with turn.runtime.database.begin() as session:
                return await prescriptions.prescription_of(
                    session, UUID(str(draft["prescription"])), await account_of(session, turn)
                )
        except (PharmacyError, KeyError):
            return None

    def stop(self, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        reply.say("say_medicine_kept" if draft.get("purpose") else "say_medicine_later")
        return Outcome.closed()

    async def handing(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: PrescriptionView
    ) -> Outcome:
        """One message to the question how, or one that says it before it is asked."""
        said = turn.facts.handing or (str(draft.get("how") or "") if turn.asked != "handing" else "")
        how = Handing(said) if said else handing_of(turn.text)
        draft = {key: value for key, value in draft.items() if key != "how"}
        typed = bool(turn.facts.address or turn.facts.destination or draft.get("typed"))
        if (how is Handing.DELIVERY or typed) and how is not Handing.PICKUP and not one.may_be_sent:
            reply.say("say_not_to_be_sent", names=_not_to_be_sent(turn, one))
            draft.pop("typed", None)
            return self.ask_handing(turn, reply, draft, one, told=True)
        if turn.asked == "handing" and (turn.facts.address or turn.facts.destination):
            return await self.take_address(turn, reply, draft)
        if draft.get("typed"):
            return await self.take_noted(turn, reply, draft)
        if how is Handing.DELIVERY:
            return await self.choose_address(turn, reply, draft)
        only = not one.may_be_sent and turn.asked == "handing" and turn.intent == "affirm"
        if how is Handing.PICKUP or only:
            return await self.bill(turn, reply, draft, one, Handing.PICKUP)
        if turn.asked == "handing" and turn.intent in {"deny", "go_back", "thanks"}:
            return self.stop(reply, draft)
        outcome = self.ask_handing(turn, reply, draft, one)
        outcome.understood = turn.asked != "handing" or asks_what(
            turn.text
        )  # the question tells what each is
        return outcome

    def ask_handing(
        self,
        turn: Turn,
        reply: Reply,
        draft: Mapping[str, Any],
        one: PrescriptionView,
        *,
        told: bool = False,
    ) -> Outcome:
        words, texts = turn.words, turn.words.texts
        fee = Terms.of(turn.runtime.settings).fee(cold_chain=one.cold_chain)
        values = {"patient": one.patient, "total": words.money(one.medicine_fen), "fee": words.money(fee)}
        if one.may_be_sent:
            reply.say("ask_handing_cold" if one.cold_chain else "ask_handing", **values)
        elif told:
            reply.say("ask_handing_pickup", **values)
        else:
            reply.say("ask_handing_pickup_only", names=_not_to_be_sent(turn, one), **values)
        reply.offer(texts.text("word_handing_pickup"), '/inform{"handing": "pickup"}')
        if one.may_be_sent:
            reply.offer(texts.text("word_handing_delivery", **values), '/inform{"handing": "delivery"}')
        else:
            reply.offer(texts.text("word_later"), "/cancel")
        return Outcome({**draft, "prescription": str(one.id)}, "handing")

    async def before_addresses(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        one = await self.prescription(turn, draft)
        if one is None or draft.get("purpose") == "redirect":
            return self.stop(reply, draft)
        return self.ask_handing(turn, reply, draft, one)

    async def with_address(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: AddressView
    ) -> Outcome:
        found = await self.prescription(turn, draft)
        if found is None:
            reply.say("say_no_prescriptions")
            return Outcome.closed()
        if draft.get("purpose") == "redirect":
            return await self._redirect(turn, reply, found, one)
        return await self.bill(turn, reply, draft, found, Handing.DELIVERY, one)

    async def _redirect(self, turn: Turn, reply: Reply, one: PrescriptionView, to: AddressView) -> Outcome:
        try:
            async with turn.runtime.database.begin() as session:
                await checkout.send_elsewhere(
                    session,
                    turn.runtime.crypto,
                    one.id,
                    to.id,
                    account_id=await account_of(session, turn),
                    now=turn.now,
                )
        except (PharmacyError, ParcelFault):
            reply.say("say_medicine_redirect_late", phone=turn.runtime.settings.hospital_phone)
        else:
            reply.say("say_medicine_redirected", address=to.destination.masked)
        return Outcome.closed()

    async def bill(
        self,
        turn: Turn,
        reply: Reply,
        draft: Mapping[str, Any],
        one: PrescriptionView,
        how: Handing,
        to: AddressView | None = None,
    ) -> Outcome:
        phone = turn.runtime.settings.hospital_phone
        try:
            billed = await self._open_bill(turn, one, how, to)
        except OutOfStock as error:
            reply.say("say_out_of_stock", name=error.medicine, phone=phone)
            return Outcome.closed()
        except AnswerFirst:
            again = await self.prescription(turn, draft)
            return await self.ask_substitution(turn, reply, draft, again or one)
        except NotToBeSent:
            reply.say("say_not_to_be_sent", names=_not_to_be_sent(turn, one))
            return self.ask_handing(turn, reply, draft, one, told=True)
        except UnknownAddress:  # deleted meanwhile
            return await self.choose_address(turn, reply, draft)
        except PharmacyError:
            await medicine.answer_prescriptions(turn, reply)
            return Outcome.closed()
        await self._say_billed(turn, reply, billed, to)
        return Outcome.closed()

    async def _open_bill(
        self, turn: Turn, one: PrescriptionView, how: Handing, to: AddressView | None
    ) -> PrescriptionView:
        async with turn.runtime.database.begin() as session:
            return await checkout.open_bill(
                session,
                turn.runtime.crypto,
                one.id,
                how,
                address_id=to.id if to else None,
                account_id=await account_of(session, turn),
                contact_id=turn.contact_id,
                terms=Terms.of(turn.runtime.settings),
                delivery_name=turn.words.texts.text("word_delivery_item"),
                key=turn.key(f"collect {one.id}"),
                now=turn.now,
            )

    async def _say_billed(
        self, turn: Turn, reply: Reply, billed: PrescriptionView, to: AddressView | None
    ) -> None:
        words = turn.words
        assert billed.order_no
        assert billed.pay_until
        values = {
            "total": words.money(billed.amount_fen or 0),
            "until": words.until(billed.pay_until),
            "link": await order_page(turn, billed.order_no, billed.pay_until),
        }
        if to is None:
            reply.say("say_medicine_billed", **values)
        else:
            prices = {
                "medicine": words.money(billed.medicine_fen),
                "fee": words.money(billed.delivery_fen or 0),
            }
            reply.say("say_medicine_billed_delivery", address=to.destination.masked, **prices, **values)
        medicine.offer_changes(turn, reply, billed)


def _not_to_be_sent(turn: Turn, one: PrescriptionView) -> str:
    return turn.words.all_of(
        name_in_words(turn, line.name, line.name_en) for line in one.lines if not line.may_be_sent
    )
