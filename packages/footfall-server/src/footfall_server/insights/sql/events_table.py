"""The events table: one row an event name, with the equal period before beside it."""

from __future__ import annotations

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import PERCENTILES, EventsTable
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.measures import Percentiles, approximate, measure
from footfall_server.store import Statement, on_shards

MEASURES = ("total", "unique", "per_install", "p50", "p90", "error_rate")
APPROXIMATED = tuple(name for name in MEASURES if name in PERCENTILES)


def table(
    project: int,
    query: EventsTable,
    within: Range,
    before: Range,
    versions: Versions,
    keep: int,
) -> Statement:
    """Rows `event`, the measures, `first_seen`, `last_seen`, `before` (its total), `run_times` (how
    many: of more than `keep`, percentiles are null: see `approximated`).

    An event that was only in the period before has no row.
    """
    binder = Binder()
    percentiles = Percentiles([PERCENTILES[name] for name in APPROXIMATED], keep)
    plain = [f"{measure(name, '', '')} AS {name}" for name in MEASURES if name not in PERCENTILES]
    counted = (
        f"SELECT toString(event) AS event, {', '.join([*plain, *percentiles.kept('run')])}, "
        "toUnixTimestamp64Micro(min(time)) AS first_seen, "
        "toUnixTimestamp64Micro(max(time)) AS last_seen "
        f"FROM {_events(project, query, within, binder, versions)} GROUP BY event"
    )
    names = [*(name for name in MEASURES if name not in PERCENTILES), "first_seen", "last_seen"]
    levels = [f"{percentiles.values}[{place}] AS {name}"
              for place, name in enumerate(APPROXIMATED, 1)]  # fmt: skip
    then = where(project, before, query.installs, query.filters, None, binder, versions)
    text = (
        f"SELECT now.event AS event, {', '.join(names)}, {', '.join(levels)}, "
        f"{percentiles.count} AS run_times, then.total AS before "
        f"FROM ({percentiles.stepped(counted)}) AS now "
        f"LEFT JOIN ({binder.named()}SELECT toString(event) AS event, sum(weight) AS total "
        f"FROM {ONCE} WHERE {then} GROUP BY event) AS then ON now.event = then.event "
        "ORDER BY round(now.total, 6) DESC, event"
    )
    return binder.statement(text)


def approximated(
    project: int, query: EventsTable, within: Range, versions: Versions, only: list[str]
) -> Statement:
    """Rows `event` and its percentiles, of rounded values, of some events."""
    binder = Binder()
    values = ", ".join(f"{approximate(name, 'run')} AS {name}" for name in APPROXIMATED)
    events = _events(project, query, within, binder, versions, tuple(only))
    text = f"SELECT toString(event) AS event, {values} FROM {events} GROUP BY event"
    return binder.statement(text)


def _events(
    project: int,
    query: EventsTable,
    within: Range,
    binder: Binder,
    versions: Versions,
    only: tuple[str, ...] | None = None,
) -> str:
    condition = where(project, within, query.installs, query.filters, only, binder, versions)
    run_time = column("run_time", binder).number
    return on_shards(
        f"{binder.named()}SELECT event, time, install_key, weight, exception_occurred_code, "
        f"{run_time} AS run FROM {ONCE} WHERE {condition}"
    )
