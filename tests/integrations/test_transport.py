"""What a call over the real network says when it fails: on it depends whether a message may be sent again."""

import asyncio
import gzip
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.launching.starting import free_ports
from integrations.transport import NEVER_LEFT, Transport

TIMES = httpx.Timeout(90)


@asynccontextmanager
async def server(answer):
    """Gives each request to `answer(head and body, writer)`; yields the address and what was asked."""
    asked, kept = [], []

    async def serve(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                (int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length")), 0
            )
            asked.append(head + await reader.readexactly(length))
            if not await answer(writer):
                writer.close()
                return

    async def quietly(reader, writer):
        kept.append(writer)
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    running = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with running:
        yield f"http://127.0.0.1:{running.sockets[0].getsockname()[1]}", asked
        for writer in kept:  # else it waits until the client lets go of them
            writer.close()


@pytest.fixture
async def http():
    async with httpx.AsyncClient(transport=Transport(), timeout=TIMES) as client:
        yield client


def saying(content, *more):
    rows = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(content), *more, b"", content]

    async def answer(writer):
        writer.write(b"\r\n".join(rows))
        return True

    return answer


async def test_request_and_answer_arrive_whole(http):
    squeezed = gzip.compress("您好".encode())
    async with server(
        saying(squeezed, b"Content-Encoding: gzip", b"Content-Type: text/plain; charset=utf-8")
    ) as (at, asked):
        response = await http.post(f"{at}/a%2Fb?c=%20d", json={"text": "您好"}, headers={"X-Own": "1"})
    assert (response.status_code, response.text) == (200, "您好")
    [request] = asked
    assert request.startswith(b"POST /a%2Fb?c=%20d HTTP/1.1\r\n")
    assert request.endswith('{"text":"您好"}'.encode())
    assert request.lower().count(b"content-type:") == request.lower().count(b"content-length:") == 1
    assert b"x-own: 1" in request.lower()


async def test_files_travel_and_connections_are_kept(http):
    async with server(saying(b"{}")) as (at, asked):
        for _ in range(2):
            await http.post(at, files={"media": ("p.png", b"\x89PNG", "image/png")})
    assert len(asked) == 2
    assert b"\x89PNG" in asked[0]


async def test_nobody_there_is_told_from_an_answer_that_did_not_come(http):
    with pytest.raises(httpx.ConnectError) as refused:
        await http.post(f"http://127.0.0.1:{free_ports()}/")
    assert isinstance(refused.value, NEVER_LEFT)

    async def silence(writer):
        await asyncio.Event().wait()

    async with server(silence) as (at, asked):
        with pytest.raises(httpx.ReadTimeout) as late:
            await http.post(at, timeout=httpx.Timeout(90, read=0.3))
    assert len(asked) == 1
    assert not isinstance(late.value, NEVER_LEFT)


async def cut(writer):
    return False


async def cut_in_the_middle(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    return False


async def nonsense(writer):
    writer.write(b"this is no HTTP\r\n\r\n")
    return True


@pytest.mark.parametrize("failing", [cut, cut_in_the_middle, nonsense])
async def test_what_arrived_and_was_not_answered_is_sent_once(http, failing):
    async with server(failing) as (at, asked):
        with pytest.raises(httpx.HTTPError) as lost:
            await http.post(at, content=b"once")
    assert len(asked) == 1
    assert not isinstance(lost.value, NEVER_LEFT)


async def test_a_kept_connection_that_the_other_side_closed_doubles_nothing(http):
    calls = []

    async def first_only(writer):
        calls.append(1)
        if len(calls) > 1:
            return False
        return await saying(b"{}")(writer)

    async with server(first_only) as (at, asked):
        await http.post(at, content=b"one")
        with pytest.raises(httpx.HTTPError):
            await http.post(at, content=b"two")
    assert [request[-3:] for request in asked] == [b"one", b"two"]
