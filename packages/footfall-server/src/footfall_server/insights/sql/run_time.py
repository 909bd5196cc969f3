"""Run time: exact percentiles in one pass; groups that are too large for it in a second one."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.queries import RunTime
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, dimension
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.measures import EXACT_VALUES, exact_weighted
from footfall_server.insights.sql.places import condition
from footfall_server.store import Statement, on_shards

LEVELS = (0.5, 0.9, 0.99)
Pair = tuple[str, str]
_LEVELS = ", ".join(map(str, LEVELS))


def exact(asked: Asked[RunTime]) -> Statement:
    """Rows `event`, `segment`, `codes`, `events`, `run_times` (how many), `levels`.

    `levels`, one value each of LEVELS, are of EXACT_VALUES run times at most; empty without any.
    """
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    present = "isNotNull(run)"
    even = f"arrayReduce('quantilesExactInclusive({_LEVELS})', runs)"
    events = on_shards(
        f"{binder.named()}SELECT event, toString({by.code}) AS code, weight, {number} AS run "
        f"FROM {ONCE} WHERE {limited}"
    )
    text = (
        "SELECT toString(event) AS event, segment, groupArray(code) AS codes, "
        "sum(events) AS events, sum(count) AS run_times, "
        f"groupArrayArray({EXACT_VALUES})(own) AS runs, "
        f"groupArrayArray({EXACT_VALUES})(weights) AS weights, "
        f"multiIf(run_times = 0, [], min(even), {even}, "
        f"{exact_weighted(LEVELS, 'runs', 'weights')}) AS levels FROM ("
        f"SELECT event, code, sum(weight) AS events, countIf({present}) AS count, "
        f"countIf({present} AND weight != 1) = 0 AS even, "
        f"groupArrayIf({EXACT_VALUES})(assumeNotNull(run), {present}) AS own, "
        f"groupArrayIf({EXACT_VALUES})(weight, {present}) AS weights FROM {events} "
        "GROUP BY event, code) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    # Without the run times themselves.
    columns = "event, segment, codes, events, run_times, levels"
    return Statement(f"SELECT {columns} FROM ({text})", binder.parameters)


def digest(asked: Asked[RunTime], only: list[Pair]) -> Statement:
    """Rows `event`, `segment`, `levels` by a t-digest, of some pairs of event and code."""
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    pairs = binder.bind(only, "Array(Tuple(String, String))")
    # Both alone first: that is done by dictionary, and leaves few rows to look at closely.
    names, values = (binder.texts(sorted(set(each))) for each in zip(*only, strict=True))
    near = f"event IN {names} AND {by.code} IN {values}"
    # Thousandths are fine enough for a sample's share.
    whole = "toUInt32(least(round(greatest(weight, 0) * 1000), 4e9))"
    events = on_shards(
        f"{binder.named()}SELECT event, toString({by.code}) AS code, weight, "
        f"assumeNotNull({number}) AS run FROM {ONCE} "
        f"WHERE {limited} AND {near} AND isNotNull({number}) "
        f"AND (toString(event), code) IN {pairs}"
    )
    text = (
        "SELECT toString(event) AS event, segment, arrayMap(level -> toFloat64(level), "
        f"quantilesTDigestWeightedMerge({_LEVELS})(state)) AS levels FROM ("
        f"SELECT event, code, quantilesTDigestWeightedState({_LEVELS})(run, {whole}) AS state "
        f"FROM {events} GROUP BY event, code) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    return Statement(text, binder.parameters)
