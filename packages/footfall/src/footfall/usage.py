"""`Usage`: what a library makes once and decorates its functions with."""

from __future__ import annotations

import os
from _thread import allocate_lock, get_ident

from footfall import process
from footfall.buffer import LONGEST_LANE, Buffer
from footfall.call import Gate, Tracer, decorate
from footfall.declaration import Declaration, bounded_properties
from footfall.delivery import Delivery
from footfall.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, Optional, TypeVar

    from footfall.buffer import Call
    from footfall.consent import Consent
    from footfall.declaration import Names, Properties
    from footfall.span import Span
    from footfall.status import Status

    F = TypeVar("F", bound=Callable[..., Any])

BURST = 20


class Usage:
    """The usage logging of one library.

    `library`, `version`: the library's own; `version_property`: send the version under this name
    too. `endpoint`, `write_key`: of the collector, an http(s) address. `opt_out_env`: the variable
    whose presence turns logging off (default `<LIBRARY>_DISABLE_USAGE_LOGGING`). `burst`: events of
    one name and exception type that leave per flush, a uniform weighted sample (None: all).
    `in_ci`: False stays silent in CI. `notice`: tell the user once, on a terminal. `install`: the
    kind of install id, `hardware`, `random` or `none`. `exit_timeout`: seconds that sending may
    hold up the process's end (default 0.03, or 1 where the disk doesn't outlive the process).

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
        self.given_endpoint = endpoint
        self.given_write_key = write_key
        self.version_property = version_property
        self.burst = burst
        self.in_ci = in_ci
        self.notice = notice
        self.install = install
        self.exit_timeout = exit_timeout
        self.declarations: Dict[str, List[Declaration]] = {}
        self._opt_out_env = opt_out_env
        self._undeclared: Dict[str, Declaration] = {}
        self._code: Optional[bool] = None
        self._asking, self._asker = allocate_lock(), 0
        self._gate = Gate(self._ask_first, LONGEST_LANE)
        self._buffer = Buffer(burst)
        self._tracer = Tracer(self._gate, self._buffer)
        self.delivery = Delivery(self, self._buffer)
        process.register(self)

    def __repr__(self) -> str:
        return (
            f"Usage({self.library!r}, version={self.version!r}, endpoint={self.given_endpoint!r})"
        )

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
        """A context manager, for `with` or `async with`, whose block is logged as an event."""
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

        remembered = state.choose(state.home(os.environ), "off", self.library)
        self._code = None if remembered else False
        self._close_gate()
        self.delivery.erase_spool()
        return remembered

    def opt_in(self) -> bool:
        """Log, and remember it for this user; the environment still speaks first."""
        from footfall import state

        self._code = None
        remembered = state.choose(state.home(os.environ), "on", self.library)
        self._reopen()
        return remembered

    def consent(self) -> Consent:
        """What is known about the user's will at this moment."""
        from footfall import consent, state
        from footfall.environment import ci_service

        environ = os.environ
        if self._code is None and consent.kept_from(self.delivery.endpoint, environ):
            return consent.Consent(False, "pytest runs; only a local collector is used", "env")
        return consent.decide(
            self._code,
            self.opt_out_env,
            environ,
            {} if self._code is not None else consent.read_dotenvs(),
            state.choice(state.home(os.environ), self.library),
            self.in_ci,
            None if self.in_ci else ci_service(environ),
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
                        self.delivery.start_sender()
                        process.watch_multiprocessing()
                    self._gate.open = enabled
        except Exception as error:
            self._gate.open = False
            from footfall.debug import report

            report("consent could not be asked for", error)
        finally:
            self._asker = 0
        return bool(self._gate.open)

    def _close_gate(self) -> None:
        self._gate.open = False
        self.delivery.drop()

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
        pending, sent, lost = self.delivery.counts()
        endpoint, install_id = self.delivery.endpoint, self.delivery.install_id()
        return Status(*consent, endpoint, install_id, pending, sent, lost)

    def flush(self, timeout: float = 1.0) -> bool:
        """Send what was logged; True if nothing is left to send within `timeout` seconds."""
        sender = self.delivery.sender
        return True if sender is None else sender.request(timeout)

    def manifest(self) -> Dict[str, Any]:
        """Every declared event with its properties, their types and why; no version, so it only
        changes when what is sent changes."""
        from footfall.manifest import manifest

        return manifest(self)

    def preview(self) -> List[Dict[str, Any]]:
        """The last 100 events of this process, exactly as sent."""
        return self.delivery.preview()

    # What the sender and a fork need.

    def still_consents(self) -> bool:
        """Ask again; if the answer is no, drop what is buffered and let the sender end."""
        if self.consent().enabled:
            return True
        self._close_gate()
        return False

    def begin_in_child(self) -> None:
        """Begin anew in a forked child: nothing buffered, no thread, consent asked again."""
        self._asking, self._asker = allocate_lock(), 0
        self.delivery.begin_in_child()
        if self._gate.open:
            self._gate.open = None

    def divert(self, take: Callable[[List[bytes]], None]) -> Callable[[], None]:
        """Give every event to `take`, at once and unsampled, until what it returns is called."""
        gate, buffer = self._gate, self._buffer
        before = (gate.open, gate.limit, buffer.sink)
        for lane in list(buffer.lanes.values()):
            buffer.fold(lane)
        encoder = self.delivery.new_encoder(write=False)

        def sink(call: Call) -> None:
            take([event.body for event in encoder.calls([call])])

        def undo() -> None:
            gate.open, gate.limit, buffer.sink = before

        buffer.sink, gate.limit, gate.open = sink, 0, True
        return undo


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
