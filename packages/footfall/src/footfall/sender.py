"""The background thread of one library: closes intervals, sends batches, spools what it can't send.

It is a daemon, started at the first event, one a process. All that it needs is imported here, when
it starts, in small steps under `process.import_lock`: first what the disk needs, then HTTP.
"""

from __future__ import annotations

import threading
import time

from footfall import process
from footfall.debug import report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Iterator, List, Optional, Tuple

    from footfall.delivery import Delivery
    from footfall.event import Event

FIRST_PERIOD = 0.4  # seconds: the first event leaves within one
PERIOD = 4.5  # later ones within five
BATCH_EVENTS = 1000
BATCH_BYTES = 1_000_000
MOST_WAITING = 4000  # events in memory, when there is no disk
LONGEST_BACKOFF = 300.0


class Sender:
    """Delivers the events of one library from one process."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.outbox: List[Event] = []
        self.inflight: List[Event] = []
        self.inflight_spooled = False
        self.blocked = ""
        self.ready = False
        self.disk_ready = threading.Event()
        self._condition = threading.Condition()
        self._asked = self._done = 0
        self._nudged = self._good = self._began = False
        self._failures = 0
        self._hold_until = self._retry_at = 0.0
        self._thread = threading.Thread(
            target=self._run, name=f"footfall-{delivery.usage.library}", daemon=True
        )

    def start(self) -> bool:
        """Start the thread; False where there are none, or no more."""
        try:
            self._thread.start()
        except RuntimeError:
            return False
        return True

    def nudge(self) -> None:
        """There is enough to send."""
        with self._condition:
            self._nudged = True
            self._condition.notify_all()

    def request(self, timeout: float) -> bool:
        """Have everything sent that was logged before; whether that is done within `timeout`."""
        deadline = time.monotonic() + timeout
        with self._condition:
            self._asked += 1
            mine = self._asked
            self._condition.notify_all()
            while self._done < mine:
                left = deadline - time.monotonic()
                if left <= 0 or not self._thread.is_alive():
                    return False
                self._condition.wait(left)
            return self._good

    def pending(self) -> float:
        """The weight of what is held in memory."""
        held = self.outbox if self.inflight_spooled else self.outbox + self.inflight
        return sum(event.weight for event in held)

    def take_all(self) -> List[Event]:
        """Give up everything held in memory."""
        held, self.outbox = self.outbox, []
        if not self.inflight_spooled:
            held, self.inflight = self.inflight + held, []
        return held

    def prepare_disk(self) -> None:
        """Import and make what is needed to encode and to spool."""
        with process.import_lock:
            import json  # noqa: F401
        with process.import_lock:
            import hashlib  # noqa: F401
            import hmac  # noqa: F401
        with process.import_lock:
            from footfall import environment, event, install, spool, state  # noqa: F401
        with process.import_lock:  # all that this thread needs later: see `process`
            from footfall import history, manifest, notice  # noqa: F401
        self.delivery.encoder()
        self.disk_ready.set()

    def _prepare_network(self) -> None:
        with process.import_lock:
            import email.message
            import email.parser  # noqa: F401
        with process.import_lock:
            import encodings.idna  # noqa: F401 - the first look-up of a host imports it
            import socket  # noqa: F401
        if self.delivery.endpoint.startswith("https:"):
            with process.import_lock:
                import ssl  # noqa: F401
        with process.import_lock:
            import http.client  # noqa: F401
        with process.import_lock:
            from footfall.transport import Transport, proxies_named
        if proxies_named():
            with process.import_lock:
                import base64  # noqa: F401
                import urllib.request  # noqa: F401
        self._transport = Transport(self.delivery.endpoint, self.delivery.write_key)
        self.ready = True

    def _run(self) -> None:
        try:
            self.prepare_disk()
            self.delivery.introduce()
            self._prepare_network()
        except Exception as error:
            report("the sender could not start", error)
            self.disk_ready.set()
            return
        while self._turn():
            pass

    def _turn(self) -> bool:
        """Wait, then work; False when the user has opted out and the thread may end."""
        self._wait()
        serving = self._asked
        good = False
        try:
            good = self._cycle(asked=serving > self._done)
        except Exception as error:
            report("a flush failed", error)
        with self._condition:
            self._done, self._good = serving, good
            self._condition.notify_all()
        return self.delivery.sender is self

    def _wait(self) -> None:
        with self._condition:
            if self._asked == self._done and not self._nudged:
                self._condition.wait(PERIOD if self._began else FIRST_PERIOD)
            self._nudged = False

    def _cycle(self, asked: bool) -> bool:
        """Send all there is; True if nothing is left to send."""
        delivery = self.delivery
        if not delivery.usage.still_consents():
            return True
        with delivery.transfer:
            delivery.close_interval()
        self._began = self._began or bool(self.outbox)
        now = time.monotonic()
        if self.blocked or now < self._hold_until or (now < self._retry_at and not asked):
            self._keep_outbox()
            return not (self.outbox or delivery.spool.waiting())
        good = self._send_outbox() and self._send_own_spool() and self._send_left()
        self._transport.close()
        return good

    def _send_outbox(self) -> bool:
        delivery = self.delivery
        with delivery.transfer:
            self.inflight, self.outbox = self.outbox, []
        try:
            for batch, lost in self._deliver(self.inflight):
                with delivery.transfer:
                    del self.inflight[: len(batch)]
                    if self.inflight_spooled:
                        delivery.spool.settle(batch)
                    delivery.account(batch, lost)
        finally:
            with delivery.transfer:
                rest = [] if self.inflight_spooled else self.inflight
                delivered = not self.inflight
                self.inflight, self.inflight_spooled = [], False
                self.outbox = rest + self.outbox
        if not delivered:
            self._keep_outbox()
        return delivered

    def _send_own_spool(self) -> bool:
        delivery = self.delivery
        with delivery.transfer:
            events = delivery.spool.own()
        sent = 0
        for batch, lost in self._deliver(events):
            with delivery.transfer:
                delivery.spool.settle(batch)
                delivery.account(batch, lost)
            sent += len(batch)
        return sent == len(events)

    def _send_left(self) -> bool:
        delivery = self.delivery
        for leftover in delivery.spool.left():
            done: List[Event] = []
            lost: Dict[int, str] = {}
            try:
                for batch, lost_of_it in self._deliver(leftover.events):
                    lost.update((len(done) + place, why) for place, why in lost_of_it.items())
                    done += batch
            finally:
                with delivery.transfer:
                    leftover.keep(leftover.events[len(done) :])
                    delivery.account(done, lost)
            if len(done) < len(leftover.events):
                return False
        return True

    def _deliver(self, events: List[Event]) -> Iterator[Tuple[List[Event], Dict[int, str]]]:
        """Send events in batches; stops when it can't go on.

        Yields each batch whose fate is known, in order, and why the places of it that are lost are.
        """
        batches = list(_batches(events))
        while batches:
            batch = batches.pop(0)
            if not self.delivery.usage.still_consents():
                return
            outcome = self._transport.send([event.body for event in batch])
            if outcome.kind == "sent":
                self._failures, self._retry_at = 0, 0.0
                there = range(len(batch))
                yield batch, {place: "rejected" for place in outcome.rejected if place in there}
            elif outcome.kind == "bad":
                report(f"the collector refused a batch: {outcome.detail}")
                yield batch, dict.fromkeys(range(len(batch)), "bad_request")
            elif outcome.kind == "split" and len(batch) == 1:
                yield batch, {0: "too_large"}
            elif outcome.kind == "split":
                half = len(batch) // 2
                batches[:0] = [batch[:half], batch[half:]]
            else:
                self._back_off(outcome.kind, outcome.after, outcome.detail)
                return

    def _back_off(self, kind: str, after: Optional[float], detail: str) -> None:
        """Full jitter: anything between now and twice as long as last time, at most 5 minutes."""
        report(f"not sent ({detail}); {kind}")
        now = time.monotonic()
        if kind == "stop":
            self.blocked = detail
        elif kind == "wait":
            self._hold_until = now + (after or 0.0)
        else:
            self._failures += 1
            ceiling = min(LONGEST_BACKOFF, 2.0 ** min(self._failures, 20))
            self._retry_at = now + self.delivery.random() * ceiling

    def _keep_outbox(self) -> None:
        """Spool what couldn't be sent; without a disk keep it in memory, within bounds."""
        delivery = self.delivery
        with delivery.transfer:
            if delivery.spool.append(list(self.outbox)):
                self.outbox = []
                return
            excess = len(self.outbox) - MOST_WAITING
            for event in self.outbox[: max(excess, 0)]:
                delivery.tally.lose(
                    "spool_full" if delivery.spool.folder else "buffer_full", event.weight
                )
            del self.outbox[: max(excess, 0)]


def _batches(events: List[Event]) -> Iterator[List[Event]]:
    first = size = 0
    for place, event in enumerate(events):
        more = len(event.body)
        if place > first and (place - first >= BATCH_EVENTS or size + more > BATCH_BYTES):
            yield events[first:place]
            first, size = place, 0
        size += more
    if events:
        yield events[first:]
