"""Errors by value with their baselines, and the types of exceptions."""

from __future__ import annotations

from footfall_server.insights.answer import Asked
from footfall_server.insights.queries import Errors, Exceptions
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, dimension
from footfall_server.insights.sql.events import ONCE
from footfall_server.insights.sql.places import FAILED, condition
from footfall_server.store import Statement, on_shards

BASELINE_VERSIONS = 3


def errors(asked: Asked[Errors], versions: list[str]) -> Statement:
    """Rows `baseline` (0 or 1), `segment`, `events`, `errors`, `installs`, `failing`.

    `versions` rise. Where `baseline` is 1 the row is of the versions before `segment`, which are
    joined as sets of installs: these are small next to the events, and merge from anywhere.
    """
    binder = Binder()
    by = dimension(asked.query.by, binder)
    known = binder.texts(versions)
    places = binder.bind(list(range(1, len(versions) + 1)), "Array(UInt32)")
    place = f"transform(own, {known}, {places}, 0)" if versions else "0"
    after = (
        f"arrayMap(next -> (1, arrayElement({known}, next)), "
        f"range({place} + 1, least({place} + {BASELINE_VERSIONS}, {len(versions)}) + 1))"
    )
    each = f"arrayConcat([(0, own)], if({place} = 0, [], {after}))"
    limited = condition(asked, binder, event=asked.query.event)
    of_codes = on_shards(
        f"{binder.named()}SELECT toString({by.code}) AS code, sum(weight) AS events, "
        f"sumIf(weight, {FAILED}) AS errors, uniqExactState(install_key) AS used, "
        f"uniqExactStateIf(install_key, {FAILED}) AS failed "
        f"FROM {ONCE} WHERE {limited} GROUP BY code"
    )
    text = (
        "SELECT each.1 AS baseline, each.2 AS segment, sum(events) AS events, "
        "sum(errors) AS errors, uniqExactMerge(used) AS installs, "
        "uniqExactMerge(failed) AS failing "
        "FROM (SELECT own, sum(events) AS events, sum(errors) AS errors, "
        "uniqExactMergeState(used) AS used, uniqExactMergeState(failed) AS failed "
        f"FROM {of_codes} ARRAY JOIN {by.segments('code')} AS own GROUP BY own) "
        f"ARRAY JOIN {each} AS each GROUP BY baseline, segment"
    )
    return binder.statement(text)


def exceptions(asked: Asked[Exceptions], version: str) -> Statement:
    """Rows `segment`, `events`, `installs`, `versions` (codes), `first`, `last` (microseconds)."""
    binder = Binder()
    kind = dimension("exception_type", binder)
    of_version = column(version, binder).code
    limited = condition(asked, binder)
    of_codes = on_shards(
        f"{binder.named()}SELECT toString({kind.code}) AS code, sum(weight) AS events, "
        f"uniqExactState(install_key) AS used, groupUniqArray(toString({of_version})) AS versions, "
        f"min(time) AS first, max(time) AS last "
        f"FROM {ONCE} WHERE {limited} AND {FAILED} GROUP BY code"
    )
    text = (
        "SELECT segment, sum(events) AS events, uniqExactMerge(used) AS installs, "
        "groupUniqArrayArray(versions) AS versions, "
        "toUnixTimestamp64Micro(min(first)) AS first, toUnixTimestamp64Micro(max(last)) AS last "
        f"FROM {of_codes} ARRAY JOIN {kind.segments('code')} AS segment GROUP BY segment"
    )
    return binder.statement(text)
