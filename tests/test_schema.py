"""The schema and release health through the server, as a maintainer's program reads them."""

from __future__ import annotations

from typing import Any

from .conftest import Server, http
from .test_thin_slice import SINCE, UNTIL, event


def test_the_schema_tells_what_was_sent(server: Server) -> None:
    project = server.create_project("schema")
    same = event(properties={"kind": "shift", "size": 1})
    project.send([same, {**same, "event": "plot"}, event(properties={"size": "big"})])
    path = f"{server.url}/api/v1/projects/{project.name}/schema"
    answer = http("GET", f"{path}?consistent=1", headers=project.authorization)
    assert answer.status == 200, answer.body
    found = answer.json()
    assert {one["event"]: one["total"] for one in found["events"]} == {"fit": 2, "plot": 1}
    [size] = [one for one in found["properties"] if one["name"] == "size"]
    assert size["types"] == {"number": 2, "text": 1}
    assert size["examples"] == ["big", 1]
    assert found["reused_message_ids"]["count"] == 1
    assert found["reused_message_ids"]["examples"][0]["events"] == ["fit", "plot"]
    refused = http("GET", f"{path}?since=1", headers=project.authorization)
    assert (refused.status, refused.json()["code"]) == (422, "UNKNOWN_FIELD")
    assert http("GET", path).status == 401


def test_every_report_of_release_health_answers(server: Server) -> None:
    project = server.create_project("release-health")
    properties: dict[str, Any] = {
        "run_time": 0.5, "library_version": "1.2.0", "python_version": "3.8.1",
        "exception_occurred": True, "exception_type": "KeyError",
    }  # fmt: skip
    project.send([event(properties=properties)])
    of_one: dict[str, tuple[str, Any]] = {
        "adoption": ("value", "1.2.0"),
        "errors": ("install_rate", 1),
        "exceptions": ("first_version", "1.2.0"),
        "run_time": ("p99", 0.5),
        "support_matrix": ("row", "3.8.1"),
        "drop_cost": ("share", 1),
    }
    for report, (name, value) in of_one.items():
        query = {"report": report, "from": SINCE, "to": UNTIL}
        query |= {"values": ["3.8"]} if report == "drop_cost" else {}
        answer = project.query(query)
        assert answer.status == 200, answer.body
        assert answer.json()["rows"][-1][name] == value
    assert project.query({"report": "traction", "from": SINCE, "to": UNTIL}).status == 200
