"""A project's manifest, from the library's own declaration to what the door does with it."""

from __future__ import annotations

import json
from typing import Any

from .conftest import Answer, Project, Server, eventually, http
from .test_live import listening
from .test_thin_slice import event, folded, total

MANIFEST = {
    "manifest": 1, "library": "lib", "opt_out_env": "LIB_OFF", "install": "hardware",
    "common": {"library_version": {"type": "string", "why": "the library's version"}},
    "events": {"fit": {"why": "", "properties": {"kind": {"type": "string", "why": ""}}}},
}  # fmt: skip


def call(project: Project, method: str, body: Any = None) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/manifest"
    return http(method, url, body, project.authorization)


def fit(**properties: Any) -> dict[str, Any]:
    return event("fit", properties={"kind": "x", "library_version": "1", **properties})


def test_it_is_kept_as_it_was_given(server: Server) -> None:
    project = server.create_project("manifest-kept")
    assert (call(project, "GET").status, call(project, "GET").json()["code"]) == (
        404,
        "NO_MANIFEST",
    )
    assert call(project, "PUT", {"manifest": MANIFEST}).json() == {
        "mode": "observe",
        "manifest": MANIFEST,
    }
    assert call(project, "GET").json() == {"mode": "observe", "manifest": MANIFEST}
    assert call(project, "DELETE").status == 204
    assert call(project, "GET").status == 404
    refused = call(project, "PUT", {"manifest": MANIFEST, "mode": "never"})
    assert (refused.status, refused.json()["code"]) == (422, "INVALID_MANIFEST")
    assert refused.json()["path"] == "/mode"
    assert call(project, "PUT", b"{").status == 400


def test_the_three_modes_one_after_another(server: Server) -> None:
    project = server.create_project("manifest-modes")
    batch = [fit(), fit(email="e"), event("plot")]
    assert call(project, "PUT", {"manifest": MANIFEST}).status == 200
    assert project.send(batch).json()["accepted"] == 3
    before = undeclared(server)

    assert call(project, "PUT", {"manifest": MANIFEST, "mode": "warn"}).status == 200
    with listening(project, "recent=0") as stream:
        assert project.send([fit(), fit(email="e"), event("plot")]).json()["accepted"] == 3
        shown = [stream.next()[1] for _ in range(3)]
    assert [row.get("warning") for row in shown] == [
        None,
        "UNDECLARED_PROPERTY",
        "UNDECLARED_EVENT",
    ]
    assert shown[1]["undeclared"] == ["email"]
    after = undeclared(server)
    for reason in ("UNDECLARED_EVENT", "UNDECLARED_PROPERTY"):
        assert after.get(reason, 0) - before.get(reason, 0) == 1

    assert call(project, "PUT", {"manifest": MANIFEST, "mode": "enforce"}).status == 200
    answer = project.send([fit(), fit(email="e"), event("plot")]).json()
    assert answer["accepted"] == 1
    assert [(row["index"], row["code"]) for row in answer["rejected"]] == [
        (1, "UNDECLARED_PROPERTY"),
        (2, "UNDECLARED_EVENT"),
    ]
    assert folded(project.query(total())) == 7
    assert call(project, "DELETE").status == 204
    assert project.send(batch).json()["accepted"] == 3


def undeclared(server: Server) -> dict[str, int]:
    found = {}
    for line in http("GET", f"{server.url}/metrics").body.decode().splitlines():
        if line.startswith("footfall_events_undeclared_total{"):
            found[line.split('"')[1]] = int(float(line.split()[-1]))
    return found


def test_another_projects_events_are_not_its_business(server: Server) -> None:
    strict, free = server.create_project("manifest-a"), server.create_project("manifest-b")
    assert call(strict, "PUT", {"manifest": MANIFEST, "mode": "enforce"}).status == 200
    assert free.send([event("plot")]).json()["accepted"] == 1
    assert strict.send([event("plot")]).json()["accepted"] == 0
    url = f"{server.url}/api/v1/projects/manifest-a/manifest"
    assert http("PUT", url, {"manifest": MANIFEST}, free.authorization).status == 404


def test_the_command_line_sets_it_while_the_server_runs(server: Server) -> None:
    project = server.create_project("manifest-cli")
    file = server.data.parent / "manifest.json"
    file.write_text(json.dumps(MANIFEST))
    arguments = ("project", "manifest", "manifest-cli", str(file), "--mode", "enforce", "--json")
    said = json.loads(server.command(*arguments).stdout)
    assert said == {"project": "manifest-cli", "mode": "enforce", "events": ["fit"]}
    eventually(lambda: project.send([event("plot")]).json()["accepted"] == 0)
    assert project.send([fit()]).json()["accepted"] == 1
