"""Erasures are done once they can be, in batches, and the receipt tells how far they are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from footfall_server.accounts import Accounts, Erasures
from footfall_server.accounts import erasures as erasures_module
from footfall_server.model.errors import NotFound, TooMany, Unavailable, Unprocessable
from footfall_server.model.project import Project
from footfall_server.privacy import Blocklist, Marker
from footfall_server.privacy.eraser import Eraser
from footfall_server.store import Marks

MARKER = Marker(b"the secret of these tests, 32 or more")


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    opened = Accounts(f"sqlite:///{tmp_path}/metadata.db")
    yield opened
    opened.close()


@pytest.fixture
def project(accounts: Accounts) -> Project:
    return accounts.create_project("lib").project


class Memory:
    """A place whose events are a list of installs; `failures` is how often it can't be reached."""

    name = "memory"

    def __init__(self, *installs: str, failures: int = 0) -> None:
        self.installs = list(installs)
        self.failures = failures
        self.batches: list[int] = []
        self.go = threading.Event()
        self.go.set()

    def erase(self, wanted: Sequence[Marks]) -> list[int | None]:
        self.go.wait(10)
        if self.failures:
            self.failures -= 1
            raise Unavailable("MEMORY_AWAY", "It can't be reached: wait.")
        self.batches.append(len(wanted))
        rows: list[int | None] = []
        for each in wanted:
            before = len(self.installs)
            self.installs = [
                it for it in self.installs if MARKER.mark(each.project, it) not in each.marks
            ]
            rows.append(before - len(self.installs))
        return rows


def eraser(accounts: Accounts, *places: Memory, server: str = "server") -> Eraser:
    """Of a server with a directory of its own beside the metadata."""
    erasures = Erasures(accounts)
    return Eraser(
        erasures, MARKER, places, Blocklist(erasures, MARKER),
        Path(str(accounts._engine.url.database)).parent / server,
        look_seconds=0.01, retry_seconds=0.01, follow_seconds=0.01,
    )  # fmt: skip


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_waits_is_one_batch(accounts: Accounts, project: Project) -> None:
    place = Memory("a", "b", "b", "c")
    working = eraser(accounts, place)
    receipts = [working.request(project.id, [install], origin="api") for install in "abz"]
    working.start()
    try:
        done = working.erasures.get
        eventually(lambda: all(done(each.id).state == "done" for each in receipts))
    finally:
        working.stop()
    assert [done(each.id).places["memory"]["rows"] for each in receipts] == [1, 2, 0]
    assert place.installs == ["c"]
    assert place.batches == [3]


def test_a_place_that_is_away_is_asked_again_and_the_receipt_says_so(
    accounts: Accounts, project: Project
) -> None:
    place = Memory("a", failures=2)
    working = eraser(accounts, place)
    id_ = working.request(project.id, ["a"], origin="api").id
    working.start()
    try:
        eventually(lambda: bool(working.erasures.get(id_).problem) or place.installs == [])
        eventually(lambda: working.erasures.get(id_).state == "done")
    finally:
        working.stop()
    found = working.erasures.get(id_)
    assert (found.problem, place.installs) == ("", [])


def test_each_server_forgets_what_another_one_has_finished(
    accounts: Accounts, project: Project
) -> None:
    """Whether it ran then or was away; in what it has itself, which the other one can't reach."""
    first, second = Memory("a", "b"), Memory("a", "b", failures=2)
    other = eraser(accounts, second, server="other")
    other.start()
    other.stop()  # it has been there, and is away
    working = eraser(accounts, first)
    working.start()
    try:
        id_ = working.request(project.id, ["a"], origin="api").id
        eventually(lambda: working.erasures.get(id_).state == "done")
        assert (first.installs, second.installs) == (["b"], ["a", "b"])
        back = eraser(accounts, second, server="other")
        back.start()
        eventually(lambda: second.installs == ["b"])
        back.stop()
        assert working.erasures.get(id_).places["memory"]["rows"] == 1
        assert first.batches == [1]  # its own, once
    finally:
        working.stop()


def test_the_receipt_says_what_is_in_its_way(accounts: Accounts, project: Project) -> None:
    place = Memory("a", failures=10**6)
    working = eraser(accounts, place)
    id_ = working.request(project.id, ["a"], origin="api").id
    working.start()
    try:
        eventually(lambda: "MEMORY_AWAY" in working.erasures.get(id_).problem)
    finally:
        working.stop()
    assert working.erasures.get(id_).finished_at is None


