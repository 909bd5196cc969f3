"""The journal: what it returned for is on disk, in order, and leaves only when the store has it."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from footfall_server.journal import Entry, Journal
from footfall_server.model.errors import Unavailable


def append(journal: Journal, *bodies: bytes, stream: str = "events") -> list[Entry]:
    entries = [Entry(journal.reserve(1), stream, 1, body + b"\n") for body in bodies]

    async def go() -> None:
        await asyncio.gather(*(journal.append([entry]) for entry in entries))

    asyncio.run(go())
    return entries


def lines(journal: Journal, after: int = 0) -> list[bytes]:
    found = journal.read(after, 1_000_000, 1 << 30)
    return [line for entry in found for line in entry.body.splitlines()]


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    append(journal, *(b"%d" % i for i in range(500)))
    assert lines(journal) == [b"%d" % i for i in range(500)]
    assert journal.depth == 500
    journal.close()


def test_it_is_all_there_after_reopening(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    identity = journal.id
    append(journal, b"one", b"two")
    journal.close()
    again = Journal(tmp_path / "j")
    assert lines(again) == [b"one", b"two"]
    assert again.id == identity
    assert again.depth == 2
    again.close()


def test_what_the_store_has_is_forgotten(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    append(journal, b"one")
    append(journal, b"two")
    first = journal.read(0, 1, 1)[0]
    journal.delete(first.seq)
    append(journal, b"three")  # deletions go with the next commit
    assert lines(journal) == [b"two", b"three"]
    assert journal.depth == 2
    journal.close()


def test_places_grow_when_the_clock_is_set_back(tmp_path: Path) -> None:
    now = 2_000_000_000_000_000_000
    journal = Journal(tmp_path / "j", clock=lambda: now)
    last = append(journal, b"one", b"two")[-1].seq
    journal.delete(last)
    append(journal, b"three")
    journal.delete(journal.committed)
    journal.close()
    earlier = Journal(tmp_path / "j", clock=lambda: now - 3_600_000_000_000)
    assert earlier.reserve(1) > last
    earlier.close()


def test_streams_stay_apart_within_a_commit(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")

    async def go() -> None:
        for i in range(50):
            await journal.append(
                [
                    Entry(journal.reserve(1), "events", 1, b"e%d\n" % i),
                    Entry(journal.reserve(1), "rejected", 1, b"r%d\n" % i),
                ]
            )

    asyncio.run(go())
    found = journal.read(0, 1_000, 1 << 20)
    for stream, letter in (("events", b"e"), ("rejected", b"r")):
        text = b"".join(entry.body for entry in found if entry.stream == stream)
        assert text.split() == [b"%s%d" % (letter, i) for i in range(50)]
    journal.close()


def test_a_block_stays_within_its_bounds(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    for _ in range(10):
        append(journal, b"x" * 1_000)
    assert len(journal.read(0, 3, 1 << 20)) == 3
    assert len(journal.read(0, 1_000, 2_500)) == 2
    assert len(journal.read(0, 1, 1)) == 1
    journal.close()


def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    append(journal, b"before")
    pages = journal._writer.execute("PRAGMA page_count").fetchone()[0]
    journal._writer.execute(f"PRAGMA max_page_count={pages}")  # as a full disk answers
    with pytest.raises(Unavailable) as raised:
        append(journal, os.urandom(200_000))
    assert raised.value.code == "JOURNAL_UNWRITABLE"
    with pytest.raises(Unavailable):
        journal.check()
    journal._writer.execute(f"PRAGMA max_page_count={pages + 10_000}")
    append(journal, b"after")
    journal.check()
    assert lines(journal) == [b"before", b"after"]
    journal.close()


def test_a_journal_that_has_fallen_behind_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", max_bytes=100)
    append(journal, os.urandom(500))
    with pytest.raises(Unavailable) as raised:
        append(journal, b"more")
    assert raised.value.code == "JOURNAL_FULL"
    journal.close()


_WRITER = """
import asyncio, os, sys
from pathlib import Path
from footfall_server.journal import Entry, Journal
journal = Journal(Path(sys.argv[1]))
async def client(name):
    for i in range(100_000):
        await journal.append([Entry(journal.reserve(1), "events", 1, b"%s-%d\\n" % (name, i))])
        os.write(1, b"%s-%d\\n" % (name, i))
async def main():
    await asyncio.gather(*(client(b"c%d" % i) for i in range(8)))
asyncio.run(main())
"""


@pytest.mark.parametrize("after", [0.05, 0.15, 0.4])
def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, after: float) -> None:
    path = tmp_path / "j"
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    acknowledged = [first, *process.stdout.read().splitlines(keepends=True)]
    process.stdout.close()
    process.wait()
    complete = {line.strip() for line in acknowledged if line.endswith(b"\n")}
    journal = Journal(path)
    found = lines(journal)
    journal.close()
    assert len(complete) > 8
    assert complete <= set(found)
    assert len(found) == len(set(found))


def test_two_entries_may_not_share_a_place(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    entry = Entry(journal.reserve(1), "events", 1, b"x\n")
    asyncio.run(journal.append([entry]))
    with pytest.raises(Unavailable):
        asyncio.run(journal.append([entry]))
    assert lines(journal) == [b"x"]
    journal.close()
    with sqlite3.connect(tmp_path / "j") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
