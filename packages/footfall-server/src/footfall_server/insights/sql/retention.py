"""Retention: each install's births and returns as arrays, then cohorts of them.

All that is said about an install comes from its own events, so this part could run where the
install's events are; only the counts of cohorts would travel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from footfall_server.insights.periods import FIRST, LAST, Range, day_key, first_day, local_day
from footfall_server.insights.queries import Retention
from footfall_server.insights.queries.common import Action
from footfall_server.insights.queries.retention import Unit
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import OTHER, dimension
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.trends import Segment, combinations, key
from footfall_server.store import Statement, on_shards

_LONGEST_DAYS: dict[Unit, int] = {"day": 1, "week": 7, "month": 31}
_ROLLING_DAYS: dict[Unit, int] = {"day": 1, "week": 7, "month": 30}


def cohorts(
    project: int, query: Retention, within: Range, top: tuple[Segment, ...], versions: Versions
) -> Statement:
    """Rows `cohort` (key of its first day), `segment_key`, `size`, `counts` (one a bracket).

    `top` are the segments with a name of their own. Cohorts without installs have no row.
    """
    binder = Binder()
    # Of events that are birth and return alike the first one is the birth, whatever its place
    # among others at the same instant: so the client's order needs to be read for the others only.
    ordered = bool(query.breakdown) or query.birth != query.return_
    place = _Place(ordered, query.unit, binder.text(within.zone.key))
    events = _events(project, query, within, versions, place, binder)
    births = (
        f"SELECT {place.first_day('birth.1')} AS cohort, {_segments(query, top, binder)} AS "
        f"segment_key, birth.1 AS start, {_flags(query, within, place, binder)} AS flags FROM ("
        f"{_installs(query, within, events, place, binder)}) ARRAY JOIN births AS birth"
    )
    text = (
        "SELECT cohort, segment_key, count() AS size, sumForEach(flags) AS counts "
        f"FROM {on_shards(births)} GROUP BY cohort, segment_key"
    )
    return binder.statement(text)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an event stands in time, as one number.

    Microseconds since 1970; where it is `ordered`, these and then its place in the client's order.
    """

    ordered: bool
    unit: Unit
    zone: str

    @property
    def of_event(self) -> str:
        micros = "toUnixTimestamp64Micro(time)"
        if not self.ordered:
            return micros
        return f"bitShiftLeft(toInt128({micros}), 64) + toInt128(position)"

    def micros(self, at: str) -> str:
        return f"toInt64(bitShiftRight({at}, 64))" if self.ordered else at

    def first_day(self, at: str) -> str:
        """The key of the first day of the unit that it lies in."""
        return self._first_day(self._day(at))

    def _first_day(self, day: str) -> str:
        first = {"day": day, "week": f"toMonday({day})", "month": f"toStartOfMonth({day})"}
        return f"toInt64(toUInt16({first[self.unit]}))"

    def number(self, at: str) -> str:
        """The number of the unit that it lies in, units being counted in a row."""
        return self._number(self._day(at))

    @property
    def number_of_event(self) -> str:
        return self._number(f"toDate(time, {self.zone})")

    def _number(self, day: str) -> str:
        if self.unit == "month":
            return f"toInt32(toRelativeMonthNum({day}))"
        first = self._first_day(day)
        return f"toInt32({first})" if self.unit == "day" else f"toInt32(intDiv({first}, 7))"

    def _day(self, at: str) -> str:
        return f"toDate(fromUnixTimestamp64Micro({self.micros(at)}, 'UTC'), {self.zone})"


@dataclass(frozen=True, slots=True)
class _Units:
    """In which units an install returned, as bits of a number: half the time of all its returns.

    The lowest bit is the unit with the number `first`; the highest stays 0.
    """

    first: int
    bits: int

    def of_events(self) -> str:
        bit = f"bitShiftLeft(toUInt{self.bits}(1), greatest(unit - {self.first}, 0))"
        return f"groupBitOrIf({bit}, returned)"

    def holds(self, unit: str) -> str:
        place = f"least({unit} - {self.first}, {self.bits - 1})"
        return f"toUInt8(bitAnd(bitShiftRight(return_units, {place}), 1))"


def _units(query: Retention, within: Range) -> _Units | None:
    """None where it isn't enough to know the units, or where they are too many.

    Of one action for birth and return, and births that are an install's first one, no return comes
    before the birth; so within a unit it doesn't matter when.
    """
    alike = query.birth == query.return_ and query.cohort != "recurring"
    if not alike or query.mode != "calendar" or query.kind == "on_or_after":
        return None
    until = _returns_until(query, within) - timedelta.resolution
    first, last = (_unit_number(query.unit, day, within) for day in (within.start, until))
    widths = (bits for bits in (64, 128, 256) if last - first + 1 < bits)
    return next((_Units(first, bits) for bits in widths), None)


def _unit_number(unit: Unit, at: datetime, within: Range) -> int:
    """As `_Place.number`."""
    day = first_day(local_day(at, within.zone), unit)
    if unit == "month":
        return day.year * 12 + day.month - 1
    return day_key(day) // (7 if unit == "week" else 1)


