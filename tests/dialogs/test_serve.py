"""The sealed Rasa from outside: a real process, a real Postgres, and actions on the rasa-sdk of the program."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from bot.launching.starting import free_ports
from tests.dialogs.test_components import ROOT, TABLE

PYTHON = ROOT / ".venv-rasa/bin/python"
PROJECT = ROOT / "tests/dialogs/project"
TOKEN = "a token for this test"
KEYS = "k1:" + base64.b64encode(b"tracker key".ljust(32, b".")).decode()
NEW_KEY = "k2:" + base64.b64encode(b"a new tracker key".ljust(32, b".")).decode()

pytestmark = pytest.mark.slow


@dataclass
class Child:
    """A process of the test with its log."""

    command: list[str]
    log: Path
    port: int
    env: dict[str, str] = field(default_factory=dict)
    cwd: Path = ROOT
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=self.cwd,
                env={**os.environ, **self.env},
                stdout=log,
                stderr=log,
                start_new_session=True,  # a killed action server must not leave its worker behind
            )
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"not ready: {self.log.read_text()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.process.wait(120)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rasa")


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    out = folder / "model.tar.gz"
    subprocess.run(
        [
            *(str(PYTHON), "-m", "components.train", "--out", str(out)),
            *("--domain", str(PROJECT / "domain.yml"), "--dialogs", str(PROJECT / "data")),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "dialogs")},
        check=True,
        timeout=600,
    )
    return out


@pytest.fixture(scope="module")
def actions(folder: Path) -> Iterator[Child]:
    port = free_ports()
    command = [sys.executable, "-m", "rasa_sdk", "--actions", "project_actions", "--port", str(port)]
    child = Child(command, folder / "actions.log", port, cwd=PROJECT)
    child.start()
    yield child
    if child.running:
        child.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def key_file(folder: Path) -> Path:
    file = folder / "tracker_keys.env"
    file.write_text(f"TRACKER_KEYS={KEYS}\n")
    return file


@pytest.fixture(scope="module")
def environment(postgres: str, actions: Child, key_file: Path) -> dict[str, str]:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(TABLE)
    return {
        "PYTHONPATH": str(ROOT / "dialogs"),
        "RASA_TOKEN": TOKEN,
        "TRACKER_KEYS_FILE": str(key_file),
        "TRACKER_DATABASE_URL": postgres,
        "ACTIONS_URL": f"http://127.0.0.1:{actions.port}/webhook",
    }


def serving(name: str, model: Path, folder: Path, environment: dict[str, str]) -> Child:
    port = free_ports()
    command = [str(PYTHON), "-m", "components.serve", "--port", str(port), "--model", str(model)]
    return Child(command, folder / f"{name}.log", port, environment)


@pytest.fixture(scope="module")
def pair(model: Path, folder: Path, environment: dict[str, str]) -> Iterator[tuple[Child, Child]]:
    """Two Rasas over one table."""
    children = serving("one", model, folder, environment), serving("two", model, folder, environment)
    for child in children:
        child.start()
    yield children
    for child in children:
        if child.running:
            child.stop()


@pytest.fixture
def rasa(pair: tuple[Child, Child]) -> Child:
    return pair[0]


def body(text: str, conversation: str, message_id: str | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "conversation": conversation,
        "message_id": message_id or uuid.uuid4().hex,
        "text": text,
        "metadata": metadata,
    }


def post(child: Child, content: Any, token: str | None = TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return httpx.post(f"http://127.0.0.1:{child.port}/webhooks/daozhen/turns", content=raw, headers=headers)


def say(child: Child, conversation: str, *texts: str) -> list[str]:
    """Says all of them and gives the texts of the last answer."""
    messages = []
    for text in texts:
        answer = post(child, body(text, conversation))
        assert answer.status_code == 200, answer.text
        messages = answer.json()["messages"]
    return [message["text"] for message in messages]


@pytest.fixture
def conversation() -> str:
    return uuid.uuid4().hex


def test_it_says_which_model_is_loaded(rasa: Child) -> None:
    answer = httpx.get(f"http://127.0.0.1:{rasa.port}/webhooks/daozhen/ready")
    assert (answer.status_code, list(answer.json())) == (200, ["model"])


def test_a_new_key_is_taken_up_while_it_runs(
    rasa: Child, conversation: str, key_file: Path, postgres: str
) -> None:
    def key_id(of: str) -> str:
        with psycopg.connect(postgres) as connection:
            row = connection.execute("select key_id from rasa_tracker where sender_id = %s", (of,)).fetchone()
            assert row
            return str(row[0])

    say(rasa, conversation, "/book")
    assert key_id(conversation) == "k1"
    with psycopg.connect(
        postgres, autocommit=True
    ) as connection:  # as a Rasa that has the key already leaves it
        connection.execute("update rasa_tracker set key_id = 'k2' where sender_id = %s", (conversation,))
    refused = post(rasa, body("骨科", conversation))
    assert (refused.status_code, refused.json()) == (503, {"error": "tracker_key_unknown"})

    fresh = key_file.with_suffix(".new")
    fresh.write_text(f"TRACKER_KEYS={NEW_KEY},{KEYS}\n")
    fresh.replace(key_file)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("update rasa_tracker set key_id = 'k1' where sender_id = %s", (conversation,))
    say(rasa, conversation, '/inform{"department": "骨科"}')
    assert key_id(conversation) == "k2"
    ready = httpx.get(
        f"http://127.0.0.1:{rasa.port}/webhooks/daozhen/ready", headers={"Authorization": f"Bearer {TOKEN}"}
    ).json()
    assert [name.partition("/")[0] for name in ready["tracker_keys"]] == ["k2", "k1"]


@pytest.mark.parametrize(
    "path", ["/", "/status", "/model/parse", "/conversations/x/tracker", "/webhooks/rest/webhook"]
)
def test_there_is_no_other_door(rasa: Child, path: str) -> None:
    assert httpx.get(f"http://127.0.0.1:{rasa.port}{path}").status_code == 404
    assert httpx.post(f"http://127.0.0.1:{rasa.port}{path}", json={}).status_code == 404


def test_it_listens_on_loopback_only(rasa: Child) -> None:
    assert rasa.process is not None
    listening = [c for c in psutil.Process(rasa.process.pid).net_connections("tcp") if c.status == "LISTEN"]
    assert [(c.laddr.ip, c.laddr.port) for c in listening] == [("127.0.0.1", rasa.port)]


@pytest.mark.parametrize("token", [None, "wrong", "令牌"])
def test_a_wrong_token_is_refused(rasa: Child, conversation: str, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode()}
    url = f"http://127.0.0.1:{rasa.port}/webhooks/daozhen/turns"
    assert httpx.post(url, json=body("/greet", conversation), headers=headers).status_code == 401


GOOD = body("你好", "0" * 32)
JUNK = [
    b"",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    [],
    "text",
    None,
    {},
    {**GOOD, "conversation": "not-an-id"},
    {**GOOD, "conversation": ["0" * 32]},
    {**GOOD, "message_id": 7},
    {**GOOD, "text": None},
    {**GOOD, "text": "长" * 4001},
    {**GOOD, "text": "\ud800"},
    {**GOOD, "metadata": []},
    {**GOOD, "metadata": {"entities": {}}},
    {**GOOD, "metadata": {"entities": ["department"]}},
    {**GOOD, "metadata": {"entities": [{"entity": "department"}]}},
]


@pytest.mark.parametrize("content", JUNK, ids=range(len(JUNK)))
def test_junk_is_refused(rasa: Child, content: Any) -> None:
    answer = post(rasa, content)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_a_body_too_large_is_refused(rasa: Child) -> None:
    assert post(rasa, b" " * 2_000_000).status_code == 413


def test_replies_carry_buttons_expectation_and_custom_data(rasa: Child, conversation: str) -> None:
    asked = post(rasa, body("/book", conversation)).json()["messages"]
    assert asked == [
        {
            "text": "哪个科？",
            "buttons": [
                {"title": "心内科", "payload": '/inform{"department": "心内科"}'},
                {"title": "骨科", "payload": '/inform{"department": "骨科"}'},
            ],
            "expects": None,
            "language": None,
            "custom": {"kind": "departments"},
        }
    ]
    named = post(rasa, body("/register", uuid.uuid4().hex)).json()["messages"]
    assert [message["expects"] for message in named] == ["person_name"]


def test_a_whole_booking_with_a_digression(rasa: Child, conversation: str) -> None:
    assert say(rasa, conversation, "/start") == ["欢迎"]
    assert say(rasa, conversation, "/book", "/ask_hospital") == ["在人民路", "哪个科？"]
    assert say(rasa, conversation, '/inform{"department": "骨科"}') == ["哪一天？"]
    assert say(rasa, conversation, '/inform{"date": "2026-11-23"}') == ["骨科 2026-11-23，对吗？"]
    assert say(rasa, conversation, "/affirm") == ["第 1 次挂号"]


def test_a_repeated_message_is_answered_again_even_by_another_rasa(
    pair: tuple[Child, Child], conversation: str
) -> None:
    first, second = pair
    say(first, conversation, "/book", '/inform{"department": "骨科", "date": "2026-11-23"}')
    last = body("/affirm", conversation)
    answers = [post(child, last).json() for child in (first, second, first)]
    assert [answer["replayed"] for answer in answers] == [False, True, True]
    assert answers[0]["messages"] == answers[1]["messages"] == answers[2]["messages"]
    assert answers[0]["messages"][0]["custom"] == {"message_id": last["message_id"]}


def test_what_fails_is_said_by_status_and_forgotten(rasa: Child, conversation: str) -> None:
    say(rasa, conversation, "/book")
    cases = {
        "/crash": (502, "action_failed"),
        "/lost": (502, "action_failed"),
        "/endless": (500, "endless_turn"),
    }
    for text, (status, code) in cases.items():
        answer = post(rasa, body(text, conversation))
        assert (answer.status_code, answer.json()) == (status, {"error": code})
    assert say(rasa, conversation, '/inform{"department": "骨科"}') == ["哪一天？"]


async def together(*requests: Callable[[], httpx.Response]) -> list[httpx.Response]:
    return list(await asyncio.gather(*(asyncio.to_thread(request) for request in requests)))


async def test_two_turns_of_one_conversation_on_two_rasas_do_not_both_count(
    pair: tuple[Child, Child], conversation: str
) -> None:
    say(pair[0], conversation, "/greet")
    answers = await together(
        *(lambda child=child: post(child, body("/slow", conversation)) for child in pair)
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_one_message_twice_at_once_is_executed_once(rasa: Child, conversation: str) -> None:
    one = body("/slow", conversation)
    answers = await together(lambda: post(rasa, one), lambda: post(rasa, one))
    assert sorted(answer.json()["replayed"] for answer in answers) == [False, True]


def test_without_the_action_server_the_turn_waits(rasa: Child, actions: Child, conversation: str) -> None:
    say(rasa, conversation, "/greet")
    one = body("/book", conversation)
    actions.stop(signal.SIGKILL)
    answer = post(rasa, one)
    assert (answer.status_code, answer.json()) == (503, {"error": "actions_unreachable"})
    actions.start()
    again = post(rasa, one)
    assert (again.status_code, again.json()["replayed"]) == (200, False)


def test_no_log_holds_what_was_said(rasa: Child, conversation: str) -> None:
    for text in ("我叫隐私测试", "/隐私测试{", '/inform{"department": "隐私测试"', "/no_such隐私测试"):
        post(rasa, body(text, conversation, entities=[{"entity": "unknown", "value": "隐私测试"}]))
    post(rasa, body('/crash{"department": "隐私测试"}', conversation))
    log = rasa.log.read_text()
    assert "action_failed" in log
    assert "隐私" not in log
    assert "Traceback" not in log


def test_it_ends_cleanly_and_starts_where_it_was(
    model: Path, folder: Path, environment: dict[str, str], conversation: str
) -> None:
    child = serving("restarted", model, folder, environment)
    child.start()
    say(child, conversation, "/book", '/inform{"department": "骨科"}')
    assert child.stop() == 0
    child.start()
    assert say(child, conversation, '/inform{"date": "2026-11-23"}') == ["骨科 2026-11-23，对吗？"]
    child.stop(signal.SIGKILL)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"RASA_TOKEN": ""}, "RASA_TOKEN"),
        ({"TRACKER_KEYS_FILE": "", "TRACKER_KEYS": ""}, "TRACKER_KEYS_FILE or TRACKER_KEYS"),
        ({"TRACKER_KEYS_FILE": "/nowhere"}, "tracker store"),
        ({"ACTIONS_URL": ""}, "ACTIONS_URL"),
        ({"TRACKER_KEYS_FILE": "", "TRACKER_KEYS": "k1:short"}, "tracker store"),
        ({"TRACKER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "tracker store"),
    ],
)
def test_it_does_not_start_half(
    model: Path, environment: dict[str, str], changed: dict[str, str], words: str
) -> None:
    command = [str(PYTHON), "-m", "components.serve", "--port", str(free_ports()), "--model", str(model)]
    env = {**os.environ, **environment, **changed}
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 1
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1
