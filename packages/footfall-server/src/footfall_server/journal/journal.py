"""The journal: SQLite in WAL mode with synchronous=FULL, one writer thread, group commit."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import lz4.block

from footfall_server.journal.mark import Mark
from footfall_server.model.errors import Unavailable
from footfall_server.model.histogram import Histogram

# The store may hold a later event than the clock says, if the clock was set back in between.
_CLOCK_FLOOR = 1_000_000
_GROUP_BYTES = 8 << 20
_READERS_SECONDS = 30.0
_VACUUM_BYTES = 128 << 20  # what may be copied through memory
_BUSY_SECONDS, _GATHER_SECONDS = 0.003, 0.002
_LOOK_SECONDS = 0.5
_ACCELERATION = 4  # twice as fast as the default, 5 % larger
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    lines INTEGER NOT NULL,
    body BLOB NOT NULL
);
"""


class Entry(NamedTuple):
    """Lines of one stream, each with its newline. `seq` places them among all entries."""

    seq: int
    stream: str
    lines: int
    body: bytes


class _Waiting(NamedTuple):
    entries: Sequence[Entry]
    delete: int = 0
    done: asyncio.Future[None] | None = None
    work: Callable[[], None] | None = None
    probe: bool = False


class Journal:
    """Entries wait here from the answer to the client until the store has them.

    Everything that was appended is on disk when `append` returns; a kill at any moment loses
    nothing that it returned for. One process owns a journal's file. With `drained_elsewhere`
    another process carries it on, and says by a mark what can be forgotten.
    """

    poll_seconds: float | None = None
    """Commits are told (`on_commit`): nobody needs to look."""

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int = 8 << 30,
        clock: Callable[[], int] = time.time_ns,
        drained_elsewhere: bool = False,
    ) -> None:
        self._path = path
        self._clock = clock
        self._max_bytes = max_bytes
        self._writer = self._open()
        self._writer.executescript(_SCHEMA)
        row = self._writer.execute("SELECT id FROM journal").fetchone()
        if row is None:
            self._writer.execute("INSERT INTO journal VALUES (?)", (uuid4().hex,))
            row = self._writer.execute("SELECT id FROM journal").fetchone()
        self.id: str = row[0]
        self._mark = Mark(path, self.id) if drained_elsewhere else None
        self._forgotten = 0 if self._mark is None else self._mark.get()
        self._writer.execute("DELETE FROM entries WHERE seq <= ?", (self._forgotten,))
        last = self._writer.execute("SELECT seq FROM sqlite_sequence").fetchone()
        self._next = last[0] + _CLOCK_FLOOR if last else 0
        depth, size, newest = self._writer.execute(
            "SELECT coalesce(sum(lines), 0), coalesce(sum(length(body)), 0), coalesce(max(seq), 0)"
            " FROM entries"
        ).fetchone()
        self.depth: int = depth
        """Lines that are durable here and not yet in the store."""
        self._bytes: int = size
        self.drained = 0
        """Nothing that is here was carried on: what was has been deleted."""
        self.committed: int = newest
        """The newest durable entry."""
        self.commits = 0
        self.fsync_seconds = Histogram()
        """Of transactions, each with its fsync."""
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._failed: Unavailable | None = None
        self.on_commit: Callable[[], None] = _nothing
        """Called in the writer's thread after each commit that added entries."""
        self._thread = threading.Thread(target=self._write_forever, name="journal", daemon=True)
        self._thread.start()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA page_size=16384")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA wal_autocheckpoint=4000")
        return connection

    def reserve(self, count: int) -> int:
        """The first of `count` places in the order of acknowledgement (microseconds since 1970).

        Places only grow, also over restarts and when the clock is set back.
        """
        first = max(self._next, self._clock() // 1000)
        self._next = first + count
        return first

    async def append(self, entries: Sequence[Entry]) -> None:
        """Return when the entries are on disk. Raises Unavailable: then none of them counts."""
        if self._bytes > self._max_bytes:
            raise Unavailable(
                "JOURNAL_FULL",
                "The collector has fallen behind its store and takes nothing more for now: try "
                "again later.",
                retry_after=30,
            )
        done = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(entries, done=done))
        await done

    def delete(self, up_to: int) -> None:
        """Forget the entries up to this one: the store has them. Doesn't wait for the disk."""
        self._queue.put(_Waiting((), delete=up_to))

    def barrier(self) -> int:
        """Wait until all that was given to `append` before is decided; the newest durable entry.

        Blocks; for threads that may. Raises Unavailable as `append`.
        """
        self._in_turn(_nothing)
        return self.committed

    def scrub(self) -> None:
        """Leave no byte on disk of entries that were deleted: neither free pages nor the log.

        Blocks; requests wait meanwhile, some milliseconds for a journal that is drained.
        """
        self._in_turn(self._rewrite)

    def _in_turn(self, work: Callable[[], None]) -> None:
        """Have it done in the writer's thread after what waits there, and wait for it."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except sqlite3.Error as error:
                done.set_exception(_unwritable(error))
            else:
                done.set_result(None)

        self.check()
        self._queue.put(_Waiting((), work=run))
        done.result()

    def _rewrite(self) -> None:
        rewrite(self._writer)

    def read(self, after: int, max_lines: int, max_bytes: int) -> list[Entry]:
        """The next entries in order, at least one if there is any, within about these bounds."""
        return read_entries(self._path, after, max_lines, max_bytes)

    def oldest_seconds(self, after: int) -> float:
        """How long the oldest entry after this one has waited for the store; 0 if none does."""
        return age_of_oldest(self._path, after, self._clock())

    def check(self) -> None:
        """Raises Unavailable with the reason when the last write could not be made durable."""
        if self._failed is not None:
            # Whoever sends nothing here until this is well again would wait for ever: try a write.
            self._queue.put(_Waiting((), probe=True))
            raise self._failed
        if not self._thread.is_alive():
            raise Unavailable(
                "JOURNAL_STOPPED", "The journal's writer has stopped: restart the server."
            )

    def close(self) -> None:
        """Write what waits, and close the file."""
        self._queue.put(None)
        self._thread.join()
        self._writer.close()

    def _write_forever(self) -> None:
        running, last = True, 0.0
        while running:
            try:
                each = self._queue.get(timeout=None if self._mark is None else _LOOK_SECONDS)
            except queue.Empty:
                self._commit([])
                continue
            # A lone request is written at once. When they come one upon another, waiting a little
            # makes a transaction of many: it costs them 2 ms, and costs the machine half.
            if time.monotonic() - last < _BUSY_SECONDS:
                time.sleep(_GATHER_SECONDS)
            waiting, size = [], 0
            while True:
                if each is None:
                    running = False
                    break
                waiting.append(each)
                size += sum([len(entry.body) for entry in each.entries])
                if size > _GROUP_BYTES or self._queue.empty():
                    break
                each = self._queue.get()
            self._commit(waiting)
            for each in waiting:
                if each.work is not None:
                    each.work()
            last = time.monotonic()

    def _commit(self, waiting: list[_Waiting]) -> None:
        delete = max((each.delete for each in waiting), default=0)
        if self._mark is not None:
            drained = self._mark.get()
            delete, self._forgotten = (drained if drained > self._forgotten else 0), drained
        try:
            rows = _rows([entry for each in waiting for entry in each.entries])
            probe = any(each.probe for each in waiting)
            if not rows and not delete and not probe:
                return
            began = time.perf_counter()
            freed = self._transaction(rows, delete, probe=probe)
        except Exception as error:  # whatever it is: who waits must hear of it
            self._failed = _unwritable(error)
            _answer(waiting, self._failed)
            return
        self._failed = None
        self.commits += 1
        self.depth += sum(row[2] for row in rows) - freed[0]
        self._bytes += sum(len(row[3]) for row in rows) - freed[1]
        self.fsync_seconds.add(time.perf_counter() - began)
        if rows:  # before the answers go out: who was answered may ask what is committed
            self.committed = max(self.committed, rows[-1][0])
        _answer(waiting, None)
        if rows:
            self.on_commit()

    def _transaction(
        self, rows: list[tuple[int, str, int, bytes]], delete: int, *, probe: bool
    ) -> tuple[int, int]:
        """Make it so, or leave everything as it was; gives the lines and bytes that went away."""
        writer = self._writer
        freed = (0, 0)
        writer.execute("BEGIN IMMEDIATE")
        try:
            if delete:
                freed = writer.execute(
                    "SELECT coalesce(sum(lines), 0), coalesce(sum(length(body)), 0)"
                    " FROM entries WHERE seq <= ?",
                    (delete,),
                ).fetchone()
                writer.execute("DELETE FROM entries WHERE seq <= ?", (delete,))
            if probe:
                writer.execute("UPDATE journal SET id = id")
            writer.executemany("INSERT INTO entries VALUES (?, ?, ?, ?)", rows)
            writer.execute("COMMIT")
        except BaseException:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise
        return freed


def rewrite(connection: sqlite3.Connection) -> None:
    """Write a journal's file anew, so that nothing of what was deleted is left in it or its log.

    Raises sqlite3.OperationalError when a reader holds the log all the time.
    """
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("page_count", "freelist_count", "page_size")
    )
    store = "MEMORY" if (pages - free) * size <= _VACUUM_BYTES else "FILE"
    connection.execute(f"PRAGMA temp_store={store}")
    connection.execute("VACUUM")
    deadline = time.monotonic() + _READERS_SECONDS
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            raise sqlite3.OperationalError("a reader holds the journal's log")


def read_entries(path: Path, after: int, max_lines: int, max_bytes: int) -> list[Entry]:
    """Of the journal at `path`: the next entries after `after`, as `Journal.read` gives them."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        entries: list[Entry] = []
        lines = size = 0
        for seq, stream, count, body in connection.execute(
            "SELECT seq, stream, lines, body FROM entries WHERE seq > ? ORDER BY seq", (after,)
        ):
            plain = lz4.block.decompress(body)
            if entries and (lines + count > max_lines or size + len(plain) > max_bytes):
                break
            entries.append(Entry(seq, stream, count, plain))
            lines += count
            size += len(plain)
        return entries
    finally:
        connection.close()


