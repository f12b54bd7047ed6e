"""What an operator has to let through to the gateway stands in the README."""

import re

from integrations.settings import ROOT


def test_the_readme_names_every_door_of_platforms_and_patients() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "bot").rglob("*.py"))
    doors = {f"/{name}/" for name in re.findall(r'APIRouter\(prefix="/(\w+)', code)}
    doors |= {f"/{name}/" for name in re.findall(r'Route\(f?"/(\w+)/', code)}
    assert doors >= {"/webhooks/", "/p/"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {door for door in doors if f"`{door}…`" not in readme} == set()
