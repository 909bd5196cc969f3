"""A query from end to end: parse, plan, ask the store, answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.insights import plan, references
from footfall_server.insights.answer import Asked
from footfall_server.insights.parse import parse
from footfall_server.insights.queries import Query
from footfall_server.insights.reader import Reader
from footfall_server.insights.reports import ANSWERS
from footfall_server.insights.result import Result
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
        within = plan.within(asked)
        await self._check_properties(project, asked, reader)
        versions = await _versions(project, asked, reader)
        ready = Asked(project, asked, within, versions, now, reader)
        answer = await ANSWERS[type(asked)](ready)
        meta = {
            "rows_read": reader.rows_read,
            "elapsed_ms": round((time.perf_counter() - started) * 1000, 1),
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
    filters = [one for _, one in references.filters(query)]
    found = {}
    for name, op, bound in sorted(version_keys(filters)):
        codes = (await reader.run(distinct_codes(project.id, name))).column("code").to_pylist()
        found[name, op, bound] = matching_codes(codes, op, bound)
    return found
