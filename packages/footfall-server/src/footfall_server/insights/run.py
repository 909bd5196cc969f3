"""A query from end to end: parse, plan, ask the store, answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from footfall_server.insights import cache, cohorts, cuts, listing, plan, references, schema, slow
from footfall_server.insights.answer import Asked
from footfall_server.insights.cache import Cache
from footfall_server.insights.cohorts import Definitions
from footfall_server.insights.known import Known
from footfall_server.insights.parse import parse
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Cohort, EventsTable, Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.reports import ANSWERS
from footfall_server.insights.result import Result
from footfall_server.insights.sql import cohorts as cohorts_sql
from footfall_server.insights.sql.events import distinct_codes
from footfall_server.insights.sql.filters import Versions, version_keys
from footfall_server.insights.turns import Turns
from footfall_server.insights.versions import matching_codes
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Limits, Store

NAMELESS = "this cohort"


class Insights:
    """Answers queries about one store's projects.

    `cohorts` gives a project's saved cohorts; it is called on a worker thread, and only for a query
    that refers to some. Queries of `slow_seconds` or more are logged.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits | None = None,
        cohorts: Callable[[Project], Definitions] = lambda project: {},
        turns: Turns | None = None,
        slow_seconds: float = 5.0,
    ) -> None:
        self._store = store
        self._cohorts = cohorts
        self._limits = limits or Limits()
        self._turns = turns or Turns()
        self._slow_seconds = slow_seconds
        self._cache = Cache()
        self._known = Known()

    async def run(
        self, project: Project, query: Query | Mapping[str, Any], now: datetime
    ) -> Result:
        """The answer as of `now` (aware), or one that holds until then: `meta.cached` says so.

        Raises `Unprocessable` (422) with code, message and, where it applies, path, and `TooMany`
        TOO_MANY_QUERIES when too many of the project's wait already. When it is cancelled, so is
        what the engine does for it.
        """
        started = time.perf_counter()
        asked = plan.resolved(query if isinstance(query, Query) else parse(query), project)
        within = plan.within(asked)
        own, asked = asked, await self._with_cohorts(project, asked)
        key = cache.key(project, asked, within.end, now)
        if (held := self._held(project, key)) is not None:
            return _timed(held, started)
        async with self._turns.turn(project.id):
            # The same may have been asked and answered while this one stood in line.
            if (held := self._held(project, key)) is not None:
                return _timed(held, started)
            version, reader = self._store.version(), Reader(self._store, self._limits)
            try:
                with slow.told(project, asked, self._slow_seconds):
                    answer = await self._answer(project, asked, within, now, reader)
                result = _timed(answer, started)
            except Unprocessable as error:
                cohorts.explain(error, asked, own)
                raise
            spans = None if reader.spans is None else tuple(reader.spans)
            self._cache.put(key, version, spans, result)
        return result

    async def check_events(self, project: Project, query: Query) -> None:
        """Raises `Unprocessable` UNKNOWN_EVENT for an event that the project never had.

        By itself, as only who writes a query wants to know: an alert waits for its event.
        """
        await self._known.check_events(project, query, Reader(self._store, self._limits))

    def forget(self, project: int) -> None:
        """Keep no answer of this project any more, nor which names it has: something of it was
        erased. Any thread may call it."""
        self._known.forget(project)
        self._cache.clear()

    def _held(self, project: Project, key: Hashable | None) -> Result | None:
        return self._cache.get(
            key, lambda version, spans: self._store.changed_since(version, project.id, spans)
        )

    async def _answer(
        self, project: Project, asked: Query, within: Range, now: datetime, reader: Reader
    ) -> Result:
        await self._known.check_properties(project, asked, reader)
        meant = references.meant(asked, project)
        versions = await _versions(project, meant, reader)
        if cohorts.refers(meant):
            meant = cohorts.resolved(meant, project, within, versions)
        meant, found = await cuts.resolved(meant, project, within, versions, reader)
        ready = Asked(project, meant, within, versions, now, reader)
        answer = await ANSWERS[type(asked)](ready)
        meta = {
            "rows_read": reader.rows_read,
            "elapsed_ms": 0.0,
            "approximate": reader.approximate,
            "as_of": now.isoformat(),
            **({"cuts": found} if found else {}),
            **answer.meta,
        }
        normalised: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asked))
        if not asked.cohorts:
            del normalised["cohorts"]
        return Result(normalised["report"], normalised, answer.rows, meta, tuple(reader.statements))

    async def events(self, project: Project, parameters: Mapping[str, str]) -> dict[str, Any]:
        """A page of the events themselves, newest first: see `listing.events`."""
        found: dict[str, Any] = msgspec.json.decode(
            await listing.events(self._store, project, parameters)
        )
        return found

    async def schema(self, project: Project, now: datetime) -> dict[str, Any]:
        """Events and properties as they were sent in the last weeks: see `schema.schema`."""
        return await schema.schema(self._store, project, schema.parse(project, {}, now))

    async def cohort_size(
        self, project: Project, definition: Mapping[str, Any], now: datetime
    ) -> int:
        """How many installs are in a cohort as of `now`.

        `definition` may be without a name. Raises `Unprocessable` as `run`, with pointers into the
        definition.
        """
        cohort = cohorts.definition(str(definition.get("name") or NAMELESS), definition)
        try:
            return await self._size(project, cohort, now)
        except Unprocessable as error:
            path = (error.path or "").removeprefix("/cohorts/0")
            raise Unprocessable(error.code, error.message, path=path or None) from error

    async def _size(self, project: Project, cohort: Cohort, now: datetime) -> int:
        until = now.isoformat()
        since = (now - timedelta(days=1)).isoformat()
        asked = plan.resolved(EventsTable(from_=since, to=until, cohorts=(cohort,)), project)
        reader = Reader(self._store, self._limits)
        await self._known.check_properties(project, asked, reader)
        meant = references.meant(asked, project)
        versions = await _versions(project, meant, reader)
        one = cohorts_sql.InCohort(project.id, meant.cohorts[0], plan.within(meant), versions)
        table = await reader.run(cohorts_sql.size(one))
        return int(table.column("installs")[0].as_py())

    async def _with_cohorts(self, project: Project, query: Query) -> Query:
        """The query with the definitions of the cohorts that it refers to."""
        if not cohorts.refers(query):
            return cohorts.defined(query, {})
        return cohorts.defined(query, await asyncio.to_thread(self._cohorts, project))


def _timed(result: Result, started: float) -> Result:
    elapsed = round((time.perf_counter() - started) * 1000, 1)
    return replace(result, meta={**result.meta, "elapsed_ms": elapsed})


async def _versions(project: Project, query: Query, reader: Reader) -> Versions:
    filters = [one for _, one in references.filters(query)]
    found = {}
    for name, op, bound in sorted(version_keys(filters)):
        codes = (await reader.run(distinct_codes(project.id, name))).column("code").to_pylist()
        found[name, op, bound] = matching_codes(codes, op, bound)
    return found
