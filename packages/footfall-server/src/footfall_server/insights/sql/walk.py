"""Events of an install in one array, in the client's order: what funnels walk along.

An event is one number, its **key**: 52 bits of time (microseconds since 1970), 52 bits of the order
of acknowledgement, then one bit for each condition that it meets. So keys sort as events happened,
an event is later than another if its key is greater, and an array of them costs a third of an array
of tuples: the engine collects and sorts plain numbers.

A **short** key leaves out the order, and its time counts from the start of what is read: it fits 64
bits, and a funnel costs a quarter less. It can't tell which of two events of the same microsecond
was first, so whoever uses it looks for those where that could matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Funnel, Query
from footfall_server.insights.queries.common import Filter
from footfall_server.insights.queries.funnel import Exclusion, Step
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Conditions, Versions, asks_for_kind, walk
from footfall_server.model.event import KINDS

TIME = "toUInt64(toUnixTimestamp64Micro(time))"
ORDER = "bitNot(version)"
_BITS = 52


@dataclass(frozen=True, slots=True)
class Keys:
    """The arithmetic of keys with so many conditions.

    `order` is how many bits the order has; time counts from `origin` (microseconds since 1970).
    """

    conditions: int
    order: int = _BITS
    origin: int = 0

    @property
    def short(self) -> bool:
        return self.order == 0

    @property
    def type(self) -> str:
        if self.short:
            return "UInt64"
        return "UInt128" if _BITS + self.order + self.conditions <= 128 else "UInt256"

    @property
    def _below_time(self) -> int:
        return self.order + self.conditions

    @property
    def never(self) -> str:
        """A key after every other."""
        return f"bitNot(to{self.type}(0))"

    def of(self, bits: str) -> str:
        """The key of a row of events, with the bits of the conditions that it meets."""
        time = f"to{self.type}(toUnixTimestamp64Micro(time) - {self.origin})"
        if not self.short:
            time = f"bitOr(bitShiftLeft({time}, {self.order}), least({ORDER}, {2**self.order - 1}))"
        return f"bitOr(bitShiftLeft({time}, {self.conditions}), {bits})"

    def meets(self, key: str, mask: int) -> str:
        """Whether the event meets one of the conditions of a mask."""
        return f"bitAnd(toUInt64({key}), {mask}) != 0"

    def time(self, key: str) -> str:
        """Microseconds since 1970."""
        return f"(toInt64({self._moment(key)}) + {self.origin})"

    def before(self, microseconds: int) -> str:
        """The key that every event before a moment is less than."""
        since = microseconds - self.origin
        return f"bitShiftLeft(to{self.type}({since}), {self._below_time})"

    def since(self, key: str) -> str:
        """The key that no event which may come after this one, or is it, is less than."""
        return f"bitShiftLeft({self.instant(key)}, {self.conditions})" if self.short else key

    def after(self, key: str, microseconds: int) -> str:
        """The key that every event within so many microseconds after this one is less than."""
        return f"bitShiftLeft({self._moment(key)} + {microseconds + 1}, {self._below_time})"

    def instant(self, key: str) -> str:
        """The key without its conditions: equal for the same event."""
        return f"bitShiftRight({key}, {self.conditions})"

    def last_instant(self, key: str, microseconds: int) -> str:
        """The greatest `instant` within so many microseconds after an event."""
        moment = f"{self._moment(key)} + {microseconds}"
        return f"bitOr(bitShiftLeft({moment}, {self.order}), {2**self.order - 1})"

    def without(self, key: str, mask: int) -> str:
        """The key as if the event met none of the conditions of a mask."""
        return f"bitAnd({key}, bitNot(to{self.type}({mask})))"

    def _moment(self, key: str) -> str:
        """Microseconds since the origin, of the key's own type."""
        return f"bitShiftRight({key}, {self._below_time})"


@dataclass(frozen=True, slots=True)
class Marked:
    """Conditions of a funnel and which bits of a key are whose.

    Equal steps share a bit, and so do exclusions of the same event. `bits` are those of an event;
    the first condition has the lowest one.
    """

    conditions: tuple[str, ...]
    bits: str
    steps: tuple[int, ...]
    exclusions: tuple[int, ...]

    @property
    def every_step(self) -> int:
        return _union(self.steps)

    @property
    def every_exclusion(self) -> int:
        return _union(self.exclusions)

    @property
    def after_first(self) -> int:
        """What an entry heeds once it has begun, in strict order."""
        return _union(self.steps[1:]) | self.every_exclusion

    def excluding(self, query: Funnel, reached: int) -> int:
        """The mask of what ends an entry that has done so many steps."""
        return _union(
            mask
            for one, mask in zip(query.exclusions, self.exclusions, strict=True)
            if one.from_step <= reached < one.to_step
        )


