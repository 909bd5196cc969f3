"""A query from end to end: parse, plan, ask the store, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.insights import events_table, plan, trends
from footfall_server.insights.parse import parse
from footfall_server.insights.queries import EventsTable, Query, Trends
from footfall_server.insights.reader import Reader
from footfall_server.insights.result import Result, Row
from footfall_server.insights.sql.events import distinct_codes, property_seen
from footfall_server.insights.sql.filters import Versions, version_keys
from footfall_server.insights.versions import matching_codes
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Limits, Store


class Insights:
    """Answers queries about one store's projects."""

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._limits = limits or Limits()
        # A property that was seen once stays known: only the others are looked up.
        self._known: set[tuple[int, str]] = set()

    async def run(
        self, project: Project, query: Query | Mapping[str, Any], now: datetime
    ) -> Result:
        """The answer as of `now` (aware).

        Raises `Unprocessable` (422) with code, message and, where it applies, path.
        """
        started = time.perf_counter()
        asked = plan.resolved(query if isinstance(query, Query) else parse(query), project)
        reader = Reader(self._store, self._limits)
        rows = await self._rows(project, asked, now, reader)
        meta = {
            "rows_read": reader.rows_read,
            "elapsed_ms": round((time.perf_counter() - started) * 1000, 1),
            "approximate": reader.approximate,
            "as_of": now.isoformat(),
        }
        normalised: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asked))
        return Result(normalised["report"], normalised, rows, meta)

    async def _rows(
        self, project: Project, query: Query, now: datetime, reader: Reader
    ) -> list[Row]:
        if isinstance(query, Trends):
            planned = plan.trends(query, project)
            await self._check_properties(project, query, reader)
            versions = await _versions(project, query, reader)
            return await trends.rows(planned, versions, now, reader)
        if isinstance(query, EventsTable):
            within = plan.within(query)
            await self._check_properties(project, query, reader)
            versions = await _versions(project, query, reader)
            return await events_table.rows(project.id, query, within, versions, reader)
        raise Unprocessable("UNKNOWN_REPORT", "There is no such report.", path="/report")

    async def _check_properties(self, project: Project, query: Query, reader: Reader) -> None:
        """A property that no event ever had is a mistake, unless there is no event yet."""
        for name, path in plan.own_properties(query).items():
            if (project.id, name) in self._known:
                continue
            answer = (await reader.run(property_seen(project.id, name))).to_pylist()[0]
            if answer["known"]:
                self._known.add((project.id, name))
            elif not answer["empty"]:
                raise Unprocessable(
                    "UNKNOWN_PROPERTY",
                    f"No event of {project.name} has a property {name!r}; look at the names in "
                    "the project's schema.",
                    path=path,
                )


async def _versions(project: Project, query: Query, reader: Reader) -> Versions:
    filters = [*query.filters]
    if isinstance(query, Trends):
        filters += [one for series in query.series for one in series.filters]
    found = {}
    for name, op, bound in sorted(version_keys(filters)):
        codes = (await reader.run(distinct_codes(project.id, name))).column("code").to_pylist()
        found[name, op, bound] = matching_codes(codes, op, bound)
    return found
