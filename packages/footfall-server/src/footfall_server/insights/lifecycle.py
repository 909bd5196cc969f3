"""Lifecycle: four rows a bucket, installs that went counted below zero."""

from __future__ import annotations

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries import Lifecycle
from footfall_server.insights.sql import lifecycle as sql


async def answer(asked: Asked[Lifecycle]) -> Answer:
    """Rows `bucket`, `state`, `count`, in time, each bucket's new to dormant.

    `meta.incomplete` lists the buckets of which a part lies outside the range or after now. Raises
    `Unprocessable` TOO_MANY_BUCKETS.
    """
    query, within = asked.query, asked.within
    buckets = periods.buckets(within, query.interval)
    before = periods.bucket_before(buckets[0], query.interval, within.zone)
    statement = sql.states(asked.project.id, query, within, before, buckets, asked.versions)
    table = await asked.reader.run(statement)
    found = {(row["place"], row["state"]): row["count"] for row in table.to_pylist()}
    rows = []
    for place, bucket in enumerate(buckets):
        for number, state in enumerate(sql.STATES):
            count = found.get((place, number), 0)
            signed = -count if state == "dormant" else count
            rows.append({"bucket": bucket.label, "state": state, "count": signed})
    incomplete = [one.label for one in buckets if one.incomplete(within, asked.now)]
    return Answer(rows, {"incomplete": incomplete})
