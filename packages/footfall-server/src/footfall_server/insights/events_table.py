"""The events table: rows from the engine's answer."""

from __future__ import annotations

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import EventsTable
from footfall_server.insights.result import Row, moment, tidy
from footfall_server.insights.sql import events_table as sql


async def answer(asked: Asked[EventsTable]) -> Answer:
    """One row an event name in the range, most frequent first.

    `change` is a fraction of the equal period before (in calendar days), null where that is 0.
    """
    within, reader = asked.within, asked.reader
    before = periods.shifted(within, periods.previous_period(within, "day"))
    statement = sql.table(asked.project.id, asked.query, within, before, asked.versions)
    table = await reader.run(statement)
    found: list[Row] = []
    for row in table.to_pylist():
        reader.approximate = reader.approximate or bool(row["approximate"])
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
