"""Alembic's entry: every table of the program is in one metadata and one history."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import create_engine, text

import bot.models  # noqa: F401  (importing fills the metadata)
import integrations.hospital.models  # noqa: F401
from integrations.database import Base

LOCK = 0x64616F7A68656E  # "daozhen": two migrations at once wait for each other


def _url() -> str:
    url = context.config.attributes.get("url") or os.environ.get("DATABASE_URL", "")
    if not url:
        raise SystemExit(
            "DATABASE_URL is not set: run `daozhen migrate`, which knows the program's own Postgres."
        )
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


def run() -> None:
    engine = create_engine(_url(), connect_args={"options": "-c timezone=UTC"})
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
        context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    raise SystemExit("Migrations run against a database: `daozhen migrate`.")
run()
