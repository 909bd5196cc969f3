"""One library's delivery in one process: where events are between the buffer and the collector.

Everything here begins anew in a forked child. `transfer` is held whenever events move from one
place to another, so that `status()` counts each exactly once; it is never held during HTTP.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from time import monotonic

from footfall import process
from footfall.buffer import random_fraction
from footfall.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Tuple

    from footfall.buffer import Buffer
    from footfall.event import Encoder, Event
    from footfall.sender import Sender
    from footfall.spool import Spool
    from footfall.state import LibraryState
    from footfall.usage import Usage

PREVIEWED = 100
SPOOL_FOLDER = "spool"
EXIT_SECONDS = 0.03  # where the spool outlives the process, which so ends within 0.05 s
EXIT_SECONDS_CHILD = 0.5  # a child's end holds up nobody's prompt, and may have to import first
EXIT_SECONDS_EPHEMERAL = 1.0  # where it doesn't
PREPARING_SECONDS = 1.0


class Delivery:
    """Encodes, counts, spools and hands to the sender what one `Usage` buffered."""

    def __init__(self, usage: Usage, buffer: Buffer) -> None:
        self.usage = usage
        self.buffer = buffer
        self.random: Callable[[], float] = random_fraction
        self.begin()

    def begin(self) -> None:
        """What a process has of its own."""
        self.transfer = allocate_lock()
        self.tally = Tally(self.usage.burst)
        self.sender: Optional[Sender] = None
        self._encoder: Optional[Encoder] = None
        self._spool: Optional[Spool] = None
        self._install_id: Optional[str] = None
        self._ephemeral = self._spooled = False
        self._recent: Optional[Deque[bytes]] = None

    def begin_in_child(self) -> None:
        """Begin anew in a forked child, with nothing buffered and no thread."""
        if self._spool is not None:
            self._spool.close()
        self.buffer.forget()
        self.begin()

    # What it needs, made at the first event.

    @property
    def endpoint(self) -> str:
        """The collector's address."""
        return os.environ.get("FOOTFALL_ENDPOINT") or self.usage.given_endpoint

    @property
    def write_key(self) -> str:
        """The project's public key."""
        return os.environ.get("FOOTFALL_WRITE_KEY") or self.usage.given_write_key

    @property
    def state(self) -> LibraryState:
        """The library's folder in the user's state directory."""
        from footfall.state import LibraryState, home

        return LibraryState(home(os.environ), self.usage.library)

    @property
    def spool(self) -> Spool:
        """The library's spool, as this process sees it."""
        if self._spool is None:
            from footfall.spool import Spool

            self._spool = Spool(self.state.path(SPOOL_FOLDER), self.tally.lose)
        return self._spool

    def start_sender(self) -> None:
        """Start the background thread; without threads events go to the spool at the end."""
        from footfall.sender import Sender

        self.sender = Sender(self)
        self.buffer.wake = self.sender.nudge
        if not self.sender.start():
            self.sender.prepare_disk()

    def encoder(self) -> Encoder:
        """The maker of this process's events."""
        if self._encoder is None:
            from collections import deque

            self._recent = deque(maxlen=PREVIEWED)
            self._encoder = self.new_encoder(write=True)
        return self._encoder

    def new_encoder(self, write: bool) -> Encoder:
        """A maker of events; with `write` the install id may be remembered on disk."""
        from footfall.environment import Probe, describe
        from footfall.event import Encoder
        from footfall.install import NOBODY, install

        usage, probe = self.usage, Probe()
        environment = describe(probe)
        found = install(usage.install, usage.library, self.state, probe, write=write)
        environment["ephemeral"] = environment["ephemeral"] or not found.lasting
        if write:
            self._ephemeral = environment["ephemeral"]
            self._install_id = None if found.id == NOBODY else found.id
        return Encoder(usage.library, usage.version, usage.version_property, environment, found.id)

    def install_id(self) -> Optional[str]:
        """The install id, if this machine has one; nothing is written to find out."""
        if self._install_id is not None:
            return self._install_id
        from footfall.environment import Probe
        from footfall.install import install

        usage = self.usage
        found = install(usage.install, usage.library, self.state, Probe(), write=False)
        return found.id if found.lasting else None

    def introduce(self) -> None:
        """Leave what the user's command line needs, and give the notice that the library chose."""
        from footfall.manifest import describe_library
        from footfall.notice import give_notice

        self.state.describe(describe_library(self.usage, self.endpoint, self.write_key))
        if self.usage.notice:
            give_notice(self.usage.library, self.usage.opt_out_env, self.state)

    # Moving and counting; call these with `transfer` held.

    def close_interval(self) -> None:
        """Encode what was buffered into the sender's outbox."""
        sender = self.sender
        strata, overflow = self.buffer.close()
        self.tally.lose("buffer_full", overflow)
        if sender is None:
            self.tally.lose("opt_out", sum(stratum.count for stratum in strata))
            return
        events: List[Event] = []
        for stratum in strata:
            try:
                events += self.encoder().stratum(stratum)
            except Exception as error:
                from footfall.debug import report

                self.tally.lose("internal", stratum.count)
                report("events could not be encoded", error)
        sender.outbox += events
        self._show(events)

    def _show(self, events: List[Event]) -> None:
        """Remember events for `preview`, and print them when debugging."""
        from footfall.debug import debugging, report

        if self._recent is not None:
            self._recent.extend(event.body for event in events[-PREVIEWED:])
        if debugging():
            for event in events:
                report(event.body.decode("ascii"))

    def account(self, batch: List[Event], lost: Mapping[int, str]) -> None:
        """Count what became of a batch: sent, but for the places that are `lost` for a reason."""
        from footfall.history import remember

        sent = batch
        if lost:
            sent = [event for place, event in enumerate(batch) if place not in lost]
            for place, reason in lost.items():
                self.tally.lose(reason, batch[place].weight)
        self.tally.send([event.weight for event in sent])
        remember(self.state, sent)

    # Looking and ending; these take `transfer` themselves.

    def counts(self) -> Tuple[float, float, Dict[str, float]]:
        """Calls pending, sent, and lost by reason."""
        with self.transfer:
            waiting, overflow = self.buffer.counts()
            held = 0 if self.sender is None else self.sender.pending()
            pending = self.tally.exact(waiting + held + self.spool.waiting())
            sent, lost = self.tally.sent, self.tally.lost
        if overflow:
            lost["buffer_full"] = lost.get("buffer_full", 0) + overflow
        return pending, sent, lost

    def preview(self) -> List[Dict[str, Any]]:
        """The last events of this process, in their wire form."""
        import json

        if self.sender is not None and self.sender.disk_ready.wait(PREPARING_SECONDS):
            with self.transfer:
                self.close_interval()
        return [json.loads(body) for body in list(self._recent or ())]

    def drop(self) -> None:
        """The user opted out: forget what is in memory, and let the sender end."""
        with self.transfer:
            sender, self.sender = self.sender, None
            self.close_interval()
            if sender is not None:
                self.tally.lose("opt_out", sum(event.weight for event in sender.take_all()))
        if sender is not None:
            sender.nudge()

    def erase_spool(self) -> None:
        """Delete the library's spool."""
        with self.transfer:
            self.tally.lose("opt_out", self.spool.erase()["weight"])

    def ready(self) -> bool:
        """Whether the sender has imported all that it needs."""
        return self.sender is not None and self.sender.ready

    def await_disk(self, deadline: float) -> bool:
        """Wait until the sender has imported what spooling needs."""
        sender = self.sender
        return sender is not None and sender.disk_ready.wait(max(0.0, deadline - monotonic()))

    def hand_over_at_exit(self, deadline: float) -> None:
        """Spool everything, so that it survives whatever comes next."""
        sender = self.sender
        if sender is None or not self.await_disk(deadline):
            return
        if not self.transfer.acquire(True, max(0.0, deadline - monotonic())):
            return
        try:
            self.close_interval()
            self._spooled = self.spool.append(sender.inflight + sender.outbox)
            if self._spooled:
                sender.outbox = []
                sender.inflight_spooled = bool(sender.inflight)
        finally:
            self.transfer.release()

    def await_at_exit(self, start: float) -> None:
        """Give the sender its moment, counted from `start`."""
        sender, allowed = self.sender, self.usage.exit_timeout
        if sender is None or sender.blocked:
            return
        if allowed is None:
            # Who names a state directory in a container has put it where it lasts.
            lasts = self._spooled and (not self._ephemeral or "FOOTFALL_HOME" in os.environ)
            allowed = EXIT_SECONDS if lasts else EXIT_SECONDS_EPHEMERAL
            if process.is_child():
                allowed = max(allowed, EXIT_SECONDS_CHILD)
        with self.transfer:
            waits = bool(sender.outbox or sender.inflight or self.spool.own())
        if waits:
            sender.request(max(0.0, start + allowed - monotonic()))
