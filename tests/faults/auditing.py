"""What must hold after any fault: nothing lost, nothing left lying, nothing said twice, no slot sold twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from bot import outbox
from integrations.texts import clean
from tests.faults.breaking import QUESTION, conversation, settle
from tests.faults.inside import crypto
from tests.patients import Patient
from tests.stack import Stack

_QUESTIONS = 3


def audit(stack: Stack, patients: Iterable[Patient], *, storm: bool = False) -> None:
    """Waits until all is quiet, then holds the platforms' records against the database. In a storm a platform may
    give up on a message that was never acknowledged, and a message may fail for good, with words to the patient."""
    for patient in patients:
        _settle(stack, patient)
        _nothing_was_lost(stack, patient, storm=storm)
        _nothing_was_said_twice(stack, patient)
    _no_slot_was_sold_twice(stack)


def _settle(stack: Stack, patient: Patient) -> None:
    """Who was sent as much as WeChat allows after one message hears the rest with the answer to the next."""
    for _ in range(_QUESTIONS):
        try:
            return settle(stack, patient, seconds=10)
        except TimeoutError:
            if not _is_used_up(patient):
                break
            patient.say(QUESTION)
    return settle(stack, patient)


def _is_used_up(patient: Patient) -> bool:
    user = patient.sandbox.get(f"/{patient.channel}", params=patient.address).json()
    return patient.channel == "wechat" and not user["quota"]["left"]


def _nothing_was_lost(stack: Stack, patient: Patient, *, storm: bool) -> None:
    """Each message that the platform delivered is stored once and answered."""
    calls = patient.sandbox.get(f"/{patient.channel}", params=patient.address).json()["calls"]
    delivered = [
        call["request"]
        for call in calls
        if call["operation"] in ("callback", "webhook") and (call["status"] == 200 or not storm)
    ]
    names = {str(request.get("MsgId") or request.get("update_id") or "") for request in delivered} - {""}
    rows = stack.rows(
        "SELECT external_id, status FROM inbound WHERE conversation_id = %s", conversation(stack, patient)
    )
    assert names <= {name for name, _ in rows}
    assert {status for _, status in rows} <= ({"done", "failed"} if storm else {"done"})


def _nothing_was_said_twice(stack: Stack, patient: Patient) -> None:
    """Each text stands on the phone as often as messages of ours bear it; one of unknown fate at most so often."""
    texts, messages = _said(stack, patient)
    phone = patient.all_said()
    for text in texts - {""}:  # a picture has none
        seen = sum(said.count(text) for said in phone)
        bearing = [(status, said) for status, said in messages if text in said]
        sent = sum(said.count(text) for status, said in bearing if status == "sent")
        unknown = sum(said.count(text) for status, said in bearing if status == "unknown")
        assert sent <= seen <= sent + unknown, f"{seen} times: {text}\n{bearing}"


def _said(stack: Stack, patient: Patient) -> tuple[set[str], list[tuple[str, str]]]:
    """What was written, and each message that it left in with its status: what was taken to be sent at the same moment
    left as one (bot.claims). News that was handed over as a prepared notice may read as that on the phone."""
    keys = crypto(stack)
    rows = [
        (claimed_at, status, outbox.unseal(keys, content).text)
        for claimed_at, status, content in stack.rows(
            """
            SELECT claimed_at, CASE WHEN notified_at IS NULL OR status <> 'sent' THEN status ELSE 'unknown' END, content
            FROM outbound WHERE conversation_id = %s ORDER BY seq
            """,
            conversation(stack, patient),
        )
    ]
    together: dict[tuple[datetime | None, str], list[str]] = defaultdict(list)
    for claimed_at, status, text in rows:
        together[claimed_at, status].append(text)
    messages = [(status, clean("\n\n".join(texts))) for (_, status), texts in together.items()]
    return {clean(text) for _, _, text in rows}, messages


def _no_slot_was_sold_twice(stack: Stack) -> None:
    assert not stack.rows(
        """
        SELECT slot_id FROM appointments WHERE status IN ('held', 'booked') GROUP BY slot_id HAVING count(*) > 1
        """
    )
    assert not stack.rows(
        """
        SELECT slots.id FROM slots JOIN appointments ON slot_id = slots.id
        WHERE appointments.status IN ('held', 'booked') AND slots.status = 'free'
        """
    )
