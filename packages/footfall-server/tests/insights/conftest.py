"""Projects with events of their own, in the session's one store."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from footfall_server.insights import Insights, Result
from footfall_server.model.project import Project
from footfall_server.store import Store

from .funnel_keys import BothKeys
from .two_shards import Compared, open_two_shards

SHARDS = os.environ.get("FOOTFALL_SHARDS")
"""How `test_two_shards.py` runs other modules again: over two shards, split like this."""

COMPARED: Counter[str] = Counter()
"""How many queries were compared with the oracle, by report."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if COMPARED:
        terminalreporter.section("compared with the definitions in plain Python")
        for report, count in sorted(COMPARED.items()):
            terminalreporter.write_line(f"{report}: {count:,} random queries")
        terminalreporter.write_line(f"all: {COMPARED.total():,} random queries")


if SHARDS is not None:
    split = SHARDS

    @pytest.fixture(scope="session")
    def store(data_directory: Path) -> Iterator[Store]:
        opened = Store(open_two_shards(data_directory / "shards", split))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def compared() -> Callable[[str], None]:
    """Call it with the report's name after each comparison that held."""

    def note(report: str) -> None:
        COMPARED[report] += 1

    return note


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def needs_raw(value: Any) -> bool:
    """Whether the JSON column can't give a value back."""
    if isinstance(value, dict):
        return not value or any("%2E" in key or needs_raw(each) for key, each in value.items())
    if isinstance(value, list):
        return any(needs_raw(each) for each in value)
    return value is None


def lines(project: int, events: Iterable[Any]) -> bytes:
    """Events of the oracle → the lines that the store takes."""
    return b"\n".join(
        json.dumps(
            {
                "project": project,
                "kind": one.kind,
                "event": one.event,
                "install": one.install,
                "message_id": one.message_id,
                "client_time": stamp(one.client_time or one.time),
                "time": stamp(one.time),
                "received_at": stamp(one.time),
                "time_source": "client",
                "order": one.order,
                "properties": one.properties,
                "raw": json.dumps(one.properties)
                if any(map(needs_raw, one.properties.values()))
                else "",
            }
        ).encode()
        for one in events
    )


class Library:
    """One project: give it events, ask it questions."""

    def __init__(self, store: Store, timezone: str = "UTC") -> None:
        self.project = Project(1 + secrets.randbelow(2**32 - 1), "nannyml", timezone)
        self._store = store
        self._insights = Insights(store)
        self._of_one = Compared(store) if SHARDS == "two" else None
        self._both_keys = BothKeys(store)
        self._blocks = itertools.count()

    def add(self, events: Iterable[Any]) -> None:
        token = f"{self.project.id}-{next(self._blocks)}"
        self._store.insert("events", lines(self.project.id, events), token)

    def add_in_halves(self, events: list[Any]) -> None:
        """In two blocks, the second half first: how they come must not matter."""
        half = len(events) // 2
        for block in (events[half:], events[:half]):
            self.add(block)

    def ask(self, now: datetime = datetime(2027, 1, 1, tzinfo=UTC), **query: Any) -> Result:
        body = {name.removesuffix("_"): value for name, value in query.items()}
        result = asyncio.run(self._insights.run(self.project, body, now))
        if self._of_one is not None:
            asyncio.run(self._of_one.check(self.project, body, now, result))
        if body.get("report") == "funnel":
            self._both_keys.check(self.project, body, now, result)
        # An answer may be kept for who asks next: tests change what they get.
        return replace(result, rows=copy.deepcopy(result.rows))


@pytest.fixture
def library(store: Store) -> Library:
    return Library(store)


@pytest.fixture
def brussels(store: Store) -> Library:
    return Library(store, "Europe/Brussels")


@pytest.fixture(scope="session")
def new_library(store: Store) -> Callable[[], Library]:
    """For tests that need many projects."""
    return lambda: Library(store)
