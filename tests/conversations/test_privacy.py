"""After whole journeys no personal value stands anywhere in plain: not in a log, in Valkey, in a column of any
table, in Rasa's opened trackers, or in what the patient is sent."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redis
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql

from integrations.crypto import KeyRing
from tests.conversations.hospital import Hospital
from tests.patients import PATIENTS, Patient
from tests.stack import Stack

pytestmark = pytest.mark.slow

NAME = "慕容皎月"
# A relative on each platform, with a document that has no checksum: name, passport, phone.
RELATIVES = {
    "wechat": ("司马相宜", "EK4712083", "13968410275"),
    "telegram": ("司马相宜", "FJ8305719", "13975203864"),
}


# Where a parcel is to go: whom to, whom to call, and where.
RECIPIENT, CALLED, STREET = "司徒静姝", "13652907418", "学院路374号甲楼905"


def wide(digits: str) -> str:
    """As a keyboard in full width types it."""
    return digits.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789X"})


class Watched:
    """A patient whose tracker is opened after every message: compaction keeps only the last turns."""

    def __init__(self, patient: Patient, hospital: Hospital) -> None:
        self.patient = patient
        self.trackers: list[bytes] = []
        self._hospital = hospital
        keys = hospital.stack.options.settings().tracker_keys.get_secret_value()
        self._keys = KeyRing.parse(keys).keys

    def say(self, words: str) -> None:
        self.patient.say(words)
        self.look()

    def look(self) -> None:
        conversation = self._hospital.contact(self.patient).hex
        [(key_id, data)] = self._hospital.rows(
            "SELECT key_id, data FROM rasa_tracker WHERE sender_id = %s", conversation
        )
        sealed = bytes(data)
        opened = AESGCM(self._keys[key_id]).decrypt(sealed[:12], sealed[12:], conversation.encode())
        self.trackers.append(zlib.decompress(opened))


def journey(watched: Watched) -> None:
    """Registration with every slip of the hand, a booking, and a look at one's own data."""
    patient, say = watched.patient, watched.say
    spaced = f"{patient.id_number[:6]} {patient.id_number[6:14]} {patient.id_number[14:]}"
    say(f"我叫{NAME}，身份证{patient.id_number}，电话{patient.phone}，想挂号")  # asked for nothing yet
    patient.agree()
    say("注册")
    if "就在这里" in patient.last:
        patient.choose("就在这里")
    watched.look()
    say(patient.id_number[:-1])  # at the wrong question, and too short
    say(patient.phone)
    for value in (NAME, wide(patient.id_number), spaced, wide(patient.phone), f"+86 {patient.phone}"):
        say(value)
    code = patient.sms_code()
    say(patient.id_number)  # instead of the code
    say(code)
    for words in ("确认", "取消", "我的信息", "挂全科", "1", "确认", "我的预约"):
        say(words)
    say(f"我的电话是{patient.phone}对吗")


def family(watched: Watched) -> None:
    """A relative with a passport, in the chat."""
    patient, say = watched.patient, watched.say
    name, passport, phone = RELATIVES[patient.channel]
    say("添加家人")
    if "就在这里" in patient.last:
        patient.choose("就在这里")
    for words in (
        "妈妈",
        name,
        f"护照 {passport[:2]} {passport[2:5]} {passport[5:]}",
        "护照",
        wide(passport),
    ):
        say(words)
    for words in ("1961年7月19日", "女", phone):
        say(words)
    say(patient.sms_code(phone))
    for words in ("确认", "我的就诊人"):
        say(words)


def parcel(watched: Watched) -> None:
    """An address, asked for and not, put right and read back."""
    for words in (
        f"麻烦把药寄到北京市海淀区{STREET} {RECIPIENT} {CALLED}",  # nobody asked
        "我的收货地址",
        RECIPIENT,
        f"{CALLED}，北京海淀{STREET}",
        f"不对，收件人就是{RECIPIENT}",
        "对的",
        "我的地址",
        "算了",
    ):
        watched.say(words)


@pytest.fixture(scope="module")
def watched(stack: Stack, hospital: Hospital) -> list[Watched]:
    """One on each platform, after the journey. The name is the same, for names are not looked up."""
    found = [Watched(PATIENTS[channel].arrive(stack.sandbox, name=NAME), hospital) for channel in PATIENTS]
    for one in found:
        journey(one)
        family(one)
        parcel(one)
    return found


@pytest.fixture(scope="module")
def people(watched: list[Watched]) -> list[Patient]:
    return [one.patient for one in watched]


