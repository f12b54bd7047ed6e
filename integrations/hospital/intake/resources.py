"""An intake as FHIR R4 resources: Condition, Observation, AllergyIntolerance, MedicationStatement.

Codes are LOINC and SNOMED CT where a question has a standard one; what the patient said is text, for a patient's words
are no coded diagnosis (Condition.verificationStatus is unconfirmed).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from integrations.hospital.intake.story import (
    ACCOMPANYING,
    ALLERGIES,
    COMPLAINT,
    HISTORY,
    MEDICINES,
    NONE,
    ONSET,
    PREGNANCY,
    SEVERITY,
    UNKNOWN,
    Story,
    severity_of,
)

Resource = dict[str, Any]
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_LOINC, _SNOMED = "http://loinc.org", "http://snomed.info/sct"
_ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"  # International Patient Summary
_PAIN = {
    "system": _LOINC,
    "code": "72514-3",
    "display": "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
}
_PREGNANT = {"system": _LOINC, "code": "82810-3", "display": "Pregnancy status"}
_SYMPTOM = {"system": _LOINC, "code": "75325-1", "display": "Symptom"}
_NO_ALLERGY = {"system": _ABSENT, "code": "no-known-allergies"}
_NO_MEDICINE = {"system": _ABSENT, "code": "no-known-medications"}
_MILD, _MODERATE, _SEVERE = (
    {"system": _SNOMED, "code": "255604002", "display": "Mild"},
    {"system": _SNOMED, "code": "6736007", "display": "Moderate"},
    {"system": _SNOMED, "code": "24484000", "display": "Severe"},
)


def resources(story: Story, *, patient_id: UUID, appointment_id: UUID | None, now: datetime) -> Resource:
    """A Bundle (collection) of what was answered; what the patient did not know is left out."""
    told = {name: said for name, said in story.answers.items() if said != UNKNOWN}
    entries = [
        *_conditions(told, story.since),
        *_observations(told),
        *_allergies(told.get(ALLERGIES, "")),
        *_medicines(told.get(MEDICINES, "")),
    ]
    who = {"reference": f"Patient/{patient_id}"}
    for entry in entries:
        entry["patient" if entry["resourceType"] == "AllergyIntolerance" else "subject"] = who
    bundle: Resource = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": now.isoformat(),
        "entry": [{"resource": one} for one in entries],
    }
    if appointment_id:
        bundle["identifier"] = {"system": "urn:daozhen:appointment", "value": str(appointment_id)}
    return bundle


def allergies_in(bundle: Resource) -> str:
    """What an intake says of allergies: the words, NONE, or "" when it says nothing."""
    for entry in bundle["entry"]:
        one = entry["resource"]
        if one["resourceType"] == "AllergyIntolerance":
            return NONE if one["code"].get("coding") else str(one["code"]["text"])
    return ""


def medicines_in(bundle: Resource) -> str:
    """What an intake says of medicines that are taken: the words, NONE, or "" when it says nothing."""
    for entry in bundle["entry"]:
        one = entry["resource"]
        if one["resourceType"] == "MedicationStatement":
            code = one["medicationCodeableConcept"]
            return NONE if code.get("coding") else str(code["text"])
    return ""


def _conditions(told: dict[str, str], since: str) -> list[Resource]:
    found = []
    if complaint := told.get(COMPLAINT):
        condition = _condition("encounter-diagnosis", complaint)
        if words := told.get(ONSET):
            if since:  # FHIR takes a day or words; the words then stand in the note
                condition |= {"onsetDateTime": since, "note": [{"text": words}]}
            else:
                condition["onsetString"] = words
        severity = severity_of(told.get(SEVERITY, ""))
        if severity is not None:
            level = _MILD if severity <= 3 else _MODERATE if severity <= 6 else _SEVERE
            condition["severity"] = {"coding": [level], "text": f"{severity}/10"}
        found.append(condition)
    history = told.get(HISTORY, "")
    if history and history != NONE:
        found.append(_condition("problem-list-item", history))
    return found


def _condition(category: str, text: str) -> Resource:
    return {
        "resourceType": "Condition",
        "verificationStatus": {"coding": [{"system": _VERIFICATION, "code": "unconfirmed"}]},
        "category": [{"coding": [{"system": _CATEGORY, "code": category}]}],
        "code": {"text": text},
    }


def _observations(told: dict[str, str]) -> list[Resource]:
    found = []
    severity = severity_of(told.get(SEVERITY, ""))
    if severity is not None:
        found.append(_observation(_PAIN) | {"valueInteger": severity})
    if accompanying := told.get(ACCOMPANYING):
        value: Resource = {"valueBoolean": False} if accompanying == NONE else {"valueString": accompanying}
        found.append(_observation(_SYMPTOM) | value)
    if pregnancy := told.get(PREGNANCY):
        found.append(
            _observation(_PREGNANT) | {"valueString": "not pregnant" if pregnancy == NONE else pregnancy}
        )
    return found


def _observation(coding: dict[str, str]) -> Resource:
    return {"resourceType": "Observation", "status": "preliminary", "code": {"coding": [coding]}}


def _allergies(said: str) -> list[Resource]:
    if not said:
        return []
    code: Resource = {"coding": [_NO_ALLERGY]} if said == NONE else {"text": said}
    return [{"resourceType": "AllergyIntolerance", "code": code}]


def _medicines(said: str) -> list[Resource]:
    if not said:
        return []
    code: Resource = {"coding": [_NO_MEDICINE]} if said == NONE else {"text": said}
    return [{"resourceType": "MedicationStatement", "status": "active", "medicationCodeableConcept": code}]
