"""From the journal into the store: large blocks, in order, each at least once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from itertools import groupby
from typing import NamedTuple, Protocol

from footfall_server.journal.journal import Entry
from footfall_server.model.errors import Unavailable
from footfall_server.model.histogram import Histogram

Sink = Callable[[str, bytes, str], None]
"""`sink(stream, lines, token)` returns when the block is durable in the store.

It raises Unavailable when the store can't take anything now, and another exception when it can't
take this block. The same token may come twice, after a crash; the store counts the block once.
"""

Refuse = Callable[[bytes, str], bytes]
"""From a line that the store can't take, and its message, to the line of the rejected stream."""

_NICENESS = 10
_STUMBLE_SECONDS = 1.0
_CADENCE_SECONDS = 1.0

log = logging.getLogger(__name__)


class Source(Protocol):
    """What is drained: a `Journal` of this process, or another's `ForeignJournal`."""

    on_commit: Callable[[], None]

    @property
    def id(self) -> str: ...
    @property
    def poll_seconds(self) -> float | None: ...
    @property
    def drained(self) -> int: ...
    @property
    def committed(self) -> int: ...
    @property
    def depth(self) -> int: ...
    def read(self, after: int, max_lines: int, max_bytes: int) -> list[Entry]: ...
    def delete(self, up_to: int) -> None: ...
    def oldest_seconds(self, after: int) -> float: ...


class _Waiter(NamedTuple):
    seq: int
    wake: Callable[[], object]


