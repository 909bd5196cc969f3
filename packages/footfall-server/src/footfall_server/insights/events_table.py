"""The events table: rows from the engine's answer."""

from __future__ import annotations

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import EventsTable
from footfall_server.insights.result import Row, moment, tidy
from footfall_server.insights.sql import events_table as sql
from footfall_server.insights.sql.measures import EXACT_VALUES


async def answer(asked: Asked[EventsTable]) -> Answer:
    """One row an event name in the range, most frequent first.

    `change` is a fraction of the equal period before (in calendar days), null where that is 0.
    """
    within, reader = asked.within, asked.reader
    before = periods.shifted(within, periods.previous_period(within, "day"))
    keep = await reader.values_kept(within)
    statement = sql.table(asked.project.id, asked.query, within, before, asked.versions, keep)
    table = (await reader.run(statement)).to_pylist()
    approximated = await _approximated(
        asked, [row["event"] for row in table if row["run_times"] > keep]
    )
    reader.approximate = any(row["run_times"] > EXACT_VALUES for row in table)
    found: list[Row] = []
    for row in table:
        row |= approximated.get(row["event"], {})
        total, past = row["total"], row["before"]
        found.append(
            {
                "event": row["event"],
                **{name: tidy(row[name]) for name in sql.MEASURES},
                "first_seen": moment(row["first_seen"]),
                "last_seen": moment(row["last_seen"]),
                "change": (total - past) / past if past else None,
            }
        )
    return Answer(found)


async def _approximated(asked: Asked[EventsTable], large: list[str]) -> dict[str, Row]:
    """The percentiles of events that have too many run times to keep."""
    if not large:
        return {}
    statement = sql.approximated(asked.project.id, asked.query, asked.within, asked.versions, large)
    return {row["event"]: row for row in (await asked.reader.run(statement)).to_pylist()}
