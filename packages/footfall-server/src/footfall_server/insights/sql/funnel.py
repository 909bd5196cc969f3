"""Funnels: entries, counted by step, bucket and segment."""

from __future__ import annotations

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Funnel
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import NONE, OTHER, dimension
from footfall_server.insights.sql.entries import entries, unreached
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.trends import combinations, key
from footfall_server.store import Statement, on_shards

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_UPPER = (
    *(1, 2, 5, 10, 20, 30),
    *(each * _MINUTE for each in (1, 2, 5, 10, 20, 30)),
    *(each * _HOUR for each in (1, 2, 4, 8, 12)),
    *(each * _DAY for each in (1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 366)),
)


def upper_seconds(query: Funnel) -> list[int]:
    """The upper ends (inside) of the histogram's bars, up to the window."""
    return [*(one for one in _UPPER if one < query.window_seconds), query.window_seconds]


def numbers(
    project: int, query: Funnel, within: Range, versions: Versions, exact: bool = False
) -> Statement:
    """Rows `whole` (1: of all entries together), `bucket` (key), `segment` (key), `place` (of the
    segment, largest first), `counts` (by step), `medians` (seconds from the step before, by step
    from the second on), `p50`, `p90` (seconds to convert), `within` (how many convert within each
    of `upper_seconds`), `tied` (1: all may be wrong, and it must be asked again, `exact`).
    """
    binder = Binder()
    source = entries(project, query, within, binder, versions, exact)
    grouped = _grouped(query, source)
    if query.breakdown:
        grouped = _named(query, grouped, binder)
    else:
        grouped = f"SELECT *, '' AS segment, 0 AS rank FROM ({grouped})"
    text = (
        "SELECT whole, bucket, segment, min(rank) AS place, sumForEach(counts) AS counts, "
        f"[{', '.join(f'{_MEDIAN}Merge(0.5)(gap{step})' for step in _later(query))}] AS medians, "
        f"{_LEVELS}Merge(0.5, 0.9)(all) AS levels, "
        "levels[1] AS p50, levels[2] AS p90, sumForEach(within) AS within, max(tied) AS tied "
        f"FROM ({grouped}) GROUP BY whole, bucket, segment"
    )
    return binder.statement(text)


_MEDIAN, _LEVELS = "quantileExactInclusive", "quantilesExactInclusive"


def _later(query: Funnel) -> range:
    return range(2, len(query.steps) + 1)


def _grouped(query: Funnel, source: str) -> str:
    """By bucket and code, and all together; percentiles as states, to be merged by segment."""
    last = len(query.steps)
    gaps = ", ".join(
        f"{_MEDIAN}StateIf(0.5)(gaps[{step}], done >= {step}) AS gap{step}"
        for step in _later(query)
    )
    entry = (
        "SELECT bucket, code, tied, length(times) AS done, "
        "arrayMap(gap -> gap / 1000000, arrayDifference(times)) AS gaps, "
        f"(times[-1] - times[1]) / 1000000 AS seconds FROM ({source})"
    )
    split = query.breakdown or query.interval
    grouping = "GROUPING SETS ((bucket, code), ())" if split else "bucket, code"
    whole = "toUInt8(grouping(bucket))" if split else "toUInt8(1)"
    return (
        f"SELECT {whole} AS whole, bucket, code, "
        f"sumForEach(arrayMap(step -> done >= step, range(1, {last + 1}))) AS counts, {gaps}, "
        f"{_LEVELS}StateIf(0.5, 0.9)(seconds, done = {last}) AS all, "
        f"sumForEachIf(arrayMap(upper -> seconds <= upper, {upper_seconds(query)}), done = {last}) "
        f"AS within, max(tied) AS tied FROM {on_shards(entry)} GROUP BY {grouping}"
    )


def _named(query: Funnel, grouped: str, binder: Binder) -> str:
    """A row for each shown segment of a code; a code counts once in `$other`."""
    width = len(query.breakdown)
    dimensions = [dimension(part, binder) for part in query.breakdown]
    codes = ["code"]
    if width > 1:
        codes = [f"splitByChar('\\0', code)[{place}]" for place in range(1, width + 1)]
    none, other = (binder.text(key((name,) * width)) for name in (NONE, OTHER))
    ways = f"if(code = {unreached(query)}, [{none}], {combinations(dimensions, codes)})"
    limit = binder.bind(query.limit, "UInt32")
    return (
        f"SELECT *, if(rank <= {limit}, own, {other}) AS segment FROM ("
        "SELECT *, dense_rank() OVER (PARTITION BY whole ORDER BY size DESC, own) AS rank FROM ("
        "SELECT *, sum(counts[1]) OVER (PARTITION BY whole, own) AS size FROM ("
        f"SELECT *, own FROM ({grouped}) ARRAY JOIN {ways} AS own))) "
        "LIMIT 1 BY whole, bucket, code, segment"
    )