def age_of_oldest(path: Path, after: int, now: int) -> float:
    """Of the journal at `path`: the seconds that the oldest entry after `after` has waited at `now`
    (nanoseconds); 0 without one. Entries are numbered by the microsecond of their acknowledgement.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        (oldest,) = connection.execute(
            "SELECT min(seq) FROM entries WHERE seq > ?", (after,)
        ).fetchone()
    finally:
        connection.close()
    return 0.0 if oldest is None else max(0.0, now / 1e9 - oldest / 1e6)


def _unwritable(error: Exception) -> Unavailable:
    return Unavailable(
        "JOURNAL_UNWRITABLE",
        f"The journal can't be written ({error}): free space on the data directory's disk. "
        "Nothing was taken.",
    )


def _rows(entries: list[Entry]) -> list[tuple[int, str, int, bytes]]:
    """One row a stream for all entries of a commit, numbered by the last of them."""
    rows = []
    for stream in sorted({entry.stream for entry in entries}):
        same = [entry for entry in entries if entry.stream == stream]
        body = b"".join([entry.body for entry in same])
        packed = lz4.block.compress(body, mode="fast", acceleration=_ACCELERATION)
        rows.append((same[-1].seq, stream, sum(entry.lines for entry in same), packed))
    return sorted(rows)


def _answer(waiting: list[_Waiting], error: Unavailable | None) -> None:
    """Wake everyone who waits: one call into each event loop, however many they are."""
    loops: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for each in waiting:
        if each.done is not None:
            loops.setdefault(each.done.get_loop(), []).append(each.done)
    for loop, futures in loops.items():
        loop.call_soon_threadsafe(_settle, futures, error)


def _settle(futures: list[asyncio.Future[None]], error: Unavailable | None) -> None:
    for done in futures:
        if done.done():
            continue  # the request was cancelled meanwhile
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _nothing() -> None:
    pass
