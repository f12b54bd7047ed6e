"""Nothing starts on a database with other keys than its own."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.keys.check import check_keys
from bot.keys.rows import seal_tracker
from bot.launching import secrets
from bot.launching.starting import StartError
from bot.models import RasaTracker
from integrations.hospital.models import Patient
from tests.bot.keys.conftest import NOW, Installation


def check(one: Installation, tables: str) -> None:
    check_keys(tables, secrets.load(one.var))


def test_its_own_keys_are_right(installation: Installation, tables: str) -> None:
    check(installation, tables)
    installation.fill(2)
    check(installation, tables)


def test_a_key_file_made_anew_is_found_out(installation: Installation, tables: str) -> None:
    installation.fill()
    secrets.secrets_file(installation.var).unlink()
    secrets.generate(installation.var, sandbox=False)
    with pytest.raises(StartError, match="not those of this database") as error:
        check(installation, tables)
    assert "patients.name (DATA_KEYS): does not open" in str(error.value)


def test_keys_of_before_a_rotation_are_found_out(installation: Installation, tables: str) -> None:
    installation.fill()
    before = secrets.secrets_file(installation.var).read_text()
    installation.rotation.rotate(["data", "index", "tracker"])
    secrets.secrets_file(installation.var).write_text(before)
    with pytest.raises(StartError) as error:
        check(installation, tables)
    for words in (
        "patients.name (DATA_KEYS): sealed under key 'k2', which is not in the ring",
        "patients.id_number_index was made with INDEX_KEYS 'k2'",
        "1 rows of rasa_tracker are sealed under TRACKER_KEYS 'k2'",
    ):
        assert words in str(error.value)


def test_one_damaged_value_stops_nobody(installation: Installation, tables: str) -> None:
    installation.fill(3)
    with installation.engine.begin() as connection:
        last = connection.scalar(select(Patient.id).order_by(Patient.id.desc()).limit(1))
        connection.execute(update(Patient).where(Patient.id == last).values(name=b"damaged"))
        sender = "b" * 32
        data = seal_tracker(installation.tracker_ring, sender, b"x")
        connection.execute(
            RasaTracker.__table__.insert().values(
                sender_id=sender, version=1, key_id="k1", data=data, updated_at=NOW
            )
        )
    check(installation, tables)


def test_a_ring_that_cannot_be_read_is_one_line(
    installation: Installation, tables: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_KEYS", "nonsense")
    with pytest.raises(StartError, match=r"TRACKER_KEYS: key .nonsense. has 0 bytes"):
        check(installation, tables)
