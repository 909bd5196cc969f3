"""In a project that keeps no lasting ids none passes the door, in whatever dialect it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from footfall_server.ingest.dialects.dialect import Endpoint, Request
from footfall_server.ingest.dialects.table import find
from footfall_server.ingest.pipeline import Pipeline, Taken
from footfall_server.ingest.policy import Policy
from footfall_server.model.privacy import Identity, Privacy
from footfall_server.privacy import Salts

from . import wire
from .wire import Dialect

ID, OTHER = "3f1c0c5e-8d0b-5c5e-9a3e-0d6a0b6e7c11", "11111111-8d0b-5c5e-9a3e-0d6a0b6e7c11"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
dialects = pytest.mark.parametrize("dialect", wire.ALL, ids=lambda it: it.path.strip("/"))


class At:
    """A door at a moment; `blocked` are refused."""

    def __init__(
        self, folder: Path, identity: Identity, blocked: Callable[[str], bool] | None = None
    ) -> None:
        self.now = NOON
        self.pipeline = Pipeline(
            {wire.KEY: 7, "wk_other": 8}.get,
            wire.MemoryJournal(),  # type: ignore[arg-type]
            policies=lambda project: Policy(privacy=Privacy(identity=identity)),
            blocked=lambda project: blocked,
            rekeys=Salts(folder / "salts"),
            clock=lambda: self.now,
        )

    def send(self, path: str, body: Any, key: str = wire.KEY) -> Taken:
        endpoint = find(path)
        assert isinstance(endpoint, Endpoint)
        text = body if isinstance(body, str) else json.dumps(body)
        return self.pipeline.take(endpoint, Request(endpoint.word, text.encode(), key))

    def install(self, **options: Any) -> str:
        event = {"type": "track", "event": "fit", "userId": ID, "properties": {"n": 1}}
        (row,) = wire.lines(self.send("/v1/batch", {"batch": [event]}, **options))
        return str(row["install"])


def written(taken: Taken) -> str:
    return "".join(entry.body.decode() for entry in taken.entries)


def events(dialect: Dialect) -> str:
    """Plain, with ids among the properties, and refused for want of a name."""
    properties = [
        {"n": 1},
        {"distinct_id": ID, "deep": [{"$device_id": ID, "none": None}], "session_id": ID},
        {"%2E": ID and 1, "userId": ID},
    ]
    found = [dialect.event("fit", ID, f"m{n}", each) for n, each in enumerate(properties)]
    found.append(dialect.event(None, ID, "bad", {"distinct_id": ID, "n": 1}))
    return dialect.batch(",".join(json.dumps(each) for each in found))


@dialects
@pytest.mark.parametrize("identity", ["daily", "none"])
def test_no_id_is_written(tmp_path: Path, dialect: Dialect, identity: Identity) -> None:
    taken = At(tmp_path, identity).send(dialect.path, events(dialect))
    rows = wire.lines(taken)
    assert len(rows) == 3
    assert len({row["install"] for row in rows}) == 1
    assert (rows[0]["install"] == "anonymous") == (identity == "none")
    assert rows[1]["properties"]["deep"][0]["none"] is None
    assert rows[0]["properties"]["n"] == 1
    assert len(wire.lines(taken, "rejected")) == 1
    assert ID not in written(taken)


def test_an_id_is_kept_where_it_may_be(tmp_path: Path) -> None:
    assert At(tmp_path, "install").install() == ID


def test_within_a_day_it_is_one_and_the_next_day_another(tmp_path: Path) -> None:
    door = At(tmp_path, "daily")
    first = door.install()
    door.now = NOON.replace(hour=23, minute=59)
    assert door.install() == first
    assert At(tmp_path, "daily").install() == first, "after a restart too"
    assert door.install(key="wk_other") != first, "another project's can't be compared"
    door.now = NOON + timedelta(hours=12)
    second = door.install()
    assert second != first
    door.now = NOON
    assert door.install() != first, "the salt of a day that was over is gone for ever"


def test_no_two_installs_become_one(tmp_path: Path) -> None:
    door = At(tmp_path, "daily")
    body = {"batch": [{"type": "track", "event": "e", "userId": each} for each in (ID, OTHER, ID)]}
    installs = [row["install"] for row in wire.lines(door.send("/v1/batch", body))]
    assert installs[0] == installs[2] != installs[1]


@pytest.mark.parametrize("kind", ["identify", "alias", "group"])
def test_who_somebody_is_isnt_taken(tmp_path: Path, kind: str) -> None:
    member = {
        "type": kind, "userId": ID, "previousId": OTHER, "groupId": "g",
        "traits": {"email": "a@example.org"},
    }  # fmt: skip
    taken = At(tmp_path, "daily").send("/v1/batch", {"batch": [member]})
    assert taken.refused == ["IDENTITY_NOT_KEPT"]
    assert taken.entries == []


def test_a_text_that_isnt_read_isnt_kept(tmp_path: Path) -> None:
    body = '{"batch": [{"type": "track", "event": "e", "userId": "%s", "properties": 7}, "%s"]}'
    taken = At(tmp_path, "none").send("/v1/batch", body % (ID, ID))
    assert len(wire.lines(taken, "rejected")) == 2
    assert ID not in written(taken)


@dialects
def test_nothing_of_a_blocked_install_is_kept(tmp_path: Path, dialect: Dialect) -> None:
    door = At(tmp_path, "install", {ID}.__contains__)
    bad = dialect.event(None, OTHER, "b", {})
    body = json.loads(events(dialect))
    (body["batch"] if isinstance(body, dict) else body).append(bad)
    taken = door.send(dialect.path, body)
    assert sorted(taken.refused) == ["INSTALL_BLOCKED"] * 4 + ["MISSING_EVENT"]
    assert ID not in written(taken)
    (kept,) = wire.lines(taken, "rejected")
    assert OTHER in kept["body"]