def marked(query: Funnel, binder: Binder, versions: Versions) -> Marked:
    """Exclusions have the lowest bits: so of two copies of an event the excluding one is first."""
    places: dict[Step | tuple[str, ...], int] = {}
    events = [_names(one) for one in query.exclusions]
    for names in events:
        places.setdefault(names, len(places))
    for step in query.steps:
        places.setdefault(step, len(places))
    open_kinds = _asks(one for step in query.steps for one in step.filters)
    conditions = [
        _condition(
            each if isinstance(each, Step) else Step(each), query, open_kinds, binder, versions
        )
        for each in places
    ]
    return Marked(
        tuple(conditions),
        _bits([*places], conditions, binder),
        tuple(1 << places[step] for step in query.steps),
        tuple(1 << places[each] for each in events),
    )


def _bits(
    places: Sequence[Step | tuple[str, ...]], conditions: Sequence[str], binder: Binder
) -> str:
    """Where names alone decide, the engine looks each up once; else every event meets or not."""
    masks: dict[str, int] = {}
    for place, each in enumerate(places):
        if isinstance(each, Step) and (each.event is None or each.filters):
            return " + ".join(f"toUInt64({one}) * {1 << at}" for at, one in enumerate(conditions))
        for name in _names(each) if isinstance(each, Step) else each:
            masks[name] = masks.get(name, 0) | 1 << place
    known = binder.bind([*masks.values()], "Array(UInt64)")
    return f"transform(event, {binder.texts([*masks])}, {known}, toUInt64(0))"


def marked_events(
    project: int,
    query: Funnel,
    within: Range,
    marks: Marked,
    keys: Keys,
    columns: Sequence[str],
    binder: Binder,
    versions: Versions,
) -> str:
    """Rows `install_key`, `event_key` and the columns: of events that do a step or exclude."""
    filters = query.filters
    if _asks(one for step in query.steps for one in step.filters) and not _asks(filters):
        filters = (*filters, Filter(property="kind", op="in", values=tuple(sorted(KINDS))))
    names = _all_names(query)
    condition = where(project, within, query.installs, filters, names, binder, versions)
    if names is None or any(step.filters for step in query.steps):
        condition += f" AND ({' OR '.join(marks.conditions)})"
    selected = ", ".join(("install_key", f"{keys.of(marks.bits)} AS event_key", *columns))
    return f"{binder.named()}SELECT {selected} FROM {ONCE} WHERE {condition}"


def _condition(
    step: Step, query: Query, open_kinds: bool, binder: Binder, versions: Versions
) -> str:
    parts = []
    if step.event is not None:
        parts.append(f"event IN {binder.texts(list(_names(step) or ()))}")
    if open_kinds and not _asks((*query.filters, *step.filters)):
        parts.append("kind = 'track'")
    parts += Conditions(binder, versions).every(step.filters)
    return f"({' AND '.join(parts)})" if parts else "1"


def _asks(filters: Iterable[Filter]) -> bool:
    return any(asks_for_kind(each) for each in walk(filters))


def _names(one: Step | Exclusion) -> tuple[str, ...]:
    assert one.event is not None
    return (one.event,) if isinstance(one.event, str) else one.event


def _all_names(query: Funnel) -> tuple[str, ...] | None:
    names: dict[str, None] = {}
    for step in query.steps:
        if step.event is None:
            return None
        names |= dict.fromkeys(_names(step))
    for exclusion in query.exclusions:
        names |= dict.fromkeys(_names(exclusion))
    return tuple(names)


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)


def short_keys(conditions: int, within: Range) -> Keys | None:
    """Keys of 64 bits for events of a range, if they fit: no time is 0, none is `never`'s."""
    origin = micros(within.start) - 1
    span = micros(within.end) + 1 - origin
    return Keys(conditions, 0, origin) if span.bit_length() + conditions < 64 else None


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return int(at.timestamp()) * 1_000_000 + at.microsecond
