"""All keys are rotated while patients register and book; nothing is lost, and the old keys are gone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select

from bot.keys.rotation import open_engine
from bot.launching import secrets
from bot.models import RasaTracker
from integrations.crypto import KeyRing, key_of
from integrations.database import Base
from integrations.sealed import sealed_tables
from tests.conversations.conftest import Arrive
from tests.conversations.hospital import Hospital
from tests.patients import PATIENTS, Patient
from tests.stack import Stack

_BETWEEN_SMS = 31.0  # seconds: the carrier takes one in thirty to the same number

pytestmark = pytest.mark.slow


def test_keys_are_rotated_while_patients_register_and_book(
    stack: Stack, hospital: Hospital, arrive: Arrive
) -> None:
    before = rings(stack)
    known = arrive("wechat")
    known.register()
    texted = time.monotonic()
    known.say("挂号")
    known.say("心内科")  # its question is open while the keys change

    with patients_all_the_time(stack) as served:
        said = keys("rotate", stack.options.var, "--settle", "5")
    assert "No row bears an older key" in said
    assert served, "nobody came meanwhile"
    assert_all_under(stack, {name: ring.newest for name, ring in rings(stack).items()})

    # Codes sent by SMS count for a day; here the day passes at once.
    hospital.rows("UPDATE one_time_codes SET issued_at = issued_at - interval '25 hours'")
    assert "Retired: DATA_KEYS" in keys("rotate", stack.options.var, "--retire", "--settle", "5")
    after = rings(stack)
    for name, ring in after.items():
        assert len(ring.keys) == 1
        assert not ring.keys.keys() & before[name].keys.keys()

    known.choose("余")
    assert "心血管内科" in known.choose("确认"), "the open question was lost"
    elsewhere = arrive("telegram", person=known.person)
    time.sleep(max(0.0, _BETWEEN_SMS - (time.monotonic() - texted)))
    elsewhere.register()
    assert len(patients_named(hospital, known.name, known.id_number)) == 1
    assert "心血管内科" in known.say("我的预约")


def rings(stack: Stack) -> dict[str, KeyRing]:
    settings = stack.options.settings()
    return {name: secrets.ring(settings, name) for name in secrets.RINGS}


def keys(command: str, var: Path, *options: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "bot.cli", "keys", command, "--var", str(var), *options],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@contextmanager
def patients_all_the_time(stack: Stack) -> Iterator[list[Patient]]:
    """Strangers who come one after another on both platforms, register and book, until the block ends."""
    stop, served = threading.Event(), list[Patient]()

    def come(channel: str) -> None:
        while not stop.is_set():
            person = PATIENTS[channel].arrive(stack.sandbox)
            assert "登记好了" in person.register(), person.last
            asked = person.say("明天上午挂号，中医科")
            assert "中医科" in asked, asked
            assert "请确认" in (asked if "请确认" in asked else person.choose("余")), person.last
            served.append(person)

    with ThreadPoolExecutor(2) as pool:
        coming = [pool.submit(come, channel) for channel in PATIENTS]
        try:
            yield served
        finally:
            stop.set()
        for one in coming:
            one.result()


def patients_named(hospital: Hospital, name: str, number: str) -> list[object]:
    crypto, found = hospital.crypto, []
    for key, sealed_name, sealed_number in hospital.rows("SELECT id, name, id_number FROM patients"):
        if (
            crypto.decrypt(sealed_name, "patients.name") == name
            and crypto.decrypt(sealed_number, "patients.id_number") == number
        ):
            found.append(key)
    return found


def assert_all_under(stack: Stack, newest: dict[str, str]) -> None:
    """Every value opens, and bears the newest key."""
    now = rings(stack)
    engine = open_engine(stack.addresses["DATABASE_URL"])
    with engine.connect() as connection:
        for declared in sealed_tables(Base.metadata):
            for row in connection.execute(select(declared.table)).mappings():
                for name, note in declared.sealed.items():
                    if row[name] is not None:
                        assert key_of(row[name]) == newest["DATA_KEYS"], f"{declared.name}.{name}"
                        now["DATA_KEYS"].open(row[name], note.context_of(dict(row)))
                for name in declared.indexes:
                    if row[name] is not None:
                        assert row[name].startswith(f"{newest['INDEX_KEYS']}:".encode())
        for sender, key_id, data in connection.execute(
            select(RasaTracker.sender_id, RasaTracker.key_id, RasaTracker.data)
        ):
            assert key_id == newest["TRACKER_KEYS"]
            AESGCM(now["TRACKER_KEYS"].keys[key_id]).decrypt(data[:12], data[12:], sender.encode())
    engine.dispose()
