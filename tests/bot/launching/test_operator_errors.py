"""What an operator reads when something outside is wrong: one sentence, exit code 1, no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot.launching.leftovers import hold, is_held
from bot.launching.local import out_of_reach
from bot.launching.operator_errors import in_words
from bot.launching.processes import Process, check_ports
from bot.launching.starting import StartError, free_ports
from integrations.settings import ROOT

pytestmark = pytest.mark.slow


def daozhen(*arguments: str, **environment: str) -> tuple[int, str]:
    """A command as the console script runs it: (exit code, what it said)."""
    plain = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-m", "bot.cli", *arguments],
        check=False,
        cwd=ROOT,
        env=plain | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    return run.returncode, run.stdout


@pytest.mark.parametrize(
    ("command", "change", "said"),
    [
        (("migrate",), ("daozhen:test@", "daozhen:wrong@"), "password authentication failed"),
        (("rules", "show"), ("daozhen:test@", "daozhen:wrong@"), "password authentication failed"),
        (("seed",), ("daozhen:test@", "nobody:test@"), 'failed for user "nobody"'),
        (("rules", "show"), ("postgresql://", ""), "DATABASE_URL cannot be read"),
    ],
)
def test_a_database_that_does_not_let_us_in(
    postgres: str, tmp_path: Path, command: tuple[str, ...], change: tuple[str, str], said: str
) -> None:
    code, words = daozhen(*command, "--var", str(tmp_path), DATABASE_URL=postgres.replace(*change))
    assert code == 1
    assert words.startswith("daozhen: ")
    assert said in words
    assert "Traceback" not in words
    assert "wrong" not in words  # the password


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"GATEWAYS": "none"}, "daozhen: GATEWAYS: "),
        ({"WECHAT_NATIVE_AGENTS": "true"}, "daozhen: WeChat's own agents talk with patients"),
    ],
)
def test_a_setting_that_cannot_be(tmp_path: Path, setting: dict[str, str], said: str) -> None:
    own = {"DATABASE_URL": "postgresql://x:y@127.0.0.1:1/x", "SMS_SECRET_KEY": "not-to-be-seen"}
    code, words = daozhen("migrate", "--var", str(tmp_path), **own, **setting)
    assert code == 1
    assert words.startswith(said)
    assert "Traceback" not in words
    assert "not-to-be-seen" not in words


def test_a_database_out_of_reach(tmp_path: Path) -> None:
    url = f"postgresql://daozhen:secret@127.0.0.1:{free_ports()}/daozhen"
    code, words = daozhen("identities", "list", "--var", str(tmp_path), DATABASE_URL=url)
    assert (code, "Traceback" in words) == (1, False)
    assert "The database does not answer" in words
    assert "secret" not in words


def test_a_place_that_is_no_directory(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    code, words = daozhen("up", "--var", str(place))
    assert code == 1
    assert words.startswith(f"daozhen: Nothing can be written in {place}")
    with pytest.raises(StartError), hold(place):
        pass
    with pytest.raises(StartError):  # it is not "held": whoever asks would look for what runs there
        is_held(place)


def test_a_port_in_use_is_named_with_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} .gateway. is in use by .*GATEWAY_PORT"):
            check_ports([Process("gateway", ("true",), port=port, setting="GATEWAY_PORT")])


def test_a_redis_out_of_reach(valkey: str) -> None:
    assert out_of_reach(valkey) is None
    away = out_of_reach(f"redis://:secret@127.0.0.1:{free_ports()}/0")
    assert away is not None
    assert "Redis does not answer" in away
    assert "secret" not in away
    assert "Redis does not answer" in str(out_of_reach(valkey.replace(":test@", ":wrong@")))
    with pytest.raises(StartError, match="REDIS_URL cannot be read"):
        out_of_reach("nonsense")


def test_a_fault_of_the_program_keeps_its_trace() -> None:
    assert in_words(ValueError("a fault")) is None
    assert in_words(FileNotFoundError(2, "No such file", "a.py")) is None
    assert in_words(StartError("words")) == "words"
    assert "make room" in str(in_words(OSError(28, "No space left on device")))
