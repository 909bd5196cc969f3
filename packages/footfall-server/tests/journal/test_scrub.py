"""What was deleted from the journal leaves no byte on disk, and what wasn't stays."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from pathlib import Path

import pytest
from footfall_server.journal import Entry, Journal
from footfall_server.model.errors import Unavailable


def append(journal: Journal, body: bytes) -> Entry:
    entry = Entry(journal.reserve(1), "events", 1, body + b"\n")
    asyncio.run(journal.append([entry]))
    return entry


def on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def test_deleted_entries_leave_no_byte(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    texts = [secrets.token_hex(20).encode() for _ in range(60)]
    entries = [append(journal, text) for text in texts]
    journal.delete(entries[39].seq)
    assert journal.barrier() == entries[-1].seq
    assert texts[0] in on_disk(tmp_path), "else its absence would prove nothing"
    journal.scrub()
    left = on_disk(tmp_path)
    assert [text for text in texts[:40] if text in left] == []
    assert [entry.seq for entry in journal.read(0, 1000, 1 << 20)] == [
        entry.seq for entry in entries[40:]
    ]
    last = append(journal, b"after")
    journal.close()
    again = Journal(tmp_path / "j")
    assert (again.depth, again.committed) == (21, last.seq)
    again.close()


def test_a_reader_only_holds_it_up(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j")
    append(journal, b"kept")
    reader = sqlite3.connect(tmp_path / "j", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM entries").fetchone()
    journal._writer.execute("PRAGMA busy_timeout=10")
    from footfall_server.journal import journal as module

    before, module._READERS_SECONDS = module._READERS_SECONDS, 0.05
    try:
        with pytest.raises(Unavailable) as caught:
            journal.scrub()
    finally:
        module._READERS_SECONDS = before
        reader.close()
    assert caught.value.code == "JOURNAL_UNWRITABLE"
    journal.scrub()
    append(journal, b"more")
    assert journal.depth == 2
    journal.close()
