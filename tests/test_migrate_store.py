"""A store moves to another place while its server runs: killed in the midst, then equal."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from footfall_server.store import Store, days

from tests.conftest import COMMAND, Project, Server
from tests.stand_in import StandIn
from tests.test_erase import done, erase, files_with
from tests.test_operations import event as asked
from tests.test_operations import reports

HARD = {
    "a.b": 1, "a": {"b": 2.5, "c": [1, "x", None, {"d": True}]}, "100%2E5": "é\\ \"'\n\t/",
    "day": "2026-01-02", "big": 2**53, "small": -1e-9, "no": None, "list": [], "text": "\u2028😀",
}  # fmt: skip


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    running = StandIn(tmp_path / "clickhouse", "one").start()
    yield running
    running.kill()


def arguments(server: Server, url: str) -> list[str]:
    store = f"chdb://{server.data}/store"
    return [*COMMAND, "migrate-store", store, url, "--data", str(server.data), "--json"]


def moved(server: Server, url: str) -> dict[str, int]:
    ran = subprocess.run(arguments(server, url), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "stand-in" not in ran.stdout + ran.stderr
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def fill(project: Project, count: int) -> None:
    for start in range(0, count, 500):
        batch = [
            {
                "type": "track", "event": f"e{n % 7}", "userId": f"i{n % 101}",
                "messageId": f"m{n}", "originalTimestamp": f"2026-01-{1 + n % 28:02}T12:00:00Z",
                "timestamp": f"2026-01-{1 + n % 28:02}T12:00:00Z",
                "properties": {**HARD, "n": n, "share": n / 7},
            }
            for n in range(start, start + 500)
        ]  # fmt: skip
        assert project.send(batch).status == 200


def fingerprint(store: Store) -> Any:
    return days(store, datetime(2100, 1, 1, tzinfo=UTC))


def test_a_killed_move_goes_on_and_ends_equal(stand_in: StandIn, tmp_path: Path) -> None:
    place = stand_in.url()
    server = Server(tmp_path / "data")
    project = server.create_project("moved")
    server.start()
    gone = f"gone-{uuid.uuid4()}"
    try:
        fill(project, 2_000)
        numbers = [*range(200), *range(200, 360, 4), *range(201, 281, 4), *range(202, 242, 4)]
        assert project.send([asked(n, n % 40) for n in numbers]).status == 200
        here = {"type": "track", "event": "e1", "userId": gone, "properties": {}}
        assert project.send([here] * 3).status == 200
        assert project.send([{"type": "track", "userId": "no event"}]).json()["rejected"]
        assert len(project.events(event="e1"))

        killed = subprocess.Popen(arguments(server, place), stdout=subprocess.PIPE)
        try:
            wait_for_rows(killed, stand_in.path)
        finally:
            killed.kill()
            killed.communicate()
        # What happens while it is away: another event, and an install that wants to be forgotten.
        assert project.send([{**here, "userId": "late"}]).status == 200
        done(project, erase(project, install=gone).json()["id"])

        told = moved(server, place)
        assert told["rows"] == 2_272  # with the one that was refused
        assert moved(server, place) == {**told, "copied": 0}
        answers = reports(project)
        assert server.stop() == 0
    finally:
        if server.process is not None:
            server.kill()
    assert answers == answers_of(server, project, place), "the same server over the other store"
    assert read(place, tmp_path / "r1") == read(f"chdb://{server.data}/store", tmp_path / "r2")
    assert files_with(stand_in.path, gone) == []


def test_a_store_without_a_server_moves_to_another_folder(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    project = server.create_project("moved")
    server.start()
    fill(project, 500)
    assert server.stop() == 0
    source, target = f"chdb://{server.data}/store", f"chdb://{tmp_path}/target/store"
    assert moved(server, target)["copied"] == 500
    assert read(target, tmp_path / "r1") == read(source, tmp_path / "r2")
    ran = subprocess.run(arguments(server, source), capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "[SAME_STORE]" in ran.stderr


def answers_of(server: Server, project: Project, place: str) -> Any:
    server.environment["FOOTFALL_STORE_URL"] = place
    server.start()
    try:
        return reports(project)
    finally:
        assert server.stop() == 0


def wait_for_rows(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until it is about to copy; where it is killed then, nobody can say."""
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # the engine removes files all the time
            if sum(1 for _ in folder.glob("**/data.bin")) > 4:
                return
        time.sleep(0.005)


READ = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from footfall_server.store import days, open_store
store = open_store(sys.argv[1], Path(sys.argv[2]))
print([each for each in days(store, datetime(2100, 1, 1, tzinfo=UTC))])
store.close()
"""


def read(url: str, temporary: Path) -> str:
    """Days, rows and checksums, in a process of its own: a process has one embedded store."""
    ran = subprocess.run(
        [sys.executable, "-c", READ, url, str(temporary)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "rows=" in ran.stdout
    return ran.stdout
