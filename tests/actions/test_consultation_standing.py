"""A consultation that was asked for: how it stands, cancelled, given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from integrations.hospital.consultations import accepting, finishing, limits
from integrations.hospital.consultations.terms import Terms
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    ReturnReason,
)
from tests.actions.addresses import shown
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
    read = await chat.say("my_consultations")
    assert "小结" in read.text
    assert "药量减半" not in read.text  # a token stands there, in whose place the patient reads it
    assert "药量减半" in await shown(chat, read)


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
    how = (await chat.say("my_consultations")).text
    assert ("¥30 会全额退回" if paid else "没有收您的钱") in how
    assert ("没有收您的钱" in how) is not paid


async def _held(clinic: Any, chat: Any, summary: str, ended: timedelta = timedelta()) -> None:
    """A consultation that was paid, held, and ended so long ago with this summary."""
    await chat.press(await ask_with_record(clinic, chat), "同意")
    made, at = await newest(clinic), NOW - ended
    await pay(clinic, made)
    own = {"practitioner_id": made.practitioner_id, "actor": ACTOR, "now": at}
    settings, crypto = clinic.runtime.settings, clinic.runtime.crypto
    async with clinic.runtime.database.begin() as session:
        await accepting.accept(session, made.id, terms=Terms.of(settings), **own)  # type: ignore[arg-type]
        await finishing.finish(session, crypto, settings, made.id, summary, **own)  # type: ignore[arg-type]
        if ended:
            began = update(Consultation).where(Consultation.id == made.id).values(created_at=at)
            await session.execute(began)


async def test_a_summary_is_read_though_another_is_asked_for_by_then(clinic: Any) -> None:
    """Who looks after several people reads of each; what was read days ago does not come again with all that stands."""
    await offer(clinic)
    chat = await clinic.chat()
    await _held(clinic, chat, "很久以前的小结", timedelta(days=3))
    await _held(clinic, chat, "药量减半")
    await _held(clinic, chat, "一月后复查")
    read = await shown(chat, await chat.say("my_consultations"))
    assert "药量减半" in read
    assert "一月后复查" in read
    await chat.press(await ask_with_record(clinic, chat), "同意")
    await pay(clinic, await newest(clinic))
    read = await shown(chat, await chat.say("my_consultations"))
    assert "最晚 09:30 前接诊" in read
    assert "药量减半" in read
    assert "很久以前的小结" not in read


async def test_the_last_summary_is_read_behind_one_that_did_not_come_about(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    await _held(clinic, chat, "药量减半", timedelta(days=3))
    await chat.press(await ask_with_record(clinic, chat), "同意")
    await pay(clinic, await newest(clinic))
    async with clinic.runtime.database.begin() as session:
        await accepting.expire(session, NOW + timedelta(hours=1))
    read = await shown(chat, await chat.say("my_consultations"))
    assert "没有约成" in read
    assert "药量减半" in read


async def test_a_long_summary_is_read_whole(clinic: Any) -> None:
    await offer(clinic)
    chat = await clinic.chat()
    summary = "".join(chr(0x4E00 + number) for number in range(2000))
    await _held(clinic, chat, summary)
    assert summary in await shown(chat, await chat.say("my_consultations"))


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
