"""A query from end to end: parse, plan, ask the store, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.insights import cache, plan, references
from footfall_server.insights.answer import Asked
from footfall_server.insights.cache import Cache
from footfall_server.insights.parse import parse
from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.reports import ANSWERS
from footfall_server.insights.result import Result
from footfall_server.insights.sql.events import distinct_codes, property_seen
from footfall_server.insights.sql.filters import Versions, version_keys
from footfall_server.insights.turns import Turns
from footfall_server.insights.versions import matching_codes
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Limits, Store


class Insights:
    """Answers queries about one store's projects."""

    def __init__(
        self, store: Store, limits: Limits | None = None, turns: Turns | None = None
    ) -> None:
        self._store = store
        self._limits = limits or Limits()
        self._turns = turns or Turns()
        self._cache = Cache()
        # A property that was seen once stays known: only the others are looked up.
        self._known: set[tuple[int, str]] = set()

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
        if (held := self._held(project, asked, now)) is not None:
            return _timed(held, started)
        async with self._turns.turn(project.id):
            # The same may have been asked and answered while this one stood in line.
            if (held := self._held(project, asked, now)) is not None:
                return _timed(held, started)
            key = cache.key(project, asked, now, self._store.version(project.id))
            result = _timed(await self._answer(project, asked, within, now), started)
            self._cache.put(key, result)
        return result

    def _held(self, project: Project, asked: Query, now: datetime) -> Result | None:
        return self._cache.get(cache.key(project, asked, now, self._store.version(project.id)))

    async def _answer(self, project: Project, asked: Query, within: Range, now: datetime) -> Result:
        reader = Reader(self._store, self._limits)
        await self._check_properties(project, asked, reader)
        meant = references.meant(asked, project)
        versions = await _versions(project, meant, reader)
        ready = Asked(project, meant, within, versions, now, reader)
        answer = await ANSWERS[type(asked)](ready)
        meta = {
            "rows_read": reader.rows_read,
            "elapsed_ms": 0.0,
            "approximate": reader.approximate,
            "as_of": now.isoformat(),
            **answer.meta,
        }
        normalised: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(asked))
        return Result(normalised["report"], normalised, answer.rows, meta, tuple(reader.statements))

    async def _check_properties(self, project: Project, query: Query, reader: Reader) -> None:
        """A property that no event ever had is a mistake, unless there is no event yet."""
        for name, path in references.own_properties(query).items():
            if (project.id, name) in self._known:
                continue
            try:
                seen = property_seen(project.id, name)
            except Unprocessable as error:
                raise Unprocessable(error.code, error.message, path=path) from error
            answer = (await reader.run(seen)).to_pylist()[0]
            if answer["known"]:
                self._known.add((project.id, name))
            elif not answer["empty"]:
                raise Unprocessable(
                    "UNKNOWN_PROPERTY",
                    f"No event of {project.name} has a property {name!r}; look at the names in "
                    "the project's schema.",
                    path=path,
                )


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
