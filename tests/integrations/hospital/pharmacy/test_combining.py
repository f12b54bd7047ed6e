"""What a patient would take together."""

from __future__ import annotations

import pytest

from integrations.hospital.models import Medicine
from integrations.hospital.pharmacy import combining
from integrations.hospital.pharmacy.allergies import WarningKind, families_in
from integrations.hospital.pharmacy.taking import Taken

AML, NIF = ("AML", "苯磺酸氨氯地平片", "Amlodipine"), ("NIF", "硝苯地平控释片", "Nifedipine")
IBU, ASP = ("IBU", "布洛芬混悬液", "Ibuprofen"), ("ASP", "阿司匹林肠溶片", "Aspirin")
ATO, ERY = ("ATO", "阿托伐他汀钙片", "Atorvastatin"), ("ERY", "红霉素片", "Erythromycin")
TWICE, TOGETHER = WarningKind.DUPLICATE, WarningKind.INTERACTION


def _kinds(lines: list[tuple[str, str, str]], taken: list[Taken]) -> list[tuple[int, WarningKind]]:
    shelf = [Medicine(code=code, name=name, name_en=english) for code, name, english in lines]
    return [(one.position, one.kind) for one in combining.warnings(shelf, taken)]


def _taken(one: tuple[str, str, str], *, refill: bool = False) -> Taken:
    return Taken(one[1], one[2], one[0], refill)


@pytest.mark.parametrize(
    ("lines", "taken", "warned"),
    [
        ([AML], [], []),
        ([AML, NIF], [], [(2, TWICE)]),  # of one kind, on one prescription
        ([NIF], [_taken(AML)], [(1, TWICE)]),
        ([AML], [_taken(AML)], [(1, TWICE)]),  # there is enough of it
        ([AML], [_taken(AML, refill=True)], []),  # what a patient comes back for
        ([AML], [Taken("在吃氨氯地平，每天一片")], []),
        ([NIF], [Taken("在吃氨氯地平，每天一片")], [(1, TWICE)]),
        ([IBU], [Taken("aspirin every day")], [(1, TOGETHER)]),
        ([IBU, ASP], [], [(2, TOGETHER)]),
        ([ATO, ERY, AML], [], [(2, TOGETHER), (3, TOGETHER)]),
        ([ATO], [Taken("维生素")], []),
    ],
)
def test_what_does_not_go_together_is_said(
    lines: list[tuple[str, str, str]], taken: list[Taken], warned: list[tuple[int, WarningKind]]
) -> None:
    assert _kinds(lines, taken) == warned


def test_the_list_names_families_that_there_are_and_says_why_in_both_languages() -> None:
    for rule in combining._rules():
        assert len(rule.between) == 2
        assert all(rule.said[language] for language in ("zh", "en"))
        known = {"nsaids": "布洛芬", "salicylates": "阿司匹林", "steroids": "激素", "macrolides": "红霉素"}
        known |= {"statins": "他汀", "dihydropyridines": "地平", "quinolones": "沙星", "insulins": "胰岛素"}
        known |= {"sulfonamides": "磺胺", "metformin": "二甲双胍", "aminoglycosides": "庆大霉素"}
        assert all(name in families_in(known[name]) for name in rule.between)
