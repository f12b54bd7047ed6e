"""The passing of time, which no test waits for."""

from __future__ import annotations

from datetime import timedelta

from tests.conversations.hospital import Hospital
from tests.patients import Patient


def let_pass(hospital: Hospital, person: Patient, seconds: int) -> None:
    """As if the patient's last message, alarm, code and hold were so much older."""
    past = timedelta(seconds=seconds)
    contact = hospital.contact(person)
    for statement in (
        "UPDATE inbound SET received_at = received_at - %s, sent_at = sent_at - %s WHERE conversation_id = %s",
        "UPDATE alarms SET raised_at = raised_at - %s, page_at = page_at - %s WHERE conversation_id = %s",
        "UPDATE one_time_codes SET issued_at = issued_at - %s, expires_at = expires_at - %s WHERE contact_id = %s",
    ):
        hospital.rows(statement, past, past, contact)
    hospital.rows(
        "UPDATE rasa_tracker SET updated_at = updated_at - %s WHERE sender_id = %s", past, contact.hex
    )
    hospital.rows(
        "UPDATE appointments SET hold_expires_at = hold_expires_at - %s WHERE contact_id = %s",
        past,
        contact,
    )


def calm_duty_phones(hospital: Hospital) -> None:
    """As if the last hour's pages had been sent before it: what others told takes none of its places, of which an
    hour has twenty and half a minute one."""
    hospital.rows("UPDATE page_slips SET sent_at = sent_at - interval '1 hour'")