@pytest.fixture(scope="module")
def secrets(people: list[Patient]) -> re.Pattern[bytes]:
    """All values in every dress: plain, in parts, in full width, as JSON spells Chinese, base64, hex."""
    plain = [NAME, NAME[2:], RECIPIENT, RECIPIENT[2:], CALLED, STREET]
    for patient in people:
        plain += [patient.id_number, patient.phone, wide(patient.id_number), wide(patient.phone)]
        relative, passport, phone = RELATIVES[patient.channel]
        plain += [relative, relative[2:], passport, passport[2:], wide(passport[2:]), phone, wide(phone)]
        plain += [patient.id_number[:17], patient.id_number[6:14] + patient.id_number[14:17]]
    dresses = set()
    for value in plain:
        raw = value.encode()
        dresses |= {raw, raw.hex().encode(), raw.hex().upper().encode(), value.encode("utf-16-le")}
        dresses |= {value.encode("unicode_escape"), base64.b64encode(raw).rstrip(b"=")}
        # inside a longer base64 text the same bytes may start at two other places
        for shift in (1, 2):
            inner = base64.b64encode(b"\0" * shift + raw)[4:].rstrip(b"=")
            dresses.add(inner[:-1])
    return re.compile(b"|".join(re.escape(dress) for dress in sorted(dresses, key=len, reverse=True)))


def test_the_journeys_got_through(people: list[Patient], stack: Stack) -> None:
    for patient in people:
        assert "登记好了" in "".join(patient.all_said())
        assert "全科医学科" in "".join(patient.all_said())
        assert "*宜（母亲，待人工核验）" in "".join(patient.all_said())
    tables = "contacts JOIN account_patients USING (account_id)"
    rows = stack.rows(
        f"SELECT 1 FROM {tables} WHERE platform_id = ANY(%s) AND relation = 'self'",  # noqa: S608
        [patient.platform_id for patient in people],
    )
    assert len(rows) == len(people)


def test_nothing_sent_to_a_patient_shows_a_value(people: list[Patient]) -> None:
    for patient in people:
        said = "".join(patient.all_said())
        assert f"北京市海淀区{STREET}\n*姝，136****7418" in said
        assert "存好了：*姝" in said
        for value in (NAME, RECIPIENT, CALLED, patient.id_number, patient.phone, *RELATIVES[patient.channel]):
            assert value not in said


def test_no_log_holds_a_value(stack: Stack, secrets: re.Pattern[bytes]) -> None:
    logs = [
        path for path in stack.options.var.rglob("*") if path.is_file() and path.suffix in (".log", ".txt")
    ]
    assert len(logs) >= 7
    for path in logs:
        if path.name != "sandbox.log":  # the platforms' side
            found = secrets.search(path.read_bytes())
            assert not found, path.name


def _pieces(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _pieces(key)
            yield from _pieces(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            yield from _pieces(inner)
    elif isinstance(value, bytes):
        yield value
    elif value is not None:
        yield str(value).encode()


def test_no_column_of_any_table_holds_a_value(stack: Stack, secrets: re.Pattern[bytes]) -> None:
    searched = 0
    with psycopg.connect(stack.addresses["DATABASE_URL"]) as connection:
        tables = connection.execute(
            "SELECT table_schema, table_name FROM information_schema.tables"
            " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table)))
            for row in rows:
                searched += 1
                for piece in _pieces(row):
                    assert not secrets.search(piece), table
    assert searched > 100
    assert {"patients", "inbound", "outbound", "personal_tokens", "rasa_tracker"} <= {
        name for _, name in tables
    }


def test_valkey_holds_no_value(stack: Stack, secrets: re.Pattern[bytes]) -> None:
    client = redis.Redis.from_url(stack.addresses["REDIS_URL"])
    read: dict[bytes, Any] = {
        b"string": client.get,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
        b"stream": lambda key: client.xrange(key),
    }
    for key in client.scan_iter():
        assert not secrets.search(key)
        kind = client.type(key)
        if kind != b"none":
            for piece in _pieces(read[kind](key)):
                assert not secrets.search(piece), key
    for file in (stack.options.var / "valkey").rglob("*"):
        if file.is_file():
            assert not secrets.search(file.read_bytes()), file.name


def test_rasas_opened_trackers_hold_only_tokens(watched: list[Watched], secrets: re.Pattern[bytes]) -> None:
    for one in watched:
        assert any(b"[[person_name:" in tracker for tracker in one.trackers)
        assert any(b"[[id_number:" in tracker for tracker in one.trackers)
        for tracker in one.trackers:
            assert not secrets.search(tracker)
