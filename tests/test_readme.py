"""What the README says of the repository is so."""

import re

from integrations.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MOST_BYTES = 300_000


def test_it_names_every_door_that_an_operator_lets_platforms_and_patients_through() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "bot").rglob("*.py"))
    doors = {f"/{name}/" for name in re.findall(r'APIRouter\(prefix="/(\w+)', code)}
    doors |= {f"/{name}/" for name in re.findall(r'Route\(f?"/(\w+)/', code)}
    assert doors >= {"/webhooks/", "/p/"}
    assert {door for door in doors if f"`{door}…`" not in README} == set()


def test_what_it_links_to_is_there_and_its_picture_is_small() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all((ROOT / picture).stat().st_size < MOST_BYTES for picture in pictures)
