"""What the pharmacy has, what of it may travel, and how much can still be promised."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.hospital.models import Medicine, MedicineClass, MedicineForm
from integrations.hospital.pharmacy.terms import OutOfStock, UnknownMedicine

# 药品网络销售禁止清单 (2022): what may not be sold at a distance, in whatever form.
_AT_THE_COUNTER_ONLY = frozenset(MedicineClass) - {MedicineClass.COMMON, MedicineClass.GLUCOSE_LOWERING}
# 互联网诊疗管理办法 19: what no doctor may prescribe in an online consultation.
_NEVER_ONLINE = frozenset(
    {MedicineClass.NARCOTIC, MedicineClass.PSYCHOTROPIC, MedicineClass.TOXIC, MedicineClass.RADIOACTIVE}
)


def may_be_sent(kind: MedicineClass, form: MedicineForm) -> bool:
    """Of injections only those that lower the blood sugar."""
    if kind in _AT_THE_COUNTER_ONLY:
        return False
    return form is not MedicineForm.INJECTION or kind is MedicineClass.GLUCOSE_LOWERING


def may_be_prescribed_online(kind: MedicineClass) -> bool:
    return kind not in _NEVER_ONLINE


async def by_code(session: AsyncSession, code: str) -> Medicine:
    """Raises UnknownMedicine."""
    found = await session.scalar(select(Medicine).where(Medicine.code == code.upper(), Medicine.active))
    if found is None:
        raise UnknownMedicine(code)
    return found


async def all_medicines(session: AsyncSession) -> list[Medicine]:
    """By code."""
    return list(await session.scalars(select(Medicine).where(Medicine.active).order_by(Medicine.code)))


async def add(session: AsyncSession, *medicines: Mapping[str, object]) -> None:
    """Those whose code is not there yet; what is there stays as it is."""
    await session.execute(
        insert(Medicine).values(list(medicines)).on_conflict_do_nothing(index_elements=["code"]).inline()
    )


async def restock(session: AsyncSession, code: str, packs: int) -> int:
    """So many more (or fewer); gives what can be promised now. Raises UnknownMedicine, OutOfStock."""
    one = await by_code(session, code)
    await _change(session, {one.id: packs})
    await session.refresh(one)
    return one.stock


async def take(session: AsyncSession, packs: Mapping[UUID, int]) -> None:
    """Takes so many of each medicine off the stock, all or none. Raises OutOfStock."""
    await _change(session, {one: -count for one, count in packs.items()})


async def give_back(session: AsyncSession, packs: Mapping[UUID, int]) -> None:
    await _change(session, packs)


async def _change(session: AsyncSession, packs: Mapping[UUID, int]) -> None:
    for medicine_id in sorted(packs):
        count = packs[medicine_id]
        changed = (
            update(Medicine)
            .where(Medicine.id == medicine_id, Medicine.stock + count >= 0)
            .values(stock=Medicine.stock + count)
            .returning(Medicine.id)
            .execution_options(synchronize_session=False)
        )
        if await session.scalar(changed) is None:
            raise OutOfStock((await session.get_one(Medicine, medicine_id)).name)
