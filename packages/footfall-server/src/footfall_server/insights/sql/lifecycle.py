"""Lifecycle: the buckets in which each install was active, then what it is in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from footfall_server.insights.periods import FIRST, Bucket, Range
from footfall_server.insights.queries import Lifecycle
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.trends import bucket_key
from footfall_server.store import Statement, on_shards

STATES = ("new", "returning", "resurrected", "dormant")


def states(
    project: int,
    query: Lifecycle,
    within: Range,
    before: Bucket,
    buckets: Sequence[Bucket],
    versions: Versions,
) -> Statement:
    """Rows `place` (in `buckets`, from 0), `state` (in `STATES`), `count`, where that isn't 0.

    `before` is the whole bucket before the first one. An install is new in the bucket that its
    first event ever lies in, even where that is in the part of the first bucket before the range.
    """
    binder = Binder()
    history = replace(within, start=FIRST)
    condition = where(project, history, query.installs, query.filters, None, binder, versions)
    key = f"toInt64({bucket_key(query.interval, binder.text(within.zone.key))})"
    keys = binder.bind([before.key, *(one.key for one in buckets)], "Array(Int64)")
    places = f"range(toUInt32({binder.bind(len(buckets) + 1, 'UInt32')}))"
    # In the first bucket only what lies in the range is activity; before it, the bucket before is.
    seen = (
        f"time >= {binder.instant(before.start)} AND "
        f"(time >= {binder.instant(within.start)} OR time < {binder.instant(before.end)})"
    )
    start = binder.instant(buckets[0].start)
    installs = on_shards(
        f"SELECT {_changes(binder.bind(len(buckets), 'UInt32'))} AS changes FROM ("
        "SELECT first_place, "
        f"arraySort(arrayMap(k -> transform(k, {keys}, {places}, 0), arrayDistinct(active))) "
        "AS places FROM ("
        f"SELECT if(min(time) < {start}, -1, min(key)) AS first_key, "
        "groupArrayIf(key, seen) AS active, "
        f"transform(first_key, {keys}, {places}, 0) AS first_place FROM ("
        f"{binder.named()}SELECT install_key, time, {key} AS key, {seen} AS seen "
        f"FROM {ONCE} WHERE {condition}) "
        "GROUP BY install_key))"
    )
    text = (
        "SELECT change.1 - 1 AS place, change.2 AS state, count() AS count "
        f"FROM {installs} ARRAY JOIN changes AS change GROUP BY place, state"
    )
    return binder.statement(text)


def _changes(number: str) -> str:
    """What an install is, bucket by bucket, where it is something: 0 is the bucket before."""
    before = "arrayPopBack(arrayPushFront(places, -1))"
    after = "arrayPopFront(arrayPushBack(places, -1))"
    state = "multiIf(p = first_place, 0, p - 1 = q, 1, 2)"
    active = f"arrayMap((p, q) -> (p, {state}), places, {before})"
    dormant = (
        "arrayMap(p -> (p + 1, 3), "
        f"arrayFilter((p, q) -> p < {number} AND p + 1 != q, places, {after}))"
    )
    return f"arrayFilter(c -> c.1 > 0, arrayConcat({active}, {dormant}))"
