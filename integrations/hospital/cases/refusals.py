"""Why a step of a case is not taken."""

from __future__ import annotations


class CaseError(Exception):
    """A step that a case does not take now."""


class UnknownCase(CaseError, LookupError):
    """There is no such case, or not for this account."""


class NotOpen(CaseError):
    """It is closed or withdrawn: nothing is added to it any more."""


class NothingClosed(CaseError):
    """It has not been closed: there is no result yet to be satisfied with, or to reopen."""


class AlreadyClosed(CaseError):
    """Somebody closed it before, or the patient withdrew it."""


class NobodyToTell(CaseError):
    """It is about money alone: no patient waits for an answer, and it ends when its difference is settled."""


class ReopenedAlready(CaseError):
    """It was taken up once more before; what is left are the ways outside the hospital."""


class TooLateToReopen(CaseError):
    """The days for it are over."""
