"""What may not have reached the patient: messages that left without an answer of the platform, and news that could not
be turned into a message."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import notices, unknown_sends, untold_news, wake
from bot.desk.desk import Desk
from bot.desk.queue import Action, Answers, Column, Detail, Fact, Part, Queue, Row, Shown, View
from bot.desk.registry import desk_page, refusals
from bot.desk.work import counts
from bot.desk.work.people import name_and_phone
from bot.desk.work.reasons import REASON, moment
from bot.unknown_sends import NotUnknown, UnknownSend
from bot.untold_news import NotUntold, UntoldNews
from integrations.catalogue import CHINESE, ENGLISH
from integrations.hospital.staff.permissions import Right

COLUMNS = (
    Column("patient", "queue.patient", "1fr"),
    Column("channel", "unknown.channel", "1fr"),
    Column("kind", "unknown.kind", "1.4fr", badge=True),
    Column("error", "unknown.error", "2fr", spare=True),
)
refusals({NotUnknown: "queue.gone", NotUntold: "queue.gone"})


@desk_page(
    "/unknown",
    title="unknown",
    right=Right.TALKS_ANSWER,
    icon="help_center",
    badge=counts.badge("unknown"),
    own_badge=True,
)
async def unknown(desk: Desk) -> None:
    await Unknown(desk).queue.show()


class Unknown:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._woken: UUID | None = None
        right = Right.TALKS_ANSWER
        waiting = View("waiting", "unknown.waiting", self._waiting)
        untold = View("untold", "unknown.untold", self._untold)
        self.queue = Queue(
            desk,
            "unknown",
            COLUMNS,
            (waiting, untold) if unknown_sends.serves(desk.member) else (waiting,),
            describe=self._describe,
            actions=(
                Action(
                    "read",
                    Right.PATIENTS_REVEAL,
                    self._read,
                    asks=(REASON,),
                    fits=_left,
                    icon="visibility",
                    key="r",
                ),
                Action(
                    "again",
                    right,
                    self._again,
                    asks=(REASON,),
                    fits=_has_left,
                    primary=True,
                    icon="send",
                    after=self._wake,
                ),
                Action(
                    "phone",
                    Right.PATIENTS_REVEAL,
                    self._phone,
                    asks=(REASON,),
                    fits=_may_be_called,
                    icon="call",
                    key="p",
                ),
                Action("retry", right, self._retry, asks=(REASON,), fits=_never_left, icon="refresh"),
                Action("let_be", right, self._let_be, asks=(REASON,), icon="done"),
            ),
        )

    async def _waiting(self, session: AsyncSession, most: int) -> Part[Row]:
        desk = self._desk
        return (await unknown_sends.listed(session, desk.member, desk.now(), most)).each(self._row)

    def _row(self, one: UnknownSend) -> Row:
        words = self._desk.words
        unsent = "unknown.held" if one.waits else "unknown.unsent"
        kind = words("unknown.notice" if one.notice else "unknown.reply" if one.left else unsent)
        why = words("talks.state_held" if one.waits else "talks.changed_hands")
        cells = {
            "patient": one.patient,
            "channel": words(f"talks.channel_{one.channel}"),
            "kind": kind,
            "error": (one.error or "–") if one.left else why,
        }
        return Row(str(one.id), cells, one.sent_at, tone="" if one.left else "warn", data=one)

    async def _untold(self, session: AsyncSession, most: int) -> Part[Row]:
        return (await untold_news.listed(session, most)).each(self._news)

    def _news(self, one: UntoldNews) -> Row:
        words = self._desk.words
        cells = {
            "patient": one.patient,
            "channel": words(f"talks.channel_{one.channel}"),
            "kind": notices.short_words(one.kind, ENGLISH if words.language == "en" else CHINESE),
            "error": words("unknown.never_left", tries=one.tries),
        }
        return Row(str(one.id), cells, one.happened_at, tone="bad", data=one)

    async def _describe(self, _session: AsyncSession, row: Row) -> Detail:
        return self._of_news(row) if _never_left(row) else self._of_message(row)

    def _of_news(self, row: Row) -> Detail:
        desk, one = self._desk, row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("unknown.channel", row.cells["channel"]),
            Fact("unknown.about", row.cells["kind"]),
            Fact("unknown.order", one.order_no or "–"),
            Fact("unknown.happened", moment(desk, one.happened_at)),
            Fact("unknown.given_up", moment(desk, one.given_up_at)),
            Fact("unknown.error", row.cells["error"]),
            Fact("unknown.failure", f"{one.kind}: {one.error}"),
        ]
        return Detail(one.patient, facts, hint=desk.words("unknown.untold_hint"))

    def _of_message(self, row: Row) -> Detail:
        one: UnknownSend = row.data
        facts = [
            Fact("queue.patient", one.patient),
            Fact("unknown.channel", row.cells["channel"]),
            Fact("unknown.kind", row.cells["kind"]),
            Fact("unknown.sent" if one.left else "unknown.written", moment(self._desk, one.sent_at)),
            Fact("unknown.error", row.cells["error"]),
        ]
        unsent = "unknown.held_hint" if one.waits else "unknown.unsent_hint"
        hint = "unknown.hint" if one.left else unsent
        return Detail(one.patient, facts, hint=self._desk.words(hint))

    async def _read(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        desk = self._desk
        words = await unknown_sends.read(
            session, desk.rt.crypto, row.data.id, desk.member, reason=answers["reason"], now=desk.now()
        )
        return Shown([(desk.words("unknown.words"), words)])

    async def _again(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk = self._desk
        self._woken = await unknown_sends.say_again(
            session, row.data.id, desk.member, reason=answers["reason"], now=desk.now()
        )

    async def _wake(self) -> None:
        if self._woken:
            wake.Waker(self._desk.rt.redis).wake(self._woken)

    async def _phone(self, session: AsyncSession, row: Row, answers: Answers) -> Shown:
        return await name_and_phone(
            self._desk, session, row.data.patient_id, why="untold news", reason=answers["reason"]
        )

    async def _retry(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        await untold_news.try_again(session, row.data.id, actor=self._desk.actor, reason=answers["reason"])

    async def _let_be(self, session: AsyncSession, row: Row, answers: Answers) -> None:
        desk, why = self._desk, answers["reason"]
        if _never_left(row):
            await untold_news.let_be(session, row.data.id, actor=desk.actor, reason=why, now=desk.now())
        else:
            await unknown_sends.let_be(session, row.data.id, desk.member, reason=why, now=desk.now())


def _left(row: Row) -> bool:
    return isinstance(row.data, UnknownSend)


def _has_left(row: Row) -> bool:
    return _left(row) and row.data.left


def _never_left(row: Row) -> bool:
    return isinstance(row.data, UntoldNews)


def _may_be_called(row: Row) -> bool:
    return _never_left(row) and row.data.patient_id is not None
