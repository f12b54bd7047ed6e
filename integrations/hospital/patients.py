"""Patients, as other parts use them: registering, what an account sees of whom, values as they are typed and masked."""

from integrations.hospital.ages import ADULT_AGE, LEAST_AGE
from integrations.hospital.documents import InvalidBirthDate, InvalidDocument
from integrations.hospital.identity_checks import PendingIdentity, pending_identity, settle_identity
from integrations.hospital.linking import SelfExists
from integrations.hospital.patient_files import Newcomer
from integrations.hospital.profiles import (
    PatientView,
    Profile,
    acting_for,
    masked_name,
    own_phone,
    profile,
    self_patient,
)
from integrations.hospital.reading import (
    IdNumber,
    IdNumberFault,
    InvalidIdNumber,
    InvalidName,
    InvalidPhone,
    age_on,
    mask_id_number,
    mask_name,
    mask_phone,
    read_id_number,
    read_person_name,
    read_phone,
)
from integrations.hospital.registration import (
    IdentityMismatch,
    Registration,
    RegistrationStatus,
    TooYoung,
    register,
)

__all__ = [
    "ADULT_AGE",
    "LEAST_AGE",
    "IdNumber",
    "IdNumberFault",
    "IdentityMismatch",
    "InvalidBirthDate",
    "InvalidDocument",
    "InvalidIdNumber",
    "InvalidName",
    "InvalidPhone",
    "Newcomer",
    "PatientView",
    "PendingIdentity",
    "Profile",
    "Registration",
    "RegistrationStatus",
    "SelfExists",
    "TooYoung",
    "acting_for",
    "age_on",
    "mask_id_number",
    "mask_name",
    "mask_phone",
    "masked_name",
    "own_phone",
    "pending_identity",
    "profile",
    "read_id_number",
    "read_person_name",
    "read_phone",
    "register",
    "self_patient",
    "settle_identity",
]
