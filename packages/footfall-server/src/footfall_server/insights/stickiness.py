"""Stickiness: a row for every number of days that the range has."""

from __future__ import annotations

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import Stickiness
from footfall_server.insights.sql import stickiness as sql


async def answer(asked: Asked[Stickiness]) -> Answer:
    """Rows `days`, `installs`: 1 to the number of days in the range, 0 where there is no install.

    Raises `Unprocessable` TOO_MANY_BUCKETS.
    """
    days = len(periods.buckets(asked.within, "day", "/from"))
    statement = sql.active_days(asked.project.id, asked.query, asked.within, asked.versions)
    table = await asked.reader.run(statement)
    found = {row["days"]: row["installs"] for row in table.to_pylist()}
    return Answer([{"days": day, "installs": found.get(day, 0)} for day in range(1, days + 1)])
