"""Entries of a funnel: what becomes of each event that could begin one, then which do begin.

The first is found for all events of an install at once, from the last step back (`chains.py`). The
second is simple where an entry is the first one, of an install or of a bucket; where an install
enters again, a fold goes through the possible entries and takes each that begins after the one
before has ended.
"""

from __future__ import annotations

from datetime import timedelta

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Funnel
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.chains import Arrays, any_order, strict_order
from footfall_server.insights.sql.column import FLAGS, column, dimension
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.insights.sql.walk import (
    Keys,
    Marked,
    marked,
    marked_events,
    micros,
    short_keys,
)

_MICROS = 1_000_000


def unreached(query: Funnel) -> str:
    """The code of an entry that never does the step of the breakdown: one that no event has."""
    return f"repeat('\\0', {len(query.breakdown)})"


def entries(
    project: int, query: Funnel, within: Range, binder: Binder, versions: Versions, exact: bool
) -> str:
    """Rows `bucket` (key; 0 without an interval), `code`, `times` and `tied`: one an entry.

    `code` is the codes of the breakdown, NUL between them ('' without one). `times` are those of
    the steps that were done, in microseconds since 1970. Where any entry is `tied` (1), all may be
    wrong: events of the same microsecond have an order only if it is `exact`.
    """
    marks = marked(query, binder, versions)
    columns = [*_held(query, binder), *_code(query, binder)]
    last = within.end + timedelta(seconds=query.window_seconds)
    reach = Range(within.start, last, within.zone)
    arrays = Arrays(query, marks, _keys(query, marks, reach, exact), micros(within.end))
    events = marked_events(project, query, reach, marks, arrays.keys, columns, binder, versions)
    source = _first(events, arrays) if _only_first(query) else _all(events, arrays)
    if _only_first(query) and query.order == "strict" and arrays.plain:
        return _straight(source, arrays)
    chained = any_order(source, arrays) if query.order == "any" else strict_order(source, arrays)
    bucket = _bucket(query, binder.text(within.zone.key))
    chosen = _chosen(chained, arrays, bucket)
    keys = arrays.keys
    until = keys.after("entry.1", query.window_seconds * _MICROS)
    times = f"arrayMap(k -> {keys.time('k')}, arrayFilter(k -> k < {until}, entry.4))"
    code = "entry.3"
    if arrays.coded and query.order == "strict" and query.breakdown_step > 1:
        code = f"if(length(times) >= {query.breakdown_step}, entry.3, {unreached(query)})"
    return (
        f"SELECT entry.5 AS bucket, {code} AS code, {times} AS times, tied "
        f"FROM ({chosen}) ARRAY JOIN entries AS entry"
    )


def _straight(source: str, arrays: Arrays) -> str:
    """The rows of `entries` where each install has one entry, its first event, and nothing ends it:
    step by step the next event that does it."""
    places = ["1"]
    for step, mask in enumerate(arrays.marks.steps[1:], 2):
        fits = f"at > {places[-1]} AND {arrays.keys.meets('k', mask)}"
        found = f"arrayFirstIndex((k, at) -> {fits}, keys, arrayEnumerate(keys))"
        if step > 2:
            found = f"if({places[-1]} = 0, 0, {found})"
        source = f"SELECT *, {found} AS at{step} FROM ({source})"
        places.append(f"at{step}")
    done = f"arrayFilter(at -> at > 0, [{', '.join(places)}])"
    times = f"arrayMap(at -> {arrays.keys.time('keys[at]')}, {done})"
    return f"SELECT toInt64(0) AS bucket, '' AS code, {times} AS times, tied FROM ({source})"


def _keys(query: Funnel, marks: Marked, reach: Range, exact: bool) -> Keys:
    conditions = len(marks.conditions)
    # Sorted by held value first, events of the same microsecond would be hard to find.
    parted = query.hold and not _only_first(query)
    short = None if exact or parted else short_keys(conditions, reach)
    return short or Keys(conditions)


def _only_first(query: Funnel) -> bool:
    return query.count == "unique" and query.interval is None


def _held(query: Funnel, binder: Binder) -> list[str]:
    if not query.hold:
        return []
    codes = []
    for name in query.hold:
        code = column(name, binder).code
        codes.append(f"if({code} = '', 'jfalse', {code})" if name in FLAGS else code)
    return [f"sipHash64({', '.join(codes)}) AS held"]


def _code(query: Funnel, binder: Binder) -> list[str]:
    if not query.breakdown:
        return []
    codes = [f"toString({dimension(part, binder).code})" for part in query.breakdown]
    joined = codes[0] if len(codes) == 1 else "concat(" + ", '\\0', ".join(codes) + ")"
    return [f"{joined} AS code"]


