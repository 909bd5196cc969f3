"""What every report reads: one project's events in a range, once each."""

from __future__ import annotations

from collections.abc import Iterable

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Filter, Installs
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, seen
from footfall_server.insights.sql.filters import (
    Conditions,
    Versions,
    asks_for_kind,
    installs_condition,
    walk,
)
from footfall_server.store import EVENTS, Statement

ONCE = f"{EVENTS} FINAL"


def where(
    project: int,
    within: Range,
    installs: Installs,
    filters: Iterable[Filter],
    events: tuple[str, ...] | None,
    binder: Binder,
    versions: Versions,
) -> str:
    """The condition of a source of events. Only `track` counts unless a filter is on the kind."""
    filters = tuple(filters)
    binder.reads(within.start, within.end)
    conditions = [
        f"project = {binder.bind(project, 'UInt32')}",
        f"time >= {binder.instant(within.start)}",
        f"time < {binder.instant(within.end)}",
    ]
    if not any(asks_for_kind(each) for each in walk(filters)):
        conditions.append("kind = 'track'")
    if events is not None:
        conditions.append(f"event IN {binder.texts(list(events))}")
    if only := installs_condition(installs):
        conditions.append(only)
    conditions += Conditions(binder, versions).every(filters)
    return " AND ".join(conditions)


def distinct_codes(project: int, name: str) -> Statement:
    """Every code that a property has in a project: what a version filter is resolved with."""
    binder = Binder()
    code = column(name, binder).code
    text = (
        f"{binder.named()}SELECT DISTINCT {code} AS code FROM events "
        f"WHERE project = {binder.bind(project, 'UInt32')} AND code != ''"
    )
    return binder.statement(text)


def property_seen(project: int, name: str) -> Statement:
    """One row (`known`, `empty`): has any event the property, and is there no event at all."""
    binder = Binder()
    id_ = binder.bind(project, "UInt32")
    condition = seen(name, binder)
    text = (
        f"SELECT (SELECT count() FROM ({binder.named()}SELECT 1 FROM events "
        f"WHERE project = {id_} AND {condition} LIMIT 1)) > 0 AS known, "
        f"(SELECT count() FROM (SELECT 1 FROM events WHERE project = {id_} LIMIT 1)) = 0 AS empty"
    )
    return binder.statement(text)


def events_seen(project: int, names: list[str]) -> Statement:
    """Rows `event`: which of these names any event has."""
    binder = Binder()
    text = (
        "SELECT DISTINCT toString(event) AS event FROM events "
        f"WHERE project = {binder.bind(project, 'UInt32')} AND event IN {binder.texts(names)} "
        f"LIMIT {len(names)}"
    )
    return binder.statement(text)


def event_names(project: int) -> Statement:
    """Rows `event`: names that events have, up to a thousand."""
    binder = Binder()
    text = (
        "SELECT DISTINCT toString(event) AS event FROM events "
        f"WHERE project = {binder.bind(project, 'UInt32')} LIMIT 1000"
    )
    return binder.statement(text)
