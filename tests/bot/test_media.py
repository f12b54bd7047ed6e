"""What patients send besides words: fetched once, kept encrypted, and when it cannot be had the patient is told."""

import asyncio
import logging
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from bot import claims, delivery, inbox, media, media_fetching, outbox, sweep
from bot.outbox import Reply
from bot.wake import DESK
from integrations.channel import Rejected, Throttled, TooLarge, Unavailable, Unknown
from integrations.media_types import KEPT, media_type
from integrations.messages import Kind, Media, Picture
from integrations.sandbox import media as samples
from tests.bot.conftest import Platform, RationedPlatform

PNG = b"\x89PNG\r\n\x1a\n a picture"
PDF = b"%PDF-1.7 a report"


class Holding(Platform):
    """A platform that holds files; an exception in the place of a file is raised."""

    def __init__(self):
        super().__init__()
        self.files, self.fetched = {"m1": [PNG]}, []

    async def fetch(self, media_id, *, limit):
        self.fetched.append((media_id, limit))
        await asyncio.sleep(0.01)
        answers = self.files[media_id]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer, "application/x-lie"


@pytest.fixture
def telegram():
    return Holding()


@pytest.fixture
async def received(rt, telegram, message):
    async def receive(kind=Kind.IMAGE, words="", **more):
        sent = message(words, kind=kind, media=Media("m1"), **more)
        return await inbox.accept(rt, telegram, sent, passive_until=None)

    return receive


async def fetch_all(rt):
    for medium in (await sweep.find(rt)).media:
        await media_fetching.fetch(rt, medium)


async def row(rt):
    async with rt.database.begin() as session:
        return (await session.execute(text("SELECT * FROM media ORDER BY id LIMIT 1"))).one()


async def test_a_picture_is_fetched_at_once_and_rests_encrypted(rt, telegram, received):
    accepted = await received()
    await fetch_all(rt)
    stored = await row(rt)
    assert (stored.status, stored.mime, stored.size) == ("stored", "image/png", len(PNG))
    assert stored.inbound_id == accepted.inbound_id
    assert PNG not in bytes(stored.content)
    async with rt.database.begin() as session:
        assert (await media.picture(session, rt.crypto, stored.id)).content == PNG
    assert telegram.fetched == [("m1", 20 * 1024 * 1024)]
    assert (await sweep.find(rt)).media == []


async def test_the_desk_hears_of_it_at_once(rt, received):
    accepted = await received()
    async with rt.redis.pubsub(ignore_subscribe_messages=True) as heard:
        await heard.subscribe(DESK)
        await fetch_all(rt)
        while (message := await heard.get_message(timeout=60)) is None:
            pass
    assert UUID(message["data"].decode()) == accepted.conversation_id


async def test_ten_workers_fetch_it_once(rt, telegram, received):
    await received()
    [medium] = (await sweep.find(rt)).media
    await asyncio.gather(*(media_fetching.fetch(rt, medium) for _ in range(10)))
    assert len(telegram.fetched) == 1


async def test_words_and_stickers_are_not_fetched(rt, received, telegram, message):
    await received(Kind.STICKER)
    await inbox.accept(rt, telegram, message("你好"), passive_until=None)
    assert (await sweep.find(rt)).media == []


async def test_a_second_delivery_of_the_message_fetches_nothing_more(rt, received):
    for _ in range(2):
        await received(external_id="same")
    assert len((await sweep.find(rt)).media) == 1


@pytest.mark.parametrize(
    "error", [Unavailable("500"), Unknown("timeout"), Throttled("429", retry_after=3)], ids=str
)
async def test_a_platform_that_does_not_answer_is_asked_again(rt, telegram, received, clock, error):
    telegram.files["m1"] = [error, error, PNG]
    await received()
    for _ in range(3):
        await fetch_all(rt)
        assert (await sweep.find(rt)).media == []  # not at once
        clock.forward(minutes=1)
    assert (await row(rt)).status == "stored"
    assert telegram.texts == []


async def test_a_worker_that_died_while_fetching_is_replaced(rt, telegram, received, clock):
    await received()
    async with rt.database.begin() as session:
        taken = {"id": (await row(rt)).id, "now": rt.now(), "lease": rt.now() + timedelta(minutes=2)}
        await session.execute(media_fetching._TAKE, taken)
    assert (await sweep.find(rt)).media == []
    clock.forward(minutes=3)
    await fetch_all(rt)
    assert (await row(rt)).status == "stored"


LOST = [
    ("gone", Rejected("40007"), "再发一次"),
    ("too_large", TooLarge("90 MB"), "20 MB"),
    ("type", b"MZ\x90\x00 a program", "PDF"),
    ("type", PDF, "PDF"),  # a report as a file is kept, one that calls itself a picture is not
    ("type", b"", "PDF"),
]


@pytest.mark.parametrize(("reason", "answer", "words"), LOST)
async def test_what_will_never_be_had_is_recorded_and_the_patient_asked(
    rt, telegram, received, reason, answer, words
):
    telegram.files["m1"] = [answer]
    accepted = await received()
    await fetch_all(rt)
    failed = await row(rt)
    assert (failed.status, failed.error, failed.content) == ("failed", reason, None)
    await delivery.deliver(rt, accepted.conversation_id)
    assert len(telegram.texts) == 1
    assert words in telegram.texts[0]


async def test_in_the_end_it_is_given_up(rt, telegram, received, clock):
    telegram.files["m1"] = [Unavailable("500")]
    await received()
    for _ in range(media_fetching.MAX_ATTEMPTS):
        await fetch_all(rt)
        clock.forward(hours=1)
    assert (await row(rt)).status == "failed"
    assert len(telegram.fetched) == media_fetching.MAX_ATTEMPTS


