"""What a project decides about its users' data, through the API."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Server, eventually, http
from tests.test_erase import files_with

TODAY = datetime.now(UTC).date().isoformat()
ALL_TIME = {"report": "trends", "from": TODAY, "to": TODAY, "interval": "day"}


def test_how_long_events_are_kept_is_set_and_shown(server: Server) -> None:
    project = server.create_project("kept-for-days")
    url = f"{server.url}/api/v1/projects/{project.name}/privacy"
    shown = http("GET", url, headers=project.authorization).json()
    assert (shown["events_days"], shown["oldest_received_at"]) == (365, None)
    assert project.send([{"type": "track", "event": "fit", "userId": "i"}]).status == 200
    assert project.events()
    changed = http("PUT", url, {"events_days": 30}, project.authorization).json()
    assert (changed["events_days"], changed["overdue_events"]) == (30, 0)
    assert changed["oldest_received_at"] is not None
    assert changed == http("GET", url, headers=project.authorization).json()
    assert (
        http("PUT", url, {"events_days": None}, project.authorization)
        .json()["deleted_before"]
        .startswith("1970")
    )
    limits = f"{server.url}/api/v1/projects/{project.name}/limits"
    assert http("PUT", limits, {"rejected_days": 3}, project.authorization).status == 200
    assert http("GET", url, headers=project.authorization).json()["events_days"] is None


def test_a_project_may_keep_ids_for_a_day(own_server: Server) -> None:
    project = own_server.create_project("daily")
    url = f"{own_server.url}/api/v1/projects/{project.name}/privacy"
    assert http("PUT", url, {"identity": "daily"}, project.authorization).status == 200
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    good = [{"type": "track", "event": "fit", "userId": each} for each in (first, second, first)]
    assert project.send([*good, {"type": "track", "userId": first}]).json()["accepted"] == 3
    counted = project.query({**ALL_TIME, "series": [{"measure": "unique"}]}).json()["rows"]
    assert max(row["value"] for row in counted) == 2
    assert files_with(own_server.data, first) == []
    erase = url.replace("privacy", "erase")
    asked = http("POST", erase, {"install": first}, project.authorization).json()
    receipt = f"{erase}/{asked['id']}"
    eventually(
        lambda: http("GET", receipt, headers=project.authorization).json()["state"] == "done", 60
    )
    assert len(project.events()) == 1, "today's can be erased by the id itself"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events_days": 0}, 422),
        ({"events_days": "long"}, 422),
        ({"identity": "weekly"}, 422),
        ({"unknown": 1}, 422),
        ([], 422),
        (b"{", 400),
        (b"\xff", 400),
    ],
)
def test_what_means_nothing_is_refused(server: Server, body: Any, status: int) -> None:
    name = f"privacy-{abs(hash(str(body)))}"
    project = server.create_project(name)
    url = f"{server.url}/api/v1/projects/{name}/privacy"
    assert http("PUT", url, body, project.authorization).status == status
    assert http("GET", url).status == 401
