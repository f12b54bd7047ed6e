"""Rotation on a real database: every declared column, killed between batches, held up by others, refused."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from dotenv import dotenv_values
from sqlalchemy import insert, select, text, update

from bot.keys.rows import seal_tracker
from bot.keys.status import lines
from bot.launching import secrets
from bot.launching.starting import StartError
from bot.models import RasaTracker
from integrations import presence
from integrations.crypto import KeyRing, key_of
from integrations.database import Base
from integrations.hospital.models import AuditEvent, OneTimeCode, Patient
from integrations.presence import RunningProcess
from integrations.sealed import sealed_tables
from tests.bot.keys.conftest import Installation, made_up

pytestmark = pytest.mark.slow  # every test is an installation of its own

ALL = ("data", "index", "tracker")


class Killed(BaseException):
    """As if the process had ended here."""


def assert_all_under(one: Installation, key_id: str) -> None:
    """Everything opens, bears this key, and is found by its index."""
    crypto, tracker = one.crypto, one.tracker_ring
    with one.engine.connect() as connection:
        for declared in sealed_tables(Base.metadata):
            for row in connection.execute(select(declared.table)).mappings():
                opened = dict(row)
                for name, note in declared.sealed.items():
                    assert key_of(row[name]) == key_id, f"{declared.name}.{name}"
                    opened[name] = crypto.decrypt(row[name], note.context_of(dict(row)))
                    assert opened[name].startswith(name)
                for name, index in declared.indexes.items():
                    assert row[name] == crypto.blind(index.text_of(opened), index.context)
                    assert row[name].startswith(f"{key_id}:".encode())
        for row in connection.execute(select(RasaTracker.__table__)).mappings():
            assert (row["key_id"], row["version"]) == (key_id, 7)
            cipher, data = AESGCM(tracker.keys[key_id]), row["data"]
            assert (
                cipher.decrypt(data[:12], data[12:], row["sender_id"].encode()) == row["sender_id"].encode()
            )


def test_everything_that_is_sealed_comes_under_the_new_keys(installation: Installation) -> None:
    installation.fill(3)
    assert_all_under(installation, "k1")
    installation.rotation.rotate(ALL)
    assert {purpose: list(ring.keys) for purpose, ring in installation.rotation.rings().items()} == {
        purpose: ["k2", "k1"] for purpose in ALL
    }
    assert_all_under(installation, "k2")
    installation.rotation.retire(ALL)
    assert [list(ring.keys) for ring in installation.rotation.rings().values()] == [["k2"]] * 3
    assert_all_under(installation, "k2")


def test_the_files_stay_private_and_the_retired_keys_are_kept_apart(installation: Installation) -> None:
    before = installation.rotation.rings()["data"].keys["k1"]
    installation.rotation.rotate(ALL)
    installation.rotation.retire(ALL)
    for file in (secrets.secrets_file, secrets.retired_file, secrets.tracker_keys_file):
        assert file(installation.var).stat().st_mode & 0o777 == 0o600
    retired = dotenv_values(secrets.retired_file(installation.var), interpolate=False)
    assert KeyRing.parse(retired["DATA_KEYS"] or "").keys["k1"] == before
    assert "k1:" not in secrets.secrets_file(installation.var).read_text()
    rasas = dotenv_values(secrets.tracker_keys_file(installation.var), interpolate=False)
    assert KeyRing.parse(rasas["TRACKER_KEYS"] or "").keys == installation.tracker_ring.keys
    assert set(rasas) == {"TRACKER_KEYS"}


def test_a_third_key_never_takes_the_id_of_a_retired_one(installation: Installation) -> None:
    for _ in range(2):
        installation.rotation.rotate(["data"])
        installation.rotation.retire(["data"])
    assert list(installation.rotation.rings()["data"].keys) == ["k3"]
    assert list(installation.rotation.rings()["index"].keys) == ["k1"]


def test_killed_between_two_batches_it_goes_on(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.fill(2)
    monkeypatch.setattr("bot.keys.rows._BYTES_AT_ONCE", 1)  # one row a batch, where something is sealed

    def killed() -> None:
        if installation.progress.rows % 2:
            raise Killed

    installation.progress.after_batch = killed
    kills = 0
    for _ in range(100):
        try:
            installation.rotation.rotate(ALL)
        except Killed:
            kills += 1
        else:
            break
    assert kills > 5
    assert list(installation.rotation.rings()["data"].keys) == ["k2", "k1"]  # no third key for all the starts
    assert_all_under(installation, "k2")


def test_rows_that_a_turn_holds_are_passed_over_and_come_later(installation: Installation) -> None:
    installation.fill(2)
    holding = installation.engine.connect()
    holding.execute(text("SELECT 1 FROM inbound FOR UPDATE LIMIT 1"))
    rotation = installation.rotation
    rotation.progress = installation.progress
    released: list[bool] = []

    def release() -> None:
        if not released and installation.progress.rows > 4:
            released.append(True)
            holding.close()

    installation.progress.after_batch = release
    rotation.rotate(ALL)
    assert released
    assert_all_under(installation, "k2")


def test_rows_that_stay_held_are_told_and_nothing_is_retired(installation: Installation) -> None:
    installation.fill()
    installation.rotation.rotate(ALL)
    with installation.engine.connect() as late:
        write_late(installation, late)
        late.commit()
        late.execute(text("SELECT 1 FROM inbound FOR UPDATE"))
        with pytest.raises(StartError, match="held by other"):
            installation.rotation.retire(ALL)
    assert list(installation.rotation.rings()["data"].keys) == ["k2", "k1"]


def write_late(one: Installation, connection) -> None:
    """A row under the old keys, of a process that had sealed it before it went over."""
    declared = next(found for found in sealed_tables(Base.metadata) if found.name == "inbound")
    crypto = one.crypto
    crypto.data = crypto.data.writing_with("k1")
    connection.execute(text("SET session_replication_role = replica"))
    connection.execute(declared.table.insert().values(made_up(declared, crypto)))


def test_a_late_row_is_found_before_the_old_key_goes(installation: Installation) -> None:
    installation.fill()
    installation.rotation.rotate(ALL)
    with installation.engine.begin() as connection:
        write_late(installation, connection)
    installation.rotation.retire(ALL)
    assert_all_under(installation, "k2")


def test_a_process_that_does_not_write_with_the_new_key_is_waited_for(installation: Installation) -> None:
    installation.fill()
    crypto = installation.crypto
    old = f"data:{crypto.data.fingerprint('k1')}"
    moment = datetime.now(UTC)
    process = {
        "id": "0" * 32,
        "name": "worker",
        "machine": presence.MACHINE,
        "pid": os.getpid(),
        "since": moment,
    }
    with installation.engine.begin() as connection:
        connection.execute(
            insert(RunningProcess).values(**process, known=[old], writing=[old], seen_at=text("now()"))
        )
    with pytest.raises(StartError, match=r"worker on .*writes with data:k1/"):
        installation.rotation.rotate(ALL)
    assert_all_under_still(installation, "k1")
    with installation.engine.begin() as connection:
        connection.execute(update(RunningProcess).values(seen_at=text("now() - interval '5 minutes'")))
    installation.rotation.rotate(ALL)
    assert_all_under(installation, "k2")


def assert_all_under_still(one: Installation, key_id: str) -> None:
    with one.engine.connect() as connection:
        assert {key_of(name) for name in connection.scalars(select(Patient.name))} == {key_id}


def test_codes_that_still_count_keep_the_older_index_key(installation: Installation) -> None:
    installation.fill()
    installation.rotation.rotate(ALL)
    installation.rotation.retire(["data", "tracker"])
    with installation.engine.begin() as connection:
        connection.execute(update(OneTimeCode).values(issued_at=datetime.now(UTC) - timedelta(hours=3)))
    installation.rotation.retire(ALL)
    assert "older INDEX_KEYS stay until" in installation.said[-1]
    assert list(installation.rotation.rings()["index"].keys) == ["k2", "k1"]
    with installation.engine.begin() as connection:
        connection.execute(update(OneTimeCode).values(issued_at=datetime.now(UTC) - timedelta(hours=25)))
    installation.rotation.retire(ALL)
    assert list(installation.rotation.rings()["index"].keys) == ["k2"]


def test_retiring_never_begins_a_rotation(installation: Installation) -> None:
    before = secrets.secrets_file(installation.var).read_text()
    installation.rotation.retire(ALL)
    assert installation.said == ["There is no older key to retire."]
    assert secrets.secrets_file(installation.var).read_text() == before


def test_a_value_that_cannot_be_opened_is_named_and_the_rest_is_done(installation: Installation) -> None:
    installation.fill(3)
    broken = installation.rotation.rings()["data"].seal(b"x", "somewhere else")
    with installation.engine.begin() as connection:
        first = connection.scalar(select(Patient.id).limit(1))
        connection.execute(update(Patient).where(Patient.id == first).values(phone=broken))
    with pytest.raises(StartError, match=f"patients {first}: does not open as patients.phone"):
        installation.rotation.rotate(ALL)
    with pytest.raises(StartError, match="does not open"):
        installation.rotation.retire(ALL)
    with installation.engine.connect() as connection:
        rest = connection.scalars(select(Patient.name).where(Patient.id != first))
        assert {key_of(name) for name in rest} == {"k2"}
    assert list(installation.rotation.rings()["data"].keys) == ["k2", "k1"]


def test_one_person_in_two_rows_is_told_not_hidden(installation: Installation) -> None:
    """What the locks make impossible: the same number under an old and a new index."""
    installation.fill(3)
    installation.rotation._begin(["index"])
    crypto = installation.crypto
    with installation.engine.begin() as connection:
        first = connection.execute(select(Patient.__table__).limit(1)).mappings().one()
        number = crypto.decrypt(first["id_number"], "patients.id_number")
        twin = {**first, "id": "0" * 32, "id_number_index": crypto.blind(number, "patients.id_number")}
        connection.execute(insert(Patient.__table__).values(**twin))  # type: ignore[arg-type]
    with pytest.raises(
        StartError, match=f"patients {first['id']}: another row is the same by .*id_number_index"
    ):
        installation.rotation.rotate(ALL)
    with installation.engine.connect() as connection:
        indexes = list(connection.scalars(select(Patient.id_number_index)))
    assert sorted(index[:3] for index in indexes) == [b"k1:", b"k2:", b"k2:", b"k2:"]


def test_a_tracker_under_a_key_that_is_gone_is_named(installation: Installation) -> None:
    lost = KeyRing.parse(KeyRing.generate("k0"))
    with installation.engine.begin() as connection:
        row = {
            "sender_id": "a" * 32,
            "version": 1,
            "key_id": "k0",
            "data": seal_tracker(lost, "a" * 32, b"x"),
        }
        connection.execute(insert(RasaTracker).values(**row, updated_at=datetime.now(UTC)))
    with pytest.raises(
        StartError, match=r"rasa_tracker a{32}: sealed under key 'k0', which is not in the ring"
    ):
        installation.rotation.rotate(["tracker"])


def test_two_rotations_at_once_are_refused(installation: Installation) -> None:
    with installation.rotation._alone(), pytest.raises(StartError, match="at work"):
        installation.rotation.rotate(ALL)


def test_keys_that_are_set_elsewhere_are_not_touched(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = installation.rotation.rings()["data"].keys["k1"]
    before = secrets.secrets_file(installation.var).read_text()
    value = next(line for line in before.splitlines() if line.startswith("DATA_KEYS=")).partition("=")[2]
    monkeypatch.setenv("DATA_KEYS", value)
    with pytest.raises(StartError, match=r"DATA_KEYS=k2:\S+,<what stands there now: k1>") as error:
        installation.rotation.rotate(ALL)
    assert secrets.secrets_file(installation.var).read_text() == before
    assert list(installation.rotation.rings()["index"].keys) == ["k1"]

    # The operator does as told, and it goes on; at the end the old key is theirs to take out.
    installation.fill()
    told = next(word for word in str(error.value).split() if word.startswith("DATA_KEYS=k2:"))
    monkeypatch.setenv("DATA_KEYS", f"{told.removeprefix('DATA_KEYS=').removesuffix(',<what')},{value}")
    assert installation.rotation.rings()["data"].keys["k1"] == outside
    installation.rotation.rotate(["data"])
    installation.rotation.retire(["data"])
    assert "take it out of DATA_KEYS" in installation.said[-1]
    assert secrets.secrets_file(installation.var).read_text() == before


def test_it_is_recorded(installation: Installation) -> None:
    installation.rotation.rotate(ALL)
    installation.rotation.retire(ALL)
    with installation.engine.connect() as connection:
        rows = connection.execute(select(AuditEvent.action, AuditEvent.detail).order_by(AuditEvent.at)).all()
    assert [tuple(row) for row in rows] == [
        ("keys_rotating", dict.fromkeys(ALL, "k2")),
        ("keys_retired", dict.fromkeys(ALL, "k2")),
    ]


def test_the_status_counts_what_stands_under_which_key(installation: Installation) -> None:
    installation.fill(2)
    installation.rotation._begin(["data"])
    installation.fill(1)
    said = "\n".join(lines(installation.rotation))
    assert "DATA_KEYS     k2 writes; k1 still reads: not retired" in said
    assert "patients.name                    k1: 2, k2: 1" in said
    assert "patients.id_number_index         k1: 3" in said
    assert "rasa_tracker                     k1: 3" in said


def test_a_ring_that_is_no_ring_is_one_clear_line(installation: Installation) -> None:
    file = secrets.secrets_file(installation.var)
    lines = [
        line if not line.startswith("INDEX_KEYS") else "INDEX_KEYS=k1:abc"
        for line in file.read_text().splitlines()
    ]
    Path(file).write_text("\n".join(lines))
    with pytest.raises(StartError, match="INDEX_KEYS: key 'k1' is not base64"):
        installation.rotation.rotate(ALL)