async def test_a_report_as_a_file_is_kept(rt, telegram, received):
    telegram.files["m1"] = [PDF]
    await received(Kind.FILE)
    await fetch_all(rt)
    assert (await row(rt)).mime == "application/pdf"


async def test_of_an_album_only_the_first_picture_and_the_words_are_answered(rt, received):
    first = await received(album="a1")
    others = [await received(album="a1") for _ in range(3)]
    said = await received(words="这是我的化验单", album="a1")
    assert [taken.answered for taken in (first, *others, said)] == [False, True, True, True, False]
    assert len((await sweep.find(rt)).media) == 5
    another = await received(album="a2")
    assert not another.answered


async def test_an_alarm_in_a_caption_is_an_alarm(rt, received):
    await received(album="a1")
    assert (await received(words="胸口剧痛喘不上气", album="a1")).alarm


async def test_nothing_of_a_file_is_logged(rt, telegram, received, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    telegram.files["m1"] = [b"secret content"]
    await received()
    await fetch_all(rt)
    assert "secret content" not in caplog.text + capsys.readouterr().out


async def test_old_files_are_deleted(rt, received, clock):
    await received()
    await fetch_all(rt)
    clock.forward(days=1000)
    await sweep.expired(rt)
    assert (await row(rt)).status == "stored"
    clock.forward(days=100)
    await sweep.expired(rt)
    async with rt.database.begin() as session:
        assert await session.scalar(text("SELECT count(*) FROM media")) == 0


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (samples.sample_picture(), "image/png"),
        (samples.sample_amr(1), "audio/amr"),
        (samples.sample_ogg(), "audio/ogg"),
        (samples.sample_webp(), "image/webp"),
        (samples.sample_mp4(), "video/mp4"),
        (b"\xff\xd8\xff\xe0 jpeg", "image/jpeg"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypM4A ", "audio/mp4"),
        (PDF, "application/pdf"),
        (b"PK\x03\x04 an archive", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_files_are_known_by_their_first_bytes(content, mime):
    assert media_type(content) == mime
    assert mime is None or any(mime in kept for kept in KEPT.values())


# Pictures of ours


@pytest.fixture
async def queued(rt):
    """Queues words and a picture in a conversation."""

    async def queue(conversation, *words, **more):
        async with rt.database.begin() as session:
            picture = await media.keep(session, rt.crypto, conversation, Picture(PNG), rt.now())
            replies = [*(Reply(w) for w in words), Reply("", picture=picture), Reply("后话")]
            await outbox.queue(session, rt.crypto, conversation, replies, epoch=0, **more)

    return queue


async def test_a_picture_leaves_alone_and_in_order(rt, wechat, message, queued):
    first = await inbox.accept(
        rt, wechat, message(channel="wechat", sender="openid", kind=Kind.TEXT), passive_until=None
    )
    wechat.quotas["message"] = (5, timedelta(hours=48))
    await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await queued(first.conversation_id, "一", "二")
    await delivery.deliver(rt, first.conversation_id)
    assert [(sent.text, sent.picture and sent.picture.content) for sent in wechat.sent] == [
        ("一\n\n二", None),
        ("", PNG),
        ("后话", None),
    ]


async def test_words_go_passively_and_the_picture_follows(rt, wechat, message, queued):
    taken = await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await queued(taken.conversation_id, "一", inbound_id=taken.inbound_id)
    claimed = await claims.claim(rt, taken.conversation_id, passive_for=taken.inbound_id)
    assert (claimed.message.text, claimed.message.picture) == ("一\n\n后话", None)
    await claims.finish(rt, claimed, "sent")
    await delivery.deliver(rt, taken.conversation_id)
    assert [sent.picture.content for sent in wechat.sent] == [PNG]


async def test_an_account_that_can_only_reply_leaves_pictures_out(rt, message, queued):
    wechat = rt.channels["wechat"]
    assert isinstance(wechat, RationedPlatform)
    settings = rt.settings.model_copy(update={"wechat_reply_mode": "passive_only"})
    rt = type(rt)(**{name: getattr(rt, name) for name in rt.__slots__} | {"settings": settings})
    taken = await inbox.accept(rt, wechat, message(channel="wechat", sender="openid"), passive_until=None)
    await queued(taken.conversation_id, "一", inbound_id=taken.inbound_id)
    assert await claims.claim(rt, taken.conversation_id, passive_for=taken.inbound_id)
    async with rt.database.begin() as session:
        found = await session.scalars(text("SELECT status FROM outbound ORDER BY seq"))
        assert list(found) == ["sending", "dropped", "sending"]


async def test_a_picture_whose_term_is_over_is_dropped(rt, telegram, message, queued):
    taken = await inbox.accept(rt, telegram, message(), passive_until=None)
    await queued(taken.conversation_id)
    async with rt.database.begin() as session:
        await session.execute(text("DELETE FROM media"))
    for _ in range(2):
        await delivery.deliver(rt, taken.conversation_id)
    assert telegram.texts == ["后话"]


def test_a_picture_bears_no_words():
    with pytest.raises(ValueError, match="alone"):
        Reply("看图", picture=uuid4())


async def test_parts_of_an_album_that_come_at_once_are_answered_once(rt, telegram, message):
    await inbox.accept(rt, telegram, message("你好"), passive_until=None)
    parts = [message("", kind=Kind.IMAGE, media=Media(f"photo-{at}"), album="album-2") for at in range(10)]
    taken = await asyncio.gather(*(inbox.accept(rt, telegram, part, passive_until=None) for part in parts))
    assert [accepted.answered for accepted in taken].count(False) == 1
