"""Who is started how, and above all who knows what."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.launching import secrets, table
from bot.launching.processes import Process
from bot.launching.up import Options
from integrations.crypto import KeyRing
from integrations.key_rings import KeySource
from integrations.settings import Settings

ADDRESSES = {
    "DATABASE_URL": "postgresql://daozhen:owner-password@127.0.0.1:1/daozhen",
    "REDIS_URL": "redis://:valkey-password@127.0.0.1:2/0",
    "TRACKER_DATABASE_URL": "postgresql://daozhen_rasa:rasa-password@127.0.0.1:1/daozhen",
}

PLATFORMS = ("WECHAT", "TELEGRAM_", "SMS_", "IDENTITY_", "ALIPAY_", "KUAIDI100_", "SANDBOX_W", "SANDBOX_A")


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, drawn_once: None) -> None:
    for name in secrets.Launch.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(secrets, "ROOT", tmp_path)


def _processes(var: Path, *, sandbox: bool = True, port_base: int | None = None) -> dict[str, Process]:
    secrets.generate(var, sandbox=sandbox)
    settings = Options(var, sandbox=sandbox, port_base=port_base).settings()
    listed = table.program_processes(settings, ADDRESSES, var, Path("model.tar.gz"), sandbox=sandbox)
    return {process.name: process for process in listed}


def test_all_are_there(tmp_path: Path) -> None:
    assert set(_processes(tmp_path)) == {"rasa", "actions", "worker", "beat", "gateway", "desk", "sandbox"}
    assert "sandbox" not in _processes(tmp_path, sandbox=False)


def test_rasa_knows_only_what_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:password@proxy")
    known = set(_processes(tmp_path)["rasa"].environment)
    own = {"RASA_TOKEN", "TRACKER_KEYS_FILE", "TRACKER_DATABASE_URL", "ACTIONS_URL", "PYTHONPATH"}
    assert known & {name.upper() for name in secrets.Launch.model_fields} == {
        "RASA_TOKEN",
        "TRACKER_DATABASE_URL",
    }
    assert known >= own
    assert "HTTPS_PROXY" not in known


def test_nobody_else_knows_rasas_keys_or_the_launchers_passwords(tmp_path: Path) -> None:
    processes = _processes(tmp_path)
    settings = secrets.load(tmp_path)
    for name in ("gateway", "worker", "beat", "actions", "sandbox"):
        values = set(processes[name].environment.values())
        for secret in (settings.tracker_keys, settings.postgres_password, settings.rasa_database_password):
            assert secret.get_secret_value() not in values
        assert "TRACKER_DATABASE_URL" not in processes[name].environment


def test_keys_of_ours_are_read_from_the_file_so_that_a_rotation_is_noticed(tmp_path: Path) -> None:
    for name in ("gateway", "worker", "actions"):
        environment = _processes(tmp_path)[name].environment
        assert environment["KEYS_FILE"] == str(secrets.secrets_file(tmp_path))
        assert not {"DATA_KEYS", "INDEX_KEYS"} & environment.keys()
        settings = Settings(_env_file=None, **{k.lower(): v for k, v in environment.items()})  # type: ignore[call-arg,arg-type]
        assert KeySource(settings).read().data.current == "k1"


def test_keys_that_are_set_outside_are_handed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in secrets.RINGS:
        monkeypatch.setenv(name, KeyRing.generate("outside"))
    processes = _processes(tmp_path)
    assert processes["gateway"].environment["DATA_KEYS"].startswith("outside:")
    assert processes["rasa"].environment["TRACKER_KEYS"].startswith("outside:")
    assert "TRACKER_KEYS_FILE" not in processes["rasa"].environment


def test_a_key_file_of_the_operators_own_is_read_by_the_processes_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "of-the-operator"
    rings = {name: KeyRing.generate("own") for name in secrets.RINGS}
    file.write_text("\n".join(f"{name}={ring}" for name, ring in rings.items()))
    monkeypatch.setenv("KEYS_FILE", str(file))
    processes = _processes(tmp_path)
    assert processes["gateway"].environment["KEYS_FILE"] == str(file)
    assert "DATA_KEYS" not in processes["gateway"].environment
    assert processes["rasa"].environment["TRACKER_KEYS"] == rings["TRACKER_KEYS"]
    assert "DATA_KEYS" not in secrets.secrets_file(tmp_path).read_text()


def test_the_sandbox_stands_outside(tmp_path: Path) -> None:
    known = _processes(tmp_path)["sandbox"].environment
    assert not {"DATABASE_URL", "REDIS_URL", "DATA_KEYS", "INDEX_KEYS", "RASA_TOKEN"} & known.keys()
    assert known["WECHAT_TOKEN"] == _processes(tmp_path)["gateway"].environment["WECHAT_TOKEN"]


def test_the_sandbox_takes_the_platforms_place(tmp_path: Path) -> None:
    gateway = _processes(tmp_path)["gateway"].environment
    assert gateway["WECHAT_API_BASE"] == "http://127.0.0.1:8100/wechat"
    assert gateway["TELEGRAM_API_BASE"] == "http://127.0.0.1:8100/telegram"
    assert gateway["SMS_API_BASE"] == "http://127.0.0.1:8100/sms"
    assert gateway["IDENTITY_API_BASE"] == "http://127.0.0.1:8100/identity"
    assert gateway["WECHATPAY_API_BASE"] == "http://127.0.0.1:8100/wechatpay"
    assert gateway["WECHAT_OAUTH_BASE"] == "http://127.0.0.1:8100/wechat/open"
    assert gateway["ALIPAY_API_BASE"] == "http://127.0.0.1:8100/alipay/gateway.do"
    assert gateway["KUAIDI100_API_BASE"] == "http://127.0.0.1:8100/kuaidi100"


def test_only_the_sandbox_knows_the_platforms_own_keys(tmp_path: Path) -> None:
    processes = _processes(tmp_path)
    own = [processes["sandbox"].environment[name.upper()] for name in table.SANDBOX_OWN]
    assert all(own)
    for name, process in processes.items():
        if name != "sandbox":
            assert not set(own) & set(process.environment.values())
            assert not [known for known in process.environment if known.startswith("SANDBOX_W")]
    platform = {"WECHATPAY_PRIVATE_KEY", "ALIPAY_PRIVATE_KEY", "KUAIDI100_KEY"}
    assert platform <= processes["gateway"].environment.keys() & processes["sandbox"].environment.keys()


def test_without_the_sandbox_the_platforms_are_the_real_ones_and_unconfigured(tmp_path: Path) -> None:
    _processes(tmp_path, sandbox=True)
    gateway = _processes(tmp_path, sandbox=False)["gateway"].environment
    assert not {name for name in gateway if name.startswith(PLATFORMS)}


def test_all_ports_move_together(tmp_path: Path) -> None:
    processes = _processes(tmp_path, port_base=9600)
    ports = [process.port for process in processes.values() if process.port]
    assert len(set(ports)) == 5
    assert all(9600 <= port < 9610 for port in ports)
    assert processes["gateway"].environment["PUBLIC_URL"] == f"http://127.0.0.1:{processes['gateway'].port}"
    assert (
        processes["rasa"].environment["ACTIONS_URL"]
        == f"http://127.0.0.1:{processes['actions'].port}/webhook"
    )
    assert processes["worker"].environment["RASA_URLS"] == f"http://127.0.0.1:{processes['rasa'].port}"


def test_only_the_rasas_of_this_machine_are_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RASA_URLS", "http://127.0.0.1:5005,http://127.0.0.1:5006,http://rasa.internal:5005")
    assert {name for name in _processes(tmp_path) if name.startswith("rasa")} == {"rasa-5005", "rasa-5006"}


def test_webhooks_come_before_background_work(tmp_path: Path) -> None:
    processes = _processes(tmp_path)
    assert processes["gateway"].nice < processes["worker"].nice
    assert processes["rasa"].command[-2:] == ("--nice", str(processes["worker"].nice))  # but its start is not


def test_there_may_be_several_of_each(tmp_path: Path) -> None:
    secrets.generate(tmp_path, sandbox=True)
    options = Options(tmp_path, sandbox=True, port_base=9000, gateways=2, workers=3, rasas=2)
    settings = options.settings()
    listed = table.program_processes(settings, ADDRESSES, tmp_path, Path("model.tar.gz"), sandbox=True)
    ports = {process.name: process.port for process in listed}
    assert [ports[name] for name in ("gateway", "gateway-2", "rasa-9004", "rasa-9005")] == [
        9000,
        9020,
        9004,
        9005,
    ]
    assert {"worker", "worker-2", "worker-3"} <= ports.keys()
    assert len(ports) == len(listed) == 2 + 3 + 2 + 4  # and one each of actions, beat, desk and sandbox
    known = {process.name: process.environment for process in listed}
    assert known["worker"]["RASA_URLS"] == "http://127.0.0.1:9004,http://127.0.0.1:9005"
    assert known["sandbox"]["SANDBOX_GATEWAYS"] == "http://127.0.0.1:9000,http://127.0.0.1:9020"


def test_several_rasas_also_on_the_usual_ports_but_not_against_rasa_urls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets.generate(tmp_path, sandbox=True)
    monkeypatch.setenv("RASAS", "2")
    assert table.local_rasa_ports(Options(tmp_path, sandbox=True).settings()) == [5005, 5006]
    monkeypatch.setenv("RASA_URLS", "http://10.0.0.7:5005")
    assert table.local_rasa_ports(Options(tmp_path, sandbox=True).settings()) == []
