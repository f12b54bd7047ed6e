"""A relative who agreed by a text message calls, and takes it back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Queue, Row, View, whole
from bot.desk.registry import desk_page, refusals
from bot.desk.work.reasons import REASON, Gone, moment
from integrations.hospital import agreements as service
from integrations.hospital.agreements import Standing
from integrations.hospital.reading import InvalidPhone
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "1fr"),
    Column("relation", "agreements.relation", "1fr", badge=True),
    Column("owner", "agreements.owner", "1fr"),
)


refusals({InvalidPhone: "agreements.no_phone"})


@desk_page(
    "/agreements", title="agreements", right=Right.IDENTITIES_REVIEW, icon="handshake", group="hospital"
)
async def agreements(desk: Desk) -> None:
    await Agreements(desk).queue.show()


class Agreements:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._phone = ""
        right = Right.IDENTITIES_REVIEW
        self.queue = Queue(
            desk,
            "agreements",
            COLUMNS,
            (View("standing", "agreements.standing", whole(self._standing), asked=True),),
            describe=self._describe,
            actions=(
                Action(
                    "end",
                    right,
                    self._end,
                    asks=(Ask("called_back", "agreements.called_back", kind="check"),),
                    danger=True,
                    icon="link_off",
                ),
            ),
            general=(
                Action("find", right, self._find, asks=(Ask("phone", "queue.phone"), REASON), icon="search"),
            ),
            age="agreements.since",
        )

    async def _standing(self, session: AsyncSession) -> Sequence[Row]:
        if not self._phone:
            return ()
        words = self._desk.words
        return [
            Row(
                f"{one.patient_id}:{one.account_id}",
                {
                    "patient": one.patient,
                    "relation": words(f"agreements.relation_{one.relation}"),
                    "owner": one.owner,
                },
                one.since,
                data=one,
            )
            for one in await service.of_phone(session, self._desk.rt.crypto, self._phone)
        ]

    async def _find(self, session: AsyncSession, _row: Row, answers: Answers) -> dict[str, object]:
        desk, phone = self._desk, answers["phone"]
        found = await service.find(session, desk.rt.crypto, phone, actor=desk.actor, reason=answers["reason"])
        self._phone = phone
        return {"count": len(found)}

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        one: Standing = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("agreements.relation", row.cells["relation"]),
            Fact("agreements.owner", one.owner),
            Fact("agreements.since", moment(self._desk, one.since)),
        ]
        return Detail(one.patient, facts, hint=self._desk.words("agreements.hint"))

    async def _end(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        one: Standing = row.data
        ended = await service.end(
            session,
            patient_id=one.patient_id,
            account_id=one.account_id,
            actor=self._desk.actor,
            key=None,
            now=self._desk.now(),
        )
        if not ended:
            raise Gone
