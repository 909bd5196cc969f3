"""Several processes on one port with one store; and the roles apart on one data directory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from .conftest import Project, Server, eventually, http
from .test_faults import one_clear_line, refused_start
from .test_live import listening
from .test_thin_slice import event, folded, total


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "data").start("--workers", "2")
    yield running
    if running.process is not None:
        running.kill()


def pids(server: Server) -> list[int]:
    """The collectors that the server has started."""
    assert server.process is not None
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(server.process.pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [
        int(line.split()[0])
        for line in found.stdout.splitlines()
        if "footfall_server.cli.collector" in line
    ]


def sent(project: Project, events: list[dict[str, object]]) -> bool:
    """Whether they were acknowledged; a connection may lead to a worker that was killed, and then
    an answer cut short is none."""
    try:
        return project.send(events).status == 200
    except (OSError, HTTPException):
        return False


def accepted(server: Server) -> float:
    text = http("GET", f"{server.url}/metrics").body.decode()
    found = re.search(r"^footfall_events_accepted_total (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def test_workers_share_a_port_and_a_store(server: Server) -> None:
    project = server.create_project("workers")
    with listening(project) as stream:  # what any worker takes in shows in the live view
        assert project.send([event("seen", messageId="live")]).status == 200
        name, shown = stream.next()
    assert (name, shown["message_id"]) == ("accepted", "live")
    for number in range(60):  # a connection each: they spread over the workers
        assert project.send([event(messageId=f"m{number}-{i}") for i in range(5)]).status == 200
    # Each answered query has all that any worker acknowledged before it.
    assert folded(project.query(total())) == 301
    assert len({row["message_id"] for row in project.events()}) == 301
    journals = list((server.data / "journals").glob("*.db"))
    assert len(journals) == 2
    eventually(lambda: accepted(server) == 301)  # /metrics adds up all processes
    ready = http("GET", f"{server.url}/ready")
    assert (ready.status, ready.json()["journal_depth"]) == (200, 0)
    # Pages arrive through the workers, with the gate's knowledge of who asks.
    page = http("GET", f"{server.url}/p/workers/overview")
    assert page.status == 200
    assert http("GET", f"{server.url}/", headers={"X-Forwarded-For": "192.0.2.1"}).status == 401
    forged = {"Host": "example.org", "footfall-from-loopback": "1"}
    assert http("GET", f"{server.url}/", headers=forged).status == 401
    assert project.send([event(), {"type": "track", "userId": "u"}]).json()["accepted"] == 1
    assert server.stop() == 0


def test_a_worker_that_dies_is_replaced_and_loses_nothing(server: Server) -> None:
    project = server.create_project("dying")
    acknowledged: set[str] = set()
    stop = threading.Event()

    def client(name: int) -> None:
        number = 0
        while not stop.is_set():
            batch = [event(messageId=f"{name}-{number}-{i}") for i in range(10)]
            number += 1
            while not stop.is_set():
                if sent(project, batch):
                    acknowledged.update(each["messageId"] for each in batch)
                    break

    threads = [threading.Thread(target=client, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    dead: set[int] = set()
    for _ in range(3):
        eventually(lambda: len(set(pids(server)) - dead) == 2)
        before = len(acknowledged)
        eventually(lambda: len(acknowledged) > before + 50)  # noqa: B023
        victim = pids(server)[0]
        dead.add(victim)
        os.kill(victim, signal.SIGKILL)
    eventually(lambda: len(set(pids(server)) - dead) == 2)
    stop.set()
    for thread in threads:
        thread.join()
    rows = [row["message_id"] for row in project.events()]
    assert len(rows) == len(set(rows))
    assert acknowledged <= set(rows)
    assert "another one starts" in server.log()


def test_kill_of_the_main_process_ends_the_workers_and_loses_nothing(server: Server) -> None:
    project = server.create_project("main")
    for number in range(20):
        assert project.send([event(messageId=f"m{number}-{i}") for i in range(5)]).status == 200
    workers = pids(server)
    server.kill()

    def gone(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # One that nobody has waited for yet still has a number.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    for pid in workers:
        eventually(lambda: gone(pid))  # noqa: B023
    server.start()  # with one process: journals that workers left are emptied all the same
    assert folded(project.query(total())) == 100


def test_sigterm_drains_every_journal(server: Server) -> None:
    project = server.create_project("term")
    for number in range(20):
        assert project.send([event(messageId=f"m{number}-{i}") for i in range(5)]).status == 200
    assert server.stop() == 0
    server.start("--role", "web")  # it would not take in events
    assert folded(project.query(total(), consistent=False)) == 100
    assert project.send([event()]).status == 404
    assert server.stop() == 0


def test_roles_on_one_data_directory(tmp_path: Path) -> None:
    collector = Server(tmp_path / "data").start("--role", "ingest")
    project = collector.create_project("roles")
    assert project.send([event(messageId="before")]).status == 200
    assert http("GET", f"{collector.url}/ready").json()["journal_depth"] == 1
    assert http("GET", f"{collector.url}/p/roles/overview").status == 404
    web = Server(tmp_path / "data").start("--role", "web")
    try:
        seen = Project(web, project.name, project.write_key, project.api_token)
        assert folded(seen.query(total())) == 1
        assert project.send([event(messageId="after")]).status == 200
        assert folded(seen.query(total())) == 2
        # What the store has, the collector forgets; it outlives a restart of the other.
        eventually(lambda: http("GET", f"{collector.url}/ready").json()["journal_depth"] == 0)
        web.kill()
        assert project.send([event(messageId="alone")]).status == 200
        web.start("--role", "web")
        assert folded(seen.query(total())) == 3
    finally:
        if web.process is not None:
            web.kill()
        assert collector.stop() == 0


def test_workers_go_with_all_roles_together(tmp_path: Path) -> None:
    run = refused_start("--data", str(tmp_path / "data"), "--role", "web", "--workers", "2")
    one_clear_line(run, "--workers", "--role ingest")
