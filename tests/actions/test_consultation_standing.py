"""A consultation that was asked for: how it stands, cancelled, given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integrations.hospital.consultations import accepting, finishing, limits
from integrations.hospital.consultations.terms import Terms
from integrations.hospital.models import (
    ConsultationStatus,
    ReturnReason,
)
from tests.actions.conftest import NOW
from tests.actions.consultations import ask_with_record, newest, offer, pay
from tests.consultation_rows import ACTOR


async def test_how_it_stands_is_told_at_every_step(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    assert "没有在线复诊" in (await chat.say("my_consultations")).text
    await chat.press(await ask_with_record(clinic, chat), "同意")
    made = await newest(clinic)
    assert "/p/pay/" in (await chat.say("my_consultations")).text
    await pay(clinic, made)
    waiting = await chat.say("my_consultations")
    assert "最晚 09:30 前接诊" in waiting.text
    assert list(waiting.buttons) == ["取消在线复诊"]
    doctor = {"practitioner_id": made.practitioner_id, "actor": ACTOR, "now": NOW + timedelta(minutes=1)}
    async with clinic.runtime.database.begin() as session:
        await accepting.accept(session, made.id, terms=Terms.of(clinic.runtime.settings), **doctor)  # type: ignore[arg-type]
    assert "还可以发 20 条消息" in (await chat.say("my_consultations")).text
    assert "不能取消" in (await chat.say("cancel_consultation")).text
    async with clinic.runtime.database.begin() as session:
        await limits.doctor_said(session, made.id, NOW)
        settings, crypto = clinic.runtime.settings, clinic.runtime.crypto
        await finishing.finish(session, crypto, settings, made.id, "药量减半", **doctor)  # type: ignore[arg-type]
    shown = await chat.say("my_consultations")
    assert "小结" in shown.text
    assert "药量减半" not in shown.text  # a token stands there, in whose place the patient reads it


@pytest.mark.parametrize("paid", [False, True])
async def test_cancelled_before_it_is_accepted(clinic: Any, paid: bool) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.press(await ask_with_record(clinic, chat), "同意")
    made = await newest(clinic)
    if paid:
        await pay(clinic, made)
    asked = await chat.say("cancel_consultation")
    assert ("全额退回" if paid else "还没付款") in asked.text
    kept = await chat.press(asked, "不取消")
    assert "保留着" in kept.text
    await chat.say("cancel_consultation")
    done = await chat.say("cancel_consultation", text="是的，取消")
    assert ("全额退回" if paid else "没有收您的钱") in done.text
    assert (await newest(clinic)).status is ConsultationStatus.CANCELLED


async def test_given_back_says_why_and_offers_a_visit(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.press(await ask_with_record(clinic, chat), "同意")
    made = await newest(clinic)
    await pay(clinic, made)
    async with clinic.runtime.database.begin() as session:
        await accepting.give_back(
            session, clinic.runtime.crypto, made.id, ReturnReason.MUST_BE_SEEN, "要拍片",
            practitioner_id=made.practitioner_id, actor=ACTOR, now=NOW,
        )  # fmt: skip
    said = await chat.say("my_consultations")
    assert "退回了这次在线复诊" in said.text
    assert "¥30 已全额退" in said.text
    assert "/book_appointment" in said.buttons.values()


async def test_the_same_doctor_is_not_paid_twice_and_a_repeat_asks_once(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await chat.press(await ask_with_record(clinic, chat), "同意")
    again = await chat.press(await ask_with_record(clinic, chat), "同意")
    assert "不用再付一次" in again.text
