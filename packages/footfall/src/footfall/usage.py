"""`Usage`: what a library makes once and decorates its functions with."""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from footfall import process
from footfall.buffer import LONGEST_LANE, Buffer, random_fraction
from footfall.call import Gate, Tracer, decorate
from footfall.declaration import Declaration, bounded_properties
from footfall.errors import ConfigurationError
from footfall.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Deque, Dict, List, Mapping, Optional, Tuple, TypeVar

    from footfall.buffer import Call
    from footfall.consent import Consent
    from footfall.declaration import Names, Properties
    from footfall.event import Encoder, Event
    from footfall.sender import Sender
    from footfall.span import Span
    from footfall.spool import Spool
    from footfall.state import LibraryState
    from footfall.status import Status

    F = TypeVar("F", bound=Callable[..., Any])

BURST = 20
PREVIEWED = 100
SPOOL_FOLDER = "spool"


class Usage:
    """The usage logging of one library.

    `library`, `version`: the library's own; `version_property`: send the version under this name
    too. `endpoint`, `write_key`: of the collector, an http(s) address. `opt_out_env`: the variable
    whose presence turns logging off (default `<LIBRARY>_DISABLE_USAGE_LOGGING`). `burst`: events of
    one name and exception type that leave per flush, a uniform weighted sample (None: all).
    `in_ci`: False stays silent in CI. `notice`: tell the user once, on a terminal. `install`: the
    kind of install id, `hardware`, `random` or `none`. `exit_timeout`: seconds that sending may
    hold up the process's end (default 0.05, or 1 where the disk doesn't outlive the process).

    Raises ConfigurationError for what can't work. Nothing is started, read or written before the
    first event.
    """

    def __init__(
        self,
        library: str,
        version: str,
        endpoint: str,
        write_key: str,
        *,
        opt_out_env: Optional[str] = None,
        version_property: Optional[str] = None,
        burst: Optional[int] = BURST,
        in_ci: bool = True,
        notice: bool = False,
        install: str = "hardware",
        exit_timeout: Optional[float] = None,
    ) -> None:
        _check(library, version, endpoint, write_key, burst, install)
        self.library = library
        self.version = version
        self.version_property = version_property
        self.burst = burst
        self.in_ci = in_ci
        self.notice = notice
        self.install_kind = install
        self.exit_timeout = exit_timeout
        self.declarations: Dict[str, List[Declaration]] = {}
        self.random: Callable[[], float] = random_fraction
        self._given = (endpoint, write_key)
        self._opt_out_env = opt_out_env
        self._code: Optional[bool] = None
        self._gate = Gate(self._ask_first, LONGEST_LANE)
        self._buffer = Buffer(burst)
        self._tracer = Tracer(self._gate, self._buffer)
        self._undeclared: Dict[str, Declaration] = {}
        self._begin()
        process.register(self)

    def _begin(self) -> None:
        """What a process has of its own, a forked child too."""
        self.transfer = allocate_lock()
        self.tally = Tally(self.burst)
        self.sender: Optional[Sender] = None
        self._asking = allocate_lock()
        self._asker = 0
        self._encoder: Optional[Encoder] = None
        self._spool: Optional[Spool] = None
        self._install_id: Optional[str] = None
        self._ephemeral = False
        self._recent: Optional[Deque[bytes]] = None

    def __repr__(self) -> str:
        return f"Usage({self.library!r}, version={self.version!r}, endpoint={self.endpoint!r})"

    # What a library declares and logs.

    def log(
        self,
        event: str,
        *,
        arguments: Names = (),
        attributes: Names = (),
        properties: Properties = None,
        why: str = "",
        declares: Optional[Mapping[str, str]] = None,
    ) -> Callable[[F], F]:
        """Decorate a function, so that every call of it is an event.

        `arguments`: parameters whose value is sent; `attributes`: attributes of `self`; either a
        list of names or a mapping of names to why they are sent. `properties`: constants, or a
        callable that gets the declared values as keywords and returns more (`declares` then names
        these and why). `why`: the event's reason, for the manifest.
        """

        def declare(function: Any) -> Declaration:
            declaration = Declaration(
                event, arguments, attributes, properties, why, declares, function
            )
            self.declarations.setdefault(event, []).append(declaration)
            return declaration

        def decorator(function: F) -> F:
            decorated: F = decorate(self._tracer, declare, function)
            return decorated

        return decorator

    def declare(
        self, event: str, properties: Optional[Mapping[str, str]] = None, *, why: str = ""
    ) -> None:
        """Put an event that `span` or `track` logs into the manifest: its properties and why."""
        self.declarations.setdefault(event, []).append(
            Declaration(event, why=why, declares=properties)
        )

    def span(self, event: str, properties: Optional[Mapping[str, Any]] = None) -> Span:
        """A context manager (`with` or `async with`) whose block is timed and logged as an event."""
        from footfall.span import Span

        return Span(self._tracer, self._declaration(event), properties)

    def track(self, event: str, properties: Optional[Mapping[str, Any]] = None) -> None:
        """Log an event that has no duration."""
        try:
            if self._tracer.admits():
                from time import perf_counter_ns

                values = bounded_properties(properties) if properties else None
                parent = self._tracer.current.get()
                declaration = self._declaration(event)
                self._tracer.append(
                    (declaration, perf_counter_ns(), None, None, parent, values, None)
                )
        except Exception as error:
            from footfall.debug import report

            report(f"{event!r} could not be logged", error)

    def _declaration(self, event: str) -> Declaration:
        known = self._undeclared.get(event)
        if known is None:
            known = Declaration(event)
            if len(self._undeclared) < 1000:
                self._undeclared[event] = known
        return known

    # Consent.

    @property
    def opt_out_env(self) -> str:
        """The variable whose presence turns this library's logging off."""
        from footfall.consent import variable

        return self._opt_out_env or variable(self.library)

    def disable(self) -> None:
        """Stop logging in this process; what is buffered is dropped."""
        self._code = False
        self._close_gate()

    def enable(self) -> None:
        """Log in this process, whatever environment and user say."""
        self._code = True
        self._reopen()

    def opt_out(self) -> bool:
        """Stop now and remember it for this user; the spool is deleted. False: not remembered."""
        from footfall import state

        remembered = state.choose(self._home(), "off", self.library)
        self._code = None if remembered else False
        self._close_gate()
        with self.transfer:
            gone = self.spool.erase()
            self.tally.lose("opt_out", gone["weight"])
        return remembered

    def opt_in(self) -> bool:
        """Log, and remember it for this user; the environment still speaks first."""
        from footfall import state

        self._code = None
        remembered = state.choose(self._home(), "on", self.library)
        self._reopen()
        return remembered

    def consent(self) -> Consent:
        """What is known about the user's will at this moment."""
        from footfall import consent, state
        from footfall.environment import ci_service

        environ = os.environ
        return consent.decide(
            self._code,
            self.opt_out_env,
            environ,
            {} if self._code is not None else consent.read_dotenvs(),
            state.choice(self._home(), self.library),
            self.in_ci,
            ci_service(environ),
        )

    def _ask_first(self) -> bool:
        """Ask for consent at the first call, and start the sender if it is given."""
        if self._asker == get_ident():
            return False  # an import that this very question caused came back to us
        try:
            with self._asking:
                self._asker = get_ident()
                if self._gate.open is None:
                    with process.import_lock:
                        from footfall import consent, environment, sender, state  # noqa: F401
                    enabled = self.consent().enabled
                    if enabled:
                        self._start_sender()
                    self._gate.open = enabled
        except Exception as error:
            self._gate.open = False
            from footfall.debug import report

            report("consent could not be asked for", error)
        finally:
            self._asker = 0
        return bool(self._gate.open)

    def _start_sender(self) -> None:
        from footfall.sender import Sender

        self.sender = Sender(self)
        self._buffer.wake = self.sender.nudge
        if not self.sender.start():
            self.sender.prepare_disk()
        process.watch_multiprocessing()

    def still_consents(self) -> bool:
        """Ask again; if the answer is no, drop what is buffered and let the sender end."""
        if self.consent().enabled:
            return True
        self._close_gate()
        return False

    def _close_gate(self) -> None:
        self._gate.open = False
        with self.transfer:
            strata, overflow = self._buffer.close()
            self.tally.lose("buffer_full", overflow)
            self.tally.lose("opt_out", sum(stratum.count for stratum in strata))
            sender, self.sender = self.sender, None
            if sender is not None:
                self.tally.lose("opt_out", sum(event.weight for event in sender.take_all()))
        if sender is not None:
            sender.nudge()

    def _reopen(self) -> None:
        if self._gate.open is False:
            self._gate.open = None

    # What can be seen and waited for.

    def status(self) -> Status:
        """What is on, why, and what became of the calls; counts are of this process."""
        from footfall.status import Status

        consent = self.consent()
        if not consent.enabled and self._gate.open:
            self._close_gate()
        elif consent.enabled:
            self._reopen()
        with self.transfer:
            waiting, overflow = self._buffer.counts()
            held = 0 if self.sender is None else self.sender.pending()
            pending = self.tally.exact(waiting + held + self.spool.waiting())
            lost = self.tally.lost
            sent = self.tally.sent
        if overflow:
            lost["buffer_full"] = lost.get("buffer_full", 0) + overflow
        install = self._known_install()
        return Status(*consent, self.endpoint, install, pending, sent, lost)

    def flush(self, timeout: float = 1.0) -> bool:
        """Send what was logged; True if nothing is left to send within `timeout` seconds."""
        sender = self.sender
        return True if sender is None else sender.request(timeout)

    def manifest(self) -> Dict[str, Any]:
        """Every declared event with its properties, their types and why; no version, so it only
        changes when what is sent changes."""
        from footfall.manifest import manifest

        return manifest(self)

    def preview(self) -> List[Dict[str, Any]]:
        """The last 100 events of this process, exactly as sent."""
        import json

        if self.sender is not None:
            self.sender.disk_ready.wait(1.0)
            with self.transfer:
                self.close_interval()
        return [json.loads(body) for body in list(self._recent or ())]

    # What the sender, a fork and the end of the process need.

    @property
    def endpoint(self) -> str:
        """The collector's address."""
        return os.environ.get("FOOTFALL_ENDPOINT") or self._given[0]

    @property
    def write_key(self) -> str:
        """The project's public key."""
        return os.environ.get("FOOTFALL_WRITE_KEY") or self._given[1]

    @staticmethod
    def _home() -> Optional[str]:
        from footfall.state import home

        return home(os.environ)

    @property
    def state(self) -> LibraryState:
        """The library's folder in the user's state directory."""
        from footfall.state import LibraryState

        return LibraryState(self._home(), self.library)

    @property
    def spool(self) -> Spool:
        """The library's spool, as this process sees it."""
        if self._spool is None:
            from footfall.spool import Spool

            self._spool = Spool(self.state.path(SPOOL_FOLDER), self.tally.lose)
        return self._spool

    def make_encoder(self) -> Encoder:
        """The maker of this process's events; made once."""
        if self._encoder is None:
            from collections import deque

            self._recent = deque(maxlen=PREVIEWED)
            self._encoder = self._new_encoder(write=True)
        return self._encoder

    def _new_encoder(self, write: bool) -> Encoder:
        from footfall.environment import Probe, describe
        from footfall.event import Encoder
        from footfall.install import install

        probe = Probe()
        environment = describe(probe)
        found = install(self.install_kind, self.library, self.state, probe, write=write)
        environment["ephemeral"] = environment["ephemeral"] or not found.lasting
        if write:
            self._install_id, self._ephemeral = found.id, environment["ephemeral"]
        return Encoder(self.library, self.version, self.version_property, environment, found.id)

    def _known_install(self) -> Optional[str]:
        if self._install_id is not None:
            return self._install_id
        from footfall.environment import Probe
        from footfall.install import install

        found = install(self.install_kind, self.library, self.state, Probe(), write=False)
        return found.id if found.lasting else None

    def introduce(self) -> None:
        """Leave what the user's command line needs, and give the notice that the library chose."""
        from footfall.manifest import describe_library
        from footfall.notice import give_notice

        self.state.describe(describe_library(self))
        if self.notice:
            give_notice(self)

    def close_interval(self) -> None:
        """Encode what was buffered into the sender's outbox. Call it with `transfer` held."""
        strata, overflow = self._buffer.close()
        self.tally.lose("buffer_full", overflow)
        if self.sender is None or not strata:
            return
        encoder = self.make_encoder()
        events: List[Event] = []
        for stratum in strata:
            try:
                events += encoder.stratum(stratum)
            except Exception as error:
                from footfall.debug import report

                self.tally.lose("internal", stratum.count)
                report("events could not be encoded", error)
        self.sender.outbox += events
        self.show(events)

    def show(self, events: List[Event]) -> None:
        """Remember events for `preview`, and print them when debugging."""
        from footfall.debug import debugging, report

        if self._recent is not None:
            self._recent.extend(event.body for event in events[-PREVIEWED:])
        if debugging():
            for event in events:
                report(event.body.decode("ascii"))

    def account(self, fates: List[Tuple[Event, str]]) -> None:
        """Count what became of events. Call it with `transfer` held."""
        from footfall.history import remember

        for event, fate in fates:
            if fate == "sent":
                self.tally.send(event.weight)
            else:
                self.tally.lose(fate, event.weight)
        remember(self.state, [event for event, fate in fates if fate == "sent"])

    def divert(self, take: Callable[[List[bytes]], None]) -> Callable[[], None]:
        """Give every event to `take`, at once and unsampled, until the returned function is called."""
        gate, buffer = self._gate, self._buffer
        before = (gate.open, gate.limit, buffer.sink)
        for lane in list(buffer.lanes.values()):
            buffer.fold(lane)
        encoder = self._encoder or self._new_encoder(write=False)

        def sink(call: Call) -> None:
            take([event.body for event in encoder.calls([call])])

        def undo() -> None:
            gate.open, gate.limit, buffer.sink = before

        buffer.sink, gate.limit, gate.open = sink, 0, True
        return undo

    def begin_in_child(self) -> None:
        """Begin anew in a forked child: nothing buffered, no thread, consent asked again."""
        if self._spool is not None:
            self._spool.close()
        code = self._gate.open
        self._buffer.forget()
        self._begin()
        self._gate.open = None if code else code

    def hand_over_at_exit(self, deadline: float) -> None:
        """Spool everything, so that it survives whatever comes next."""
        from time import monotonic

        sender = self.sender
        if sender is None or not sender.disk_ready.wait(max(0.0, deadline - monotonic())):
            return
        if not self.transfer.acquire(True, max(0.0, deadline - monotonic())):
            return
        try:
            self.close_interval()
            held = sender.inflight + sender.outbox
            if self.spool.append(list(held)):
                sender.outbox = []
                sender.inflight_spooled = bool(sender.inflight)
            else:
                self._ephemeral = True
        finally:
            self.transfer.release()

    def await_at_exit(self, start: float) -> None:
        """Give the sender its moment, counted from `start`."""
        from time import monotonic

        sender = self.sender
        if sender is None or sender.blocked:
            return
        allowed = self.exit_timeout
        if allowed is None:
            allowed = 1.0 if self._ephemeral else 0.05
        if not self._nothing_waits(sender):
            sender.request(max(0.0, start + allowed - monotonic()))

    def _nothing_waits(self, sender: Sender) -> bool:
        return not (sender.outbox or sender.inflight or self.spool.own())


def _check(
    library: str, version: str, endpoint: str, write_key: str, burst: Optional[int], install: str
) -> None:
    for name, value in (("library", library), ("version", version), ("write_key", write_key)):
        if not isinstance(value, str) or not value:
            raise ConfigurationError("USAGE", f"{name} has to be a text that isn't empty")
    if not isinstance(endpoint, str) or not endpoint.startswith(("http://", "https://")):
        raise ConfigurationError(
            "ENDPOINT", f"the endpoint has to begin with https:// or http://, not {endpoint!r}"
        )
    if burst is not None and (not isinstance(burst, int) or burst < 1):
        raise ConfigurationError("BURST", "burst is a number of events, at least 1, or None")
    if install not in ("hardware", "random", "none"):
        raise ConfigurationError("INSTALL", "install is one of hardware, random, none")
