"""Events that are too old go, by each project's own measure, and no others."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from footfall_server.accounts import Accounts, Documents
from footfall_server.model.event import EPOCH
from footfall_server.policies import SETTINGS, ProjectPolicies
from footfall_server.privacy.retention import events_before, expire_events
from footfall_server.store import Statement, Store

NOW = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)
_projects = itertools.count(8_000)


def receive(store: Store, project: int, *received: datetime) -> None:
    """An event each, named by the day of its receipt; the client's clock is years behind."""
    lines = b""
    for instant in received:
        event = {
            "project": project,
            "kind": "track",
            "event": f"{instant:%m-%d}",
            "install": "i",
            "message_id": uuid.uuid4().hex,
            "client_time": "2015-01-02T03:04:05Z",
            "skew": 0,
            "received": (instant - EPOCH) // timedelta(microseconds=1),
            "time_source": "client",
            "order": 1,
            "properties": {},
        }
        lines += json.dumps(event).encode() + b"\n"
    store.insert("events", lines, uuid.uuid4().hex)


def left(store: Store, project: int) -> list[str]:
    statement = Statement(
        "SELECT event FROM events WHERE project = {project:UInt32} ORDER BY received_at",
        {"project": project},
    )
    return list(store.query(statement).column("event").to_pylist())


def test_by_each_projects_own_measure(store: Store) -> None:
    usual, short, forever = (next(_projects) for _ in range(3))
    ages = [NOW - timedelta(days=days) for days in (400, 366, 365, 31, 30, 0)]
    for project in (usual, short, forever):
        receive(store, project, *ages)
    assert expire_events(store, NOW, {short: 30, forever: None})
    names = [f"{instant:%m-%d}" for instant in ages]
    assert left(store, usual) == names[2:]
    assert left(store, short) == names[4:]
    assert left(store, forever) == names
    assert not expire_events(store, NOW, {short: 30, forever: None}), "there is nothing to do"
    before = events_before(NOW, 30)
    assert store.age_of_events(usual, before) == (ages[2], 2)
    assert store.age_of_events(next(_projects), before) == (None, 0)


def test_a_project_that_keeps_events_for_decades_hinders_no_other(store: Store) -> None:
    usual, long = next(_projects), next(_projects)
    for project in (usual, long):
        receive(store, project, NOW - timedelta(days=400), NOW)
    for days in (9_500, 20_000, 36_500):
        receive(store, usual, NOW - timedelta(days=400))
        assert expire_events(store, NOW, {long: days})
        assert left(store, usual) == [f"{NOW:%m-%d}"]
        assert len(left(store, long)) == 2


def test_a_day_is_over_at_midnight_utc() -> None:
    assert events_before(NOW, 1) == datetime(2026, 5, 31, tzinfo=UTC)
    assert events_before(NOW, None) == EPOCH


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = Accounts(f"sqlite:///{tmp_path}/metadata.db")
    yield opened
    opened.close()


def test_settings_that_cant_be_read_delete_nothing(accounts: Accounts) -> None:
    documents = Documents(accounts)
    days: list[int | None] = []
    for name, privacy in (("own", {"events_days": 7}), ("none", {}), ("bad", {"events_days": "x"})):
        project = accounts.create_project(name).project
        documents.put_only(project, SETTINGS, {"privacy": privacy})
        days.append(ProjectPolicies(documents).events_days()[project.id])
    assert days == [7, 365, None]
