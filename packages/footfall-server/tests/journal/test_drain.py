"""The drain: everything reaches the store at least once, in order; nothing stops it for good."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from footfall_server.journal import Drain, Entry, Journal
from footfall_server.model.errors import Unavailable, Unprocessable


class MemoryStore:
    """A sink that remembers blocks by token, as the store does; it can be made to fail."""

    def __init__(self) -> None:
        self.blocks: dict[str, tuple[str, bytes]] = {}
        self.down = False
        self.poison = b"\0never"

    def __call__(self, stream: str, lines: bytes, token: str) -> None:
        if self.down:
            raise Unavailable("STORE_DOWN", "The store is down.", retry_after=0)
        if stream == "events" and self.poison in lines:
            raise Unprocessable("STORE_REFUSED", "can't read it")
        self.blocks.setdefault(token, (stream, lines))

    def lines(self, stream: str = "events") -> list[bytes]:
        return [
            line for name, body in self.blocks.values() if name == stream for line in body.split()
        ]


def refuse(line: bytes, message: str) -> bytes:
    return json.dumps({"line": line.decode(), "message": message}).replace(" ", "").encode() + b"\n"


def append(journal: Journal, *bodies: bytes) -> None:
    async def go() -> None:
        for body in bodies:
            await journal.append([Entry(journal.reserve(1), "events", 1, body + b"\n")])

    asyncio.run(go())


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "j")


def test_everything_arrives_and_the_journal_empties(journal: Journal) -> None:
    store = MemoryStore()
    drain = Drain(journal, store, refuse, gather_seconds=0.01)
    drain.start()
    append(journal, *(b"%d" % i for i in range(200)))
    eventually(lambda: journal.depth == 0)
    assert store.lines() == [b"%d" % i for i in range(200)]
    assert drain.stop(10)
    journal.close()


def test_consistent_reading_waits_for_what_was_acknowledged(journal: Journal) -> None:
    store = MemoryStore()
    drain = Drain(journal, store, refuse, gather_seconds=30)  # it would take its time
    drain.start()
    append(journal, b"now")
    asyncio.run(drain.reach(journal.committed, 20))
    assert store.lines() == [b"now"]
    drain.stop(10)
    journal.close()


def test_consistent_reading_gives_up_with_a_clear_error(journal: Journal) -> None:
    store = MemoryStore()
    store.down = True
    drain = Drain(journal, store, refuse, gather_seconds=0.01)
    drain.start()
    append(journal, b"late")
    with pytest.raises(Unavailable) as raised:
        asyncio.run(drain.reach(journal.committed, 0.2))
    assert raised.value.code == "NOT_YET_VISIBLE"
    drain.stop(10)
    journal.close()


def test_a_store_that_comes_back_gets_everything(journal: Journal) -> None:
    store = MemoryStore()
    store.down = True
    drain = Drain(journal, store, refuse, gather_seconds=0.01)
    drain.start()
    append(journal, b"one", b"two")
    eventually(lambda: drain.failure is not None)
    assert store.lines() == []
    store.down = False
    eventually(lambda: journal.depth == 0 and drain.failure is None)
    assert store.lines() == [b"one", b"two"]
    drain.stop(10)
    journal.close()


def test_what_is_left_at_a_stop_follows_at_the_next_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    store = MemoryStore()
    store.down = True
    drain = Drain(journal, store, refuse, gather_seconds=0.01)
    drain.start()
    append(journal, b"one")
    assert not drain.stop(10)
    journal.close()
    store.down = False
    again = Journal(tmp_path / "j")
    second = Drain(again, store, refuse, gather_seconds=0.01)
    second.start()
    eventually(lambda: again.depth == 0)
    assert store.lines() == [b"one"]
    second.stop(10)
    again.close()


def test_a_stop_carries_on_what_waits(journal: Journal) -> None:
    store = MemoryStore()
    drain = Drain(journal, store, refuse, gather_seconds=30)
    drain.start()
    append(journal, *(b"%d" % i for i in range(50)))
    assert drain.stop(20)
    assert len(store.lines()) == 50
    journal.close()


def test_one_poisoned_line_is_set_aside_and_its_neighbours_arrive(journal: Journal) -> None:
    store = MemoryStore()
    store.poison = b"bad"
    drain = Drain(journal, store, refuse, gather_seconds=0.2)
    bodies = [b"%d" % i for i in range(100)]
    bodies[37] = b"bad"
    entry = Entry(journal.reserve(100), "events", 100, b"\n".join(bodies) + b"\n")
    asyncio.run(journal.append([entry]))
    append(journal, b"after")
    drain.start()
    eventually(lambda: journal.depth == 0)
    assert sorted(store.lines()) == sorted([*(b for b in bodies if b != b"bad"), b"after"])
    (refused,) = store.lines("rejected")
    assert json.loads(refused)["line"].strip() == "bad"
    drain.stop(10)
    journal.close()


def test_tokens_differ_between_journals_and_blocks(tmp_path: Path) -> None:
    store = MemoryStore()
    for name in ("a", "b"):
        journal = Journal(tmp_path / name, clock=lambda: 1_000_000_000)
        drain = Drain(journal, store, refuse, gather_seconds=0.0)
        drain.start()
        for i in range(3):
            append(journal, b"same-%d" % i)
            asyncio.run(drain.reach(journal.committed, 20))
        drain.stop(10)
        journal.close()
    assert len(store.lines()) == 6


def test_it_never_holds_up_the_one_who_appends(journal: Journal) -> None:
    held = threading.Event()

    def stuck(stream: str, lines: bytes, token: str) -> None:
        held.wait(20)

    drain = Drain(journal, stuck, refuse, gather_seconds=0.0)
    drain.start()
    append(journal, *(b"%d" % i for i in range(100)))
    assert journal.depth == 100
    held.set()
    drain.stop(10)
    journal.close()


def test_an_unforeseen_error_does_not_end_it(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall_server.journal.drain._STUMBLE_SECONDS", 0.01)
    store = MemoryStore()
    drain = Drain(journal, store, refuse, gather_seconds=0.01)
    read, failures = journal.read, [MemoryError("no room"), OSError("no file")]

    def stumbling(*arguments: int) -> list[Entry]:
        if failures:
            raise failures.pop()
        return read(*arguments)

    monkeypatch.setattr(journal, "read", stumbling)
    drain.start()
    append(journal, b"one")
    eventually(lambda: journal.depth == 0)
    assert store.lines() == [b"one"]
    assert drain.failure is None
    drain.stop(10)
    journal.close()
