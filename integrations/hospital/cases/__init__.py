"""Complaints and other things that staff must settle by a day.

A case is opened (opening), followed by its patient (following), worked on by staff (handling), brought up again as
its deadline nears (escalation), closed when nobody objects to its answer (ending), and counted (figures).
"""

from integrations.hospital.cases.opening import About, answer_due, open_case
from integrations.hospital.cases.refusals import (
    AlreadyClosed,
    CaseError,
    NothingClosed,
    NotOpen,
    ReopenedAlready,
    TooLateToReopen,
    UnknownCase,
)

__all__ = [
    "About",
    "AlreadyClosed",
    "CaseError",
    "NotOpen",
    "NothingClosed",
    "ReopenedAlready",
    "TooLateToReopen",
    "UnknownCase",
    "answer_due",
    "open_case",
]
