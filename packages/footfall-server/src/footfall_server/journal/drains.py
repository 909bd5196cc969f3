"""Every journal of a data directory on its way into the one store."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from pathlib import Path

from footfall_server.journal.drain import Drain, Refuse, Sink
from footfall_server.journal.foreign import ForeignJournal
from footfall_server.journal.journal import Journal
from footfall_server.model.errors import Unavailable
from footfall_server.model.histogram import Histogram

_LOOK_SECONDS = 1.0


class Drains:
    """The drain of this process's own journal, and one for each that collectors leave in `folder`.

    Journals are found as they appear; those of collectors that have gone are emptied too.
    `from_others`, if given, is the sink of what other processes took in.
    """

    def __init__(
        self,
        journal: Journal,
        folder: Path,
        sink: Sink,
        refuse: Refuse,
        from_others: Sink | None = None,
    ) -> None:
        self._journal, self._folder = journal, folder
        self._sink, self._refuse = from_others or sink, refuse
        self._own = Drain(journal, sink, refuse)
        self._others: dict[Path, tuple[ForeignJournal, Drain]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look, name="journals", daemon=True)

    def start(self) -> None:
        self._own.start()
        self.discover()
        self._thread.start()

    def stop(self, timeout: float) -> bool:
        """Carry on what is left, at most `timeout` seconds; True when nothing is left."""
        deadline = time.monotonic() + timeout
        self.discover()
        self._stopping.set()
        self._thread.join()
        drains = self._all()
        for drain in drains:
            drain.hurry(stop=True)
        carried = [drain.stop(max(0.0, deadline - time.monotonic())) for drain in drains]
        return all(carried)

    def close(self) -> None:
        """Close the others' journals; after `stop`."""
        for journal, _ in self._others.values():
            journal.close()

    async def reach_all(self, timeout: float) -> None:
        """Return when the store has all that is acknowledged now, by whichever process.

        Raises Unavailable NOT_YET_VISIBLE at the timeout.
        """
        goals = [(self._own, self._journal.committed)]
        if self._folder.exists():
            goals += await asyncio.to_thread(self._goals)
        await asyncio.gather(*(drain.reach(seq, timeout) for drain, seq in goals))

    def wait_all(self, timeout: float) -> bool:
        """`reach_all` for a thread that may block; False at the timeout."""
        deadline = time.monotonic() + timeout
        goals = [(self._own, self._journal.barrier()), *self._goals()]
        return all(drain.wait(seq, deadline - time.monotonic()) for drain, seq in goals)

    def scrub_all(self) -> None:
        """Leave no byte on disk of what the store has taken over. Raises Unavailable."""
        self._journal.scrub()
        with self._lock:
            others = [journal for journal, _ in self._others.values()]
        for journal in others:
            journal.scrub()

    @property
    def alone(self) -> bool:
        """Whether no other process takes events in."""
        with self._lock:
            return not self._others

    @property
    def blocks(self) -> int:
        """Blocks carried into the store."""
        return sum(drain.blocks for drain in self._all())

    @property
    def depth(self) -> int:
        """Lines that are durable and not yet in the store, of all journals."""
        with self._lock:
            others = [journal for journal, _ in self._others.values()]
        return self._journal.depth + sum(journal.depth for journal in others)

    def oldest_seconds(self) -> float:
        """How long what has waited longest has waited for the store."""
        return max(drain.oldest_seconds() for drain in self._all())

    @property
    def lags(self) -> list[Histogram]:
        """Of each drain, see `Drain.lag_seconds`."""
        return [drain.lag_seconds for drain in self._all()]

    @property
    def failure(self) -> Unavailable | None:
        """Why the store can't be reached now, if it can't."""
        return next((drain.failure for drain in self._all() if drain.failure), None)

    def discover(self) -> None:
        """Start a drain for each journal that is new."""
        with self._lock:
            for path in sorted(self._folder.glob("*.db")):
                if path in self._others or self._stopping.is_set():
                    continue
                with contextlib.suppress(sqlite3.Error, OSError):  # its owner is still making it
                    journal = ForeignJournal(path)
                    drain = Drain(journal, self._sink, self._refuse)
                    self._others[path] = (journal, drain)
                    drain.start()

    def _goals(self) -> list[tuple[Drain, int]]:
        self.discover()
        with self._lock:
            return [(drain, journal.committed) for journal, drain in self._others.values()]

    def _all(self) -> list[Drain]:
        with self._lock:
            return [self._own, *(drain for _, drain in self._others.values())]

    def _look(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            self.discover()