class Drain:
    """One thread. `drained` is the newest journal entry that the store has."""

    def __init__(
        self,
        journal: Source,
        sink: Sink,
        refuse: Refuse,
        *,
        max_lines: int = 100_000,
        max_bytes: int = 64 << 20,
        gather_seconds: float = 0.2,
    ) -> None:
        self._journal = journal
        self._sink = sink
        self._refuse = refuse
        self._max_lines, self._max_bytes = max_lines, max_bytes
        self._gather = gather_seconds
        self._wake = threading.Event()
        self._hurry = threading.Event()
        self._lock = threading.Lock()
        self._waiters: list[_Waiter] = []
        self._stopping = False
        self.drained = journal.drained
        self.blocks = 0
        self.lag_seconds = Histogram()
        """For each block, from the acknowledgement of its first entry until the store had it."""
        self.failure: Unavailable | None = None
        """Why the store can't be reached now, if it can't."""
        journal.on_commit = self._wake.set
        if journal.depth:
            self._wake.set()
        self._thread = threading.Thread(target=self._drain_forever, name="drain", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def hurry(self, *, stop: bool = False) -> None:
        """Don't gather: carry on what is there now, and then end if `stop`."""
        self._stopping = self._stopping or stop
        self._hurry.set()
        self._wake.set()

    def stop(self, timeout: float) -> bool:
        """Carry on what is left, at most `timeout` seconds; True when nothing is left."""
        self.hurry(stop=True)
        self._thread.join(timeout)
        return self._journal.depth == 0 or self.drained >= self._journal.committed

    def oldest_seconds(self) -> float:
        """How long the oldest entry that is to be carried on has waited."""
        return self._journal.oldest_seconds(self.drained)

    async def reach(self, seq: int, timeout: float) -> None:
        """Return when the store has everything up to `seq`; raises NOT_YET_VISIBLE at the "
        "timeout."""
        if self.drained >= seq:
            return
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        waiter = _Waiter(seq, lambda: loop.call_soon_threadsafe(_resolve, done))
        with self._lock:
            self._waiters.append(waiter)
        self.hurry()
        if self.drained >= seq:
            _resolve(done)
        try:
            await asyncio.wait_for(done, timeout)
        except TimeoutError:
            raise Unavailable(
                "NOT_YET_VISIBLE",
                "What was acknowledged before this query is not in the store yet: try again, or "
                "leave out `consistent`.",
                retry_after=1,
            ) from None
        finally:
            with self._lock:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)

    def wait(self, seq: int, timeout: float) -> bool:
        """Block until the store has everything up to `seq`; False at the timeout."""
        done = threading.Event()
        waiter = _Waiter(seq, done.set)
        with self._lock:
            self._waiters.append(waiter)
        self._hurry.set()
        self._wake.set()
        try:
            return self.drained >= seq or done.wait(timeout)
        finally:
            with self._lock:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)

    def _drain_forever(self) -> None:
        _yield_to_the_door()
        last = float("-inf")
        while True:
            self._wait()
            if not self._hurry.is_set() and self._journal.depth < self._max_lines:
                # Few large blocks: each costs the store about as much as a thousand lines do.
                pause = _CADENCE_SECONDS - (time.monotonic() - last)
                self._hurry.wait(max(self._gather, min(pause, _CADENCE_SECONDS)))
            self._hurry.clear()
            last = time.monotonic()
            try:
                drained_all = self._drain_all()
            except Exception as error:  # whatever it is, the next try may succeed: never give up
                log.exception("the drain stumbled; it goes on")
                self.failure = Unavailable(
                    "DRAIN_FAILED", f"Events don't reach the store ({error}): see the server's log."
                )
                drained_all = False
                time.sleep(_STUMBLE_SECONDS)
            if self._stopping:
                return
            if not drained_all:
                self._wake.set()

    def _wait(self) -> None:
        """Until there is something to carry on, or somebody wants something."""
        while not self._wake.wait(self._journal.poll_seconds):
            with contextlib.suppress(Exception):  # a look that fails is followed by another
                if self._journal.depth:
                    break
        self._wake.clear()

    def _drain_all(self) -> bool:
        """Block after block until nothing is left; False when the store can't be reached."""
        while entries := self._journal.read(self.drained, self._max_lines, self._max_bytes):
            try:
                for stream, group in groupby(entries, key=lambda entry: entry.stream):
                    self._insert(stream, list(group))
            except Unavailable as error:
                if self.failure is None:
                    log.warning("the store takes nothing: %s", error.message)
                self.failure = error
                if not self._stopping:
                    time.sleep(min(error.retry_after, 5))
                return False
            self.failure = None
            self.blocks += 1
            self.lag_seconds.add(max(0.0, time.time() - entries[0].seq / 1e6))
            self._journal.delete(entries[-1].seq)
            self._advance(entries[-1].seq)
        return True

    def _insert(self, stream: str, entries: list[Entry]) -> None:
        """Insert as one block; if the store refuses it, find the lines that it can't take."""
        token = f"{self._journal.id}:{stream}:{entries[0].seq}:{entries[-1].seq}"
        try:
            self._sink(stream, b"".join([entry.body for entry in entries]), token)
        except Unavailable:
            raise
        except Exception as error:
            if len(entries) > 1:
                middle = len(entries) // 2
                self._insert(stream, entries[:middle])
                self._insert(stream, entries[middle:])
            else:
                log.warning("the store refused a block: %s", error)
                self._insert_lines(
                    stream, entries[0], entries[0].body.splitlines(keepends=True), str(error)
                )

    def _insert_lines(self, stream: str, entry: Entry, lines: list[bytes], message: str) -> None:
        if len(lines) == 1:
            if stream == "rejected":
                log.error("a rejected event can't be stored either: %s", message)
                return
            token = f"{self._journal.id}:refused:{entry.seq}:{_digest(lines[0])}"
            self._sink("rejected", self._refuse(lines[0], message), token)
            return
        for part in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
            token = f"{self._journal.id}:{stream}:{entry.seq}:{_digest(b''.join(part))}"
            try:
                self._sink(stream, b"".join(part), token)
            except Unavailable:
                raise
            except Exception as error:
                self._insert_lines(stream, entry, part, str(error))

    def _advance(self, seq: int) -> None:
        with self._lock:
            self.drained = seq
            ready = [waiter for waiter in self._waiters if waiter.seq <= seq]
        for waiter in ready:
            waiter.wake()


def _digest(lines: bytes) -> str:
    return hashlib.blake2b(lines, digest_size=8).hexdigest()


def _yield_to_the_door() -> None:
    """Where processors are short, taking events in comes first: the journal can wait.

    On Linux a thread has a niceness of its own, and the engine's threads inherit it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _resolve(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
