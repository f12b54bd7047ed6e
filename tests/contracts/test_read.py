"""One contract for every chat platform: what is read."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.messages import Kind
from tests.contracts.incoming import (
    READ,
    Case,
    delivered,
    readings,
)
from tests.contracts.platforms import (
    ACCOUNT,
    RECIPIENT,
    Platform,
)


@pytest.mark.parametrize(("played", "case"), readings())
def test_what_a_patient_does_is_read(played: type[Platform], case: Case) -> None:
    platform = played()
    (read,) = delivered(platform, case)
    assert (read.channel, read.sender) == (platform.name, RECIPIENT[platform.name])
    assert read.kind is case.kind
    assert read.text == case.text
    if case.choice or case.kind is not Kind.EVENT:
        assert read.choice == case.choice
    assert (read.media.id if read.media else "") == case.media
    assert ((read.location.latitude, read.location.longitude) if read.location else None) == case.place
    assert read.sent_at.utcoffset() == timedelta(0)
    assert read.recipient == (ACCOUNT if platform.name == "wechat" else "")


def test_every_kind_is_read_somewhere() -> None:
    assert {case.kind for case in READ.values()} == set(Kind) - {Kind.SYSTEM}


def test_a_repetition_has_the_same_id_and_another_message_has_not(platform: Platform) -> None:
    ids = [platform.channel.parse(platform.text(message_id=number))[0].external_id for number in (1, 1, 2)]
    assert ids[0] == ids[1] != ids[2]