def _events(
    project: int,
    query: Retention,
    within: Range,
    versions: Versions,
    place: _Place,
    binder: Binder,
) -> str:
    """Rows `install_key`, `at` (its place), `born`, `returned`, `codes` of the breakdown."""
    births = replace(within, start=FIRST) if query.cohort == "first_ever" else within
    returns = replace(within, end=_returns_until(query, within))
    codes = ", ".join(dimension(part, binder).code for part in query.breakdown)
    codes = f"tuple({codes})" if codes else "0"
    unit = f", {place.number_of_event} AS unit" if _units(query, within) else ""

    def read(action: Action, range_: Range, born: str, returned: str) -> str:
        filters = (*query.filters, *action.filters)
        names, installs = action.names, query.installs
        condition = where(project, range_, installs, filters, names, binder, versions)
        return (
            f"{binder.named()}SELECT install_key, {place.of_event} AS at, {born} AS born, "
            f"{returned} AS returned, {codes} AS codes{unit} FROM {ONCE} WHERE {condition}"
        )

    if query.birth == query.return_:
        both = replace(within, start=births.start, end=returns.end)
        born = f"time < {binder.instant(births.end)}"
        return read(query.birth, both, born, f"time >= {binder.instant(returns.start)}")
    return (
        f"{read(query.birth, births, '1', '0')} UNION ALL {read(query.return_, returns, '0', '1')}"
    )


def _returns_until(query: Retention, within: Range) -> datetime:
    """Nothing later falls into a bracket."""
    if query.kind == "on_or_after":
        return LAST
    days = query.brackets * _LONGEST_DAYS[query.unit] + 2
    return min(within.end + timedelta(days=days), LAST)


def _installs(query: Retention, within: Range, events: str, place: _Place, binder: Binder) -> str:
    """Each install's `births` (one a cohort: place, codes), `returns` (places) and their units."""
    recurring = query.cohort == "recurring"
    births, returns = "[(minIf(at, born), argMinIf(codes, at, born))]", "groupArrayIf(at, returned)"
    if recurring:
        births = _first_of_units("arraySort(groupArrayIf((at, codes), born))", place)
    if query.kind == "on_or_after":
        returns = "[maxIf(at, returned)]"
    elif recurring and query.mode == "calendar":
        returns = _last_of_units("arraySort(groupArrayIf(at, returned))", place)
    condition = "countIf(born) > 0"
    if query.cohort == "first_ever":
        start = binder.bind((within.start - FIRST) // timedelta(microseconds=1), "Int64")
        condition += f" AND {place.micros('minIf(at, born)')} >= {start}"
    kept = f"{returns} AS returns, arrayMap(r -> {place.number('r')}, returns) AS return_units"
    if units := _units(query, within):
        kept = f"{units.of_events()} AS return_units"
    return (
        f"SELECT {births} AS births, {kept} FROM ({events}) GROUP BY install_key HAVING {condition}"
    )


def _first_of_units(births: str, place: _Place) -> str:
    """Of births in order, (place, codes), the first in each unit."""
    units = f"arrayMap(b -> {place.number('b.1')}, sorted_births) AS birth_units"
    return (
        f"arrayFilter((b, unit, before) -> unit != before, ({births} AS sorted_births), "
        f"({units}), arrayPopBack(arrayPushFront(birth_units, -1)))"
    )


def _last_of_units(returns: str, place: _Place) -> str:
    """Of places in order the last in each unit.

    It tells whether a return comes after a birth in that unit, and an install that is in many
    cohorts has its returns looked at for each of them.
    """
    units = f"arrayMap(r -> {place.number('r')}, sorted_returns) AS units"
    return (
        f"arrayFilter((r, unit, after) -> unit != after, ({returns} AS sorted_returns), "
        f"({units}), arrayPopFront(arrayPushBack(units, -1)))"
    )


def _flags(query: Retention, within: Range, place: _Place, binder: Binder) -> str:
    """For each bracket of the birth at `start`, 1 where it holds."""
    every = f"range({binder.bind(query.brackets, 'UInt16')})"
    if query.mode == "rolling":
        unit = binder.bind(_ROLLING_DAYS[query.unit] * 86_400_000_000, "Int64")
        bracket = f"intDiv({place.micros('r')} - {place.micros('start')}, {unit})"
        found = f"arrayMap(r -> toInt32({bracket}), arrayFilter(r -> r >= start, returns))"
        first = "toInt32(0)"
    else:
        found = "arrayFilter((unit, r) -> r >= start, return_units, returns)"
        first = place.number("start")
    found = f"arrayDistinct({found})"
    if query.kind == "on_or_after":
        return f"arrayMap(k -> arrayExists(b -> b >= k + {first}, {found}), {every})"
    returned = f"has({found}, toInt32(k + {first}))"
    if units := _units(query, within):
        returned = units.holds(f"k + {first}")
    held = f"arrayMap(k -> {returned}, {every})"
    if query.kind == "on":
        return held
    total = f"arrayCumSum(arrayMap(h -> toUInt16(h), {held}))"
    return f"arrayMap((total, k) -> total = k + 1, {total}, {every})"


def _segments(query: Retention, top: tuple[Segment, ...], binder: Binder) -> str:
    """The distinct segments that a birth counts in, joined to it one by one."""
    if not query.breakdown:
        return "''"
    dimensions = [dimension(part, binder) for part in query.breakdown]
    codes = [f"birth.2.{place}" for place in range(1, len(dimensions) + 1)]
    named = binder.texts([key(one) for one in top])
    other = binder.text(key((OTHER,) * len(dimensions)))
    each = f"arrayMap(s -> if(s IN {named}, s, {other}), {combinations(dimensions, codes)})"
    return f"arrayJoin(arrayDistinct({each}))"
