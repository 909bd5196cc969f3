"""What a project decides about its users' data, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server, http


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


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events_days": 0}, 422),
        ({"events_days": "long"}, 422),
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
