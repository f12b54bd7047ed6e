"""Who may do what. Each role has what its work needs, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from integrations.hospital.models import Role, StaffMember


class NotPermitted(Exception):
    """This member of staff may not do that."""


class OtherDepartment(NotPermitted):
    """It is another department's. `subject`: what, as the audit log names it; the desk keeps who wanted it."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject


class Right(StrEnum):
    TALKS_ANSWER = "talks.answer"
    TALKS_WATCH = "talks.watch"  # those of others
    TALKS_TAKE_OVER = "talks.take_over"
    REPLIES_EDIT = "replies.edit"  # canned replies of everybody
    PATIENTS_SEE = "patients.see"  # the card, masked
    PATIENTS_REVEAL = "patients.reveal"  # personal data, with a reason
    CONSULTATIONS_WORK = "consultations.work"
    PRESCRIPTIONS_WRITE = "prescriptions.write"
    PRESCRIPTIONS_REVIEW = "prescriptions.review"
    PRESCRIPTIONS_WATCH = "prescriptions.watch"  # those that their doctors leave unamended
    MEDICINES_CHANGE = "medicines.change"  # shelf, hand-over, substitutions
    SCHEDULES_CHANGE = "schedules.change"
    IDENTITIES_REVIEW = "identities.review"
    BOOKINGS_ACT = "bookings.act"  # for a caller
    MONEY_REFUND = "money.refund"
    FOLLOW_UPS_CALL = "follow_ups.call"
    CASES_WORK = "cases.work"
    DEATHS_TAKE_BACK = "deaths.take_back"  # of somebody who was taken for dead by mistake
    ROSTER_CHANGE = "roster.change"  # who is on duty
    ALARMS_ACKNOWLEDGE = "alarms.acknowledge"
    PARCELS_WORK = "parcels.work"
    QUESTIONS_ANSWER = "questions.answer"
    AUDIT_READ = "audit.read"
    STAFF_MANAGE = "staff.manage"


_PATIENTS = {Right.PATIENTS_SEE, Right.PATIENTS_REVEAL, Right.ALARMS_ACKNOWLEDGE}
_TALKS = {*_PATIENTS, Right.TALKS_ANSWER}

RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.AGENT: frozenset(
        {*_TALKS, Right.BOOKINGS_ACT, Right.CASES_WORK, Right.PARCELS_WORK, Right.QUESTIONS_ANSWER}
    ),
    Role.DOCTOR: frozenset({*_TALKS, Right.CONSULTATIONS_WORK, Right.PRESCRIPTIONS_WRITE}),
    Role.PHARMACIST: frozenset(
        {*_TALKS, Right.PRESCRIPTIONS_REVIEW, Right.MEDICINES_CHANGE, Right.PARCELS_WORK}
    ),
    Role.NURSE: frozenset({*_PATIENTS, Right.FOLLOW_UPS_CALL}),
    Role.SUPERVISOR: frozenset(
        {
            *_TALKS,
            Right.TALKS_WATCH,
            Right.TALKS_TAKE_OVER,
            Right.REPLIES_EDIT,
            Right.PRESCRIPTIONS_WATCH,
            Right.SCHEDULES_CHANGE,
            Right.ROSTER_CHANGE,
            Right.IDENTITIES_REVIEW,
            Right.BOOKINGS_ACT,
            Right.MONEY_REFUND,
            Right.FOLLOW_UPS_CALL,
            Right.DEATHS_TAKE_BACK,
            Right.CASES_WORK,
            Right.PARCELS_WORK,
            Right.QUESTIONS_ANSWER,
            Right.AUDIT_READ,
        }
    ),
    # No patients: who runs the machines need not read what is said on them.
    Role.ADMINISTRATOR: frozenset({Right.STAFF_MANAGE}),
}


def may(member: StaffMember, right: Right) -> bool:
    return member.active and right in RIGHTS[member.role]


def require(member: StaffMember, right: Right) -> None:
    """Raises NotPermitted."""
    if not may(member, right):
        raise NotPermitted(right.value)


def in_department(member: StaffMember, department_id: UUID | None) -> bool:
    """Whether what belongs to this department is theirs to see: doctors and nurses see their own department's
    (None: nobody's in particular, and not theirs); those who watch over all talks see all."""
    if may(member, Right.TALKS_WATCH):
        return True
    return member.department_id is not None and member.department_id == department_id


def limited_to(member: StaffMember) -> UUID | None:
    """The one department with whose follow-ups they work; None for whoever belongs to none, and for those who watch
    over all. What belongs to no department is everybody's."""
    return None if may(member, Right.TALKS_WATCH) else member.department_id


def check_department(within: UUID | None, department_id: UUID | None, subject: str) -> None:
    """`within`: as `limited_to` says. Raises OtherDepartment."""
    if within is not None and department_id not in (None, within):
        raise OtherDepartment(subject)
