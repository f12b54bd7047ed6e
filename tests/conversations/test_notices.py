"""News outside the window, and media both ways, through the platforms' doors."""

from __future__ import annotations

import json

import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient, WeChatPatient
from tests.stack import Stack, eventually

pytestmark = pytest.mark.slow

ORDER = "O20261122888"
OURS = "(SELECT id FROM contacts WHERE platform_id = %s)"


def happens(stack: Stack, patient: Patient, kind: str, **payload: str) -> None:
    """An event of the hospital about this patient."""
    stack.rows(
        "INSERT INTO hospital_events (kind, account_id, contact_id, payload)"
        " SELECT %s, account_id, id, %s FROM contacts WHERE platform_id = %s",
        kind,
        json.dumps(payload),
        patient.platform_id,
    )


def has_paid(hospital: Hospital, patient: Patient) -> tuple[str, str]:
    """The id of an appointment that the patient has paid for, and its order's number."""
    schedule, _ = hospital.half_day("冯志刚", slots=1, period="上午")
    hospital.book(
        patient, "冯志刚", hospital.one("SELECT date FROM schedules WHERE id = %s", schedule), "上午"
    )
    hospital.rows(
        "UPDATE appointments SET status = 'booked', hold_expires_at = NULL WHERE schedule_id = %s", schedule
    )
    [found] = hospital.rows(
        """
        UPDATE orders SET status = 'paid', paid_at = now() FROM appointments
        WHERE appointments.id = appointment_id AND schedule_id = %s RETURNING appointments.id::text, order_no
        """,
        schedule,
    )
    return found


def shut_window(stack: Stack, patient: Patient) -> None:
    """The platform takes no more messages to them, and we know."""
    patient.sandbox.post("/wechat/quota/shut", json=patient.address)
    over = f"UPDATE quotas SET expires_at = now() - interval '1 s' WHERE conversation_id = {OURS}"  # noqa: S608
    stack.rows(over, patient.platform_id)


def cards(patient: Patient) -> list[dict]:
    return [entry for entry in patient.entries() if entry["kind"] == "service_notice"]


def test_news_comes_as_a_card_when_the_window_is_shut(stack: Stack) -> None:
    patient = WeChatPatient.arrive(stack.sandbox)
    shut_window(stack, patient)
    happens(stack, patient, "hold_expired", order_no=ORDER)
    eventually(lambda: bool(cards(patient)))
    [card] = cards(patient)
    assert ["订单编号", ORDER] in card["lines"]
    assert "/notice/hold_expired" in card["url"]
    sent = f"SELECT status FROM outbound WHERE notice IS NOT NULL AND conversation_id = {OURS}"  # noqa: S608
    eventually(lambda: stack.rows(sent, patient.platform_id) == [("sent",)])
    assert ORDER not in patient.say("你好")  # the card said it
    assert len(cards(patient)) == 1


@pytest.mark.parametrize(("channel", "made"), [("wechat", "image"), ("telegram", "photo")])
def test_a_picture_is_kept_and_one_of_ours_arrives(
    stack: Stack, hospital: Hospital, arrive: Arrive, channel: str, made: str
) -> None:
    patient = arrive(channel, registered=True)
    patient.does(made)
    kept = (
        "SELECT status, mime, content FROM media JOIN contacts ON contacts.id = media.conversation_id"
        " WHERE platform_id = %s AND inbound_id IS NOT NULL"
    )
    eventually(lambda: [row[0] for row in stack.rows(kept, patient.platform_id)] == ["stored"])
    [(_, mime, content)] = stack.rows(kept, patient.platform_id)
    assert mime == "image/png"
    assert b"PNG" not in bytes(content)
    appointment, order_no = has_paid(hospital, patient)
    happens(stack, patient, "appointment_booked", appointment_id=appointment, order_no=order_no)
    ours = {"image", "photo"}
    eventually(lambda: any(e["side"] == "account" and e["kind"] in ours for e in patient.entries()))
    eventually(lambda: any(order_no in words for words in patient.all_said()))
