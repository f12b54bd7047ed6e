"""Prescriptions of a doctor within a consultation: warned, signed, reviewed, amended."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from integrations.hospital import audit_reading
from integrations.hospital.consultations import accepting, prescribing
from integrations.hospital.consultations.prescribing import Accompanied, NotConfirmed, Signed
from integrations.hospital.consultations.terms import NotNow, UnknownConsultation
from integrations.hospital.intake import keeping
from integrations.hospital.intake.story import ALLERGIES, COMPLAINT, NONE, Story
from integrations.hospital.models import (
    Consultation,
    ConsultationStatus,
    Medicine,
    Patient,
    Prescription,
    PrescriptionStatus,
    PrescriptionWarning,
    ReturnReason,
)
from integrations.hospital.operations import OperationKey
from integrations.hospital.pharmacy import allergies, medicines, reviews, signing, taking
from integrations.hospital.pharmacy.allergies import WarningKind
from integrations.hospital.pharmacy.checking import Unacknowledged
from integrations.hospital.pharmacy.issuing import Prescribed
from integrations.hospital.pharmacy.signing import SignatureVoid
from integrations.hospital.pharmacy.terms import BadPrescription, UnknownMedicine, UnknownPrescription
from integrations.hospital.pharmacy.terms import NotNow as ReviewNotNow
from integrations.settings import ROOT
from tests.consultation_rows import ACTOR, MINUTE, NOW, TERMS, Asker, Online
from tests.pharmacy_rows import TERMS as PHARMACY

AMX, CEF, AML, DZP = "AMX", "CEF", "AML", "DZP"
SHELF = {
    AMX: ("阿莫西林胶囊", "Amoxicillin", "capsule", "common"),
    CEF: ("头孢克洛胶囊", "Cefaclor", "capsule", "common"),
    AML: ("苯磺酸氨氯地平片", "Amlodipine", "tablet", "common"),
    DZP: ("地西泮片", "Diazepam", "tablet", "psychotropic"),
}


@pytest.fixture
async def shelf(online: Online) -> None:
    async with online.database.begin() as session:
        await medicines.add(session, *(_row(code, *about) for code, about in SHELF.items()))


def _row(code: str, name: str, english: str, form: str, kind: str) -> dict[str, Any]:
    return {"code": code, "name": name, "name_en": english, "form": form, "kind": kind, "strength": "1×10"} | {
        "unit": "盒", "price_fen": 1000, "stock": 9, "cold_chain": False,
    }  # fmt: skip


def _lines(*codes: str) -> list[Prescribed]:
    return [Prescribed(code, "每次1片", "每天1次", 7, 1) for code in codes]


async def _allergic(online: Online, who: Asker, told: str) -> None:
    async with online.database.begin() as session:
        await keeping.record(
            session, online.crypto, Story({COMPLAINT: "咳嗽", ALLERGIES: told}), "摘要",
            account_id=who.account_id, contact_id=who.contact_id, patient_id=who.patient_id, appointment_id=None,
            key=OperationKey(str(uuid4()), "test", "intake"), now=NOW,
        )  # fmt: skip


async def _write(online: Online, made: UUID, *codes: str, now: Any = NOW + 2 * MINUTE, **more: Any) -> UUID:
    async with online.database.begin() as session:
        return await prescribing.write(
            session, online.crypto, made, Signed(_lines(*codes), **({"reasons": {}} | more)),
            practitioner_id=online.doctor, actor=ACTOR, terms=PHARMACY, now=now,
        )  # fmt: skip


async def _approve(online: Online, prescription: UUID) -> None:
    async with online.database.begin() as session:
        await reviews.approve(session, prescription, pharmacist="staff:p", now=NOW + 3 * MINUTE)


async def _active(online: Online, told: str = NONE) -> tuple[Asker, UUID]:
    who = await online.asker()
    await _allergic(online, who, told)
    return who, await online.active(who)


async def test_it_is_signed_and_what_is_changed_afterwards_is_not_approved(
    online: Online, shelf: None
) -> None:
    who, made = await _active(online)
    right, changed = await _write(online, made, AML), await _write(online, made, AMX)
    async with online.database.begin() as session:
        one = await session.get_one(Prescription, right)
        assert (one.consultation_id, one.signed_by, one.signed_at) == (made, ACTOR, NOW + 2 * MINUTE)
        assert one.signed_hash is not None
        assert len(one.signed_hash) == 64
        assert (one.contact_id, one.online) == (who.contact_id, True)
        await session.execute(
            text("UPDATE prescription_lines SET dose = '每次2片' WHERE prescription_id = :id"),
            {"id": changed},
        )
    await _approve(online, right)
    with pytest.raises(SignatureVoid):
        await _approve(online, changed)
    async with online.database.begin() as session:  # it may be sent back to its doctor
        await reviews.reject(
            session, changed, pharmacist="staff:p", reason="剂量有改动", terms=PHARMACY, now=NOW + 4 * MINUTE
        )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE prescription_lines SET dose = '每次2片' WHERE prescription_id = :id AND position = 1",
        "UPDATE prescription_lines SET frequency = '每天2次' WHERE prescription_id = :id AND position = 1",
        "UPDATE prescription_lines SET days = 14 WHERE prescription_id = :id AND position = 1",
        "UPDATE prescription_lines SET quantity = 2 WHERE prescription_id = :id AND position = 1",
        "UPDATE prescription_lines SET medicine_id = (SELECT id FROM medicines WHERE code = 'DZP')"
        " WHERE prescription_id = :id AND position = 1",
        "DELETE FROM prescription_lines WHERE prescription_id = :id AND position = 2",
        "INSERT INTO prescription_lines (prescription_id, position, medicine_id, dose, frequency, days, quantity,"
        " price_fen) SELECT :id, 3, id, '每次1片', '每天1次', 7, 1, 1000 FROM medicines WHERE code = 'CEF'",
        "UPDATE prescriptions SET valid_until = valid_until + interval '1 day' WHERE id = :id",
        "UPDATE prescriptions SET signed_by = 'staff:other' WHERE id = :id",
        "UPDATE prescriptions SET signed_at = signed_at + interval '1 minute' WHERE id = :id",
        "UPDATE prescriptions SET patient_id = (SELECT id FROM patients WHERE id <> patient_id LIMIT 1) WHERE id = :id",
        "UPDATE prescriptions SET practitioner_id = (SELECT id FROM practitioners WHERE id <> practitioner_id LIMIT 1)"
        " WHERE id = :id",
    ],
)
async def test_whatever_is_changed_the_signature_does_not_hold(
    online: Online, shelf: None, change: str
) -> None:
    await online.asker()
    await Online(online.database, online.crypto).open()  # another patient, another doctor
    _, made = await _active(online)
    written = await _write(online, made, AMX, AML)
    async with online.database.begin() as session:
        assert await signing.holds(session, await session.get_one(Prescription, written))
        changed = await session.execute(text(change), {"id": written})
        assert changed.rowcount == 1  # type: ignore[attr-defined]
    async with online.database.begin() as session:
        assert not await signing.holds(session, await session.get_one(Prescription, written))
    with pytest.raises(SignatureVoid):
        await _approve(online, written)


async def test_the_audit_log_holds_who_signed_what(online: Online, shelf: None) -> None:
    """Whoever changes a prescription and its hash with it has not changed the log."""
    _, made = await _active(online)
    written = await _write(online, made, AMX)
    async with online.database.begin() as session:
        one = await session.get_one(Prescription, written)
        [signed] = await audit_reading.search(
            session, subject=f"consultation:{made}", action="prescription_signed"
        )
    assert (signed.actor, signed.detail) == (ACTOR, {"prescription": str(written), "hash": one.signed_hash})


async def test_an_allergy_is_warned_of_until_the_doctor_says_why(online: Online, shelf: None) -> None:
    who, made = await _active(online, "青霉素过敏，起过疹子")
    with pytest.raises(Unacknowledged) as open_ones:
        await _write(online, made, AMX, CEF, AML)
    assert [(one.position, one.kind) for one in open_ones.value.warned] == [
        (1, WarningKind.ALLERGY),
        (2, WarningKind.NEAR),
    ]
    with pytest.raises(Unacknowledged):
        await _write(online, made, AMX, CEF, reasons={1: "皮试阴性", 2: "  "})
    written = await _write(online, made, AMX, CEF, reasons={1: "皮试阴性", 2: "以前用过没事"})
    async with online.database.begin() as session:
        kept = list(await session.scalars(select(PrescriptionWarning).order_by(PrescriptionWarning.position)))
    assert [(one.prescription_id, one.position, one.kind) for one in kept] == [
        (written, 1, "allergy"),
        (written, 2, "near"),
    ]
    assert online.crypto.decrypt(kept[0].reason, "prescription_warnings.reason") == "皮试阴性"
    assert kept[0].acknowledged_by == ACTOR
    assert who.patient_id


async def test_what_is_taken_already_is_warned_of_until_it_is_void(online: Online, shelf: None) -> None:
    _, made = await _active(online, "青霉素过敏")
    async with online.database.begin() as session:
        first = await prescribing.write(
            session, online.crypto, made, Signed([Prescribed(AML, "每次1片", "每天1次", 30, 2)], {}),
            practitioner_id=online.doctor, actor=ACTOR, terms=PHARMACY, now=NOW + 2 * MINUTE,
        )  # fmt: skip
    with pytest.raises(Unacknowledged) as open_ones:
        await _write(online, made, AMX, AML, reasons={1: "皮试阴性"})
    assert [(one.position, one.kind) for one in open_ones.value.warned] == [(2, WarningKind.DUPLICATE)]
    assert len(open_ones.value.all) == 2
    async with online.database.begin() as session:
        await reviews.reject(
            session, first, pharmacist="staff:p", reason="天数太长", terms=PHARMACY, now=NOW + 3 * MINUTE
        )
        [(which, back)] = (await prescribing.sent_back(session, online.doctor, NOW)).items()
        assert (which, back.id, back.reason) == (made, first, "天数太长")
        assert await prescribing.sent_back(session, uuid4(), NOW) == {}
    written = await _write(online, made, AMX, AML, reasons={1: "皮试阴性"}, amends=first)
    async with online.database.begin() as session:
        kept = (await session.scalars(select(PrescriptionWarning))).one()
        assert await prescribing.sent_back(session, online.doctor, NOW) == {}
    assert (kept.prescription_id, kept.position, kept.kind) == (written, 1, "allergy")


async def test_a_short_course_just_begun_is_no_refill(online: Online, shelf: None) -> None:
    _, made = await _active(online)
    await _write(online, made, AMX)  # for seven days
    with pytest.raises(Unacknowledged) as twice:
        await _write(online, made, AMX)
    assert [one.kind for one in twice.value.warned] == [WarningKind.DUPLICATE]
    async with online.database.begin() as session:
        patient = (await session.get_one(Consultation, made)).patient_id
        for days, taken in ((3, [False]), (4, [True]), (8, [])):
            found = await taking.at_present(session, online.crypto, patient, NOW + timedelta(days=days))
            assert [one.refill for one in found] == taken


async def test_more_medicines_than_one_prescription_bears_are_refused(online: Online, shelf: None) -> None:
    _, made = await _active(online)
    vitamins = [f"V{number}" for number in range(1, 7)]
    async with online.database.begin() as session:
        await medicines.add(
            session, *(_row(code, f"维生素{code}片", code, "tablet", "common") for code in vitamins)
        )
    with pytest.raises(BadPrescription):
        await _write(online, made, *vitamins)
    assert await _write(online, made, *vitamins[:5])


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (NONE, []),
        ("", [WarningKind.NOT_ASKED] * 3),
        ("unknown", [WarningKind.NOT_ASKED] * 3),
        ("海鲜", []),
        ("头孢过敏", [WarningKind.NEAR, WarningKind.ALLERGY]),
        ("allergic to penicillin", [WarningKind.ALLERGY, WarningKind.NEAR]),
        ("对氨氯地平过敏", [WarningKind.ALLERGY]),
        ("阿莫西林", [WarningKind.ALLERGY, WarningKind.NEAR]),
    ],
)
def test_what_is_told_is_held_against_each_medicine(told: str, kinds: list[WarningKind]) -> None:
    packs = [Medicine(name=SHELF[code][0], name_en=SHELF[code][1]) for code in (AMX, CEF, AML)]
    assert [one.kind for one in allergies.warnings(told, packs)] == kinds


async def test_what_no_doctor_may_prescribe_online_is_refused(online: Online, shelf: None) -> None:
    _, made = await _active(online)
    async with online.database.begin() as session:
        await medicines.add(session, _row("MOR", "盐酸吗啡片", "Morphine", "tablet", "narcotic"))
    for codes in ((DZP,), ("MOR",), (AMX, "MOR")):
        with pytest.raises(BadPrescription, match="may not be prescribed online"):
            await _write(online, made, *codes)
    async with online.database.begin() as session:
        assert list(await session.scalars(select(Prescription.id))) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"dose": " "}, {"dose": "长" * 61}, {"frequency": ""}, {"frequency": "长" * 61}, {"days": 0},
        {"days": 91}, {"quantity": 0}, {"code": "NONE"}, {"code": "OLD"},
    ],
)  # fmt: skip
async def test_each_line_names_a_medicine_on_the_list_with_dose_frequency_and_days(
    online: Online, shelf: None, wrong: dict[str, Any]
) -> None:
    _, made = await _active(online)
    async with online.database.begin() as session:
        await medicines.add(session, _row("OLD", "停用片", "Old", "tablet", "common") | {"active": False})
    line = {"code": AML, "dose": "每次1片", "frequency": "每天1次", "days": 90, "quantity": 1}

    async def write(**line: Any) -> UUID:
        async with online.database.begin() as session:
            return await prescribing.write(
                session, online.crypto, made, Signed([Prescribed(**line)], {}), practitioner_id=online.doctor,
                actor=ACTOR, terms=PHARMACY, now=NOW + 2 * MINUTE,
            )  # fmt: skip

    with pytest.raises((BadPrescription, UnknownMedicine)):
        await write(**line | wrong)
    assert await write(**line)


def test_nothing_but_a_doctor_at_the_desk_and_staff_s_own_command_writes_a_prescription() -> None:
    """None is ever generated (监管细则 21): a new way to one is to be looked at here."""

    def say(words: str) -> set[str]:
        files = (file for top in ("actions", "bot", "integrations") for file in (ROOT / top).rglob("*.py"))
        found = re.compile(rf"(?<!class )\b{re.escape(words)}")
        return {str(file.relative_to(ROOT)) for file in files if found.search(file.read_text("utf-8"))}

    assert say("Prescription(") == {"integrations/hospital/pharmacy/issuing.py"}
    assert say("issuing.issue(") == {
        "bot/commands/prescriptions.py",
        "integrations/hospital/consultations/prescribing.py",
    }
    assert say("prescribing.write(") == {"bot/desk/consultations/writing.py"}


async def test_only_within_the_own_consultation_while_it_goes_on_with_a_diagnosis(
    online: Online, shelf: None
) -> None:
    who = await online.asker()
    await _allergic(online, who, NONE)
    unconfirmed = await online.active(who, confirmed=False)
    with pytest.raises(NotConfirmed):
        await _write(online, unconfirmed, AML)
    _, made = await _active(online)
    with pytest.raises(NotNow):
        await _write(online, made, AML, now=NOW + MINUTE + TERMS.length)
    with pytest.raises(UnknownConsultation):
        async with online.database.begin() as session:
            await prescribing.write(
                session, online.crypto, made, Signed(_lines(AML), {}), practitioner_id=uuid4(), actor=ACTOR,
                terms=PHARMACY, now=NOW + 2 * MINUTE,
            )  # fmt: skip
    await online.expire(NOW + timedelta(days=1))
    with pytest.raises(NotNow):
        await _write(online, made, AML)


async def test_with_what_is_given_back_goes_what_was_prescribed_unless_it_is_paid(
    online: Online, shelf: None
) -> None:
    """The doctor says that the patient must be seen first: nobody is to buy the medicine all the same."""
    _, made = await _active(online)
    _, other = await _active(online)
    waits, passed, paid = [await _write(online, made, code) for code in (AMX, AML, CEF)]
    theirs = await _write(online, other, AMX)
    await _approve(online, passed)
    await _approve(online, paid)
    async with online.database.begin() as session:
        await session.execute(text("UPDATE prescriptions SET status = 'paid' WHERE id = :id"), {"id": paid})
    async with online.database.begin() as session:
        await accepting.give_back(
            session, online.crypto, made, ReturnReason.CHANGED, "要当面看", practitioner_id=online.doctor,
            actor=ACTOR, now=NOW + 4 * MINUTE,
        )  # fmt: skip
    async with online.database.begin() as session:
        found = [(await session.get_one(Prescription, one)).status for one in (waits, passed, paid, theirs)]
        [back] = await audit_reading.search(session, action="consultation_returned")
    void = PrescriptionStatus.CANCELLED
    assert found == [void, void, PrescriptionStatus.PAID, PrescriptionStatus.ISSUED]
    assert back.detail["withdrawn"] == [str(waits), str(passed)]
    with pytest.raises(ReviewNotNow):
        await _approve(online, waits)


async def test_a_doctor_who_prescribed_has_answered(online: Online, shelf: None) -> None:
    """What was prescribed can be amended and paid: it is not taken for a talk in which nothing happened."""
    _, made = await _active(online)
    await _write(online, made, AMX)
    await online.expire(NOW + timedelta(days=1))
    assert (await online.see(made)).status is ConsultationStatus.FINISHED


async def test_for_a_small_child_guardian_and_specialist_are_there(online: Online, shelf: None) -> None:
    who, made = await _active(online)
    async with online.database.begin() as session:
        (await session.get_one(Patient, who.patient_id)).birth_date = date(2022, 1, 1)
    with pytest.raises(Accompanied):
        await _write(online, made, AMX)
    assert await _write(online, made, AMX, accompanied=True)
    async with online.database.begin() as session:  # what the doctor said is kept
        [signed] = await audit_reading.search(session, action="prescription_signed")
    assert (signed.actor, signed.detail["accompanied"]) == (ACTOR, True)


async def test_what_the_pharmacist_sends_back_is_amended_once(online: Online, shelf: None) -> None:
    _, made = await _active(online)
    first = await _write(online, made, AMX)
    with pytest.raises(BadPrescription):
        await _write(online, made, AML, amends=first)
    async with online.database.begin() as session:
        await reviews.reject(
            session, first, pharmacist="staff:p", reason="剂量偏大", terms=PHARMACY, now=NOW + 3 * MINUTE
        )
    second = await _write(online, made, AML, amends=first)
    with pytest.raises(BadPrescription):
        await _write(online, made, AML, amends=first)
    with pytest.raises(UnknownPrescription):
        await _write(online, made, AML, amends=uuid4())
    await _approve(online, second)
    async with online.database.begin() as session:
        one = await session.get_one(Prescription, second)
        assert (one.amends_id, one.status) == (first, PrescriptionStatus.APPROVED)
        assert await prescribing.of_consultation(session, made) == [first, second]
