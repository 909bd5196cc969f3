"""A journal that another process owns, as its drain sees it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from footfall_server.journal import slots
from footfall_server.journal.journal import Entry, age_of_oldest, read_entries, rewrite
from footfall_server.journal.mark import Mark
from footfall_server.model.errors import Unavailable

_OWNER_SECONDS = 30.0


class ForeignJournal:
    """Reads what the owner has made durable; says through the mark what the owner may forget.

    Raises sqlite3.Error when made before the owner has made the file. Any thread may use it.
    """

    poll_seconds: float | None = 0.1
    """Nobody tells of commits: whoever drains looks this often."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._reader = sqlite3.connect(
            f"file:{path}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )
        try:
            row = self._reader.execute("SELECT id FROM journal").fetchone()
            if row is None:
                raise sqlite3.OperationalError("the journal has no name yet")
        except sqlite3.Error:
            self._reader.close()
            raise
        self.id: str = row[0]
        self.on_commit: Callable[[], None] = lambda: None
        self._mark = Mark(path, self.id)

    @property
    def drained(self) -> int:
        """What an earlier drain has carried on."""
        return self._mark.get()

    @property
    def committed(self) -> int:
        """The newest entry that is durable, at this moment."""
        return self._number("SELECT coalesce(max(seq), 0) FROM entries WHERE seq > ?")

    @property
    def depth(self) -> int:
        """Lines that are durable there and not yet in the store."""
        return self._number("SELECT coalesce(sum(lines), 0) FROM entries WHERE seq > ?")

    def read(self, after: int, max_lines: int, max_bytes: int) -> list[Entry]:
        """As `Journal.read`."""
        return read_entries(self.path, after, max_lines, max_bytes)

    def oldest_seconds(self, after: int) -> float:
        """As `Journal.oldest_seconds`."""
        return age_of_oldest(self.path, after, time.time_ns())

    def delete(self, up_to: int) -> None:
        """The store has the entries up to this one. An owner that has gone can't forget them."""
        self._mark.set(up_to)
        slot = slots.hold(self.path)
        if slot is None:
            return
        try:
            with self._lock:
                self._reader.execute("DELETE FROM entries WHERE seq <= ?", (up_to,))
        finally:
            slot.close()

    def scrub(self) -> None:
        """As `Journal.scrub`, once the owner has forgotten what was carried on. Blocks.

        Raises Unavailable when it doesn't in half a minute, or the file can't be written.
        """
        deadline = time.monotonic() + _OWNER_SECONDS
        forgotten = "SELECT count(*) FROM entries WHERE seq <= ?"
        while self._number(forgotten):
            if time.monotonic() > deadline:
                raise Unavailable(
                    "JOURNAL_NOT_FORGOTTEN",
                    f"{self.path.name}'s collector doesn't forget what the store has: see whether"
                    " it runs.",
                )
            time.sleep(self.poll_seconds or 0.1)
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=_OWNER_SECONDS)
            try:
                rewrite(connection)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise Unavailable(
                "JOURNAL_UNWRITABLE", f"The journal {self.path.name} can't be written: {error}"
            ) from None

    def close(self) -> None:
        with self._lock:
            self._reader.close()
        self._mark.close()

    def _number(self, statement: str) -> int:
        with self._lock:
            found: int = self._reader.execute(statement, (self._mark.get(),)).fetchone()[0]
        return found
