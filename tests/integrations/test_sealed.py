"""Every binary column says how its bytes are kept; what it says agrees with what the services write."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Column, LargeBinary, MetaData, Table

import bot.models  # noqa: F401  (its tables)
import integrations.hospital.models  # noqa: F401  (its tables)
from integrations.database import Base
from integrations.hospital.models import AuditEvent
from integrations.sealed import apart, index, passing, sealed, sealed_tables, undeclared

DAY = timedelta(days=1)


def test_every_binary_column_says_how_it_is_kept() -> None:
    assert undeclared(Base.metadata) == [], "mapped_column(info=sealed(…)): see integrations/sealed.py"


def test_a_column_that_says_nothing_is_found() -> None:
    metadata = MetaData()
    Table(
        "files", metadata, Column("page", LargeBinary), Column("sum", LargeBinary, info=apart("a checksum"))
    )
    assert undeclared(metadata) == ["files.page"]
    assert sealed_tables(metadata) == []


def test_nothing_sealed_stands_in_the_audit_which_nobody_can_change() -> None:
    assert AuditEvent.__table__ not in [found.table for found in sealed_tables(Base.metadata)]


def test_tables_are_derived_from_the_columns() -> None:
    metadata = MetaData()
    table = Table(
        "people",
        metadata,
        Column("name", LargeBinary, info=sealed("people.name:{kind}")),
        Column("name_index", LargeBinary, info=index("people.name", "{kind}:{name}")),
        Column("code", LargeBinary, info=passing("at", DAY)),
    )
    (found,) = sealed_tables(metadata)
    assert found.table is table
    assert found.sealed["name"].context_of({"kind": "x{y}"}) == "people.name:x{y}"
    assert found.indexes["name_index"].text_of({"kind": "x", "name": "张明"}) == "x:张明"
    assert found.passing["code"].lasts == DAY


def test_a_context_may_use_the_row() -> None:
    tokens = next(t for t in sealed_tables(Base.metadata) if t.name == "personal_tokens")
    conversation = uuid4()
    row = {"conversation_id": conversation, "kind": "phone"}
    assert tokens.sealed["value"].context_of(row) == f"personal_tokens.value:{conversation.hex}:phone"
