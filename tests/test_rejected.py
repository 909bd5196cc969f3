"""What the door refused: listed, shown, tried again, forgotten; by API and by command line."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import Any

import pytest

from .conftest import Answer, Project, Server, http
from .test_thin_slice import event, folded, total

FIT = {
    "manifest": 1,
    "library": "lib",
    "events": {"fit": {"properties": {"i": {"type": "number"}}}},
}


def call(project: Project, method: str, path: str, body: Any = None) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/{path}"
    return http(method, url, body, project.authorization)


def declare(project: Project, mode: str, *names: str) -> None:
    events = {name: {"properties": {"i": {}}} for name in names}
    manifest = {"mode": mode, "manifest": {**FIT, "events": events}}
    answer = call(project, "PUT", "manifest", manifest)
    assert answer.status == 200, answer.body


def rejected(project: Project, query: str = "") -> list[dict[str, Any]]:
    answer = call(project, "GET", f"rejected?{query}")
    assert answer.status == 200, answer.body
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def test_what_was_refused_is_listed_shown_and_accepted_once_it_is_declared(server: Server) -> None:
    project = server.create_project("rejected-replay")
    declare(project, "enforce", "fit")
    sent = [event("plot", messageId=f"m{i}", properties={"i": i}) for i in range(3)]
    answer = project.send([*sent, event("fit", properties={"i": 1}), event("")]).json()
    assert [row["code"] for row in answer["rejected"]] == ["UNDECLARED_EVENT"] * 3 + [
        "MISSING_EVENT"
    ]
    rows = rejected(project)
    assert len(rows) == 4
    undeclared = rejected(project, "reason=UNDECLARED_EVENT")
    assert len(undeclared) == 3
    one = call(project, "GET", f"rejected/{undeclared[0]['id']}").json()
    assert one == undeclared[0]
    assert one["dialect"] == "segment"
    assert "plot" in one["message"]
    assert json.loads(one["body"])["event"] == "plot"

    still = call(project, "POST", "rejected/replay", {"ids": [one["id"]]}).json()
    assert (still["accepted"], still["refused"]) == (0, 1)
    declare(project, "enforce", "fit", "plot")
    done = call(project, "POST", "rejected/replay", {"ids": [one["id"]]}).json()
    assert (done["replayed"], done["accepted"], done["refused"]) == (1, 1, 0)
    done = call(project, "POST", "rejected/replay", {"reason": "UNDECLARED_EVENT"}).json()
    assert (done["accepted"], done["refused"]) == (2, 0)
    done = call(project, "POST", "rejected/replay", {}).json()
    assert (done["accepted"], done["refused"], done["reasons"]) == (0, 1, {"MISSING_EVENT": 1})
    assert [row["reason"] for row in rejected(project)] == ["MISSING_EVENT"]
    assert folded(project.query(total("plot"))) == 3
    assert {row["message_id"] for row in project.events(event="plot")} == {"m0", "m1", "m2"}
    # The client sends them again, too: they are repeats.
    assert project.send(sent).status == 200
    assert folded(project.query(total("plot"))) == 3


def test_a_replay_tells_the_reason_that_holds_now(server: Server) -> None:
    project = server.create_project("rejected-reason")
    declare(project, "enforce", "fit")
    assert project.send([event("plot", properties={"i": 1, "secret": "s"})]).status == 200
    (before,) = rejected(project)
    assert before["reason"] == "UNDECLARED_EVENT"
    declare(project, "enforce", "plot")
    done = call(project, "POST", "rejected/replay").json()
    assert done["reasons"] == {"UNDECLARED_PROPERTY": 1}
    (after,) = rejected(project)
    assert (after["id"], after["reason"]) == (before["id"], "UNDECLARED_PROPERTY")
    assert "secret" in after["message"]
    assert after["body"] == before["body"]
    assert after["received_at"] == before["received_at"]


def test_an_event_without_an_id_or_a_time_counts_once_however_often_it_is_replayed(
    server: Server,
) -> None:
    project = server.create_project("rejected-twice")
    declare(project, "enforce", "fit")
    bare = {"type": "track", "event": "plot", "userId": "i", "properties": {"i": 1}}
    assert project.send([bare]).status == 200
    (row,) = rejected(project)
    declare(project, "enforce", "plot")
    assert call(project, "POST", "rejected/replay").json()["accepted"] == 1
    (found,) = project.events()
    assert found["message_id"] == json.loads(row["body"])["messageId"]
    assert found["received_at"] == row["received_at"]
    assert found["time"] == row["received_at"]


def test_the_clock_of_the_request_still_corrects_the_time(server: Server) -> None:
    project = server.create_project("rejected-clock")
    declare(project, "enforce", "fit")
    late = event("plot", timestamp="2026-01-01T00:00:00Z", properties={"i": 1})
    assert project.send([late], sentAt="2026-01-01T00:00:30Z").status == 200
    declare(project, "enforce", "plot")
    assert call(project, "POST", "rejected/replay").json()["accepted"] == 1
    (found,) = project.events()
    assert found["original_time"] == "2026-01-01T00:00:00Z"
    assert found["time_source"] == "corrected"


def test_pages_follow_one_another(server: Server) -> None:
    project = server.create_project("rejected-pages")
    assert project.send([event("", properties={"i": i}) for i in range(25)]).status == 200
    found: list[str] = []
    cursor = ""
    while True:
        page = call(project, "GET", f"rejected?limit=10&cursor={cursor}").json()
        found += [row["id"] for row in page["rows"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert len(found) == len(set(found)) == 25


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "rejected?reason=NONE", None, 422, "UNKNOWN_REASON"),
        ("GET", "rejected?limit=0", None, 422, "INVALID_LIMIT"),
        ("GET", "rejected?cursor=x", None, 422, "INVALID_CURSOR"),
        ("GET", "rejected?what=x", None, 422, "UNKNOWN_FIELD"),
        ("GET", "rejected/nothing", None, 404, "NO_SUCH_REJECTED_EVENT"),
        ("GET", f"rejected/{uuid.uuid4()}", None, 404, "NO_SUCH_REJECTED_EVENT"),
        ("POST", "rejected/replay", b"{", 400, "MALFORMED_JSON"),
        ("POST", "rejected/replay", {"id": 1}, 422, "INVALID_SELECTION"),
        ("POST", "rejected/replay", {"reason": "NONE"}, 422, "UNKNOWN_REASON"),
        ("POST", "rejected/replay", {"ids": ["x"]}, 404, "NO_SUCH_REJECTED_EVENT"),
    ],
)
def test_what_means_nothing_is_said_so(
    server: Server, method: str, path: str, body: Any, status: int, code: str
) -> None:
    name = f"rejected-bad-{uuid.uuid4().hex[:8]}"
    answer = call(server.create_project(name), method, path, body)
    assert (answer.status, answer.json()["code"]) == (status, code)


def test_another_project_has_no_way_to_them(server: Server) -> None:
    mine, theirs = server.create_project("rejected-a"), server.create_project("rejected-b")
    assert mine.send([event("")]).status == 200
    (row,) = rejected(mine)
    assert rejected(theirs) == []
    assert call(theirs, "GET", f"rejected/{row['id']}").status == 404
    assert call(theirs, "POST", "rejected/replay", {"ids": [row["id"]]}).status == 404
    url = f"{server.url}/api/v1/projects/{mine.name}/rejected"
    assert http("GET", url, headers=theirs.authorization).status == 404
    assert http("GET", url).status == 401


def test_the_command_line_goes_through_the_running_server_and_works_without_one(
    own_server: Server,
) -> None:
    project = own_server.create_project("rejected-cli")
    declare(project, "enforce", "fit")
    assert project.send([event("plot", properties={"i": i}) for i in range(2)]).status == 200

    def said(*arguments: str) -> Any:
        return json.loads(own_server.command("rejected", *arguments, "--json").stdout)

    rows = said("list", "rejected-cli")["rows"]
    assert [row["reason"] for row in rows] == ["UNDECLARED_EVENT"] * 2
    assert "plot" in own_server.command("rejected", "show", "rejected-cli", rows[1]["id"]).stdout
    declare(project, "enforce", "plot")
    assert said("replay", "rejected-cli", rows[0]["id"])["accepted"] == 1
    with pytest.raises(subprocess.CalledProcessError) as raised:
        own_server.command("rejected", "list", "nobody")
    assert "NO_SUCH_PROJECT" in raised.value.stderr
    assert own_server.stop() == 0
    said_to_people = own_server.command("rejected", "replay", "rejected-cli").stdout
    assert "1 accepted, 0 refused" in said_to_people
    own_server.start()
    assert folded(project.query(total("plot"))) == 2