def test_asking_twice_waits_once(accounts: Accounts, project: Project) -> None:
    waiting = eraser(accounts, Memory())
    first = waiting.request(project.id, ["a", "b"], origin="user")
    assert waiting.request(project.id, ["b", "a"], origin="user") == first
    assert waiting.request(project.id, ["a"], origin="user").id != first.id
    assert waiting.request(project.id, ["a", "b"], origin="user", block=True).id != first.id


def test_requests_are_bounded(
    accounts: Accounts, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures_module, "MAX_WAITING", 20)
    waiting = eraser(accounts, Memory())
    with pytest.raises(Unprocessable) as none:
        waiting.request(project.id, [], origin="api")
    assert none.value.code == "NO_INSTALL"
    with pytest.raises(Unprocessable) as many:
        waiting.request(project.id, map(str, range(10_001)), origin="api")
    assert many.value.code == "TOO_MANY_INSTALLS"
    for n in range(20):
        waiting.request(project.id, [str(n)], origin="user")
    with pytest.raises(TooMany) as erasures:
        waiting.request(project.id, ["one more"], origin="user")
    assert erasures.value.code == "TOO_MANY_ERASURES"
    assert waiting.request(project.id, ["7"], origin="user").state == "waiting"


def test_a_block_holds_at_once_and_for_its_project_alone(
    accounts: Accounts, project: Project, tmp_path: Path
) -> None:
    other = accounts.create_project("other").project
    erasures = Erasures(accounts)
    blocklist = Blocklist(erasures, MARKER, refresh_seconds=3600)
    assert blocklist(project.id) is None
    working = Eraser(erasures, MARKER, [Memory()], blocklist, tmp_path / "server")
    working.request(project.id, ["gone"], origin="user", block=True)
    is_blocked = blocklist(project.id)
    assert is_blocked is not None
    assert (is_blocked("gone"), is_blocked("kept")) == (True, False)
    assert blocklist(other.id) is None


def test_another_process_sees_the_block_after_the_refresh(
    accounts: Accounts, project: Project
) -> None:
    now = [0.0]
    erasures = Erasures(accounts)
    blocklist = Blocklist(erasures, MARKER, refresh_seconds=2, clock=lambda: now[0])
    assert blocklist(project.id) is None
    erasures.request(project.id, [MARKER.mark(project.id, "gone")], ["memory"], "cli", True)
    assert blocklist(project.id) is None
    now[0] = 2.1
    assert blocklist(project.id) is not None


def test_the_metadata_never_holds_an_id(
    accounts: Accounts, project: Project, tmp_path: Path
) -> None:
    eraser(accounts, Memory()).request(project.id, ["a-very-rare-id"], origin="api", block=True)
    for path in tmp_path.iterdir():
        assert b"a-very-rare-id" not in path.read_bytes()
    assert MARKER.mark(project.id, "a-very-rare-id") != MARKER.mark(0, "a-very-rare-id")


def test_a_restored_backup_has_them_done_again(tmp_path: Path, accounts: Accounts) -> None:
    project = accounts.create_project("kept").project
    unknown = accounts.create_project("made after the backup".replace(" ", "-")).project
    erasures = Erasures(accounts)
    first = erasures.request(project.id, [MARKER.mark(project.id, "a")], ["memory"], "api", True)
    erasures.finish([first.id])
    erasures.request(unknown.id, [MARKER.mark(unknown.id, "a")], ["memory"], "api", False)
    restored = Accounts(f"sqlite:///{tmp_path}/restored.db")
    try:
        restored.create_project("kept")
        again = Erasures(restored)
        assert again.reapply(erasures.exported()) == 1
        ((receipt, marks),) = again.unfinished()
        assert (receipt.id, marks) == (first.id, [MARKER.mark(project.id, "a")])
        again.finish([receipt.id])
        assert again.reapply([]) == 1, "those that the backup knows are done again too"
        assert again.blocked() == erasures.blocked()
    finally:
        restored.close()


def test_receipts_are_shown_to_their_project_alone(accounts: Accounts, project: Project) -> None:
    other = accounts.create_project("other").project
    erasures = Erasures(accounts)
    made = erasures.request(project.id, [MARKER.mark(project.id, "a")], ["memory"], "api", False)
    assert [each.id for each in erasures.all(project)] == [made.id]
    assert erasures.all(other) == []
    with pytest.raises(NotFound) as caught:
        erasures.get(made.id, other)
    assert caught.value.code == "NO_SUCH_ERASURE"
