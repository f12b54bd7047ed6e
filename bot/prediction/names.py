"""The names of departments and doctors that entities are found with."""

from __future__ import annotations

from pathlib import Path

from bot.launching import secrets
from bot.launching.leftovers import is_held
from bot.launching.opening import in_transaction, open_live_database
from integrations.hospital import directory
from integrations.hospital.demo_names import demo_lexicon
from integrations.language.lexicon import Lexicon


def lexicon(var: Path) -> Lexicon:
    """Those of the hospital's database, where one is named in the settings or the program runs; else those of the
    demo hospital, so that nothing has to be started. Raises what the database raises."""
    if not secrets.load(var).database_url and not (var.exists() and is_held(var)):
        return demo_lexicon()
    with open_live_database(var) as (url, _):
        return in_transaction(url, directory.lexicon)
