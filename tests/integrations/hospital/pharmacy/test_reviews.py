"""Two pharmacists, one prescription."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.hospital.models import PrescriptionStatus
from integrations.hospital.pharmacy import reviews, views
from integrations.hospital.pharmacy.reviews import ABANDONED, WithColleague
from integrations.hospital.pharmacy.terms import NotNow
from tests.pharmacy_rows import NOW, TERMS, Pharmacy

MINE, THEIRS = "staff:chen", "staff:wu"


async def test_what_a_colleague_looks_at_is_theirs(pharmacy: Pharmacy) -> None:
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    async with pharmacy.database.begin() as session:
        await reviews.take(session, made, pharmacist=THEIRS, now=NOW)
    for refused in (
        lambda session: reviews.take(session, made, pharmacist=MINE, now=NOW),
        lambda session: reviews.approve(session, made, pharmacist=MINE, now=NOW),
        lambda session: reviews.reject(session, made, pharmacist=MINE, reason="dose", terms=TERMS, now=NOW),
    ):
        async with pharmacy.database.begin() as session:
            with pytest.raises(WithColleague) as error:
                await refused(session)
        assert error.value.pharmacist == THEIRS
    async with pharmacy.database.begin() as session:
        await reviews.approve(session, made, pharmacist=THEIRS, now=NOW + timedelta(minutes=1))
        with pytest.raises(NotNow):
            await reviews.take(session, made, pharmacist=MINE, now=NOW + ABANDONED)


async def test_what_was_left_lying_is_taken_over(pharmacy: Pharmacy) -> None:
    made = await pharmacy.issue(await pharmacy.client(), "AML")
    async with pharmacy.database.begin() as session:
        await reviews.take(session, made, pharmacist=THEIRS, now=NOW)
        await reviews.take(session, made, pharmacist=THEIRS, now=NOW)  # opened once more
        await reviews.take(session, made, pharmacist=MINE, now=NOW + ABANDONED)
        with pytest.raises(WithColleague):
            await reviews.approve(session, made, pharmacist=THEIRS, now=NOW + ABANDONED)
        await reviews.approve(session, made, pharmacist=MINE, now=NOW + ABANDONED)
        one = await views.prescription(session, made)
    assert (one.status, one.pharmacist) == (PrescriptionStatus.APPROVED, MINE)
