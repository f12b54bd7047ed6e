"""The way to Postgres, when that was away."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import text

from bot.launching.starting import free_ports
from integrations import database as databases
from integrations.connections import COMMAND
from integrations.database import Database

PLACE_SECONDS = 0.2
AWAY_SECONDS = 4.0


async def answers(database: Database) -> bool:
    try:
        async with database.transaction() as session:
            return bool(await session.scalar(text("SELECT true")))
    except psycopg.Error:
        return False


@pytest.mark.slow
async def test_after_a_long_outage_whoever_asks_next_gets_through(postgres, monkeypatch):
    """And does not wait for as long again, because the pauses between two looks have grown meanwhile."""
    monkeypatch.setattr(databases, "_PLACE_SECONDS", PLACE_SECONDS)
    there, port = urlsplit(postgres), free_ports()
    reached = Database(
        there._replace(netloc=there.netloc.replace(f":{there.port}", f":{port}")).geturl(), pools=COMMAND
    )
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() - began < AWAY_SECONDS:
        assert not await answers(reached)

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(there.hostname, there.port)

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while piece := await source.read(65536):
                target.write(piece)
                await target.drain()
            target.close()

        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))

    async with await asyncio.start_server(pass_on, "127.0.0.1", port):
        tries = 0
        while not await answers(reached):
            tries += 1
            assert tries < 10
        await reached.close()
