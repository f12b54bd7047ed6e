"""Against a real Postgres: TRACKER_DATABASE_URL is set by the test that starts these."""

from __future__ import annotations

import asyncio
import base64
import os
import uuid
from collections.abc import Awaitable, Callable

import psycopg
import pytest
from components.tracker_store import KeyFile, Keys, PostgresTrackerStore, StaleTracker, UnknownKey, Unreadable
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.utils.endpoints import EndpointConfig

URL = os.environ["TRACKER_DATABASE_URL"]
DOMAIN = Domain.from_yaml('version: "3.1"\nslots: {color: {type: any, mappings: [{type: custom}]}}')


def ring(*names: str) -> str:
    return ",".join(f"{name}:{base64.b64encode(name.encode().ljust(32, b'.')).decode()}" for name in names)


def with_store(body: Callable[..., Awaitable[None]], *rings: str) -> None:
    """Runs body(store, …) with an open store for each key ring."""

    async def run() -> None:
        stores = [PostgresTrackerStore(DOMAIN, None, URL, Keys.parse(text)) for text in rings or [ring("k1")]]
        for store in stores:
            await store.open()
        try:
            await body(*stores)
        finally:
            for store in stores:
                await store.close()

    asyncio.run(run())


async def filled(store: PostgresTrackerStore, sender: str, word: str = "蓝色"):
    tracker = await store.get_or_create_tracker(sender, append_action_listen=False)
    tracker.update(ActionExecuted("action_listen"))
    tracker.update(UserUttered(word, {"name": "inform", "confidence": 1.0}, message_id="m1"))
    tracker.update(SlotSet("color", word))
    return tracker


def test_what_was_saved_is_read_again():
    async def body(store):
        sender = uuid.uuid4().hex
        assert await store.retrieve(sender) is None
        await store.save(await filled(store, sender))
        again = await store.retrieve(sender)
        assert again.get_slot("color") == "蓝色"
        assert again.latest_message.message_id == "m1"
        await store.save(again)
        await store.save(again)
        assert (await store.retrieve(sender)).row_version == 3

    with_store(body)


def test_the_row_is_unreadable_without_the_key():
    async def body(store):
        sender = uuid.uuid4().hex
        await store.save(await filled(store, sender, "secret word"))
        with psycopg.connect(URL) as connection:
            row = connection.execute("select data, key_id from rasa_tracker where sender_id = %s", (sender,))
            data, key_id = row.fetchone()
        assert key_id == "k1"
        assert b"secret" not in data

    with_store(body)


def test_a_row_moved_to_another_conversation_is_refused():
    async def body(store):
        sender, other = uuid.uuid4().hex, uuid.uuid4().hex
        await store.save(await filled(store, sender))
        with psycopg.connect(URL, autocommit=True) as connection:
            connection.execute("update rasa_tracker set sender_id = %s where sender_id = %s", (other, sender))
        with pytest.raises(Unreadable):
            await store.retrieve(other)

    with_store(body)


def test_an_old_key_still_reads_and_the_first_key_writes():
    async def body(old, new, stranger):
        sender = uuid.uuid4().hex
        await old.save(await filled(old, sender))
        tracker = await new.retrieve(sender)
        await new.save(tracker)
        with pytest.raises(Unreadable):
            await old.retrieve(sender)
        with pytest.raises(Unreadable):
            await stranger.retrieve(sender)

    with_store(body, ring("k1"), ring("k2", "k1"), ring("k3"))


def test_two_writers_of_one_version_cannot_both_win():
    async def body(store, another):
        sender = uuid.uuid4().hex
        await store.save(await filled(store, sender))
        mine, theirs = await store.retrieve(sender), await another.retrieve(sender)
        await another.save(theirs)
        with pytest.raises(StaleTracker):
            await store.save(mine)

    with_store(body, ring("k1"), ring("k1"))


def test_two_first_turns_cannot_both_win():
    async def body(store, another):
        sender = uuid.uuid4().hex
        mine, theirs = await filled(store, sender), await filled(another, sender)
        outcomes = await asyncio.gather(store.save(mine), another.save(theirs), return_exceptions=True)
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "StaleTracker"]

    with_store(body, ring("k1"), ring("k1"))


@pytest.mark.parametrize("text", ["", "k1", "k1:", "k1:AAAA", ring("k1") + ",", ring("k1", "k1"), "k1:%%%%"])
def test_a_wrong_key_ring_is_refused(text):
    with pytest.raises(ValueError, match="TRACKER_KEYS"):
        Keys.parse(text)


def test_without_keys_there_is_no_store(monkeypatch):
    for name in ("TRACKER_KEYS", "TRACKER_KEYS_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="TRACKER_KEYS"):
        PostgresTrackerStore.from_endpoint(EndpointConfig(URL))


def test_keys_in_a_file_are_read_again_when_they_change(tmp_path):
    file = tmp_path / "keys.env"

    def write(text):
        fresh = tmp_path / "fresh"
        fresh.write_text(text)
        fresh.replace(file)

    write(f"TRACKER_KEYS={ring('k1')}\n")
    keys = KeyFile(file)
    first = keys.now()
    assert keys.now() is first
    write(f"# rotated\nTRACKER_KEYS={ring('k2', 'k1')}\n")
    assert keys.now().current == "k2"
    assert [name[:3] for name in keys.now().fingerprints] == ["k2/", "k1/"]
    for broken in ("TRACKER_KEYS=k3:nonsense\n", "", "DATA_KEYS=x\n"):
        write(broken)
        assert keys.now().current == "k2"
    file.unlink()
    assert keys.now().current == "k2"


def test_a_row_under_a_key_that_is_not_here_yet_is_told_from_a_damaged_one():
    keys = Keys.parse(ring("k1"))
    with pytest.raises(UnknownKey):
        keys.decrypt("s", "k2", b"anything")
    with pytest.raises(Unreadable) as damaged:
        keys.decrypt("s", "k1", b"anything at all")
    assert not isinstance(damaged.value, UnknownKey)
