"""Opening a case: its number, its day, and whether it may tell of harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.crypto import Crypto
from integrations.hospital.cases.suspicion import suspected
from integrations.hospital.clock import local_date
from integrations.hospital.locks import lock
from integrations.hospital.models import Adverse, Case, CaseKind, CaseMedium, Category
from integrations.hospital.operations import OperationKey, Result, once
from integrations.hospital.working_days import working_days

# Working days for an answer: 投诉 are answered within five, within ten where several departments are involved.
DAYS, DAYS_ACROSS = 5, 10
_PREFIX = "TS"
_LAST = text("""
    SELECT max(CAST(right(number, -12) AS integer)) FROM cases WHERE number LIKE :beginning || '%'
""")


@dataclass(frozen=True, slots=True)
class About:
    """What a case is about, as far as it was said."""

    order_id: UUID | None = None
    appointment_id: UUID | None = None
    practitioner_id: UUID | None = None
    prescription_id: UUID | None = None
    delivery_id: UUID | None = None


_NOTHING = About()


def answer_due(since: datetime, *, across: bool = False) -> date:
    """The day on which who waits since then has an answer at the latest."""
    return working_days().after(local_date(since), DAYS_ACROSS if across else DAYS)


async def open_case(
    session: AsyncSession,
    crypto: Crypto,
    kind: CaseKind,
    category: Category,
    words: str,
    *,
    account_id: UUID | None,
    contact_id: UUID | None,
    patient_id: UUID | None = None,
    about: About = _NOTHING,
    messages: Sequence[UUID] = (),
    deadline: date | None = None,
    key: OperationKey | None = None,
    now: datetime,
) -> str:
    """Opens a case and gives its number, such as TS-20261122-017. `words` are the patient's, or ours for a problem
    that we found; `messages` those that brought pictures; `deadline` where it is not a complaint's. Without an
    account nobody hears of it, as of a difference about money. What sounds like harm through care is marked
    suspected."""

    async def effect() -> Result:
        values = {
            "number": await _next_number(session, local_date(now)),
            "kind": kind,
            "category": category,
            "words": crypto.encrypt(words, "cases.words"),
            "account_id": account_id,
            "contact_id": contact_id,
            "patient_id": patient_id,
            "adverse": _adverse(kind, words),
            "deadline": deadline or answer_due(now),
            "created_at": now,
        } | asdict(about)
        case_id = await session.scalar(insert(Case).values(**values).returning(Case.id))
        if messages:
            await session.execute(
                insert(CaseMedium),
                [{"case_id": case_id, "message_id": one} for one in dict.fromkeys(messages)],
            )
        return {"number": values["number"]}

    return str((await once(session, key, effect))["number"])


def _adverse(kind: CaseKind, words: str) -> Adverse:
    return Adverse.SUSPECTED if kind is CaseKind.ADVERSE_EVENT or suspected(words) else Adverse.NONE


async def _next_number(session: AsyncSession, day: date) -> str:
    beginning = f"{_PREFIX}-{day:%Y%m%d}-"
    await lock(session, f"cases:{beginning}")
    last = int(await session.scalar(_LAST, {"beginning": beginning}) or 0)
    return f"{beginning}{last + 1:03}"
