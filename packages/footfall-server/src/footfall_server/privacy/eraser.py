"""The thread that does what erasures were asked for, all that wait in one batch."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from footfall_server.accounts import Erasures, Receipt
from footfall_server.model.errors import FootfallError
from footfall_server.privacy.blocklist import Blocklist
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.places import Place
from footfall_server.store import Marks

_LOOK_SECONDS = 2.0  # how soon a request of another process (the command line) is seen
_RETRY_SECONDS = 5.0
_FOLLOW_SECONDS = 30.0
_CLOCKS = timedelta(hours=1)  # by which servers' clocks may differ at the most

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Eraser:
    """Erasures are durable once asked for: whatever ends the process, the next one goes on.

    A batch goes through the places in order, the journal first: what it holds passes into the
    store, where it is found. What doesn't succeed is tried again, and the receipt says why.

    Of several servers with the same metadata each has journals and an outbox of its own: so what
    another one has finished is done here too, also what it finished while this one was away. The
    file `followed` says until when that is known.
    """

    def __init__(
        self,
        erasures: Erasures,
        marker: Marker,
        places: Sequence[Place],
        blocklist: Blocklist,
        followed: Path,
        *,
        look_seconds: float = _LOOK_SECONDS,
        retry_seconds: float = _RETRY_SECONDS,
        follow_seconds: float = _FOLLOW_SECONDS,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.erasures = erasures
        self._marker, self._places, self._blocklist = marker, places, blocklist
        self._look_seconds, self._retry_seconds, self._clock = look_seconds, retry_seconds, clock
        self._followed, self._follow_seconds = followed, follow_seconds
        self._follow_at = 0.0
        self._done: set[str] = set()  # here, whoever was first
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="eraser", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that runs; what waits is done by the next process."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def request(
        self, project: int, installs: Iterable[str], *, origin: str, block: bool = False
    ) -> Receipt:
        """Have these installs erased; the receipt is durable. Raises as `Erasures.request`."""
        names = [place.name for place in self._places]
        marks = self._marker.marks(project, installs)
        receipt = self.erasures.request(project, marks, names, origin, block)
        if block:
            self._blocklist.refresh()
        self._wake.set()
        return receipt

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait(self._look_seconds)
            self._wake.clear()
            try:
                waiting = self.erasures.unfinished()
                if waiting and not self._stop.is_set():
                    self._batch(waiting)
                if time.monotonic() >= self._follow_at and not self._stop.is_set():
                    self._follow()
                    self._follow_at = time.monotonic() + self._follow_seconds
            except Exception:
                log.exception("the erasures stumbled; they are tried again")
                self._stop.wait(self._retry_seconds)

    def _batch(self, waiting: list[tuple[Receipt, list[str]]]) -> None:
        ids = [receipt.id for receipt, _ in waiting]
        wanted = self._wanted(waiting)
        self._blocklist.refresh()
        try:
            for place in self._places:
                self.erasures.note(ids, place.name, state="running")
                rows = place.erase(wanted)
                at = self._clock().isoformat()
                for id_, count in zip(ids, rows, strict=True):
                    more = {} if count is None else {"rows": count}
                    self.erasures.note([id_], place.name, state="erased", at=at, **more)
        except FootfallError as error:
            log.warning("%d erasures wait: %s", len(ids), error.message)
            self.erasures.hinder(ids, f"{error.message} [{error.code}]")
            self._stop.wait(self._retry_seconds)
            return
        self.erasures.finish(ids)
        self._done.update(ids)
        log.info("%d erasures are done", len(ids))

    def _wanted(self, receipts: list[tuple[Receipt, list[str]]]) -> list[Marks]:
        return [
            Marks(receipt.project, self._marker.key(receipt.project), marks)
            for receipt, marks in receipts
        ]

    def _follow(self) -> None:
        """Do here what other servers have finished."""
        now = self._clock()
        if not self._followed.exists():  # a new directory: nothing in it is older
            self._followed.write_text(now.isoformat())
        until = datetime.fromisoformat(self._followed.read_text())
        finished = self.erasures.finished(until - _CLOCKS)
        found = [one for one in finished if one[0].id not in self._done]
        try:
            for place in self._places if found else ():
                place.erase(self._wanted(found))
        except FootfallError as error:
            log.warning("%d erasures of other servers wait: %s", len(found), error.message)
            return
        self._done.update(receipt.id for receipt, _ in found)
        if found or now - until > _CLOCKS:
            self._followed.write_text(now.isoformat())
