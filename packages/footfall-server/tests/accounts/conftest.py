"""Metadata of its own for each test, on SQLite and on PostgreSQL, with a clock that it moves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from footfall_server.accounts import Accounts

from tests.databases import Database, PostgreSQL, postgresql

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_numbers = itertools.count()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    with postgresql() as started:
        Accounts(started.create("made").url).close()
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without tables."""
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path}/metadata.db")
    started: PostgreSQL = request.getfixturevalue("postgres")
    return started.create(f"d{next(_numbers)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database without rows, whichever tables it has."""
    if request.param == "sqlite":
        return Database(f"sqlite:///{tmp_path}/metadata.db")
    started: PostgreSQL = request.getfixturevalue("postgres")
    made = Database(started.url("made"))
    made.clear()  # quicker than a new one
    return made


@pytest.fixture
def accounts(database: Database, clock: Clock) -> Iterator[Accounts]:
    opened = Accounts(database.url, clock=clock)
    yield opened
    opened.close()
