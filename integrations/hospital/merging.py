"""Two accounts become one, and part again. Conversations stay apart: they belong to contacts, which only change
accounts. Callers hold the patient's lock."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import Table, delete, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.database import Base
from integrations.hospital.models import Account, AccountPatient, Appointment, Contact

_WRITTEN_BY_HAND = frozenset({"contacts", "account_patients"})
_TELL_WHO_DID_IT = frozenset({"consents", "account_links"})  # their contact is a fact, not an address
_PATIENTS: Table = AccountPatient.__table__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came along with a merged account: its contacts, and the patients that the other did not have."""

    contacts: tuple[UUID, ...]
    patients: tuple[UUID, ...]

    def as_json(self) -> dict[str, list[str]]:
        return {key: [str(one) for one in found] for key, found in asdict(self).items()}

    @classmethod
    def read(cls, stored: dict[str, list[str]]) -> Moved:
        return cls(tuple(map(UUID, stored["contacts"])), tuple(map(UUID, stored["patients"])))


async def hold_account(session: AsyncSession, contact_id: UUID) -> UUID:
    """The contact's account, held until the transaction ends: nobody merges or parts it meanwhile. What was read of
    it before may be of another account. Whoever holds an appointment's row or a patient's lock took it before."""
    now: UUID | None = None
    while True:
        seen, now = now, await session.scalar(select(Contact.account_id).where(Contact.id == contact_id))
        if now is None:
            raise LookupError(f"no contact {contact_id}")
        if now == seen:
            return now
        await session.execute(select(Account.id).where(Account.id == now).with_for_update(key_share=True))


async def lock_accounts(session: AsyncSession, *account_ids: UUID) -> None:
    """Their appointments and then they themselves, in the order of their ids, whoever asks. Waits for what is just
    being booked, moved or cancelled for them."""
    theirs = select(Appointment.id).where(Appointment.account_id.in_(account_ids)).order_by(Appointment.id)
    await session.execute(theirs.with_for_update(key_share=True))
    wanted = select(Account.id).where(Account.id.in_(account_ids)).order_by(Account.id)
    await session.execute(wanted.with_for_update())


async def merge(session: AsyncSession, *, kept: UUID, merged: UUID) -> Moved:
    """All that `merged` has goes to `kept`: contacts, consents as they were given, patients, appointments, orders,
    events, and whatever else names an account. The patients' rows of `merged` stay where they are, for `part`."""
    await lock_accounts(session, kept, merged)
    contacts = await session.scalars(
        update(Contact).where(Contact.account_id == merged).values(account_id=kept).returning(Contact.id)
    )
    moved = Moved(tuple(contacts), await _copy_patients(session, kept, merged))
    for table in _tables_of_accounts():
        await session.execute(table.update().where(table.c.account_id == merged).values(account_id=kept))
    into = update(Account).where((Account.id == merged) | (Account.merged_into == merged))
    await session.execute(into.values(merged_into=kept))
    return moved


async def part(
    session: AsyncSession, *, kept: UUID, merged: UUID, moved: Moved, disputed: UUID, heir: UUID
) -> None:
    """Undoes `merge`, but for the disputed patient: `merged` gets back its contacts with what they did since, and
    its other patients. Appointments of the disputed patient stay with `kept`, now told to the contact `heir`."""
    await lock_accounts(session, kept, merged)
    theirs = Contact.id.in_(moved.contacts), Contact.account_id == kept
    await session.execute(update(Contact).where(*theirs).values(account_id=merged))
    await session.execute(update(Account).where(Account.id == merged).values(merged_into=None))
    went = set(moved.patients) - {disputed}
    for account, patients in ((kept, went), (merged, {disputed})):
        gone = AccountPatient.account_id == account, AccountPatient.patient_id.in_(patients)
        await session.execute(delete(AccountPatient).where(*gone))
    for table in _tables_of_accounts():
        await _give_back(session, table, kept, merged, moved.contacts, heir)


async def _give_back(
    session: AsyncSession, table: Table, kept: UUID, merged: UUID, contacts: tuple[UUID, ...], heir: UUID
) -> None:
    """Rows made by the contacts that leave, where it is known who made them."""
    columns = table.c
    if "contact_id" not in columns:
        return
    theirs = (columns.account_id == kept) & columns.contact_id.in_(contacts)
    if "patient_id" in columns:
        own = select(_PATIENTS.c.patient_id).where(_PATIENTS.c.account_id == merged)
        strange = columns.patient_id.is_not(None) & columns.patient_id.not_in(own)
        if table.name not in _TELL_WHO_DID_IT:
            await session.execute(table.update().where(theirs, strange).values(contact_id=heir))
        theirs &= ~strange
    await session.execute(table.update().where(theirs).values(account_id=merged))


async def _copy_patients(session: AsyncSession, kept: UUID, merged: UUID) -> tuple[UUID, ...]:
    rest = [column for column in _PATIENTS.c if column.name != "account_id"]
    rows = select(literal(kept), *rest).where(_PATIENTS.c.account_id == merged)
    copied = (
        insert(_PATIENTS)
        .from_select(["account_id", *(column.name for column in rest)], rows)
        .on_conflict_do_nothing()
        .returning(_PATIENTS.c.patient_id)
    )
    return tuple(await session.scalars(copied))


def _tables_of_accounts() -> list[Table]:
    """Every table whose rows belong to an account by `account_id`."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if table.name not in _WRITTEN_BY_HAND
        and "account_id" in table.c
        and any(key.column.table.name == "accounts" for key in table.c.account_id.foreign_keys)
    ]
