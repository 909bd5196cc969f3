"""One destination's thread: take, filter, send, go on; wait when it can't."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from footfall_server.automation.destinations import events
from footfall_server.automation.destinations.document import Destination
from footfall_server.automation.destinations.outcome import Refused, Undelivered
from footfall_server.automation.destinations.senders import Seconds, Sender
from footfall_server.insights.matching import Matcher
from footfall_server.journal.outbox import Block, Outbox
from footfall_server.model.event import Event
from footfall_server.model.project import Project

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 300.0
_LOOK_SECONDS = 1.0
_BLOCKS = 16

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Fare:
    """How it goes, since this process began. Instants are in seconds since 1970."""

    last_success: float | None = None
    last_error: str | None = None
    last_error_at: float | None = None
    failures: int = 0
    """In a row; 0 when the last delivery succeeded."""
    refused: int = 0
    """Events that the other side won't take."""


class Forwarder:
    """Sends what the outbox holds for one destination, in order, each event at least once."""

    def __init__(
        self,
        id_: str,
        destination: Destination,
        project: Project,
        outbox: Outbox,
        matcher: Matcher,
        sender: Sender,
        clock: Seconds,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.fare = Fare()
        self._id, self._destination, self._project = id_, destination, project
        self._outbox, self._matcher, self._sender = outbox, matcher, sender
        self._clock, self._jitter = clock, jitter
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._forward, name=f"to {id_}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    def stop(self) -> None:
        """Ask it to end; a delivery under way is finished."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _forward(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._step():
                    self._wake.wait(_LOOK_SECONDS)
                    self._wake.clear()
            except Exception as error:  # a defect or a busy disk must not end it for good
                log.exception("a destination stumbled; it goes on")
                self._fail(f"{type(error).__name__}: see the server's log")
                self._pause(None)
        self._sender.close()

    def _step(self) -> bool:
        """Send the next blocks; False when there is nothing to send yet."""
        blocks = self._gathered()
        if not blocks:
            return False
        lines = [line for block in blocks for line in block.body.splitlines()]
        found = self._matcher.of(
            self._project.id, [events.read(line) for line in lines], self._destination.filters
        )
        for start in range(0, len(found), self._sender.most):
            if not self._deliver(found[start : start + self._sender.most]):
                return True  # it is stopping: the same blocks come again after the next start
        self._outbox.advance(self._id, blocks[-1].id, len(found))
        return True

    def _gathered(self) -> list[Block]:
        blocks = list(_within(self._outbox.next(self._id, _BLOCKS), self._sender.most))
        if not blocks or self._sender.gather_seconds == 0:
            return blocks
        cursor = self._outbox.cursor(self._id)
        if cursor is None or cursor.oldest is None:
            return []
        old = self._clock() - cursor.oldest / 1e6 >= self._sender.gather_seconds
        return blocks if old or cursor.waiting >= self._sender.most else []

    def _deliver(self, batch: Sequence[Event]) -> bool:
        """Until the other side has it or has refused it; False when stopping before that."""
        while not self._stopping.is_set():
            try:
                self._sender.send(batch, _token(batch))
            except Undelivered as error:
                self._fail(str(error))
                self._pause(error.retry_after)
                continue
            except Refused as error:
                return self._halve(batch, str(error))
            self.fare.last_success, self.fare.failures = self._clock(), 0
            return True
        return False

    def _halve(self, batch: Sequence[Event], message: str) -> bool:
        """Find the events that it won't take; the others arrive."""
        if len(batch) > 1:
            middle = len(batch) // 2
            return self._deliver(batch[:middle]) and self._deliver(batch[middle:])
        self.fare.refused += 1
        self.fare.last_error, self.fare.last_error_at = message[:500], self._clock()
        return True

    def _fail(self, message: str) -> None:
        self.fare.failures += 1
        self.fare.last_error, self.fare.last_error_at = message[:500], self._clock()

    def _pause(self, retry_after: float | None) -> None:
        """Exponential, with full jitter, so that many don't come back at once."""
        most = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self.fare.failures - 1, 20))
        pause = self._jitter(0, most)
        if retry_after is not None:
            pause = max(pause, min(retry_after, _LONGEST_PAUSE))
        self._stopping.wait(pause)


def _within(blocks: Sequence[Block], most: int) -> Iterator[Block]:
    """The first block, and those after it that fit into a batch with it."""
    lines = 0
    for place, block in enumerate(blocks):
        lines += block.lines
        if place and lines > most:
            return
        yield block


def _token(batch: Sequence[Event]) -> str:
    """The same events have the same token."""
    digest = hashlib.blake2b(digest_size=12)
    for each in batch:
        digest.update(f"{each.message_id}\0{each.event}\0{each.install}\n".encode())
    return digest.hexdigest()
