"""A copy of the whole metadata as an SQLite file, and back into a database that is empty."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, create_engine, func, insert, select, text
from sqlalchemy.pool import NullPool

from footfall_server.accounts.migrations import address, upgrade
from footfall_server.accounts.tables import Base
from footfall_server.model.errors import Conflict

_ROWS = 1_000
_ERASURES = ("erasures", "erased_installs")  # a restore has them done again


def save(engine: Engine, file: Path) -> None:
    """Writes what the database holds at one moment into a new file that only this user may read."""
    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    if engine.dialect.name == "sqlite":
        with (
            closing(sqlite3.connect(str(engine.url.database))) as live,
            closing(sqlite3.connect(file)) as copy,
        ):
            live.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        return
    target = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    upgrade(target)
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as source,
        target.begin() as written,
    ):
        _copy(source, written, Base.metadata.sorted_tables)


def load(file: Path, url: str, *, again: bool = False) -> None:
    """Makes the database at a URL, which must be empty, hold what a saved file does, and no more.

    `again`: nothing is done when it holds that already, erasures aside. Raises Conflict
    METADATA_NOT_EMPTY.
    """
    source = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    target = create_engine(address(url), poolclass=NullPool)
    upgrade(target)
    tables = Base.metadata.sorted_tables
    with target.begin() as written, source.connect() as read:
        filled = [one for one in tables if written.scalar(select(func.count()).select_from(one))]
        if again and filled and all(_same(read, written, one) for one in tables):
            return
        if filled:
            raise Conflict(
                "METADATA_NOT_EMPTY",
                f"The database has rows in {filled[0].name} already: name an empty one by "
                "FOOTFALL_DATABASE_URL.",
            )
        _copy(read, written, tables)
        if target.dialect.name == "postgresql":
            _count_on(written, tables)


def _same(one: Connection, other: Connection, table: Table) -> bool:
    if table.name in _ERASURES:
        return True
    rows = [{tuple(row) for row in each.execute(select(table))} for each in (one, other)]
    return rows[0] == rows[1]


def _copy(source: Connection, target: Connection, tables: Iterable[Table]) -> None:
    for table in tables:
        rows = source.execution_options(yield_per=_ROWS).execute(select(table)).mappings()
        for part in rows.partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in part])


def _count_on(connection: Connection, tables: Iterable[Table]) -> None:
    """Let the sequences go on behind the numbers that were copied."""
    for table in tables:
        column = table.autoincrement_column
        if column is None:
            continue
        highest = connection.scalar(select(func.max(column)))
        if highest is not None:
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:t, :c), :n)"),
                {"t": table.name, "c": column.name, "n": highest},
            )
