"""Brings a database to the newest schema and gives every process its rights.

`daozhen_app` is the group role that the running processes take on: they read and write, but never see Rasa's table
and can only add to the audit. `daozhen_audit` can only read it: a process takes it on for a search.
`daozhen_rasa` is the login role of Rasa: it sees its one table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from bot.launching.starting import StartError
from integrations.settings import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

APP = "daozhen_app"
AUDITOR = "daozhen_audit"
RASA = "daozhen_rasa"
RASA_TABLE = "rasa_tracker"
AUDIT_TABLE = "audit_events"
CHAIN_TABLES = ("audit_chain", "audit_unsealed")  # written by functions of the owner's
OLDEST_POSTGRES = 180000  # uuidv7() is of Postgres 18


def migrate(database_url: str, rasa_password: str, *, rasa_role_is_made: bool = True) -> None:
    """Runs all missing migrations as the owner, then sets the roles. Safe to repeat, also at the same time.

    With `rasa_role_is_made=False` the role of Rasa is somebody else's care; it must exist. Raises StartError.
    """
    with _connect(database_url) as connection:
        if connection.info.server_version < OLDEST_POSTGRES:
            raise StartError(
                f"Postgres 18 or newer is needed; this is {connection.info.server_version // 10000}."
            )
        _make_roles(connection, rasa_password, rasa_role_is_made=rasa_role_is_made)
        _check_version(connection)
    _upgrade(database_url)
    with _connect(database_url) as connection:
        _grant(connection)


def rasa_database_url(database_url: str, password: str) -> str:
    """The same database, seen by Rasa's role."""
    parts = urlsplit(database_url)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{RASA}:{quote(password, safe='')}@{address}"))


def _connect(url: str) -> psycopg.Connection:
    try:
        return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1), connect_timeout=10)
    except psycopg.OperationalError as error:
        raise StartError(f"The database does not answer: {str(error).strip()}") from None


def connections_allowed(database_url: str) -> int:
    """How many connections the server gives to users without special rights. Raises StartError."""
    with _connect(database_url) as connection:
        reserved = "superuser_reserved_connections", "reserved_connections"
        values = [_setting(connection, name) for name in ("max_connections", *reserved)]
    return values[0] - sum(values[1:])


def _setting(connection: psycopg.Connection, name: str) -> int:
    row = connection.execute("SELECT current_setting(%s)::int", [name]).fetchone()
    assert row is not None
    return int(row[0])


def _check_version(connection: psycopg.Connection) -> None:
    """A newer version of the program may have been here: then nothing is changed, and the roles are as before."""
    from alembic.script import ScriptDirectory

    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return
    known = {one.revision for one in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    found = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
    if unknown := sorted(found - known):
        raise StartError(
            f"The database is newer than this version of daozhen, which does not know its migration "
            f"{', '.join(unknown)}: install the version that wrote it, or restore a backup made with this one. "
            "Nothing was changed."
        )


def _upgrade(url: str) -> None:
    from alembic import command
    from sqlalchemy.exc import DBAPIError

    configuration = _alembic()
    configuration.attributes["url"] = url
    try:
        command.upgrade(configuration, "head")
    except DBAPIError as error:  # all migrations are one transaction
        raise StartError(
            f"The migration failed, and nothing was changed: {str(error.orig).strip()}"
        ) from error


def _alembic() -> Config:
    from alembic.config import Config

    return Config(toml_file=ROOT / "pyproject.toml")


def _make_roles(connection: psycopg.Connection, rasa_password: str, *, rasa_role_is_made: bool) -> None:
    connection.execute("SELECT pg_advisory_xact_lock(hashtext('daozhen roles'))")
    for role in (APP, AUDITOR):
        if not _exists(connection, role):
            _as_owner(connection, sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
        may_become = connection.execute("SELECT pg_has_role(current_user, %s, 'SET')", [role]).fetchone()
        if may_become != (True,):
            _as_owner(connection, sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    if rasa_role_is_made:
        # Only the SCRAM verifier travels: a password in a statement could end in a log of the server.
        verifier = connection.pgconn.encrypt_password(rasa_password.encode(), RASA.encode(), b"scram-sha-256")
        verb = "ALTER" if _exists(connection, RASA) else "CREATE"
        statement = sql.SQL(f"{verb} ROLE {{}} LOGIN PASSWORD {{}}").format(
            sql.Identifier(RASA), verifier.decode()
        )
        _as_owner(connection, statement)
    elif not _exists(connection, RASA):
        raise StartError(
            f"TRACKER_DATABASE_URL is set, but the role {RASA} does not exist: CREATE ROLE {RASA} LOGIN …"
        )


def _exists(connection: psycopg.Connection, role: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None


def _as_owner(connection: psycopg.Connection, statement: sql.Composed) -> None:
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        owner = connection.info.user
        raise StartError(
            f"The user {owner!r} of DATABASE_URL may not make roles. Let an administrator of the database run\n"
            f"    ALTER ROLE {owner} CREATEROLE;\n"
            "or make them once, and set TRACKER_DATABASE_URL to the same database as the second role:\n"
            f"    CREATE ROLE {APP} NOLOGIN; GRANT {APP} TO {owner};\n"
            f"    CREATE ROLE {AUDITOR} NOLOGIN; GRANT {AUDITOR} TO {owner};\n"
            f"    CREATE ROLE {RASA} LOGIN PASSWORD '…';"
        ) from None


def _grant(connection: psycopg.Connection) -> None:
    """All rights anew, so that a new table has them and a removed right is gone."""
    app, rasa, auditor = (sql.Identifier(role) for role in (APP, RASA, AUDITOR))
    memory, audit, history = (sql.Identifier(name) for name in (RASA_TABLE, AUDIT_TABLE, "alembic_version"))
    chain, waiting = (sql.Identifier(name) for name in CHAIN_TABLES)
    statements = (
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {}, {}, {}").format(
            app, rasa, auditor
        ),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}, {}, {}").format(app, rasa, auditor),
        sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(app),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(app),
        sql.SQL("REVOKE ALL ON {}, {}, {} FROM {}").format(memory, audit, history, app),
        sql.SQL("GRANT SELECT, INSERT, UPDATE ON {} TO {}").format(memory, rasa),
        # RETURNING id, which the object mapper asks for, needs the right to read that column.
        sql.SQL("GRANT INSERT, SELECT (id) ON {} TO {}").format(audit, app),
        sql.SQL("REVOKE ALL ON {}, {} FROM {}").format(chain, waiting, app),
        sql.SQL("GRANT SELECT ON {}, {}, {} TO {}").format(audit, chain, waiting, auditor),
        sql.SQL("REVOKE EXECUTE ON FUNCTION seal_audit(integer) FROM PUBLIC"),
        sql.SQL("GRANT EXECUTE ON FUNCTION seal_audit(integer) TO {}").format(app),
    )
    for statement in statements:
        connection.execute(statement)
