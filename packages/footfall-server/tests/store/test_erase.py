"""Installs are taken out of the tables by their marks, with what names them, and nothing else."""

from __future__ import annotations

import hmac
import itertools
import json
import uuid
from typing import Any

import pytest
from footfall_server.store import Marks, Statement, Store

SECRET = b"a secret of the tests"
_projects = itertools.count(7_000)


@pytest.fixture
def project() -> int:
    return next(_projects)


def marks(project: int, *installs: str) -> Marks:
    made = [hmac.digest(SECRET, install.encode(), "sha256").hex() for install in installs]
    return Marks(project, SECRET, made)


def insert(store: Store, table: Any, rows: list[dict[str, Any]]) -> None:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    store.insert(table, lines, uuid.uuid4().hex)


def event(project: int, install: str, **changes: Any) -> dict[str, Any]:
    return {
        "project": project,
        "kind": "track",
        "event": "fit",
        "install": install,
        "message_id": uuid.uuid4().hex,
        "client_time": "2026-01-02T03:04:05.123456Z",
        "skew": 0,
        "received": 1_767_323_045_000_000,
        "time_source": "client",
        "order": 1_700_000_000_000_000,
        "properties": {},
        "raw": "",
    } | changes


def rejected(project: int, body: str) -> dict[str, Any]:
    return {
        "project": project,
        "id": str(uuid.uuid4()),
        "received_at": "2026-01-02T03:04:05.123456Z",
        "dialect": "segment",
        "reason": "MISSING_EVENT",
        "message": "",
        "body": body,
    }


def left(store: Store, table: str, column: str, project: int) -> list[str]:
    statement = Statement(
        f"SELECT {column} AS found FROM {table} WHERE project = {{project:UInt32}} ORDER BY found",
        {"project": project},
    )
    return list(store.query(statement).column("found").to_pylist())


def test_all_rows_of_an_install_and_those_that_name_it(store: Store, project: int) -> None:
    other = next(_projects)
    insert(
        store,
        "events",
        [
            event(project, 'gö"ne'),
            event(project, 'gö"ne', client_time="2025-06-02T03:04:05.123456Z"),
            event(project, "kept", properties={"friend": 'gö"ne'}),
            event(project, "alias", kind="alias", properties={"previousId": 'gö"ne'}),
            event(project, "raw", kind="alias", raw='{"previousId":"g\\u00f6\\"ne","x":null}'),
            event(project, "another", kind="alias", properties={"previousId": "kept"}),
            event(other, 'gö"ne'),
        ],
    )
    eraser = store.eraser()
    assert eraser.events(marks(project, 'gö"ne', "unknown")).total() == 4
    assert left(store, "events", "install", project) == ["another", "kept"]
    assert left(store, "events", "install", other) == ['gö"ne']
    eraser.purge("events")
    assert eraser.events(marks(project, 'gö"ne')).total() == 0


def test_refused_events_that_name_an_install_however_it_is_written(
    store: Store, project: int
) -> None:
    gone = [
        '{"userId":"it\\u002ds gone"}',
        '{"properties":{"nested":[1,{"distinct_id":"it-s gone"}]}}',
        '{"distinct_id":4711}',
    ]
    kept = ['{"userId":"it-s gone, too"}', '{"distinct_id":47110}', '"it-s', "[", "\\"]
    insert(store, "rejected", [rejected(project, body) for body in gone + kept])
    eraser = store.eraser()
    found = eraser.rejected(marks(project, "it-s gone", "4711"))
    assert sorted(found.values()) == [1, 2]
    assert left(store, "rejected", "body", project) == sorted(kept)
    eraser.purge("rejected")


def test_more_installs_than_one_statement_holds(store: Store, project: int) -> None:
    installs = [f"{n:06d}" for n in range(4_500)]
    insert(store, "events", [event(project, install) for install in installs])
    assert store.eraser().events(marks(project, *installs[1:])).total() == 4_499
    assert left(store, "events", "install", project) == [installs[0]]


def test_no_part_that_held_the_rows_is_left(store: Store, project: int) -> None:
    insert(store, "events", [event(project, "gone"), event(project, "kept")])
    eraser = store.eraser()
    eraser.events(marks(project, "gone"))
    eraser.purge("events")
    parts = store.query(
        Statement(
            "SELECT countIf(has_lightweight_delete) AS hidden FROM system.parts"
            " WHERE database = currentDatabase() AND table = 'events' AND active"
        )
    )
    assert parts.column("hidden").to_pylist() == [0]
