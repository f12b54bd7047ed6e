"""Memory that stays bounded, made-up people with valid papers, made-up files with valid headers."""

from __future__ import annotations

import io

from PIL import Image
from stdnum.cn import ric

from integrations.database import utcnow
from integrations.sandbox.identity import MARKS
from integrations.sandbox.media import sample_amr, sample_mp4, sample_ogg, sample_picture, sample_webp
from integrations.sandbox.people import GIVEN, SURNAMES, People
from integrations.sandbox.state import MediaStore, Thread

from .conftest import Clock


def test_the_oldest_person_makes_room() -> None:
    forgotten = []
    people = People(3, forgotten.append)
    made = [people.make() for _ in range(3)]
    people.get(made[0].key)  # used: not the oldest any more
    people.make()
    assert forgotten == [made[1]]
    assert people.get(made[1].key) is None
    assert people.by_id_number(made[1].id_number) is None


def test_people_have_valid_numbers_of_their_own() -> None:
    people = People(1000, lambda person: None)
    made = [people.make() for _ in range(800)]
    assert all(ric.validate(person.id_number) for person in made)
    assert len({person.id_number for person in made}) == len({person.phone for person in made}) == 800
    assert not set(MARKS) & set(SURNAMES)
    assert all(len(given) == 2 for given in GIVEN)


def test_a_thread_keeps_its_newest_entries() -> None:
    thread = Thread(utcnow, 3)
    for number in range(5):
        thread.add("patient", "text", {"text": str(number)})
    assert [entry.body["text"] for entry in thread.entries] == ["2", "3", "4"]
    assert [entry.id for entry in thread.entries] == [3, 4, 5]


def test_media_expire_and_make_room(clock: Clock) -> None:
    store = MediaStore(clock, 60, 25)
    first, second, third = (store.put(bytes(10), "image/png", "a.png") for _ in range(3))
    assert store.get(first.id) is None
    assert store.get(second.id) == second
    clock.turn(seconds=61)
    assert store.get(third.id) is None


def test_made_up_files_are_what_they_say() -> None:
    picture = Image.open(io.BytesIO(sample_picture(3)))
    picture.load()
    assert (picture.format, picture.size) == ("PNG", (320, 240))
    sticker = Image.open(io.BytesIO(sample_webp()))
    assert sticker.format == "WEBP"
    assert sample_amr(1).startswith(b"#!AMR\n")
    assert len(sample_amr(2)) == 6 + 2 * 50 * 32
    assert sample_ogg().startswith(b"OggS")
    assert b"ftyp" in sample_mp4()
