"""An offer from the waitlist, taken through the platforms' doors: in words, and by the button below it."""

from __future__ import annotations

import json

import pytest

from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import Patient
from tests.stack import eventually

pytestmark = pytest.mark.slow


def is_offered(hospital: Hospital, patient: Patient) -> None:
    """The one number of a half day is kept for them, as the sweep does it by day."""
    schedule, _ = hospital.half_day("彭程", slots=1)
    contact = hospital.contact(patient)
    hospital.rows("UPDATE slots SET status = 'kept' WHERE schedule_id = %s", schedule)
    entry = hospital.one(
        """
        INSERT INTO waitlist_entries (patient_id, account_id, contact_id, department_id, practitioner_id, days,
                                      status, slot_id, offered_until)
        SELECT ap.patient_id, ap.account_id, contacts.id, s.department_id, s.practitioner_id, ARRAY[s.date],
               'offered', slots.id, now() + interval '20 minutes'
        FROM contacts JOIN account_patients ap ON ap.account_id = contacts.account_id,
             schedules s JOIN slots ON slots.schedule_id = s.id
        WHERE contacts.id = %s AND s.id = %s RETURNING waitlist_entries.id
        """,
        contact,
        schedule,
    )
    hospital.rows(
        "INSERT INTO hospital_events (kind, account_id, contact_id, payload)"
        " SELECT 'waitlist_offered', account_id, id, %s FROM contacts WHERE id = %s",
        json.dumps({"waitlist_entry": str(entry)}),
        contact,
    )


@pytest.mark.parametrize("channel", ["wechat", "telegram"])
def test_an_offer_becomes_a_number(hospital: Hospital, arrive: Arrive, channel: str) -> None:
    patient = arrive(channel, registered=True)
    patient.say("你好")  # the window is open
    is_offered(hospital, patient)
    eventually(lambda: "您候补的号有了" in patient.all_said()[-1])
    patient.hear(patient.entries()[-1:])
    said = patient.say("接受候补") if channel == "wechat" else patient.choose("接受候补")
    assert "¥" in said
    assert [row[0] for row in hospital.appointments(patient)] == ["held"]
    assert "没有候补" in patient.say("我的候补")
