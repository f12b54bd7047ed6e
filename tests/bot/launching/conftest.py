"""What a first run generates, quickly: an RSA key takes longer than the test that wants one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.launching import secrets


@pytest.fixture
def place(servers: Path) -> Iterator[Path]:
    """A directory of the test's own in which Postgres may work, which runs as another user: each run of pytest, that of
    the components' tests too, shuts pytest's own directories for others."""
    with tempfile.TemporaryDirectory(dir=servers) as directory:
        yield Path(directory)


@pytest.fixture(scope="session")
def private_keys() -> Mapping[str, str]:
    """The sandbox's private keys by name, each generated once."""
    return {name: draw() for name, draw in secrets.SANDBOX.items() if draw is secrets._private_key}


@pytest.fixture
def drawn_once(private_keys: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every directory gets the same private keys."""
    for name, key in private_keys.items():
        monkeypatch.setitem(secrets.SANDBOX, name, lambda key=key: key)  # type: ignore[arg-type]
