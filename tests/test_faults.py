"""What happens when things end, collide or break: nothing acknowledged is lost, nothing doubled."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import uuid
from pathlib import Path

import pytest

from .conftest import COMMAND, Project, Server, eventually, http
from .test_thin_slice import event, folded, total


def test_a_kill_between_answer_and_drain_loses_and_doubles_nothing(own_server: Server) -> None:
    project = own_server.create_project("kill")
    sent = [event(messageId=f"m{i}") for i in range(500)]
    for start in range(0, 500, 50):
        assert project.send(sent[start : start + 50]).status == 200
    own_server.kill()  # the last of them were acknowledged milliseconds ago
    own_server.start()
    assert folded(project.query(total())) == 500
    assert {row["message_id"] for row in project.events()} == {f"m{i}" for i in range(500)}


def test_sigterm_finishes_carries_on_and_exits_0(own_server: Server) -> None:
    project = own_server.create_project("term")
    assert project.send([event() for _ in range(300)]).status == 200
    assert own_server.stop() == 0
    own_server.start()
    ready = http("GET", f"{own_server.url}/ready").json()
    assert ready["journal_depth"] == 0  # the store had them before it stopped
    assert folded(project.query(total())) == 300


def refused_start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "serve", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )


def one_clear_line(run: subprocess.CompletedProcess[str], *words: str) -> None:
    assert run.returncode == 2
    assert run.stdout == ""
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    for word in words:
        assert word in run.stderr


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        run = refused_start("--data", str(tmp_path / "data"), "--port", port)
    one_clear_line(run, port, "in use", "--port")


def test_a_second_server_on_the_same_data(server: Server) -> None:
    project = server.create_project("second")
    assert project.send([event()]).status == 200
    run = refused_start("--data", str(server.data), "--port", "0")
    assert server.process is not None
    one_clear_line(run, str(server.data), str(server.process.pid), "--data")
    assert folded(project.query(total())) == 1


@pytest.mark.parametrize("kind", ["file", "below-file", "no-folders"])
def test_a_data_directory_that_cannot_be_written(tmp_path: Path, kind: str) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("here first")
    path = {"file": blocked, "below-file": blocked / "data", "no-folders": Path("/proc/data")}[kind]
    run = refused_start("--data", str(path), "--port", "0")
    one_clear_line(run, str(path), "--data")
    assert blocked.read_text() == "here first"


def test_a_port_that_is_none(tmp_path: Path) -> None:
    run = refused_start("--data", str(tmp_path / "data"), FOOTFALL_PORT="many")
    one_clear_line(run, "FOOTFALL_PORT")


def test_a_project_can_be_created_while_the_server_does_not_run(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    before = server.create_project("before")
    server.start()
    try:
        during = server.create_project("during")
        for project in (before, during):
            assert project.send([event()]).status == 200
            assert folded(project.query(total())) == 1
    finally:
        server.stop()


def test_creating_a_project_twice_is_a_clear_error(server: Server) -> None:
    create = ("project", "create", "twice", "--json")
    created = json.loads(server.command(*create).stdout)
    project = Project(server, created["project"], created["write_key"], created["api_token"])
    assert project.send([event()]).status == 200
    assert folded(project.query(total())) == 1
    with pytest.raises(subprocess.CalledProcessError) as raised:
        server.command(*create)
    assert raised.value.returncode == 1
    assert "exists already" in raised.value.stderr
    assert len(raised.value.stderr.strip().splitlines()) == 1


def test_events_that_wait_in_the_journal_survive_a_move_of_the_clock(own_server: Server) -> None:
    project = own_server.create_project("again")
    once = event(messageId=str(uuid.uuid4()))
    assert project.send([once]).status == 200
    assert folded(project.query(total())) == 1
    own_server.kill()
    own_server.start()
    assert project.send([once], sentAt="2020-01-01T00:00:00Z").status == 200  # hours later, say
    assert folded(project.query(total())) == 1


def test_the_live_set_of_write_keys(server: Server) -> None:
    project = server.create_project("faults-keys")
    unknown = Project(server, project.name, "wk_builtin_of_a_client", project.api_token)
    assert unknown.send([event()]).status == 401
    server.command("project", "key", "faults-keys", "--add", "wk_builtin_of_a_client")
    eventually(lambda: unknown.send([event()]).status == 200)
    assert folded(project.query(total())) == 1
