"""Run time: what there is to measure, then its percentiles."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.queries import RunTime
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, dimension, is_list
from footfall_server.insights.sql.events import EVENTS
from footfall_server.insights.sql.measures import EXACT_VALUES
from footfall_server.insights.sql.places import condition
from footfall_server.store import Statement

LEVELS = (0.5, 0.9, 0.99)


def sizes(asked: Asked[RunTime]) -> Statement:
    """Rows `event`, `segment`, `events`, `run_times` (how many), `even` (all weigh 1), `listed`."""
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    present = f"isNotNull({number})"
    text = (
        "SELECT toString(event) AS event, segment, sum(events) AS events, "
        "sum(run_times) AS run_times, "
        f"min(even) AS even, max({is_list('code')}) AS listed FROM ("
        f"{binder.named()}SELECT event, toString({by.code}) AS code, sum(weight) AS events, "
        f"countIf({present}) AS run_times, countIf({present} AND weight != 1) = 0 AS even "
        f"FROM {EVENTS} WHERE {limited} GROUP BY event, code) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    return Statement(text, binder.parameters)


def percentiles(asked: Asked[RunTime], *, many: bool, even: bool, listed: bool) -> Statement:
    """Rows `event`, `segment`, `levels` (one value each of LEVELS), for those that have run times.

    What no group needs isn't computed: a digest if `many` (some group is too large to be exact),
    weights unless all are `even`, elements of lists if some value is `listed`.
    """
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    segment, join = by.segment("code"), ""
    if listed:
        segment, join = "one", f" ARRAY JOIN {by.segments('code')} AS one"
    exact = f"arrayReduce('quantilesExactInclusive({_LEVELS})', run_times)"
    found, columns = exact, [f"groupArray({EXACT_VALUES + 1})(run) AS run_times"]
    if not even:
        columns.append(f"groupArray({EXACT_VALUES + 1})(weight) AS weights")
        columns.append("min(weight) = 1 AND max(weight) = 1 AS even")
        found = f"if(even, {exact}, {_WEIGHTED})"
    if many:
        # Whole weights are all that the digest takes: thousandths are fine enough for a share.
        whole = "toUInt32(least(round(weight * 1000), 4e9))"
        columns.append(f"quantilesTDigestWeighted({_LEVELS})(run, {whole}) AS digest")
        found = f"if(length(run_times) > {EXACT_VALUES}, {_DIGEST}, {found})"
    text = (
        f"SELECT toString(event) AS event, segment, {found} AS levels FROM ("
        f"SELECT event, segment, {', '.join(columns)} FROM ("
        f"SELECT event, {segment} AS segment, run, weight FROM ("
        f"{binder.named()}SELECT event, toString({by.code}) AS code, weight, "
        f"assumeNotNull({number}) AS run FROM {EVENTS} "
        f"WHERE {limited} AND isNotNull({number})){join}) GROUP BY event, segment)"
    )
    return Statement(text, binder.parameters)


_LEVELS = ", ".join(map(str, LEVELS))
_DIGEST = "arrayMap(level -> toFloat64(level), digest)"
_PAIRS = "arraySort(arrayZip(run_times, weights))"
# A billionth of slack, so that the rounding of a sum doesn't move the answer.
_WEIGHTED = (
    f"arrayMap(at -> arrayElement({_PAIRS}, arrayFirstIndex("
    "reached -> reached >= at * arraySum(weights) * (1 - 1e-9), "
    f"arrayCumSum(pair -> pair.2, {_PAIRS}))).1, [{_LEVELS}])"
)
