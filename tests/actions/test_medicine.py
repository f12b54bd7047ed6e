"""Prescriptions and parcels in the chat, once the patient asks."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.hospital import patients
from integrations.hospital.delivery import shipping
from integrations.hospital.models import Handing
from integrations.hospital.pharmacy import substitutions
from tests.pharmacy_rows import NOW, PHARMACIST, Client, Pharmacy


@pytest.fixture
async def pharmacy(runtime: Any) -> Pharmacy:
    return await Pharmacy(runtime.database, runtime.crypto).open()


async def _client(chat: Any) -> Client:
    async with chat.runtime.database.begin() as session:
        [patient] = await patients.acting_for(session, chat.contact.account_id)
    return Client(chat.contact.account_id, chat.contact.id, patient.id)


async def test_a_prescription_is_shown_billed_and_picked_up_with_its_code(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    assert "没有要处理的处方" in (await chat.say("my_prescriptions")).text
    made = await pharmacy.approved(await _client(chat), "AML")
    shown = await chat.say("my_prescriptions")
    assert "氨氯地平片 5mg×28片，2盒：每次1片，每天1次，用7天" in shown.text
    assert "不能退换" in shown.text
    assert "https://hospital.example/p/prescription/" in shown.text
    billed = await chat.press(shown, "到院取药")
    assert "https://hospital.example/p/pay/" in billed.text
    await pharmacy.pay((await pharmacy.see(made)).order_no)
    assert (await pharmacy.see(made)).pickup_code in (await chat.say("my_prescriptions")).text


async def test_what_is_not_there_is_not_billed(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    await pharmacy.approved(await _client(chat), "NIF")
    other = await pharmacy.client()
    await pharmacy.bill(other, await pharmacy.approved(other, "NIF"))
    assert "暂时不够" in (await chat.say("collect_medicine")).text


async def test_who_is_asked_about_another_medicine_is_told_whom_to_call(
    clinic: Any, pharmacy: Pharmacy
) -> None:
    chat = await clinic.chat()
    made = await pharmacy.approved(await _client(chat), "NIF")
    async with chat.runtime.database.begin() as session:
        await substitutions.propose(
            session, made, old_code="NIF", code="AML", quantity=1, dose="1片", pharmacist=PHARMACIST,
            agreed_by=pharmacy.staff_no, now=NOW,
        )  # fmt: skip
    for asking in ("my_prescriptions", "collect_medicine"):
        shown = await chat.say(asking)
        assert f"请打 {chat.runtime.settings.hospital_phone} 告诉药房" in shown.text
        assert "到院取药" not in str(shown.buttons)


async def test_a_parcel_is_asked_about_and_received(clinic: Any, pharmacy: Pharmacy) -> None:
    chat = await clinic.chat()
    assert "没有在路上" in (await chat.say("where_is_my_parcel")).text
    _, made = await pharmacy.paid("AML", handing=Handing.DELIVERY, client=await _client(chat))
    assert "正在打包" in (await chat.say("where_is_my_parcel")).text
    async with chat.runtime.database.begin() as session:
        await shipping.ship(session, made, "ems", "EM12345678", actor="staff:counter", now=NOW)
    where = await chat.say("where_is_my_parcel")
    assert "尾号 5678" in where.text
    assert "https://hospital.example/p/parcel/" in where.text
    assert "没有回应" in where.text  # no tracker is set up here
    assert "记下您收到了" in (await chat.press(where, "我收到了")).text
    assert "已送达" in (await chat.say("where_is_my_parcel")).text
