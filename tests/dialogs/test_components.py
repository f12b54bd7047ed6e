"""Runs the components' own tests in Rasa's environment, with a Postgres for the tracker store."""

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests/dialogs/components"
TABLE = """create table if not exists rasa_tracker (sender_id text primary key, version bigint not null,
key_id text not null, data bytea not null, updated_at timestamptz not null)"""


@pytest.mark.slow
def test_the_components_in_their_own_environment(postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(TABLE)
    result = subprocess.run(
        [
            *(str(ROOT / ".venv-rasa/bin/python"), "-m", "pytest", "-q", "-W", "ignore", "-c", os.devnull),
            *("--rootdir", str(TESTS), "--confcutdir", str(TESTS), "-p", "no:cacheprovider", str(TESTS)),
        ],
        env={**os.environ, "TRACKER_DATABASE_URL": postgres, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-8000:] + result.stderr[-2000:]
