from __future__ import annotations

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.crypto import BadKeys, Crypto, KeyRing, Undecryptable


def _key(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


OLD, NEW = f"old:{_key(1)}", f"new:{_key(2)}"

ids = st.text("abcXYZ019_-", min_size=1, max_size=32)


def _crypto(data: str = NEW, index: str = NEW) -> Crypto:
    return Crypto(KeyRing.parse(data), KeyRing.parse(index))


@given(st.dictionaries(ids, st.binary(min_size=32, max_size=32), min_size=1, max_size=5))
def test_a_ring_reads_back_as_written(keys: dict[str, bytes]) -> None:
    ring = KeyRing.parse(", ".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items()))
    assert (ring.current, ring.keys) == (next(iter(keys)), keys)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("", "no keys"),
        (" , ", "no keys"),
        (_key(1), "no id"),
        (f":{_key(1)}", "no id"),
        (f"a b:{_key(1)}", "no id"),
        (f"{'x' * 33}:{_key(1)}", "no id"),
        ("a:not base64!", "base64"),
        ("a:c2hvcnQ=", "5 bytes"),
        (f"{OLD},{OLD}", "twice"),
    ],
)
def test_bad_rings(setting: str, says: str) -> None:
    with pytest.raises(BadKeys, match=says) as error:
        KeyRing.parse(setting)
    assert _key(1) not in str(error.value)


def test_keys_are_never_shown() -> None:
    ring = KeyRing.parse(OLD)
    assert _key(1) not in repr(ring)
    assert repr(ring.keys["old"]) not in repr(ring)


def test_a_generated_key_fits_a_ring() -> None:
    one, other = KeyRing.generate("k1"), KeyRing.generate("k1")
    assert KeyRing.parse(one).current == "k1"
    assert one != other


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_is_sealed_opens_again_and_nowhere_else(value: str, context: str) -> None:
    crypto = _crypto()
    sealed = crypto.encrypt(value, context)
    assert crypto.decrypt(sealed, context) == value
    with pytest.raises(Undecryptable):
        crypto.decrypt(sealed, context + "!")


def test_two_seals_of_one_value_differ_and_hide_it() -> None:
    crypto = _crypto()
    one, other = (crypto.encrypt("张明", "patients.name") for _ in range(2))
    assert one != other
    assert "张明".encode() not in one


@given(st.data())
def test_any_change_is_noticed(data: st.DataObject) -> None:
    crypto = _crypto()
    sealed = bytearray(crypto.encrypt("张明", "patients.name"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Undecryptable):
        crypto.decrypt(bytes(sealed), "patients.name")


@given(st.binary(max_size=80))
def test_junk_does_not_open(junk: bytes) -> None:
    with pytest.raises(Undecryptable):
        _crypto().decrypt(junk, "patients.name")


def test_rotation_of_the_data_key() -> None:
    before, during, after = _crypto(data=OLD), _crypto(data=f"{NEW},{OLD}"), _crypto(data=NEW)
    sealed = before.encrypt("张明", "patients.name")
    assert during.decrypt(sealed, "patients.name") == "张明"
    moved = during.reencrypt(sealed, "patients.name")
    assert moved is not None
    assert during.reencrypt(moved, "patients.name") is None
    assert after.decrypt(moved, "patients.name") == "张明"
    with pytest.raises(Undecryptable, match="old"):
        after.decrypt(sealed, "patients.name")


def test_rotation_of_the_index_key() -> None:
    before, during = _crypto(index=OLD), _crypto(index=f"{NEW},{OLD}")
    stored = before.blind("138", "patients.phone")
    assert stored in during.blinds("138", "patients.phone")
    assert during.blind("138", "patients.phone") == during.blinds("138", "patients.phone")[0] != stored


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=10), st.text(max_size=10))
def test_indexes_agree_only_for_the_same_value_in_the_same_place(a: str, b: str, x: str, y: str) -> None:
    crypto = _crypto()
    assert (crypto.blind(a, x) == crypto.blind(b, y)) is ((a, x) == (b, y))


def test_an_index_needs_the_key() -> None:
    assert _crypto(index=OLD).blind("138", "x")[4:] != _crypto(index=NEW).blind("138", "x")[4:]


def test_bytes_seal_too() -> None:
    ring = KeyRing.parse(NEW)
    content = os.urandom(1000)
    assert ring.open(ring.seal(content, "media"), "media") == content
