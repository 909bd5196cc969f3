"""Run time: percentiles by value and event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import RunTime
from footfall_server.insights.result import tidy
from footfall_server.insights.sql import run_time as sql
from footfall_server.insights.sql.measures import EXACT_VALUES
from footfall_server.insights.sql.run_time import Pair
from footfall_server.insights.versions import is_versioned, version_order

_Group = Mapping[str, Any]


async def answer(asked: Asked[RunTime]) -> Answer:
    """One row a value and event: versions rising, other values by events; then events by name.

    Seconds; null where no event has a run time that is a number.
    """
    keep = await asked.reader.values_kept(asked.within)
    groups = (await asked.reader.run(sql.exact(asked, keep))).to_pylist()
    levels: dict[Pair, list[float | None]] = {_key(one): one["levels"] for one in groups}
    large = [one for one in groups if one["run_times"] > keep]
    if large:
        levels |= await _approximated(asked, large)
    asked.reader.approximate = any(one["run_times"] > EXACT_VALUES for one in groups)
    rows, versioned = [], is_versioned(asked.query.by, asked.project)
    for one in _sorted(groups, versioned=versioned):
        p50, p90, p99 = levels[_key(one)]
        rows.append(
            {
                "value": one["segment"],
                "event": one["event"],
                "events": tidy(one["events"]),
                "p50": p50,
                "p90": p90,
                "p99": p99,
                "approximate": one["run_times"] > EXACT_VALUES,
            }
        )
    return Answer(rows, {"versioned": versioned})


def _key(group: _Group) -> Pair:
    return group["event"], group["segment"]


async def _approximated(
    asked: Asked[RunTime], large: list[_Group]
) -> dict[Pair, list[float | None]]:
    """The levels of the groups that are too large to be exact."""
    pairs = sorted({(one["event"], code) for one in large for code in one["codes"]})
    found = (await asked.reader.run(sql.approximated(asked, pairs))).to_pylist()
    keys = {_key(one) for one in large}
    return {_key(row): row["levels"] for row in found if _key(row) in keys}


def _sorted(groups: list[_Group], *, versioned: bool) -> list[_Group]:
    if versioned:
        return sorted(groups, key=lambda one: (version_order(one["segment"]), one["event"]))
    total: Counter[str] = Counter()
    for one in groups:
        total[one["segment"]] += one["events"]
    return sorted(
        groups, key=lambda one: (-round(total[one["segment"]], 6), one["segment"], one["event"])
    )
