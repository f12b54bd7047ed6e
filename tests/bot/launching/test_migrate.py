"""Migrations on an empty Postgres, and what each role may do there afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

import bot.models  # noqa: F401
import integrations.hospital.models  # noqa: F401
from bot.launching.local import Postgres, running
from bot.launching.migrate import APP, AUDITOR, migrate, rasa_database_url
from bot.launching.starting import StartError
from integrations.database import Base
from integrations.settings import ROOT

pytestmark = pytest.mark.slow

PASSWORD = "rasa's pass/word@"


@pytest.fixture(scope="module")
def owner_url(servers: Path) -> Iterator[str]:
    postgres = Postgres(servers / "migrate", "owner")
    with running(postgres):
        migrate(postgres.url, PASSWORD)
        yield postgres.url


def _as_app(url: str) -> psycopg.Connection:
    return psycopg.connect(url, options=f"-c role={APP}")


def test_the_migrations_make_what_the_models_say(owner_url: str) -> None:
    engine = create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_migrating_again_does_no_harm(owner_url: str) -> None:
    migrate(owner_url, PASSWORD)


def test_migrations_can_be_taken_back_with_their_data(owner_url: str) -> None:
    configuration = Config(toml_file=ROOT / "pyproject.toml")
    configuration.attributes["url"] = owner_url
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "INSERT INTO accounts DEFAULT VALUES;"
            "INSERT INTO patients (name, masked_name, id_number, id_number_index, phone, phone_index, birth_date,"
            " sex, status, document) VALUES ('', '*', '', 'taken back', '', '', '1990-03-07', 'male', 'rejected',"
            " 'passport');"
            "INSERT INTO account_patients (account_id, patient_id, relation)"
            " SELECT accounts.id, patients.id, 'parent' FROM accounts, patients"
        )
    command.downgrade(configuration, "b3a2af0e1a9b")
    with psycopg.connect(owner_url) as connection:
        kept = "SELECT relation, status FROM account_patients JOIN patients ON patients.id = patient_id"
        assert connection.execute(kept).fetchall() == [("family", "review")]
    migrate(owner_url, PASSWORD)
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("SELECT relation FROM account_patients").fetchall() == [("other",)]
        connection.execute("DELETE FROM account_patients")


def test_the_program_reads_and_writes_its_tables(owner_url: str) -> None:
    with _as_app(owner_url) as connection:
        for table in set(Base.metadata.tables) - {
            "rasa_tracker",
            "audit_events",
            "audit_chain",
            "audit_unsealed",
        }:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                assert _may(connection, table, right), f"{right} on {table}"


def test_the_program_never_sees_rasas_memory(owner_url: str) -> None:
    with _as_app(owner_url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT * FROM rasa_tracker")


def test_the_audit_can_only_grow(owner_url: str) -> None:
    with _as_app(owner_url) as connection:
        assert _may(connection, "audit_events", "INSERT")
        for right in ("SELECT", "UPDATE", "DELETE", "TRUNCATE"):
            assert not _may(connection, "audit_events", right)


def test_the_program_seals_the_audit_and_touches_nothing_of_it(owner_url: str) -> None:
    with _as_app(owner_url) as connection:
        for table in ("audit_chain", "audit_unsealed"):
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                assert not _may(connection, table, right), f"{right} on {table}"
        connection.execute("INSERT INTO audit_events (actor, action, subject) VALUES ('a', 'b', 'c')")
        assert connection.execute("SELECT seal_audit(100)").fetchone() >= (1,)
        connection.rollback()


def test_the_auditor_reads_the_audit_and_nothing_else(owner_url: str) -> None:
    with psycopg.connect(owner_url, options=f"-c role={AUDITOR}") as connection:
        audited = {"audit_events", "audit_chain", "audit_unsealed"}
        for table in Base.metadata.tables:
            assert _may(connection, table, "SELECT") is (table in audited), table
            for right in ("INSERT", "UPDATE", "DELETE"):
                assert not _may(connection, table, right), f"{right} on {table}"


def test_rasa_sees_its_one_table(owner_url: str) -> None:
    with psycopg.connect(rasa_database_url(owner_url, PASSWORD)) as connection:
        for table in Base.metadata.tables:
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                expected = table == "rasa_tracker" and right != "DELETE"
                assert _may(connection, table, right) is expected, f"{right} on {table}"


def test_an_owner_who_may_not_make_roles_is_told_what_to_do(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE poor LOGIN PASSWORD 'poor'")
    with pytest.raises(StartError, match="ALTER ROLE poor CREATEROLE"):
        migrate(owner_url.replace("daozhen:owner@", "poor:poor@"), PASSWORD)


def test_an_owner_who_may_make_roles_needs_no_more(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("CREATE ROLE rich LOGIN CREATEROLE PASSWORD 'rich'")
        connection.execute("GRANT daozhen_app, daozhen_audit, daozhen_rasa TO rich WITH ADMIN OPTION")
        connection.execute("CREATE DATABASE second OWNER rich")
    url = owner_url.replace("daozhen:owner@", "rich:rich@").removesuffix("daozhen") + "second"
    migrate(url, PASSWORD)
    with _as_app(url) as connection:
        assert _may(connection, "conversations", "INSERT")


def test_a_database_that_does_not_answer_is_one_clear_line() -> None:
    with pytest.raises(StartError, match="does not answer"):
        migrate("postgresql://nobody@127.0.0.1:1/none", PASSWORD)


def _may(connection: psycopg.Connection, table: str, right: str) -> bool:
    row = connection.execute("SELECT has_table_privilege(%s, %s)", [table, right]).fetchone()
    assert row
    return bool(row[0])


def test_a_database_of_a_newer_version_is_left_alone_in_words(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        [(head,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        connection.execute("UPDATE alembic_version SET version_num = '20991231_later'")
        try:
            with pytest.raises(
                StartError, match=r"newer than this version.*20991231_later.*restore a backup"
            ):
                migrate(owner_url, "another password")
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", [head])
    with psycopg.connect(rasa_database_url(owner_url, PASSWORD)) as connection:  # not even the passwords
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_migration_that_fails_is_told_without_a_trace(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        [(head,)] = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        connection.execute("DELETE FROM alembic_version")  # as of a restore that was cut short
        try:
            with pytest.raises(StartError, match=r"nothing was changed: .*already exists"):
                migrate(owner_url, PASSWORD)
        finally:
            connection.execute("INSERT INTO alembic_version VALUES (%s)", [head])
