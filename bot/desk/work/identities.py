"""待人工核验: documents that staff look at, and what patients asked for about their identity."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Ask, Column, Detail, Fact, Part, Queue, Row, Shown, View, whole
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.reasons import REASON, moment
from integrations.hospital import identity_reviews, requests
from integrations.hospital.identity_reviews import NotWaiting, RejectionReason, Waiting
from integrations.hospital.linking import SelfExists
from integrations.hospital.requests import RequestView, UnknownRequest
from integrations.hospital.restoring import AgreementNeeded, NothingKept, OtherOwner
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("what", "identities.what", "1.6fr", badge=True),
    Column("patient", "queue.patient", "1fr"),
    Column("more", "identities.more", "2fr"),
)
refusals(
    {
        NotWaiting: "queue.gone",
        UnknownRequest: "queue.gone",
        SelfExists: "identities.self_exists",
        NothingKept: "identities.nothing_kept",
        OtherOwner: "identities.other_owner",
        AgreementNeeded: "identities.agreement_needed",
    }
)


@desk_page(
    "/identities",
    title="identities",
    right=Right.IDENTITIES_REVIEW,
    icon="badge",
    badge=counts.badge("identities"),
)
async def identities(desk: Desk) -> None:
    await Identities(desk).queue.show()


class Identities:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        right = Right.IDENTITIES_REVIEW
        seen = (Ask("seen", "identities.seen", kind="check"),)
        why = {one.value: desk.words(f"identities.why_{one}") for one in RejectionReason}
        self.queue = Queue(
            desk,
            "identities",
            COLUMNS,
            (
                View("documents", "identities.documents", self._documents),
                View("requests", "identities.requests", whole(self._requests)),
            ),
            describe=self._describe,
            actions=(
                Action(
                    "reveal", right, self._reveal, asks=(REASON,), fits=_document, icon="visibility", key="r"
                ),
                Action(
                    "verify", right, self._verify, asks=seen, fits=_document, primary=True, icon="verified"
                ),
                Action(
                    "reject",
                    right,
                    self._reject,
                    asks=(Ask("reason", "identities.why", kind="choice", options=why),),
                    fits=_document,
                    danger=True,
                    icon="block",
                ),
                Action(
                    "approve",
                    right,
                    self._approve,
                    asks=seen,
                    fits=_request,
                    primary=True,
                    icon="check",
                ),
                Action("refuse", right, self._refuse, fits=_request, danger=True, icon="close"),
            ),
        )

    async def _documents(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await identity_reviews.waiting(session, most)).each(self._waiting)

    def _waiting(self, one: Waiting) -> Row:
        words = self._desk.words
        cells = {
            "what": words(f"identities.document_{one.document}"),
            "patient": one.name,
            "more": words("identities.registered"),
        }
        return Row(str(one.patient_id), cells, one.since, data=one)

    async def _requests(self, session: AsyncSession) -> Sequence[Row]:
        words = self._desk.words
        return [
            Row(
                str(one.id),
                {
                    "what": words(f"identities.kind_{one.kind}"),
                    "patient": one.patient,
                    "more": words(
                        "identities.by",
                        channel=words(f"talks.channel_{one.channel}"),
                        outcome=one.outcome or "–",
                    ),
                },
                one.created_at,
                tone="warn" if one.kind == "dispute" else "",
                data=one,
            )
            for one in await requests.open_requests(session)
        ]

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        words, one = self._desk.words, row.data
        facts = [Fact("identities.what", row.cells["what"]), Fact("queue.patient", row.cells["patient"])]
        if isinstance(one, Waiting):
            facts.append(Fact("queue.since", moment(self._desk, one.since)))
            return Detail(row.cells["patient"], facts, hint=words("identities.document_hint"))
        facts += [
            Fact("identities.born", f"{one.birth_date}"),
            Fact("identities.channel", one.channel),
            Fact("identities.check", one.outcome or "–"),
            Fact("queue.since", moment(self._desk, one.created_at)),
        ]
        facts += [Fact("identities.relation", one.relation)] if one.relation else []
        return Detail(row.cells["patient"], facts, hint=words(f"identities.hint_{one.kind}"))

    async def _reveal(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        words, desk = self._desk.words, self._desk
        told = await identity_reviews.reveal(
            session, desk.rt.crypto, row.data.patient_id, actor=desk.actor, reason=answers["reason"]
        )
        return Shown(
            [
                (words("queue.name"), told.name),
                (words("identities.what"), words(f"identities.document_{told.document}")),
                (words("identities.number"), told.id_number),
                (words("identities.born"), f"{told.birth_date}"),
                (words("identities.sex"), words(f"identities.sex_{told.sex}")),
                (words("queue.phone"), told.phone.removeprefix("+86")),
            ]
        )

    async def _verify(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        desk = self._desk
        await identity_reviews.verify(session, row.data.patient_id, actor=desk.actor, now=desk.now())

    async def _reject(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        reason = RejectionReason(answers["reason"])
        await identity_reviews.reject(
            session, row.data.patient_id, reason=reason, actor=desk.actor, now=desk.now()
        )

    async def _approve(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await self._decide(session, row, approve=True)

    async def _refuse(self, session: AsyncSession, row: Row, _answers: Answers) -> None:
        await self._decide(session, row, approve=False)

    async def _decide(self, session: AsyncSession, row: Row, *, approve: bool) -> None:
        desk = self._desk
        await requests.decide(
            session, desk.rt.crypto, row.data.id, approve=approve, staff=desk.actor, now=desk.now()
        )


def _document(row: Row) -> bool:
    return isinstance(row.data, Waiting)


def _request(row: Row) -> bool:
    return isinstance(row.data, RequestView)
