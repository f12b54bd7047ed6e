"""The connections of all processes together are never more than Postgres gives out."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack

import psycopg
import pytest
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as SessionsTimeout

from bot.cli import _look_for_room
from bot.launching.migrate import connections_allowed
from bot.launching.secrets import Launch
from bot.launching.table import KEPT_BACK, Databases, most_connections, ports_from
from bot.worker import CONCURRENCY
from integrations import connections, database
from integrations.connections import Pools
from integrations.database import Database
from integrations.settings import ROOT


def launch(count: int) -> Launch:
    counts = {"gateways": count, "workers": count, "rasas": count}
    return Launch(_env_file=None, rasa_urls=ports_from(8000, count)["RASA_URLS"], **counts)


def given_out(tmp_path, settings: Launch) -> int:
    """By the Postgres that `up` would start."""
    postgres = Databases(settings, tmp_path).own()["postgres"]
    (tmp_path / "postgres.port").write_text("5432")
    [number] = re.findall(r"max_connections=(\d+)", " ".join(postgres.command()))
    return int(number)


@pytest.mark.parametrize(("count", "needed", "given"), [(1, 139, 200), (2, 217, 220), (4, 373, 376)])
def test_the_sum_fits(tmp_path, count, needed, given):
    settings = launch(count)
    assert most_connections(settings) == needed
    assert given_out(tmp_path, settings) == given
    assert needed <= given - KEPT_BACK


def test_the_document_adds_up_what_stands_in_the_code():
    document = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
    one = connections
    formula = (
        f"connections  ≤  {one.GATEWAY.most} × gateways + {one.WORKER.most} × workers + {one.ACTIONS.most} × actions"
        f" + {one.DESK.most + one.HEARS} × desks + {one.RASA} × Rasas + {one.RESERVE}"
    )
    assert formula in document
    assert "needs 139 at worst, two of each (with one action server and one desk) 217" in document


def test_what_others_say_of_themselves():
    """Rasa's process knows nothing of ours, and a turn of the worker takes two connections."""
    store = (ROOT / "dialogs/components/tracker_store.py").read_text(encoding="utf-8")
    assert f"pool_size: int = {connections.RASA}," in store
    assert "pool_size" not in (ROOT / "dialogs/endpoints.yml").read_text(encoding="utf-8")
    assert connections.WORKER.fixed == 2 * CONCURRENCY


async def test_a_pool_opens_no_more_than_it_says(tables, monkeypatch):
    monkeypatch.setattr(database, "_PLACE_SECONDS", 0.3)
    pools = Pools(fixed=2, sessions=3)
    one = Database(tables, pools=pools)
    one.engine.pool._timeout = 0.3  # type: ignore[attr-defined]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(one.close)
        held = [await stack.enter_async_context(one.begin()) for _ in range(pools.sessions)]
        held += [await stack.enter_async_context(one.transaction()) for _ in range(pools.fixed)]
        pids = {await place.scalar(text("SELECT pg_backend_pid()")) for place in held}
        assert len(pids) == pools.most
        with pytest.raises(SessionsTimeout):
            async with one.begin() as session:
                await session.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeout):
            await stack.enter_async_context(one.transaction())


def test_an_outside_postgres_that_is_too_small_is_named(postgres, capsys):
    with psycopg.connect(postgres) as connection:
        [most] = connection.execute("SELECT current_setting('max_connections')::int").fetchone()
    allowed = connections_allowed(postgres)
    assert most - 10 < allowed < most
    _look_for_room(postgres, allowed)
    assert capsys.readouterr().out == ""
    _look_for_room(postgres, allowed + 1)
    assert f"Postgres gives out {allowed} connections" in capsys.readouterr().out
