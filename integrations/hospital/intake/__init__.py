"""Symptom intake (问诊): what a patient tells before a visit, for the doctor.

story: the questions and what was answered; resources: the same as FHIR resources; keeping: stored, found again, read
by staff.
"""
