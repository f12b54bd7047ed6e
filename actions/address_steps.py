"""The part of a form that asks where something is to be sent: one of the address book, or a new one, typed in one
message and put right piece by piece. What is typed is kept as a token; the street is shown back as one."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actions.address_pieces import Pieces
from actions.booking_draft import nth
from actions.forms import LONG_AWAY, Form, Outcome
from actions.medicine_words import wants_new_address
from actions.page_addresses import address_page
from actions.revealing import account_of, minted, reveal, shown_back
from actions.turn import Reply, Turn
from integrations.hospital import patients
from integrations.hospital.delivery import addresses
from integrations.hospital.delivery.addresses import AddressView, TooManyAddresses
from integrations.hospital.profiles import owner_of
from integrations.hospital.tokens import UnknownToken
from integrations.language.divisions import Division
from integrations.language.languages import ENGLISH
from integrations.language.latin_addresses import romanized

# Every question of these steps; to each of them an address may be typed.
QUESTIONS = frozenset(
    f"address{one}"
    for one in ("", "_new", "_wrong", "_choice", "_division", "_street", "_recipient", "_phone", "_confirm")
)
_SHOWN = 5
_MYSELF = re.compile(
    r"(?:就?[写是]?)?(?:我自己|我本人|本人|自己|我)(?:来?收|吧|就行|就好|呗)*"
    r"|(?:it'?s |to |for )?(?:me|myself)(?: please)?",
    re.IGNORECASE,
)
_BACK = {"address_confirm": "address_wrong"}


class AddressSteps(Form):
    """Its draft holds `typed`, a token of the pieces known so far, and `offered`, ids of the address book."""

    @abstractmethod
    async def with_address(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], one: AddressView
    ) -> Outcome:
        """Goes on with the address that was chosen or confirmed."""

    @abstractmethod
    async def before_addresses(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The question that stands before those for an address."""

    async def _inside(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """An address is one, whatever intent it sounds like; so is one that was saved on its page meanwhile."""
        chosen = turn.facts.destination and self.takes_chosen(turn, draft)
        if turn.away < LONG_AWAY and (turn.facts.address or chosen):
            return await self.taken(turn, reply, draft)
        return await super()._inside(turn, reply, draft)

    def takes_chosen(self, turn: Turn, draft: Mapping[str, Any]) -> bool:
        """Whether one of the address book answers the open question."""
        return turn.asked in QUESTIONS

    async def taken(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """A message to this form, the open question once more where it says nothing."""
        outcome = await self.step(turn, reply, draft)
        again = not outcome.understood and outcome.asked
        return await self._again(turn, reply, draft) if again else outcome

    def says_something(self, turn: Turn) -> bool:
        facts = turn.facts
        asked = turn.asked in QUESTIONS
        return bool(facts.address) or (asked and bool(facts.ordinal or facts.oneself))

    async def choose_address(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """Which of the address book, or a new one."""
        known = (await book_of(turn))[:_SHOWN]
        if not known:
            return await self._ask(turn, reply, draft, "address_new")
        reply.say("ask_address")
        for one in known:
            reply.offer(one.destination.masked, f'/inform{{"destination": "{one.id}"}}')
        reply.offer(turn.words.texts.text("word_new_address"), '/inform{"purpose": "new"}')
        return Outcome({**draft, "offered": [str(one.id) for one in known]}, "address")

    async def take_address(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """One message to these questions."""
        if text := await typed(turn):
            if turn.asked == "address_recipient" and _MYSELF.fullmatch(text.strip(" ，。,.!")):
                turn = replace(turn, facts=replace(turn.facts, oneself=True))
            else:
                return await self.add_typed(turn, reply, draft, text)
        named = turn.facts.destination or turn.asked == "address"
        if named and (chosen := await self._chosen(turn, draft)):
            return await self.with_address(turn, reply, draft, chosen)
        if turn.facts.purpose == "new" or wants_new_address(turn.text):
            return await self.ask_new(turn, reply, draft)
        if turn.intent == "go_back":
            return await self._back(turn, reply, draft)
        pieces = await self._pieces(turn, draft)
        if turn.asked == "address_choice" and turn.facts.ordinal:
            return await self._go_on(turn, reply, draft, pieces.choosing(turn.facts.ordinal))
        if turn.facts.oneself and (mine := await _with_own(turn, pieces)):
            return await self._go_on(turn, reply, draft, mine)
        if turn.asked == "address_confirm" and turn.intent == "affirm":
            return await self._keep(turn, reply, draft, pieces)
        if turn.asked == "address_confirm" and turn.intent in {"deny", "correct"}:
            return await self._ask(turn, reply, draft, "address_wrong")
        return Outcome(draft, turn.asked, understood=False)

    async def ask_new(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        return await self._ask(turn, reply, _forgotten(draft), "address_new")

    async def note_typed(self, turn: Turn, draft: Mapping[str, Any]) -> dict[str, Any]:
        """An address typed before it was asked for is kept."""
        pieces = Pieces().add(await typed(turn))
        return {**draft, "typed": await minted(turn, "destination", pieces.write())}

    async def take_noted(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """What is still to be asked about it."""
        return await self._go_on(turn, reply, draft, await self._pieces(turn, draft))

    async def add_typed(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], text: str) -> Outcome:
        """What a message tells of an address, added to what is known of it."""
        before = await self._pieces(turn, draft)
        pieces = before.add(text, turn.asked)
        if pieces == before and turn.asked in QUESTIONS:
            return Outcome(draft, turn.asked, understood=False)
        if pieces.unread:
            reply.say("say_address_unread")
            return await self._ask(turn, reply, draft, before.missing or "address_division", before)
        if pieces.bad_phone:
            reply.say("say_address_phone")
        return await self._go_on(turn, reply, draft, pieces)

    async def ask_address(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        """The open question once more."""
        if turn.asked == "address":
            return await self.choose_address(turn, reply, draft)
        if turn.asked in ("address_new", "address_wrong"):
            return await self._ask(turn, reply, draft, turn.asked)
        return await self._go_on(turn, reply, draft, await self._pieces(turn, draft))

    async def _go_on(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], pieces: Pieces) -> Outcome:
        """The next piece that is missing, or all of it to be confirmed."""
        kept = {**draft, "typed": await minted(turn, "destination", pieces.write())}
        if missing := pieces.missing:
            if missing == "address_division" and not (pieces.recipient or pieces.phone or pieces.street):
                missing = "address_new"
            return await self._ask(turn, reply, kept, missing, pieces)
        to = pieces.destination
        reply.say(
            "ask_address_confirm",
            area=_read_aloud(turn, Division(to.province, to.city, to.district)),
            street=await shown_back(turn, to.street),
            recipient=patients.mask_name(to.recipient),
            phone=patients.mask_phone(to.phone),
        )
        return Outcome(kept, "address_confirm")

    async def _ask(
        self, turn: Turn, reply: Reply, draft: Mapping[str, Any], asked: str, pieces: Pieces | None = None
    ) -> Outcome:
        pieces = pieces or Pieces()
        if asked == "address_new":
            reply.say("say_address_page", link=await address_page(turn))
        area = Division(pieces.province, pieces.city, pieces.district)
        reply.say(f"ask_{asked}", area=_read_aloud(turn, area))
        if asked == "address_choice":
            for at, (province, city, district) in enumerate(pieces.choices[:_SHOWN], 1):
                title = _read_aloud(turn, Division(province, city, district))
                reply.offer(title, f'/inform{{"ordinal": {at}}}')
        if asked == "address_recipient" and (mine := await _own(turn)):
            name, phone = patients.mask_name(mine[0]), patients.mask_phone(mine[1])
            title = turn.words.texts.text("word_address_own", name=name, phone=phone)
            reply.offer(title, '/inform{"oneself": true}')
        return Outcome(draft, asked)

    async def _back(self, turn: Turn, reply: Reply, draft: Mapping[str, Any]) -> Outcome:
        if turn.asked in _BACK:
            return await self._ask(turn, reply, draft, _BACK[turn.asked])
        if turn.asked in ("address", "address_new") or not await book_of(turn):
            return await self.before_addresses(turn, reply, _forgotten(draft))
        return await self.choose_address(turn, reply, _forgotten(draft))

    async def _keep(self, turn: Turn, reply: Reply, draft: Mapping[str, Any], pieces: Pieces) -> Outcome:
        """Into the address book, and on with it."""
        if pieces.missing:  # it was forgotten meanwhile
            return await self.ask_new(turn, reply, draft)
        try:
            async with turn.runtime.database.begin() as session:
                kept = await addresses.add(
                    session,
                    turn.runtime.crypto,
                    pieces.destination,
                    account_id=await account_of(session, turn),
                    contact_id=turn.contact_id,
                    key=turn.key("address"),
                    now=turn.now,
                )
        except TooManyAddresses:
            reply.say("say_address_many", most=addresses.MOST)
            return await self.choose_address(turn, reply, _forgotten(draft))
        return await self.with_address(turn, reply, _forgotten(draft), kept)

    async def _chosen(self, turn: Turn, draft: Mapping[str, Any]) -> AddressView | None:
        wanted = turn.facts.destination or nth(draft.get("offered") or [], turn.facts.ordinal)
        return next((one for one in await book_of(turn) if str(one.id) == wanted), None)

    async def _pieces(self, turn: Turn, draft: Mapping[str, Any]) -> Pieces:
        try:
            return Pieces.read(await reveal(turn, str(draft.get("typed") or ""), "address"))
        except UnknownToken:  # nothing is typed yet, or it was forgotten since
            return Pieces()


def _read_aloud(turn: Turn, area: Division) -> str:
    """The area as couriers write it; in English with how it reads: 北京市海淀区 (Haidian, Beijing)"""
    return f"{area.name} ({romanized(area)}) " if turn.language == ENGLISH and area.province else area.name


async def book_of(turn: Turn) -> list[AddressView]:
    async with turn.runtime.database.begin() as session:
        return await addresses.book(session, turn.runtime.crypto, await account_of(session, turn))


async def typed(turn: Turn) -> str:
    """What this message tells of an address, as typed."""
    found = [turn.facts.person_name, turn.facts.phone, turn.facts.address]
    return " ".join([await reveal(turn, one, "address") for one in found if one])


def _forgotten(draft: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in draft.items() if key != "typed"}


async def _own(turn: Turn) -> tuple[str, str] | None:
    """Name and phone of the account's owner."""
    crypto = turn.runtime.crypto
    async with turn.runtime.database.begin() as session:
        owner = await owner_of(session, await account_of(session, turn))
        if owner is None:
            return None
        return crypto.decrypt(owner.name, "patients.name"), crypto.decrypt(owner.phone, "patients.phone")


async def _with_own(turn: Turn, pieces: Pieces) -> Pieces | None:
    mine = await _own(turn)
    return replace(pieces, recipient=mine[0], phone=pieces.phone or mine[1]) if mine else None
