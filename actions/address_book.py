"""我的地址: where medicine is sent to, kept for the next time. In the chat an address is shown masked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from actions import medicine
from actions.address_steps import QUESTIONS, AddressSteps, book_of
from actions.booking_draft import nth
from actions.forms import Outcome
from actions.medicine_words import book_purpose, changes_address
from actions.revealing import account_of
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import AddressView, UnknownAddress

_DONE = frozenset({"cancel", "affirm", "deny", "go_back"})
_NEW = '/inform{"purpose": "new"}'


class AddressForm(AddressSteps):
    """Opened by "我的地址". Its draft: the `address` that is dealt with and the `purpose`, besides what AddressSteps
    keeps."""

    form = "address_form"
    slot = "addresses"
    own = frozenset({"my_addresses"})

    async def step(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if not turn.asked or turn.intent == "my_addresses":
            return await self._enter(turn, reply)
        if turn.intent == "cancel":
            reply.say("say_addresses_done")
            return Outcome.closed()
        if turn.asked in QUESTIONS:
            return await self.take_address(turn, reply, draft)
        if turn.asked == "addresses":
            return await self._dealt_with(turn, reply, draft)
        one = await self._one(turn, str(draft.get("address") or ""))
        if one is None:
            return await self._list(turn, reply)
        if turn.asked == "address_delete":
            return await self._deleting(turn, reply, one)
        return await self._do(turn, reply, one, turn.facts.purpose or book_purpose(turn.text))

    async def ask(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked in QUESTIONS:
            return await self.ask_address(turn, reply, draft)
        one = await self._one(turn, str(draft.get("address") or ""))
        if one is None or turn.asked == "addresses":
            return await self._list(turn, reply)
        return self._ask_about(turn, reply, one, turn.asked)

    def takes_chosen(self, turn: Turn, draft: Mapping[str, Any]) -> bool:
        return turn.asked == "addresses" and turn.intent == "inform"  # one that a page saved was told already

    def says_something(self, turn: Turn) -> bool:
        return super().says_something(turn) or (turn.asked == "addresses" and bool(turn.facts.ordinal))

    async def _enter(self, turn: Turn, reply: Reply) -> Outcome:
        async with turn.runtime.database.begin() as session:
            known = await patients.acting_for(session, await account_of(session, turn))
        if not known:
            reply.say("say_address_register_first")
            reply.offer(turn.words.texts.text("intent_register"), "/register")
            return Outcome.closed()
        purpose = book_purpose(turn.text)
        if purpose not in ("delete", "default") and changes_address(turn.text):
            await self._of_what_is_sent(turn, reply)
        if turn.facts.address:
            return await self.take_noted(turn, reply, await self.note_typed(turn, {}))
        book = await book_of(turn)
        if purpose == "new" or (not book and purpose != "delete"):
            return await self.ask_new(turn, reply, {})
        wanted = nth([str(one.id) for one in book], turn.facts.ordinal)
        if wanted or (purpose and len(book) == 1):
            one = next((one for one in book if str(one.id) == wanted), book[0])
            return await self._do(turn, reply, one, purpose)
        return await self._list(turn, reply, purpose)

    async def _of_what_is_sent(self, turn: Turn, reply: Reply) -> None:
        """Who wants another address often means medicine that is on its way, or soon will be."""
        open_ = [one for one in await medicine.current(turn) if medicine.is_redirectable(one)]
        if open_:
            reply.say("say_address_redirectable")
            for one in open_[: medicine.SHOWN]:
                medicine.offer_redirecting(turn, reply, one)
        if await medicine.say_not_redirected(turn, reply) or open_:
            reply.say("say_addresses_next")

    async def _list(self, turn: Turn, reply: Reply, purpose: str = "") -> Outcome:
        """All of them, each a button; the usual one first."""
        book, texts = await book_of(turn), turn.words.texts
        if not book:
            reply.say("say_addresses_none")
            reply.offer(texts.text("word_new_address"), "/my_addresses")
            return Outcome.closed()
        reply.say("ask_addresses_delete" if purpose == "delete" else "ask_addresses", count=len(book))
        for one in book:
            key = "word_address_usual" if one.default and len(book) > 1 else "word_address"
            title = texts.text(key, address=one.destination.masked)
            reply.offer(title, f'/inform{{"destination": "{one.id}"}}')
        if len(book) < addresses.MOST:
            reply.offer(texts.text("word_new_address"), _NEW)
        offered = [str(one.id) for one in book]
        return Outcome({"offered": offered, "purpose": purpose}, "addresses")

    async def _dealt_with(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """One of them is named, a new one, or what is to be done with one."""
        if turn.facts.address:
            return await self.take_noted(turn, reply, await self.note_typed(turn, draft))
        said = turn.facts.purpose or book_purpose(turn.text)
        if said == "new":
            return await self.ask_new(turn, reply, draft)
        wanted = turn.facts.destination or nth(draft.get("offered") or [], turn.facts.ordinal)
        if wanted and (one := await self._one(turn, wanted)):
            return await self._do(turn, reply, one, said or str(draft.get("purpose") or ""))
        if said and len(book := await book_of(turn)) == 1:
            return await self._do(turn, reply, book[0], said)
        if said:
            return await self._list(turn, reply, said)
        if turn.intent in _DONE:
            reply.say("say_addresses_done")
            return Outcome.closed()
        return Outcome(draft, turn.asked, understood=False)

    async def _do(self, turn: Turn, reply: Reply, one: AddressView, purpose: str) -> Outcome:
        match purpose:
            case "default":
                async with turn.runtime.database.begin() as session:
                    account_id = await account_of(session, turn)
                    await addresses.make_default(session, one.id, account_id, turn.now)
                reply.say("say_address_default", address=one.destination.masked)
                return Outcome.closed()
            case "delete":
                return self._ask_about(turn, reply, one, "address_delete")
            case "new":
                return await self.ask_new(turn, reply, {})
        if turn.asked == "address_one":
            if turn.intent in _DONE:
                return await self._list(turn, reply)
            return Outcome({"address": str(one.id)}, "address_one", understood=False)
        return self._ask_about(turn, reply, one, "address_one")

    def _ask_about(self, turn: Turn, reply: Reply, one: AddressView, asked: str) -> Outcome:
        reply.say(f"ask_{asked}", address=one.destination.masked)
        return Outcome({"address": str(one.id)}, asked)

    async def _deleting(self, turn: Turn, reply: Reply, one: AddressView) -> Outcome:
        if turn.intent in {"deny", "go_back"}:
            reply.say("say_address_kept")
            return Outcome.closed()
        if turn.intent != "affirm":
            return Outcome({"address": str(one.id)}, turn.asked, understood=False)
        async with turn.runtime.database.begin() as session:
            account_id = await account_of(session, turn)
            with suppress(UnknownAddress):  # deleted from another phone just now
                await addresses.remove(session, one.id, account_id)
        reply.say("say_address_deleted")
        return Outcome.closed()

    async def _one(self, turn: Turn, address_id: str) -> AddressView | None:
        return next((one for one in await book_of(turn) if str(one.id) == address_id), None)

    async def before_addresses(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if await book_of(turn):
            return await self._list(turn, reply)
        reply.say("say_addresses_done")
        return Outcome.closed()

    async def with_address(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: AddressView
    ) -> Outcome:
        reply.say("say_address_added", address=one.destination.masked)
        return Outcome.closed()
