"""Flows and paths: sessions of each install, and the walks in them.

A session is an array of events in the client's order; an event is the place of its name among the
names of the range, so that arrays hold numbers, and ties go by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Flows, Paths
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.walk import ORDER, TIME
from footfall_server.store import Statement, on_shards

END = 0  # where a walk ends: no event has this place
_BITS = 52
_NAME_BITS = 24


def names(project: int, query: Flows | Paths, within: Range, versions: Versions) -> Statement:
    """Rows `event`, by name: the event of place 1, 2, … (one that only a repeat has does no harm,
    so rows are read without putting repeats together).
    """
    binder = Binder()
    condition = where(project, within, query.installs, query.filters, None, binder, versions)
    text = (
        f"{binder.named()}SELECT DISTINCT toString(event) AS event FROM events "
        f"WHERE {condition} ORDER BY event"
    )
    return binder.statement(text)


def transitions(
    project: int, query: Flows, within: Range, versions: Versions, known: Sequence[str]
) -> Statement:
    """Rows `step`, `source`, `target` (places; `END` where a walk ends), `count`."""
    binder = Binder()
    walks = _walks(project, query, within, versions, known, binder)
    steps = binder.bind(query.depth, "UInt8")
    # A walk that is shorter than the depth ends; one that isn't is cut there.
    ended = f"arraySlice(arrayPushBack(walk, toUInt32({END})), 1, {steps} + 1)"
    links = (
        "arrayMap((step, source, target) -> (step - 1, source, target), "
        "arrayEnumerate(arrayPopBack(nodes)), arrayPopBack(nodes), arrayPopFront(nodes))"
    )
    counted = on_shards(f"SELECT {ended} AS nodes, count() AS walks FROM ({walks}) GROUP BY nodes")
    text = (
        "SELECT link.1 AS step, link.2 AS source, link.3 AS target, sum(walks) AS count "
        f"FROM {counted} ARRAY JOIN {links} AS link GROUP BY step, source, target "
        "ORDER BY step, source, target"
    )
    return binder.statement(text)


def paths(
    project: int, query: Paths, within: Range, versions: Versions, known: Sequence[str]
) -> Statement:
    """Rows `walk` (places), `count`, `installs`: most frequent first, ties by name."""
    binder = Binder()
    walks = _walks(project, query, within, versions, known, binder)
    top = binder.bind(query.top, "UInt32")
    counted = on_shards(
        f"SELECT walk, install_key, count() AS walks FROM ({walks}) GROUP BY walk, install_key"
    )
    text = (
        f"SELECT walk, sum(walks) AS count, count() AS installs FROM {counted} "
        f"GROUP BY walk ORDER BY count DESC, walk LIMIT {top}"
    )
    return binder.statement(text)


def _walks(
    project: int,
    query: Flows | Paths,
    within: Range,
    versions: Versions,
    known: Sequence[str],
    binder: Binder,
) -> str:
    """Rows `install_key`, `walk`: at most `depth` + 1 places, read away from the anchor.

    An event is one number again: time, order, place of its name; so an array of them is quick to
    collect and to sort.
    """
    condition = where(project, within, query.installs, query.filters, None, binder, versions)
    place = (
        f"transform(toString(event), {binder.texts(list(known))}, range(1, {len(known)} + 1), 0)"
    )
    later = f"bitOr(bitShiftLeft(toUInt128({TIME}), {_BITS}), least({ORDER}, {2**_BITS - 1}))"
    key = f"bitOr(bitShiftLeft({later}, {_NAME_BITS}), {place})"
    events = f"{binder.named()}SELECT install_key, {key} AS event_key FROM {ONCE} WHERE {condition}"
    anchor = known.index(query.anchor) + 1 if query.anchor is not None else 0
    only = f"HAVING countIf(bitAnd(toUInt32(event_key), {2**_NAME_BITS - 1}) = {anchor}) > 0"
    collected = (
        f"SELECT install_key, arraySort(groupArray(event_key)) AS keys FROM ({events}) "
        f"GROUP BY install_key {only if anchor else ''}"
    )
    times = f"arrayMap(k -> toInt64(bitShiftRight(k, {_BITS + _NAME_BITS})), keys)"
    places = f"arrayMap(k -> bitAnd(toUInt32(k), {2**_NAME_BITS - 1}), keys)"
    silence = binder.bind(query.session_minutes * 60_000_000, "Int64")
    sessions = f"arraySplit((p, gap) -> gap > {silence}, {places}, arrayDifference({times}))"
    session = "arrayCompact(s)" if query.fold_repeats else "s"
    walk = _walk(session, anchor, query)
    return (
        f"SELECT install_key, walk FROM (SELECT install_key, arrayFilter(w -> notEmpty(w), "
        f"arrayMap(s -> {walk}, {sessions})) AS found FROM ({collected})) ARRAY JOIN found AS walk"
    )


def _walk(session: str, anchor: int, query: Flows | Paths) -> str:
    longest = query.depth + 1
    if not anchor:
        return f"arraySlice({session}, 1, {longest})"
    first = f"indexOf({session}, {anchor})"
    if query.direction == "after":
        found = f"arraySlice({session}, {first}, {longest})"
    else:
        start = f"greatest({first} - {query.depth}, 1)"
        found = f"arrayReverse(arraySlice({session}, {start}, {first} - {start} + 1))"
    return f"if({first} = 0, [], {found})"
