"""An operator looks whether a server is well, backs it up and gets it back."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from footfall_server.insights.queries import REPORTS

from benchmarks.insights.questions import QUESTIONS
from tests.conftest import COMMAND, Project, Server, eventually, http
from tests.test_erase import done, erase, files_with

NOW = datetime.now(UTC)
RANGE = {"from": f"{NOW - timedelta(days=60):%Y-%m-%d}", "to": f"{NOW:%Y-%m-%d}"}
SQL = {"report": "sql", "sql": "SELECT event, count() AS n FROM events GROUP BY event ORDER BY n"}


def run(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments, "--data", str(data)],
        env={name: value for name, value in os.environ.items() if "FOOTFALL" not in name}
        | {"FOOTFALL_PORT": "0", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def done_well(data: Path, *arguments: str, **environment: str) -> Any:
    said = run(data, *arguments, "--json", **environment)
    assert said.returncode == 0, said.stderr + said.stdout
    return json.loads(said.stdout)


def findings(said: subprocess.CompletedProcess[str]) -> dict[str, dict[str, str]]:
    """By what each is about; the worst of several."""
    rank = ["ok", "notice", "wrong"]
    found = sorted(json.loads(said.stdout)["findings"], key=lambda one: rank.index(one["level"]))
    return {one["about"]: one for one in found}


def test_the_doctor_finds_a_running_server_well_and_says_what_is_not(own_server: Server) -> None:
    project = own_server.create_project("lib")
    assert project.send([event(1, 1)]).status == 200
    well = run(own_server.data, "doctor", "--json")
    found = findings(well)
    del found["disk"]  # this machine's own
    assert (well.returncode, {one["level"] for one in found.values()}) == (0, {"ok"}), well.stdout
    assert {"store", "journals", "clock", "metadata", "retention", "erasures"} <= found.keys()
    assert own_server.url in found["server"]["text"]

    (own_server.data / "secret-key").chmod(0o644)
    ill = run(own_server.data, "doctor", "--json", FOOTFALL_DATBASE_URL="x")
    found = findings(ill)
    assert ill.returncode == 1
    assert found["secret key"]["level"] == "wrong"
    assert found["secret key"]["advice"].startswith("chmod 600")
    assert "FOOTFALL_DATBASE_URL" in found["configuration"]["text"]


def test_the_doctor_works_without_a_server(own_server: Server, tmp_path: Path) -> None:
    own_server.create_project("lib")
    assert own_server.stop() == 0
    stopped = run(own_server.data, "doctor", "--json")
    assert stopped.returncode == 0, stopped.stdout
    assert findings(stopped)["store"]["level"] == "ok"

    nowhere = run(tmp_path / "nowhere", "doctor", "--json")
    assert nowhere.returncode == 1
    assert "--data" in findings(nowhere)["data directory"]["advice"]
    assert not (tmp_path / "nowhere").exists()
    badly = run(own_server.data, "doctor", "--json", FOOTFALL_IDLE_SECONDS="soon")
    assert (badly.returncode, findings(badly)["configuration"]["level"]) == (1, "wrong")

    (own_server.data / "metadata.db").write_bytes(b"no database" * 1000)
    broken = run(own_server.data, "doctor", "--json")
    assert (broken.returncode, findings(broken)["metadata"]["level"]) == (1, "wrong")


def test_only_who_can_read_the_secret_key_may_ask(server: Server) -> None:
    base = f"{server.url}/api/v1/server"
    project = server.create_project("no-operator")
    for headers in ({}, project.authorization, {"Authorization": "Bearer 1.aa"}):
        assert http("GET", f"{base}/findings", headers=headers).status == 401
        assert http("POST", f"{base}/backups", {"folder": "/tmp"}, headers).status == 401
        assert http("GET", f"{base}/store", headers=headers).status == 401
        assert (
            http("POST", f"{base}/days", {"until": "2100-01-01T00:00:00Z"}, headers).status == 401
        )
        assert http("POST", f"{base}/pieces", {}, headers).status == 401


def event(number: int, install: int | str, **properties: Any) -> dict[str, Any]:
    at = NOW - timedelta(days=number % 50, minutes=number % 600)
    return {
        "type": "track", "event": f"event {number % 4}", "userId": f"install-{install}",
        "messageId": f"m{number}-{install}", "timestamp": at.isoformat(), "properties": {
            "library_version": f"1.{number % 5}.0", "python_version": f"3.{8 + number % 4}",
            "run_time": (number % 17) / 4, "os_type": "Linux", "exception_occurred": not number % 9,
            "exception_type": "ValueError" if not number % 9 else "", **properties,
        },
    }  # fmt: skip


def reports(project: Project) -> dict[str, Any]:
    """The answer to every question of every report, without what tells of the asking."""
    asked = [(one.name, {**one.query, **RANGE}) for one in QUESTIONS if one.query]
    asked.append(("sql", SQL))
    assert {query["report"] for _, query in asked} == set(REPORTS)
    answers: dict[str, Any] = {}
    for name, query in asked:
        answer = project.query(query)
        assert answer.status == 200, (name, answer.body)
        result = answer.json()
        answers[name] = {key: value for key, value in result.items() if key != "meta"}
    answers["events"] = project.events()
    return answers


def start(data: Path, like: Project) -> Project:
    started = Server(data).start()
    return Project(started, like.name, like.write_key, like.api_token)


def installs_of(data: Path, like: Project) -> set[str]:
    project = start(data, like)
    try:
        return {row["install"] for row in project.events()}
    finally:
        project.server.stop()


def test_what_is_restored_is_what_was_and_stays_erased(own_server: Server, tmp_path: Path) -> None:
    project = own_server.create_project("lib")
    gone = str(uuid.uuid4())
    many = [event(number, number % 37) for number in range(900)]
    assert project.send([*many[:500], *(event(number, gone) for number in range(7))]).status == 200
    notes = f"{own_server.url}/api/v1/projects/lib/annotations"
    note = {"name": "release", "date": f"{NOW:%Y-%m-%d}"}
    assert http("POST", notes, note, project.authorization).status == 201

    stop = threading.Event()
    sent = itertools.count(10_000)

    def trickle() -> None:
        while not stop.is_set():
            assert project.send([event(next(sent), "trickle")]).status == 200

    trickling = threading.Thread(target=trickle)
    trickling.start()
    first = done_well(own_server.data, "backup", str(tmp_path / "backups"))
    stop.set()
    trickling.join()
    assert (first["base"], first["events"] >= 507) == (None, True)
    shutil.copytree(tmp_path / "backups", tmp_path / "before")

    assert project.send(many[500:]).status == 200
    done(project, erase(project, install=f"install-{gone}", block=True).json()["id"])
    expected = reports(project)
    second = done_well(own_server.data, "backup", str(tmp_path / "backups"))
    assert second["base"] == first["name"]
    assert own_server.stop() == 0

    moved = (tmp_path / "backups").rename(tmp_path / "elsewhere")
    assert not list(moved.rglob("salts"))
    assert {one.stat().st_mode & 0o077 for one in moved.iterdir()} == {0}
    said = done_well(tmp_path / "new", "restore", str(moved))
    assert (said["backup"], said["erasures"]) == (second["name"], 1)
    restored = start(tmp_path / "new", project)
    try:
        assert reports(restored) == expected
        path = f"{restored.server.url}/api/v1/projects/lib/annotations"
        assert "release" in http("GET", path, headers=project.authorization).body.decode()
        assert b"INSTALL_BLOCKED" in restored.send([event(1, gone)]).body
        assert restored.send([event(20_000, 1)]).status == 200
        assert len(restored.events()) == len(expected["events"]) + 1
    finally:
        restored.server.stop()

    again = run(tmp_path / "new", "restore", str(moved))
    assert (again.returncode, "DATA_NOT_EMPTY" in again.stderr) == (1, True)
    done_well(tmp_path / "as-it-was", "restore", str(tmp_path / "before"))  # knows of no erasure
    assert f"install-{gone}" in installs_of(tmp_path / "as-it-was", project)
    said = done_well(tmp_path / "old", "restore", str(moved), "--name", first["name"])
    assert said["erasures"] == 1
    eventually(lambda: files_with(tmp_path / "old", gone) == [])
    installs = installs_of(tmp_path / "old", project)
    assert installs >= {f"install-{n}" for n in range(37)}
    assert f"install-{gone}" not in installs


def test_a_backup_that_cannot_be_written_leaves_nothing(own_server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    failed = run(own_server.data, "backup", str(tmp_path / "file" / "backups"))
    assert (failed.returncode, "FOLDER_UNWRITABLE" in failed.stderr) == (1, True), failed.stderr
    empty = run(tmp_path / "new", "restore", str(tmp_path))
    assert (empty.returncode, "NO_SUCH_BACKUP" in empty.stderr) == (1, True)
    assert not (tmp_path / "new").exists()


def test_how_long_a_query_may_take_is_a_setting(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"FOOTFALL_QUERY_SECONDS": "0.000001"})
    project = server.create_project("lib")
    server.start()
    try:
        answer = project.query({"report": "events_table", **RANGE})
        assert (answer.status, answer.json()["code"]) == (422, "QUERY_TOO_SLOW")
    finally:
        server.kill()


def test_a_slow_query_is_logged_without_what_was_asked_for(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", environment={"FOOTFALL_SLOW_QUERY_SECONDS": "0.000001"})
    project = server.create_project("lib")
    server.start()
    try:
        assert project.send([event(1, "asked-for")]).status == 200
        condition = {"property": "event", "op": "in", "values": ["asked-for"]}
        query = {"report": "events_table", **RANGE, "filters": [condition]}
        assert project.query(query).status == 200
        bad = {**query, "filters": [{**condition, "property": "no_such_property"}]}
        assert project.query(bad).status == 422
    finally:
        server.kill()
    told = [json.loads(line) for line in server.log().splitlines() if "a query was slow" in line]
    assert [one["ended"] for one in told] == ["answered", "UNKNOWN_PROPERTY"]
    assert (told[0]["report"], told[0]["filters"], told[0]["from"]) == (
        "events_table", 1, RANGE["from"],
    )  # fmt: skip
    assert told[0]["seconds"] > 0
    assert "asked-for" not in server.log()
