"""All tables of the hospital. Importing this package puts them into `Base.metadata`."""

from integrations.hospital.models.access import OneTimeCode, PageLink, PersonalToken
from integrations.hospital.models.appointments import Appointment, AppointmentStatus, Order, OrderStatus
from integrations.hospital.models.clinic import (
    Department,
    HospitalTerm,
    Period,
    Practitioner,
    Schedule,
    ScheduleStatus,
    Slot,
    SlotStatus,
)
from integrations.hospital.models.identity import (
    AccountLink,
    IdentityRequest,
    LinkProof,
    RequestKind,
    RequestStatus,
)
from integrations.hospital.models.journal import APPEND_ONLY_SQL, AuditEvent, HospitalEvent, Operation
from integrations.hospital.models.people import (
    Account,
    AccountPatient,
    Consent,
    ConsentKind,
    ConsentMethod,
    Contact,
    DocumentKind,
    Patient,
    PatientStatus,
    Relation,
    Sex,
)
from integrations.hospital.models.rules import BookingRule, LateCancel

__all__ = [
    "APPEND_ONLY_SQL",
    "Account",
    "AccountLink",
    "AccountPatient",
    "Appointment",
    "AppointmentStatus",
    "AuditEvent",
    "BookingRule",
    "Consent",
    "ConsentKind",
    "ConsentMethod",
    "Contact",
    "Department",
    "DocumentKind",
    "HospitalEvent",
    "HospitalTerm",
    "IdentityRequest",
    "LateCancel",
    "LinkProof",
    "OneTimeCode",
    "Operation",
    "Order",
    "OrderStatus",
    "PageLink",
    "Patient",
    "PatientStatus",
    "Period",
    "PersonalToken",
    "Practitioner",
    "Relation",
    "RequestKind",
    "RequestStatus",
    "Schedule",
    "ScheduleStatus",
    "Sex",
    "Slot",
    "SlotStatus",
]
