"""Cohorts: which installs showed a behaviour, found from each install's own events.

A condition on an event's install is `install_key IN` a subquery that groups by install: where
events are spread over machines by install, each finds its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from footfall_server.insights.periods import Range, Shift, moved
from footfall_server.insights.queries import Behaviour, Cohort
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.store import Statement, on_shards


@dataclass(frozen=True, slots=True)
class InCohort:
    """The condition that an event's install is in a cohort, as of `within.end`."""

    project: int
    cohort: Cohort
    within: Range
    versions: Versions

    def __call__(self, binder: Binder) -> str:
        return f"install_key IN ({self.installs(binder.inner())})"

    def installs(self, binder: Binder) -> str:
        """A query of the installs, one row each."""
        behaviours = self.cohort.behaviours
        conditions = [self._condition(one, binder) for one in behaviours]
        counts = ["count()"]
        if len(conditions) > 1:
            counts = [f"countIf({condition})" for condition in conditions]
        enough = [
            f"{count} >= {binder.bind(one.at_least, 'UInt64')}"
            for count, one in zip(counts, behaviours, strict=True)
        ]
        limited = " OR ".join(f"({condition})" for condition in conditions)
        having = (" AND " if self.cohort.all is not None else " OR ").join(enough)
        return (
            f"{binder.named()}SELECT install_key FROM {ONCE} WHERE {limited} "
            f"GROUP BY install_key HAVING {having}"
        )

    def _condition(self, behaviour: Behaviour, binder: Binder) -> str:
        start = moved(self.within.end, Shift(days=behaviour.days), self.within.zone)
        within = replace(self.within, start=start)
        filters, names = behaviour.filters, behaviour.names
        return where(self.project, within, "all", filters, names, binder, self.versions)


def size(one: InCohort) -> Statement:
    """One row: `installs`."""
    binder = Binder()
    text = f"SELECT count() AS installs FROM {on_shards(one.installs(binder))}"
    return binder.statement(text)
