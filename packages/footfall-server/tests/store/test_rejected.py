"""Refused events in the store: found by page and id, replaced, deleted, forgotten when old."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from footfall_server.insights.sql.rejected import RejectedPage, rejected, rejected_ids
from footfall_server.store import Store

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
_projects = itertools.count(5_000)


@pytest.fixture
def project() -> int:
    return next(_projects)


def insert(store: Store, project: int, ages: Iterable[int], **changes: Any) -> list[str]:
    """One refused event for each age in days; their ids."""
    lines, ids = [], []
    for number, age in enumerate(ages):
        ids.append(str(UUID(int=(project << 64) + number)))
        row = {
            "project": project, "id": ids[-1], "dialect": "segment", "reason": "MISSING_EVENT",
            "received_at": (NOW - timedelta(days=age)).isoformat(), "message": "m",
            "body": '{"event": null}', "word": "batch", "sent_at": None, **changes,
        }  # fmt: skip
        lines.append(json.dumps(row).encode() + b"\n")
    store.insert("rejected", b"".join(lines), f"{project}-{changes}")
    return ids


def found(store: Store, project: int, **changes: Any) -> list[str]:
    page = RejectedPage(
        **{"project": project, "reason": None, "after": None, "limit": 100} | changes
    )
    return [row["id_text"] for row in store.query(rejected(page)).to_pylist()]


def test_pages_go_either_way(store: Store, project: int) -> None:
    ids = insert(store, project, [3, 2, 1])
    assert found(store, project) == ids[::-1]
    assert found(store, project, oldest_first=True) == ids
    after = (int((NOW - timedelta(days=2)).timestamp()) * 1_000_000, ids[1])
    assert found(store, project, after=after) == [ids[0]]
    assert found(store, project, after=after, oldest_first=True) == [ids[2]]
    assert found(store, project, reason="TOO_DEEP") == []
    assert found(store, project, limit=1) == ids[:0:-1]  # one more, to know that there is more


def test_what_is_inserted_again_has_the_new_reason(store: Store, project: int) -> None:
    ids = insert(store, project, [1])
    insert(store, project, [1], reason="TOO_DEEP", message="new")
    (row,) = store.query(rejected_ids(project, ids)).to_pylist()
    assert (row["reason"], row["message"]) == ("TOO_DEEP", "new")
    store.delete_rejected(project, ids)
    assert found(store, project) == []


def test_only_a_projects_own_are_deleted(store: Store, project: int) -> None:
    mine = insert(store, project, [1, 2])
    other = next(_projects)
    theirs = insert(store, other, [1])
    store.delete_rejected(project, [mine[0], theirs[0]])
    assert found(store, project) == [mine[1]]
    assert found(store, other) == theirs


def test_the_old_are_forgotten_by_each_projects_own_policy(store: Store, project: int) -> None:
    other = next(_projects)
    mine, theirs = insert(store, project, [5, 29, 31]), insert(store, other, [5, 29, 31])
    before = NOW - timedelta(days=30)
    assert store.expire_rejected(before, but={other: NOW - timedelta(days=7)})
    assert found(store, project) == mine[:2]
    assert found(store, other) == theirs[:1]
    assert not store.expire_rejected(before, but={other: NOW - timedelta(days=7)})
