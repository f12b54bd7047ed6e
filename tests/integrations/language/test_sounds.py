from __future__ import annotations

from integrations.language.sounds import loose_syllable
from integrations.settings import ROOT


def test_the_dialogs_read_sounds_as_we_do() -> None:
    lines = (ROOT / "dialogs/components/sounds.txt").read_text("utf-8").split()
    assert len(lines) > 250
    assert sum(map(len, lines)) > 6000
    for line in lines:
        assert len({loose_syllable(character) for character in line}) == 1, line
