"""Run time: percentiles in one pass where weights are 1 and groups small, else in a second one."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.queries import RunTime
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, dimension
from footfall_server.insights.sql.events import EVENTS
from footfall_server.insights.sql.measures import EXACT_VALUES
from footfall_server.insights.sql.places import condition
from footfall_server.store import Statement

LEVELS = (0.5, 0.9, 0.99)
Pair = tuple[str, str]


def even(asked: Asked[RunTime]) -> Statement:
    """Rows `event`, `segment`, `codes`, `events`, `run_times`, `even`, `levels`.

    `run_times` is how many there are; `levels`, one value each of LEVELS, are right where they are
    at most EXACT_VALUES and all weigh 1 (`even`).
    """
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    present = "isNotNull(run)"
    text = (
        "SELECT toString(event) AS event, segment, groupArray(code) AS codes, "
        "sum(events) AS events, sum(count) AS run_times, min(even) AS even, "
        f"if(run_times = 0, [], arrayReduce('quantilesExactInclusive({_text(LEVELS)})', "
        f"groupArrayArray({EXACT_VALUES})(own))) AS levels FROM ("
        f"SELECT event, code, sum(weight) AS events, countIf({present}) AS count, "
        f"countIf({present} AND weight != 1) = 0 AS even, "
        f"groupArrayIf({EXACT_VALUES})(assumeNotNull(run), {present}) AS own FROM ("
        f"{binder.named()}SELECT event, toString({by.code}) AS code, weight, {number} AS run "
        f"FROM {EVENTS} WHERE {limited}) GROUP BY event, code) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    return Statement(text, binder.parameters)


def weighted(asked: Asked[RunTime], only: list[Pair] | None) -> Statement:
    """Rows `event`, `segment`, `levels`: the smallest value whose cumulated weight reaches each.

    `only` some pairs of event and code, so that none is large; None: all.
    """
    # Whole weights are all that the function takes, and their sum must fit; a billionth of slack,
    # so that the rounding of a sum doesn't move the answer.
    levels = [level * (1 - 1e-9) for level in LEVELS]
    weight = "toUInt64(round(least(greatest(weight, 0), 1e7) * 1e9))"
    return _second(asked, only, f"quantilesExactWeighted{{}}({_text(levels)})", weight)


def digest(asked: Asked[RunTime], only: list[Pair] | None) -> Statement:
    """Rows `event`, `segment`, `levels`, by a t-digest; `only` some pairs of event and code."""
    # Thousandths are fine enough for a sample's share.
    weight = "toUInt32(least(round(greatest(weight, 0) * 1000), 4e9))"
    return _second(asked, only, f"quantilesTDigestWeighted{{}}({_text(LEVELS)})", weight)


def _second(
    asked: Asked[RunTime], only: list[Pair] | None, function: str, weight: str
) -> Statement:
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    chosen = ""
    if only is not None:
        pairs = binder.bind(only, "Array(Tuple(String, String))")
        chosen = f" AND (toString(event), code) IN {pairs}"
    text = (
        "SELECT toString(event) AS event, segment, "
        f"arrayMap(one -> toFloat64(one), {function.format('Merge')}(state)) AS levels FROM ("
        f"SELECT event, code, {function.format('State')}(run, {weight}) AS state FROM ("
        f"{binder.named()}SELECT event, toString({by.code}) AS code, weight, "
        f"assumeNotNull({number}) AS run FROM {EVENTS} "
        f"WHERE {limited} AND isNotNull({number}){chosen}) GROUP BY event, code) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    return Statement(text, binder.parameters)


def _text(levels: tuple[float, ...] | list[float]) -> str:
    return ", ".join(f"{level:.12f}" for level in levels)
