"""The thread that does what erasures were asked for, all that wait in one batch."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from footfall_server.accounts import Erasures, Receipt
from footfall_server.model.errors import FootfallError
from footfall_server.privacy.blocklist import Blocklist
from footfall_server.privacy.marks import Marker
from footfall_server.privacy.places import Place
from footfall_server.store import Marks

_LOOK_SECONDS = 2.0  # how soon a request of another process (the command line) is seen
_RETRY_SECONDS = 5.0

log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Eraser:
    """Erasures are durable once asked for: whatever ends the process, the next one goes on.

    A batch goes through the places in order, the journal first: what it holds passes into the
    store, where it is found. What doesn't succeed is tried again, and the receipt says why.
    """

    def __init__(
        self,
        erasures: Erasures,
        marker: Marker,
        places: Sequence[Place],
        blocklist: Blocklist,
        *,
        look_seconds: float = _LOOK_SECONDS,
        retry_seconds: float = _RETRY_SECONDS,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self.erasures = erasures
        self._marker, self._places, self._blocklist = marker, places, blocklist
        self._look_seconds, self._retry_seconds, self._clock = look_seconds, retry_seconds, clock
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
            except Exception:
                log.exception("the erasures stumbled; they are tried again")
                self._stop.wait(self._retry_seconds)

    def _batch(self, waiting: list[tuple[Receipt, list[str]]]) -> None:
        ids = [receipt.id for receipt, _ in waiting]
        wanted = [
            Marks(receipt.project, self._marker.key(receipt.project), marks)
            for receipt, marks in waiting
        ]
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
        log.info("%d erasures are done", len(ids))
