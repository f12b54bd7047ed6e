"""A doctor works through a consultation at the desk."""

from __future__ import annotations

from sqlalchemy import select, text

from bot import sweep
from integrations.hospital.models import ConsultationStatus, Practitioner, Prescription, Role
from tests.bot.desk.conftest import Desks
from tests.bot.desk.test_work import _fill, _open, _press, _see
from tests.consultation_rows import Online
from tests.pharmacy_rows import Pharmacy


async def test_accepted_prescribed_and_finished(desks: Desks) -> None:
    rt = desks.rt
    await Pharmacy(rt.database, rt.crypto).open()
    online = await Online(rt.database, rt.crypto).open()
    who = await online.asker()
    async with rt.database.begin() as session:
        doctor = await session.get_one(Practitioner, online.doctor)
        values = {"id": who.contact_id}
        await session.execute(text("INSERT INTO conversations (id) VALUES (:id)"), values)
        await session.execute(text("INSERT INTO controls (conversation_id) VALUES (:id)"), values)
    visitor = await desks.enter(Role.DOCTOR, doctor=doctor)
    made = await online.ask(who, rt.now())
    await online.pay(made, rt.now())
    await sweep.hospital(rt)
    await _open(visitor, "/consultations", made)
    await _see(visitor, "高血压，在吃氨氯地平")
    await _press(visitor, "accept")
    await visitor.told("已接诊")
    assert (await online.see(made)).status is ConsultationStatus.ACTIVE
    await _press(visitor, "confirm")
    await visitor.told("已确认")
    await _press(visitor, "prescribe", code="AML", dose="每次1片", frequency="每天1次", days=7, packs=1)
    await _fill(visitor, why="问过，不过敏")
    await visitor.told("送药师审核")
    async with rt.database.begin() as session:
        one = (await session.scalars(select(Prescription))).one()
        assert visitor.member
        assert one.signed_by == visitor.member.actor
    await _press(visitor, "finish", summary="继续原方案")
    await visitor.told("已结束")
    assert (await online.see(made)).status is ConsultationStatus.FINISHED
