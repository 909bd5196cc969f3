"""Run time: exact percentiles in one pass; groups that are too large for it in a second one."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.queries import RunTime
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, dimension
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.measures import (
    Percentiles,
    rounded,
    thousandths,
)
from footfall_server.insights.sql.places import condition
from footfall_server.store import Statement, on_shards

LEVELS = (0.5, 0.9, 0.99)
Pair = tuple[str, str]
_LEVELS = ", ".join(map(str, LEVELS))
# Numbers group in half the time of texts, and each distinct text is made one once.
_KEYS = ("CAST(sipHash64(name), 'UInt64')", "CAST(sipHash64(value), 'UInt64')")


def exact(asked: Asked[RunTime], keep: int) -> Statement:
    """Rows `event`, `segment`, `codes`, `events`, `run_times` (how many), `levels`.

    `levels`, one value each of LEVELS, are of `keep` run times at most; nulls for more or none.
    """
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    percentiles = Percentiles(LEVELS, keep)
    events = on_shards(
        f"{binder.named()}SELECT event AS name, {by.code} AS value, weight, {number} AS run "
        f"FROM {ONCE} WHERE {limited}"
    )
    of_codes = (
        "SELECT toString(any(name)) AS event, toString(any(value)) AS code, "
        f"sum(weight) AS events, {', '.join(percentiles.kept('run'))} "
        f"FROM {events} GROUP BY {', '.join(_KEYS)}"
    )
    merged = f"groupArrayArray({keep})"
    of_segments = (
        "SELECT event, segment, groupArray(code) AS codes, sum(events) AS events, "
        f"sum(count) AS count, {merged}(plain) AS plain, "
        f"{merged}(weighted) AS weighted FROM ({of_codes}) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    text = (
        f"SELECT event, segment, codes, events, {percentiles.count} AS run_times, "
        f"{percentiles.values} AS levels FROM ({percentiles.stepped(of_segments)})"
    )
    return binder.statement(text)


def approximated(asked: Asked[RunTime], only: list[Pair]) -> Statement:
    """Rows `event`, `segment`, `levels`, of rounded values, of some pairs of event and code."""
    binder = Binder()
    by, number = dimension(asked.query.by, binder), column("run_time", binder).number
    limited = condition(asked, binder)
    pairs = binder.bind(only, "Array(Tuple(String, String))")
    names, values = (binder.texts(sorted(set(each))) for each in zip(*only, strict=True))
    near = f"event IN {names} AND {by.code} IN {values}"
    events = on_shards(
        f"{binder.named()}SELECT event AS name, {by.code} AS value, weight, {number} AS run "
        f"FROM {ONCE} WHERE {limited} AND {near} AND isNotNull({number})"
    )
    state = f"quantilesExactWeightedState({_LEVELS})({rounded('run')}, {thousandths('weight')})"
    # Looked up once a group: an event's two texts in a set of pairs take longer than its group.
    text = (
        "SELECT event, segment, arrayMap(level -> toNullable(level), "
        f"quantilesExactWeightedMerge({_LEVELS})(state)) AS levels FROM ("
        f"SELECT toString(any(name)) AS event, toString(any(value)) AS code, {state} AS state "
        f"FROM {events} GROUP BY {', '.join(_KEYS)} HAVING (event, code) IN {pairs}) "
        f"ARRAY JOIN {by.segments('code')} AS segment GROUP BY event, segment"
    )
    return binder.statement(text)
