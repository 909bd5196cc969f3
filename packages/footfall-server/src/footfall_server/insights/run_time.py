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
from footfall_server.insights.versions import is_versioned, version_order


async def answer(asked: Asked[RunTime]) -> Answer:
    """One row a value and event: versions rising, other values by events; then events by name.

    Seconds; null where no event has a run time that is a number.
    """
    sizes = (await asked.reader.run(sql.sizes(asked))).to_pylist()
    levels: dict[tuple[str, str], list[float]] = {}
    if any(row["run_times"] for row in sizes):
        statement = sql.percentiles(
            asked,
            many=any(row["run_times"] > EXACT_VALUES for row in sizes),
            even=all(row["even"] for row in sizes),
            listed=any(row["listed"] for row in sizes),
        )
        for row in (await asked.reader.run(statement)).to_pylist():
            levels[row["event"], row["segment"]] = row["levels"]
    asked.reader.approximate = any(row["run_times"] > EXACT_VALUES for row in sizes)
    rows, versioned = [], is_versioned(asked.query.by, asked.project)
    for row in _sorted(sizes, versioned=versioned):
        p50, p90, p99 = levels.get((row["event"], row["segment"]), [None] * len(sql.LEVELS))
        rows.append(
            {
                "value": row["segment"],
                "event": row["event"],
                "events": tidy(row["events"]),
                "p50": p50,
                "p90": p90,
                "p99": p99,
                "approximate": row["run_times"] > EXACT_VALUES,
            }
        )
    return Answer(rows, {"versioned": versioned})


def _sorted(rows: list[Mapping[str, Any]], *, versioned: bool) -> list[Mapping[str, Any]]:
    if versioned:
        return sorted(rows, key=lambda row: (version_order(row["segment"]), row["event"]))
    total: Counter[str] = Counter()
    for row in rows:
        total[row["segment"]] += row["events"]
    return sorted(
        rows, key=lambda row: (-round(total[row["segment"]], 6), row["segment"], row["event"])
    )
