"""What destinations still have to get: events that the store has, until each has been sent on.

A file of its own, because a destination may be away for days and the journal must not wait for it.
Each destination has a durable cursor; what all have passed is deleted. It is bounded: beyond that
the oldest goes first, and the cursors that it overtakes count what they missed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import lz4.block

from footfall_server.journal.journal import rewrite

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project INTEGER NOT NULL,
    token TEXT NOT NULL,
    lines INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (project, token)
);
CREATE TABLE IF NOT EXISTS cursors (
    destination TEXT PRIMARY KEY,
    project INTEGER NOT NULL,
    block INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT 0
);
"""
_LINES = 5_000


class Block(NamedTuple):
    """Lines of one project's events, each with its newline; `id` places them."""

    id: int
    lines: int
    body: bytes


class Cursor(NamedTuple):
    """A destination's place: `waiting` events are behind it, `missed` were overtaken."""

    block: int
    sent: int
    missed: int
    waiting: int
    oldest: int | None
    """The oldest waiting block's instant, in microseconds since 1970."""


class Outbox:
    """Any thread may use it. What `add` and `advance` return from is on disk."""

    def __init__(self, path: Path, *, max_bytes: int = 4 << 30) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)

    def add(self, project: int, lines: list[bytes], token: str, now: int) -> None:
        """The same token again adds nothing while its block is there. `now` is in microseconds."""
        with self._lock, self._database as database:
            database.execute("BEGIN IMMEDIATE")
            for start in range(0, len(lines), _LINES):
                part = lines[start : start + _LINES]
                body = lz4.block.compress(b"".join(part))
                database.execute(
                    "INSERT OR IGNORE INTO blocks (project, token, lines, newest, size, body)"
                    " VALUES (?, ?, ?, ?, ?, ?)",
                    (project, f"{token}:{start}", len(part), now, len(body), body),
                )
            self._bound(database)

    def _bound(self, database: sqlite3.Connection) -> None:
        size = database.execute("SELECT coalesce(sum(size), 0) FROM blocks").fetchone()[0]
        while size > self._max_bytes:
            id_, project, lines, bytes_ = database.execute(
                "SELECT id, project, lines, size FROM blocks ORDER BY id LIMIT 1"
            ).fetchone()
            database.execute(
                "UPDATE cursors SET block = ?, missed = missed + ? WHERE project = ? AND block < ?",
                (id_, lines, project, id_),
            )
            database.execute("DELETE FROM blocks WHERE id = ?", (id_,))
            size -= bytes_

    def follow(self, destinations: Mapping[str, int]) -> None:
        """These destinations (id → project) want what comes from now on; others want nothing."""
        with self._lock, self._database as database:
            database.execute("BEGIN IMMEDIATE")
            known = {row[0] for row in database.execute("SELECT destination FROM cursors")}
            if known == set(destinations):
                return
            newest = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'blocks'")
            last = (newest.fetchone() or (0,))[0]
            database.executemany(
                "INSERT INTO cursors (destination, project, block) VALUES (?, ?, ?)",
                [(id_, project, last) for id_, project in destinations.items() if id_ not in known],
            )
            gone = [(id_,) for id_ in known - set(destinations)]
            database.executemany("DELETE FROM cursors WHERE destination = ?", gone)
            self._trim(database)

    def next(self, destination: str, blocks: int = 1) -> list[Block]:
        """The next blocks after the destination's cursor, in order."""
        with self._lock:
            rows = self._database.execute(
                "SELECT b.id, b.lines, b.body FROM blocks b JOIN cursors c"
                " ON c.project = b.project AND b.id > c.block"
                " WHERE c.destination = ? ORDER BY b.id LIMIT ?",
                (destination, blocks),
            ).fetchall()
        return [Block(id_, lines, lz4.block.decompress(body)) for id_, lines, body in rows]

    def advance(self, destination: str, block: int, sent: int) -> None:
        """The destination has everything up to this block; `sent` events more than before."""
        with self._lock, self._database as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute(
                "UPDATE cursors SET block = max(block, ?), sent = sent + ? WHERE destination = ?",
                (block, sent, destination),
            )
            self._trim(database)

    def cursor(self, destination: str) -> Cursor | None:
        """Where a destination is; None if it isn't followed."""
        with self._lock:
            row = self._database.execute(
                "SELECT c.block, c.sent, c.missed, coalesce(sum(b.lines), 0), min(b.newest)"
                " FROM cursors c LEFT JOIN blocks b ON b.project = c.project AND b.id > c.block"
                " WHERE c.destination = ? GROUP BY c.destination",
                (destination,),
            ).fetchone()
        return None if row is None else Cursor(*row)

    def projects(self) -> set[int]:
        """The projects of which somebody wants events."""
        with self._lock:
            return {row[0] for row in self._database.execute("SELECT project FROM cursors")}

    def erase(self, project: int, gone: Callable[[bytes], bool]) -> int:
        """Take a project's lines of which `gone` is true out of every block; how many they were.

        Their bytes are overwritten, also in the log beside the file.
        """
        erased = 0
        with self._lock:
            with self._database as database:
                database.execute("BEGIN IMMEDIATE")
                blocks = database.execute(
                    "SELECT id, body FROM blocks WHERE project = ?", (project,)
                ).fetchall()
                for id_, body in blocks:
                    lines = lz4.block.decompress(body).splitlines(keepends=True)
                    kept = [line for line in lines if not gone(line)]
                    if len(kept) < len(lines):
                        erased += len(lines) - len(kept)
                        small = lz4.block.compress(b"".join(kept))
                        database.execute(
                            "UPDATE blocks SET body = ?, lines = ?, size = ? WHERE id = ?",
                            (small, len(kept), len(small), id_),
                        )
            rewrite(self._database)  # what was sent and deleted earlier is still in free pages
        return erased

    def close(self) -> None:
        with self._lock:
            self._database.close()

    def _trim(self, database: sqlite3.Connection) -> None:
        database.execute(
            "DELETE FROM blocks WHERE id <= coalesce("
            "(SELECT min(block) FROM cursors WHERE cursors.project = blocks.project),"
            " 9223372036854775807)"
        )


def by_project(lines: bytes, wanted: Iterable[int]) -> dict[int, list[bytes]]:
    """The lines of these projects' events, with newlines; a line begins with its project."""
    starts = {b'{"project":%d,' % project: project for project in wanted}
    found: dict[int, list[bytes]] = {}
    for line in lines.splitlines(keepends=True):
        project = starts.get(line[: line.find(b",") + 1])
        if project is not None:
            found.setdefault(project, []).append(line)
    return found
