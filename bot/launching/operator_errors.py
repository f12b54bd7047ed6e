"""What an operator must mend, in words instead of a traceback."""

from __future__ import annotations

import errno

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.launching.secrets import Launch
from bot.launching.starting import StartError
from integrations.settings import Settings

_SETTINGS = (Settings.__name__, Launch.__name__)


def in_words(error: BaseException) -> str | None:
    """One sentence with what to do, or None for a fault of the program."""
    if isinstance(error, StartError):
        return str(error)
    if isinstance(error, ValidationError) and error.title in _SETTINGS:
        return "\n".join(_of_a_setting(one) for one in error.errors())
    return _of_the_system(error) or _of_the_database(error)


def _of_a_setting(error: ErrorDetails) -> str:
    name = "_".join(str(part) for part in error["loc"]).upper()
    words = error["msg"].removeprefix("Value error, ")
    return f"{name}: {words}" if name else words


def _of_the_system(error: BaseException) -> str | None:
    if not isinstance(error, OSError):
        return None
    place = f" ({error.filename})" if error.filename else ""
    if isinstance(error, PermissionError):
        return (
            f"The system does not allow it{place}: start as the user whom the data belong to, "
            "or name another directory with --var."
        )
    if isinstance(error, FileExistsError | NotADirectoryError):
        return f"There is something else in the place of a directory{place}: name another one with --var."
    if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT):
        return f"{error.strerror}{place}: make room, or name another directory with --var."
    return None


def _of_the_database(error: BaseException) -> str | None:
    import psycopg
    from sqlalchemy.exc import ArgumentError, DBAPIError

    if isinstance(error, ArgumentError) or type(error) is psycopg.ProgrammingError:
        return "DATABASE_URL cannot be read: it looks like postgresql://user:password@host:5432/database."
    cause = error.orig if isinstance(error, DBAPIError) else error
    reason = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return "The database is not up to date: run `daozhen migrate` first."
    if isinstance(cause, psycopg.OperationalError):
        if 'role "daozhen_app"' in str(cause):
            return "The database is not prepared yet: run `daozhen migrate` first."
        return f"The database does not answer: {reason}"
    return None
