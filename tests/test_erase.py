"""An install asks to be forgotten: afterwards no byte of its id is on the server's disk."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from footfall_server.accounts import Accounts, Erasures

from tests.conftest import Answer, Project, Server, eventually, http


def event(install: str, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "fit", "userId": install, "properties": {"n": 1}, **fields}


def files_with(data: Path, text: str) -> list[str]:
    """Every file below the data directory that holds the text, whatever it is."""
    found = []
    for folder, _, names in os.walk(data):
        for path in (Path(folder, name) for name in names):
            with contextlib.suppress(OSError):  # the engine removes files all the time
                if text.encode() in path.read_bytes():
                    found.append(str(path.relative_to(data)))
    return found


def erase(project: Project, **body: Any) -> Answer:
    path = f"{project.server.url}/api/v1/projects/{project.name}/erase"
    return http("POST", path, body, project.authorization)


def receipt(project: Project, id_: str) -> dict[str, Any]:
    path = f"{project.server.url}/api/v1/projects/{project.name}/erase/{id_}"
    answer = http("GET", path, headers=project.authorization)
    assert answer.status == 200, answer.body
    return answer.json()  # type: ignore[no-any-return]


def done(project: Project, id_: str) -> dict[str, Any]:
    eventually(lambda: receipt(project, id_)["state"] == "done", 60)
    return receipt(project, id_)


def installs(project: Project) -> set[str]:
    return {row["install"] for row in project.events()}


def test_no_byte_of_an_erased_install_is_left(own_server: Server) -> None:
    project = own_server.create_project("erased")
    other = own_server.create_project("untouched")
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    assert project.send([event(gone), event(kept)] * 3).status == 200
    alias = {"type": "alias", "userId": kept, "previousId": gone}
    assert project.send([alias, event(kept)]).status == 200
    refused = {"type": "track", "userId": gone, "properties": {"why": "no event's name"}}
    assert project.send([refused, {"type": "track", "userId": kept}]).json()["rejected"]
    assert other.send([event(gone)]).status == 200
    assert installs(project) == {gone, kept}
    assert files_with(own_server.data, gone), "else its absence would prove nothing"

    asked = erase(project, install=gone)
    assert asked.status == 202
    assert gone not in asked.body.decode()
    said = done(project, asked.json()["id"])
    assert [said["places"][place]["state"] for place in ("journal", "events", "rejected")] == [
        "erased"
    ] * 3
    assert said["places"]["events"]["rows"] == 4  # with the alias that named it
    assert said["places"]["rejected"]["rows"] == 1
    assert [row["install"] for row in project.events()] == [kept] * 4
    assert installs(other) == {gone}, "another project's events are not this one's to erase"

    assert done(other, erase(other, installs=[gone]).json()["id"])["installs"] == 1
    assert files_with(own_server.data, gone) == []
    assert gone not in own_server.log()
    assert files_with(own_server.data, kept)


def test_a_thousand_are_one_batch(server: Server) -> None:
    project = server.create_project("thousand")
    ids = [str(uuid.uuid4()) for _ in range(1100)]
    assert project.send([event(install) for install in ids]).status == 200
    first = erase(project, installs=ids[:900])
    second = erase(project, installs=ids[900:1000])
    said = [done(project, each.json()["id"]) for each in (first, second)]
    assert [each["places"]["events"]["rows"] for each in said] == [900, 100]
    assert installs(project) == set(ids[1000:])


def test_a_blocked_install_is_refused_and_not_kept(own_server: Server) -> None:
    """Also when the server was killed before it had begun to erase."""
    project = own_server.create_project("blocked")
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    assert project.send([event(gone), event(kept)]).status == 200
    id_ = erase(project, install=gone, block=True).json()["id"]
    answer = project.send([event(kept), event(gone)]).json()
    assert (answer["accepted"], answer["rejected"][0]["code"]) == (1, "INSTALL_BLOCKED")
    assert "INSTALL_BLOCKED" in http("GET", f"{own_server.url}/metrics").body.decode()

    own_server.kill()
    own_server.start()
    done(project, id_)
    document = {"writeKey": project.write_key, **event(gone)}
    alone = http("POST", f"{own_server.url}/v1/track", document)
    assert (alone.status, alone.json()["code"]) == (400, "INSTALL_BLOCKED")
    assert installs(project) == {kept}
    assert files_with(own_server.data, gone) == []


def test_the_command_line_asks_the_running_server(server: Server) -> None:
    project = server.create_project("commanded")
    gone = str(uuid.uuid4())
    assert project.send([event(gone), event("stays")]).status == 200
    said = json.loads(server.command("erase", project.name, "--install", gone, "--json").stdout)
    assert (said["state"], said["places"]["events"]["rows"]) == ("done", 1)
    assert installs(project) == {"stays"}


def test_erased_without_a_server_and_again_in_a_restored_backup(
    own_server: Server, tmp_path: Path
) -> None:
    project = own_server.create_project("restored")
    gone = str(uuid.uuid4())
    assert project.send([event(gone), event("stays")]).status == 200
    assert installs(project) == {gone, "stays"}
    own_server.stop()
    backup = tmp_path / "backup"
    shutil.copytree(own_server.data, backup, symlinks=True)
    shown = own_server.command("erase", project.name, "--install", gone, "--block").stdout
    assert "1 rows" in shown
    assert gone not in shown
    assert files_with(own_server.data, gone) == []

    url = "sqlite:///{}/metadata.db"
    before, after = Accounts(url.format(own_server.data)), Accounts(url.format(backup))
    try:
        assert Erasures(after).reapply(Erasures(before).exported()) == 1
    finally:
        before.close()
        after.close()
    shutil.rmtree(own_server.data)
    backup.rename(own_server.data)
    assert files_with(own_server.data, gone)
    own_server.start()
    path = f"{own_server.url}/api/v1/projects/{project.name}/erase"
    (row,) = http("GET", path, headers=project.authorization).json()["rows"]
    assert done(project, row["id"])["places"]["events"]["rows"] == 1
    assert installs(project) == {"stays"}
    assert files_with(own_server.data, gone) == []
    assert project.send([event(gone)]).json()["rejected"][0]["code"] == "INSTALL_BLOCKED"


def test_the_users_own_command_line(server: Server, tmp_path: Path) -> None:
    project = server.create_project("users-own")
    assert project.send([event("another")]).status == 200
    script = tmp_path / "script.py"
    script.write_text(
        "import footfall\n"
        f"usage = footfall.Usage('users-own', '1.0', {server.url!r}, {project.write_key!r})\n"
        "usage.track('fit')\n"
        "assert usage.flush(20)\n"
        "print(usage.status().install_id)\n"
    )
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DO_NOT_TRACK", "FOOTFALL_PYTEST") and not name.startswith("FOOTFALL_")
    } | {"FOOTFALL_HOME": str(tmp_path / "home")}
    options: dict[str, Any] = {
        "env": environment, "capture_output": True, "text": True, "timeout": 60, "check": True,
    }  # fmt: skip
    install = subprocess.run([sys.executable, str(script)], **options).stdout.strip()
    assert installs(project) == {install, "another"}
    command = [sys.executable, "-m", "footfall", "erase", "users-own"]
    answer = json.loads(subprocess.run(command, **options).stdout)
    assert answer["install"] == install
    url = answer["receipt"]["url"]
    eventually(lambda: http("GET", url).json()["state"] == "done", 60)
    assert http("GET", url).json()["places"]["events"]["rows"] == 1
    assert installs(project) == {"another"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "INVALID_JSON"),
        (b"\xff", 400, "INVALID_JSON"),
        ({}, 422, "NO_INSTALL"),
        ({"install": ""}, 422, "NO_INSTALL"),
        ({"installs": []}, 422, "NO_INSTALL"),
        ({"install": 7}, 422, "INVALID_ERASE"),
        ({"install": "i", "everything": True}, 422, "INVALID_ERASE"),
        ({"installs": [str(n) for n in range(10_001)]}, 422, "TOO_MANY_INSTALLS"),
    ],
)
def test_what_cant_be_erased_is_said(server: Server, body: Any, status: int, code: str) -> None:
    project = server.create_project(f"bad-{uuid.uuid4().hex[:8]}")
    path = f"{server.url}/api/v1/projects/{project.name}/erase"
    answer = http("POST", path, body, project.authorization)
    assert (answer.status, answer.json()["code"]) == (status, code)


def test_nobody_else_may_erase_or_look(server: Server) -> None:
    mine, theirs = server.create_project("mine"), server.create_project("theirs")
    id_ = erase(mine, install="i").json()["id"]
    path = f"{server.url}/api/v1/projects"
    assert http("POST", f"{path}/mine/erase", {"install": "i"}).status == 401
    assert http("POST", f"{path}/mine/erase", {"install": "i"}, theirs.authorization).status == 404
    assert http("GET", f"{path}/theirs/erase/{id_}", headers=theirs.authorization).status == 404
    own = f"{server.url}/v1/erase"
    assert http("POST", own, {"writeKey": "wk_unknown_key", "install": "i"}).status == 401
    assert http("POST", own, {"install": "i"}).status == 422
    assert http("GET", f"{own}/unknown").status == 404
    assert done(mine, id_)["places"]["events"]["rows"] == 0


def test_every_collectors_journal_is_scrubbed(tmp_path: Path) -> None:
    server = Server(tmp_path / "data").start("--workers", "2")
    try:
        project = server.create_project("several")
        gone = str(uuid.uuid4())
        for _ in range(10):
            assert project.send([event(gone), event("stays")]).status == 200
        assert installs(project) == {gone, "stays"}
        assert files_with(server.data / "journals", gone), "else nothing is proven"
        said = done(project, erase(project, install=gone, block=True).json()["id"])
        assert said["places"]["events"]["rows"] == 10
        assert files_with(server.data, gone) == []
        answers = [project.send([event(gone)]).json()["rejected"] for _ in range(6)]
        assert {each[0]["code"] for each in answers} == {"INSTALL_BLOCKED"}
        assert files_with(server.data, gone) == []
    finally:
        server.kill()