def _first(events: str, arrays: Arrays) -> str:
    """An install's events from its first entry on, to the window's end."""
    keys, begins = arrays.keys, arrays.begins("event_key")
    held = f", argMinIf(held, event_key, {begins}) AS first_held" if arrays.held else ""
    until = keys.after("first", arrays.query.window_seconds * _MICROS)
    key, every = arrays.key("x"), arrays.collected
    near = f"arraySort(arrayFilter(x -> {key} >= since AND {key} < until, every))"
    if arrays.query.order == "strict" and not arrays.held and not arrays.coded:
        # What only begins an entry isn't looked at again: the first of it is enough.
        later = arrays.marks.after_first
        every = f"groupArrayIf(event_key, {keys.meets('event_key', later)})"
        near = f"arrayConcat(if({keys.meets('first', later)}, [], [first]), {near})"
    # A key that begins has the bit of a step, so it is never 0.
    collected = (
        f"SELECT {every} AS every, minIf(event_key, {begins}) AS first, "
        f"{keys.since('first')} AS since, {until} AS until{held} FROM ({events}) "
        "GROUP BY install_key HAVING first > 0"
    )
    seen = "near"
    if arrays.held:
        # Steps with another value than the first's don't count; what excludes does.
        other = keys.without(key, arrays.marks.every_step)
        own = f"if({arrays.part('x', 'held')} = first_held, {key}, {other})"
        seen = f"arrayMap(x -> {arrays.tuple_of(own, '0', arrays.part('x', 'code'))}, near)"
    return arrays.unzipped(
        f"SELECT {near} AS near, {seen} AS seen, {arrays.tied('near')} AS tied FROM ({collected})"
    )


def _all(events: str, arrays: Arrays) -> str:
    """All events of an install; with held values, in order value by value."""
    collected = (
        f"SELECT arraySort({arrays.collected}) AS seen, {arrays.tied('seen')} AS tied "
        f"FROM ({events}) GROUP BY install_key HAVING countIf({arrays.begins('event_key')}) > 0"
    )
    if not arrays.held or not arrays.marks.exclusions:
        return arrays.unzipped(collected)
    # What excludes does so whatever is held: every held value gets a copy of it.
    keys, marks, key = arrays.keys, arrays.marks, arrays.key("x")
    steps = keys.without(key, marks.every_exclusion)
    own = arrays.tuple_of(steps, arrays.part("x", "held"), arrays.part("x", "code"))
    copy = arrays.tuple_of(keys.without(key, marks.every_step), "h", "''")
    begun = f"arrayFilter(x -> {arrays.begins(key)}, seen)"
    text = (
        "SELECT tied, "
        f"arrayDistinct(arrayMap(x -> {arrays.part('x', 'held')}, {begun})) AS values, "
        f"arrayFilter(x -> {keys.meets(key, marks.every_exclusion)}, seen) AS ending, "
        f"arrayMap(x -> {own}, arrayFilter(x -> {keys.meets(key, marks.every_step)}, seen)) "
        f"AS doing FROM ({collected})"
    )
    copies = f"arrayFlatten(arrayMap(h -> arrayMap(x -> {copy}, ending), values))"
    return arrays.unzipped(
        f"SELECT tied, arraySort(arrayConcat(doing, {copies})) AS seen FROM ({text})"
    )


def _bucket(query: Funnel, zone: str) -> str:
    return "toInt64(0)" if query.interval is None else bucket_key(query.interval, zone)


def _chosen(chained: str, arrays: Arrays, bucket: str) -> str:
    """Columns `entries`: arrays of (key, end, code, keys of steps, bucket); and `tied`."""
    query, keys = arrays.query, arrays.keys
    time = f"fromUnixTimestamp64Micro({keys.time('e.1')})"
    found = (
        f"SELECT arrayMap((e, time) -> (e.1, e.2, e.3, e.4, {bucket}), found, "
        f"arrayMap(e -> {time}, found)) AS entries, tied FROM ("
        f"SELECT {arrays.in_order('entries')} AS found, tied FROM ({chained}))"
    )
    if _only_first(query):
        return found
    if query.count == "unique":
        return f"SELECT arrayCompact(e -> e.5, entries) AS entries, tied FROM ({found})"
    timeout = keys.last_instant("e.1", query.window_seconds * _MICROS)
    ended = (
        f"SELECT entries, tied, arrayMap(e -> {keys.instant('e.1')}, entries) AS starts, "
        f"arrayMap(e -> least({keys.instant('e.2')}, {timeout}), entries) AS ends FROM ({found})"
    )
    return _again(ended, keys)


def _again(ended: str, keys: Keys) -> str:
    """Of `entries` with their `starts` and `ends`, each that starts after the one before has ended.

    The fold keeps the ends of those taken, since a state that grows with every element would cost
    twice as much. Sorted together, a start that is taken is one that follows such an end.
    """
    zero = f"to{keys.type}(0)"
    taken = (
        "arrayFold((taken, start, stop) -> "
        "if(start > taken[-1], arrayPushBack(taken, stop), taken), "
        f"starts, ends, [{zero}])"
    )
    # An end is odd, so it comes after the start of the same event, which is used up.
    merged = (
        "arraySort(arrayConcat(arrayMap(s -> bitShiftLeft(s, 1), starts), "
        f"arrayMap(s -> bitOr(bitShiftLeft(s, 1), 1), {taken})))"
    )
    follows = "arrayFilter((before, own) -> own % 2 = 0, arrayPushFront(arrayPopBack(all), 0), all)"
    return (
        f"SELECT arrayFilter((e, before) -> before % 2 = 1, entries, {follows}) AS entries, tied "
        f"FROM (SELECT entries, tied, {merged} AS all FROM ({ended}))"
    )
