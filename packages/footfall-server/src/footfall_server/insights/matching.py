"""Filters as queries have them, applied to events that have just been stored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from footfall_server.insights.queries import Filter
from footfall_server.insights.sql.events import distinct_codes
from footfall_server.insights.sql.filters import version_keys
from footfall_server.insights.sql.matching import matching
from footfall_server.insights.versions import matching_codes
from footfall_server.model.event import EPOCH, Event
from footfall_server.store import Limits, Store

_CHUNK = 1_000
_MICROSECOND = timedelta(microseconds=1)


class Matcher:
    """Asks one store. Synchronous: for threads of their own."""

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._limits = limits or Limits()

    def of(self, project: int, events: Sequence[Event], filters: Sequence[Filter]) -> list[Event]:
        """The events that match every filter, in order. Without filters nothing is asked."""
        if not filters:
            return list(events)
        versions = {
            (name, op, bound): matching_codes(self._codes(project, name), op, bound)
            for name, op, bound in version_keys(filters)
        }
        found: list[Event] = []
        for start in range(0, len(events), _CHUNK):
            part = events[start : start + _CHUNK]
            table = self._store.query(matching(project, part, filters, versions), self._limits)
            hits = {tuple(row.values()) for row in table.to_pylist()}
            found += [each for each in part if _key(each) in hits]
        return found

    def _codes(self, project: int, name: str) -> list[str]:
        table = self._store.query(distinct_codes(project, name), self._limits)
        codes: list[str] = table.column("code").to_pylist()
        return codes


def _key(event: Event) -> tuple[str, str, str, int]:
    moment = (event.client_time - EPOCH) // _MICROSECOND
    return event.event, event.install, event.message_id, moment
