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
    from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

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


_new = tuple.__new__
_dumps = json.JSONEncoder(separators=(",", ":")).encode


def exception_name(kind: Optional[type]) -> Optional[str]:
    """`module.Class`, built-in exceptions by their name alone; never the message."""
    if kind is None:
        return None
    name = getattr(kind, "__name__", "Exception")
    module = getattr(kind, "__module__", None)
    return name if module in (None, "builtins") else f"{module}.{name}"


_VARIANT = str.maketrans("0123456789abcdef", "89ab" * 4)
_SECOND = 1_000_000_000  # nanoseconds


def message_id_tails(count: int, random: Callable[[int], bytes]) -> List[str]:
    """The random half of so many version 7 UUIDs (RFC 9562), by a single call of the system."""
    digits = random(8 * count).hex()
    variants = digits[::16].translate(_VARIANT)
    tails, place = [], 0
    for variant in variants:
        tails.append(f"-{variant}{digits[place + 1 : place + 4]}-{digits[place + 4 : place + 16]}")
        place += 16
    return tails


class Encoder:
    """Turns calls into events. What is the same for a process, for a declaration, for one second
    or millisecond is made once, so that little more than joining texts is left for each call."""

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
        self._clock, self._monotonic, self._random = clock, monotonic, random
        common: Dict[str, Any] = {"library": library, "library_version": version, **environment}
        common["session_id"] = random(16).hex()
        self._own = frozenset(OWN) | ({version_property} if version_property else frozenset())
        if version_property and version_property not in OWN:
            common[version_property] = version
        context = {"library": {"name": "footfall", "version": __version__}}
        self._common = _dumps(common)[1:-1]
        self._end = f'}},"userId":{_dumps(install_id)},"context":{_dumps(context)}}}'
        self._second, self._second_text = -1, ""
        self._millisecond, self._millisecond_text = -1, ""
        self._keys: Dict[str, str] = {}
        self._parents: Dict[object, str] = {None: "null"}

    def stratum(self, stratum: Stratum) -> List[Event]:
        """The events of one stratum, each with the weight of what it stands for."""
        weight = stratum.weight()
        return self.calls(stratum.sample, weight)

    def calls(self, calls: List[Call], weight: float = 1) -> List[Event]:
        """The events of some calls. Times count back from now, so a stepped clock does no harm.

        A message id is ordered by time, so that the collector can store it small: its first half
        is the call's end in units of 2^-12 ms, its second half random.
        """
        offset = max(round(self._clock() * 1e6) * 1000 - self._monotonic(), 0)
        parents, events = self._parents, []  # type: Dict[object, str], List[Event]
        append, tails = events.append, message_id_tails(len(calls), self._random)
        end, raised, declared, start, constants = (
            self._constant_end(None, weight),
            None,
            None,
            "",
            "",
        )
        for call, tail in zip(calls, tails):  # noqa: B905 - Python 3.8 has no `strict`
            declaration, ended, run_ns, cpu_ns, parent, values, kind = call
            if declaration is not declared:
                start, constants = declaration.fragments or self._fragments(declaration)
                declared = declaration
            if kind is not raised:
                end, raised = self._constant_end(kind, weight), kind
            second, rest = divmod(offset + ended, _SECOND)
            if second != self._second:
                self._begin_second(second)
            millisecond, fine = divmod(rest, 1_000_000)
            if millisecond != self._millisecond:
                self._begin_millisecond(millisecond)
            run = "null" if run_ns is None else f"{run_ns}e-9"
            cpu = run if cpu_ns == run_ns else "null" if cpu_ns is None else f"{max(cpu_ns, 0)}e-9"
            body = (
                f"{start}{self._millisecond_text}{(fine << 12) // 1_000_000:03x}{tail}"
                f'","timestamp":"{self._second_text}{rest // 1000:06d}Z","properties":{{'
                f"{self._values(declaration, values, constants) if values else constants}"
                f'"run_time":{run},"process_run_time":{cpu}'
                f',"parent":{parents.get(parent) or self._parent(parent)}{end}'
            )
            append(_new(Event, (second, weight, body.encode("ascii"))))
        return events

    def _begin_second(self, second: int) -> None:
        self._second = second
        self._second_text = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second))
        self._millisecond = -1

    def _begin_millisecond(self, millisecond: int) -> None:
        self._millisecond = millisecond
        digits = f"{self._second * 1000 + millisecond & 0xFFFFFFFFFFFF:012x}"
        self._millisecond_text = f"{digits[:8]}-{digits[8:]}-7"

    def _constant_end(self, kind: Optional[type], weight: float) -> str:
        """All that follows an event's own values: the same for most calls."""
        error = "null" if kind is None else _dumps(exception_name(kind))
        return (
            f',"exception_occurred":{"false" if kind is None else "true"},"exception_type":{error}'
            f',"weight":{weight!r},{self._common}{self._end}'
        )

    def _fragments(self, declaration: Declaration) -> Tuple[str, str]:
        """An event's start, up to its message id, and the constants of its declaration."""
        start = f'{{"type":"track","event":{_dumps(declaration.event)},"messageId":"'
        declaration.fragments = start, self._properties(declaration.constants)
        return declaration.fragments

    def _values(self, declaration: Declaration, values: Mapping[str, Any], text: str) -> str:
        """The properties of one call after the constants, whose JSON is `text`; values win."""
        keys, constants = self._keys, declaration.constants
        for name, value in values.items():
            if name in constants:
                return self._properties({**constants, **values})
            key = keys.get(name)
            if key is None:
                key = self._key(name)
            if key:
                text += f"{key}{_text(value) if type(value) is str else _json(value)},"
        return text

    def _properties(self, properties: Mapping[str, Any]) -> str:
        """The JSON of properties, a comma after each."""
        keys = [(self._key(name), value) for name, value in properties.items()]
        return "".join([f"{key}{_json(value)}," for key, value in keys if key])

    def _key(self, name: str) -> str:
        """A property's name as JSON and a colon; nothing for a name that is this package's own."""
        key = "" if name in self._own else _text(name) + ":"
        if len(self._keys) < 1000:
            self._keys[name] = key
        return key

    def _parent(self, parent: object) -> str:
        """The JSON of an enclosing event's name; None, or the mark of a context without one."""
        text = _dumps(parent) if isinstance(parent, str) else "null"
        if len(self._parents) < 1000:
            self._parents[parent] = text
        return text


def _json(value: Any) -> str:
    """The JSON of a bounded value, without the detour over `dumps` where that is simple."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    kind = type(value)
    return repr(value) if kind is int or kind is float else _dumps(value)


def timestamp(at: float) -> str:
    """RFC 3339 in UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(int(at // 1)))
    return f"{whole}.{int(at % 1 * 1000):03d}Z"
