"""An event in its wire form: one JSON object, made once and then never changed.

The sender, the spool and every resend use the very same bytes, so that a message id always comes
with the same event, install and time, and the collector can tell a repetition.
"""

from __future__ import annotations

import json
import os
import time
from json.encoder import encode_basestring_ascii as _text

from footfall import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional

    from footfall.buffer import Call, Stratum
    from footfall.declaration import Declaration

    class Event(NamedTuple):
        """`at`: seconds since 1970; `weight`: the calls it stands for; `body`: its JSON."""

        at: int
        weight: float
        body: bytes

else:
    from collections import namedtuple

    Event = namedtuple("Event", "at weight body")

# Every reason for which an event may be lost, and what it means.
LOSSES = {
    "opt_out": "the user opted out before it could be sent",
    "buffer_full": "more was logged than memory may hold (only with burst=None, or without a disk)",
    "spool_full": "the spool had reached 5 MB, or the disk was full",
    "expired": "it waited in the spool for 14 days",
    "corrupt": "its line in the spool was damaged",
    "bad_request": "the collector answered 400",
    "too_large": "the collector found this single event too large",
    "rejected": "the collector took its batch but refused this event",
    "internal": "a defect of this package",
}

# The properties that this package itself gives; the library can't overwrite them.
OWN = (
    "run_time",
    "process_run_time",
    "exception_occurred",
    "exception_type",
    "library",
    "library_version",
    "python_version",
    "os_type",
    "runtime_environment",
    "ci",
    "ci_name",
    "ephemeral",
    "session_id",
    "parent",
    "weight",
)


def exception_name(kind: Optional[type]) -> Optional[str]:
    """`module.Class`, built-in exceptions by their name alone; never the message."""
    if kind is None:
        return None
    name = getattr(kind, "__name__", "Exception")
    module = getattr(kind, "__module__", None)
    return name if module in (None, "builtins") else f"{module}.{name}"


_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


class MessageIds:
    """Version 7 UUIDs (RFC 9562): ordered by time, so that the collector can store them small."""

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
        self._millisecond = -1
        self._count = 0
        self._start = ""
        self._pool, self._place = "", 0  # a call of the system for each id would cost more

    def next(self, seconds: float) -> str:
        """A new id; ids of one millisecond rise by a counter."""
        now = max(int(seconds * 1000), 0)
        if now > self._millisecond or self._count >= 0xFFF:
            self._millisecond = max(now, self._millisecond + 1)
            self._count = int.from_bytes(self._random(1), "big")
            ms = f"{self._millisecond & 0xFFFFFFFFFFFF:012x}"
            self._start = f"{ms[:8]}-{ms[8:]}-7"
        else:
            self._count += 1
        place = self._place
        tail = self._pool[place : place + 16]
        if len(tail) < 16:
            self._pool, place = self._random(2048).hex(), 0
            tail = self._pool[:16]
        self._place = place + 16
        return f"{self._start}{self._count:03x}-{_VARIANT[tail[0]]}{tail[1:4]}-{tail[4:]}"


class Encoder:
    """Turns calls into events, with everything that is the same for a whole process made once."""

    def __init__(
        self,
        library: str,
        version: str,
        version_property: Optional[str],
        environment: Mapping[str, Any],
        install_id: str,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], int] = time.perf_counter_ns,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._ids = MessageIds(random)
        self._clock, self._monotonic = clock, monotonic
        common: Dict[str, Any] = {"library": library, "library_version": version, **environment}
        common["session_id"] = random(16).hex()
        self._own = frozenset(OWN) | ({version_property} if version_property else frozenset())
        if version_property and version_property not in OWN:
            common[version_property] = version
        self._common = json.dumps(common)[1:-1]
        context = {"library": {"name": "footfall", "version": __version__}}
        self._tail = f',"userId":{json.dumps(install_id)},"context":{json.dumps(context)}}}'
        self._second = (-1, "")
        self._keys: Dict[str, str] = {}

    def stratum(self, stratum: Stratum) -> List[Event]:
        """The events of one stratum, each with the weight of what it stands for."""
        weight = stratum.weight()
        return self.calls(stratum.sample, weight)

    def calls(self, calls: List[Call], weight: float = 1) -> List[Event]:
        """The events of some calls. Times count back from now, so a stepped clock does no harm."""
        offset = self._clock() - self._monotonic() / 1e9
        return [self._event(call, weight, offset) for call in calls]

    def _event(self, call: Call, weight: float, offset: float) -> Event:
        declaration, end, run_ns, cpu_ns, parent, values, kind = call
        at = offset + end / 1e9
        run = "null" if run_ns is None else repr(run_ns / 1e9)
        cpu = run if cpu_ns == run_ns else "null" if cpu_ns is None else repr(max(cpu_ns, 0) / 1e9)
        error = "null" if kind is None else json.dumps(exception_name(kind))
        outer = json.dumps(parent) if isinstance(parent, str) else "null"
        body = (
            f'{declaration.fragment or _fragment(declaration)}"messageId":"{self._ids.next(at)}"'
            f',"timestamp":"{self._timestamp(at)}","properties":{{'
            f"{self._properties(declaration, values)}{self._common}"
            f',"run_time":{run},"process_run_time":{cpu}'
            f',"exception_occurred":{"false" if kind is None else "true"},"exception_type":{error}'
            f',"parent":{outer},"weight":{weight!r}}}{self._tail}'
        )
        return Event(int(at), weight, body.encode("ascii"))

    def _properties(self, declaration: Declaration, values: Optional[Mapping[str, Any]]) -> str:
        if not values and not declaration.constants:
            return ""
        merged = {**declaration.constants, **values} if values else declaration.constants
        parts = []
        for name, value in merged.items():
            if name not in self._own:
                key = self._keys.get(name) or self._key(name)
                parts.append(key + (_text(value) if type(value) is str else _json(value)))
        return ",".join(parts) + "," if parts else ""

    def _key(self, name: str) -> str:
        key = _text(name) + ":"
        if len(self._keys) < 1000:
            self._keys[name] = key
        return key

    def _timestamp(self, at: float) -> str:
        """RFC 3339 in UTC with microseconds."""
        second = int(at // 1)
        if second != self._second[0]:
            self._second = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return f"{self._second[1]}.{min(int((at - second) * 1e6), 999999):06d}Z"


def _json(value: Any) -> str:
    """The JSON of a bounded value, without the detour over `dumps` where that is simple."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    kind = type(value)
    return repr(value) if kind is int or kind is float else json.dumps(value)


def _fragment(declaration: Declaration) -> str:
    start = f'{{"type":"track","event":{json.dumps(declaration.event)},'
    declaration.fragment = start
    return start


def timestamp(at: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(at // 1)))
    return f"{whole}.{int(at % 1 * 1000):03d}Z"
