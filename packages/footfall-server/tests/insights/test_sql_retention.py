"""The SQL of retention, lifecycle, stickiness and cohorts, to be looked at when it changes."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.insights import cohorts, periods, plan
from footfall_server.insights.parse import parse
from footfall_server.insights.queries import EventsTable, Lifecycle, Retention, Stickiness
from footfall_server.insights.sql import cohorts as cohorts_sql
from footfall_server.insights.sql import lifecycle, retention, stickiness
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.cohorts import InCohort
from footfall_server.insights.sql.column import column
from footfall_server.insights.sql.events import where
from footfall_server.store import Statement

from .snapshots_of_sql import compare
from .test_sql import HOSTILE, PROJECT, RANGE, VERSIONS

RETENTION: dict[str, dict[str, Any]] = {
    "retention": {},
    "retention_two_events_rolling": {
        "birth": {"event": "fit"}, "return": {"event": ["run", "plot"]}, "unit": "week",
        "mode": "rolling", "cohort": "first_in_range",
    },
    "retention_recurring_streak_by_version": {
        "unit": "month", "cohort": "recurring", "kind": "streak", "breakdown": ["library_version"],
    },
    "retention_on_or_after": {"kind": "on_or_after", "brackets": 3},
}  # fmt: skip
COHORT = {
    "name": "power users",
    "all": [
        {"event": "fit", "at_least": 3},
        {"days": 7, "filters": [{"property": "p", "op": "in", "values": ["a"]}]},
    ],
}


def _asked(**fields: Any) -> Any:
    return plan.resolved(parse({**RANGE, **fields}), PROJECT)


def _retention(**fields: Any) -> Statement:
    query = _asked(report="retention", **fields)
    assert isinstance(query, Retention)
    top = (("1.0",),) if query.breakdown else ()
    return retention.cohorts(7, query, plan.within(query), top, VERSIONS)


@pytest.mark.parametrize("name", RETENTION)
def test_retention(name: str) -> None:
    compare(name, [_retention(**RETENTION[name])])


def test_lifecycle() -> None:
    query = _asked(report="lifecycle", interval="week")
    assert isinstance(query, Lifecycle)
    within = plan.within(query)
    buckets = periods.buckets(within, "week")
    before = periods.bucket_before(buckets[0], "week", within.zone)
    compare("lifecycle", [lifecycle.states(7, query, within, before, buckets, {})])


def test_stickiness() -> None:
    query = _asked(report="stickiness")
    assert isinstance(query, Stickiness)
    compare("stickiness", [stickiness.active_days(7, query, plan.within(query), {})])


def _in_cohort(name: str) -> InCohort:
    definition = cohorts.definition(name, COHORT)
    return InCohort(7, definition, plan.within(_asked(report="events_table")), {})


def test_cohorts() -> None:
    query = _asked(
        report="events_table",
        cohorts=[COHORT],
        filters=[{"property": "cohort", "op": "in", "values": ["power users"]}],
    )
    assert isinstance(query, EventsTable)
    within = plan.within(query)
    meant = cohorts.resolved(query, PROJECT, within, {})
    binder = Binder()
    condition = where(7, within, "all", meant.filters, None, binder, {})
    filtered = Statement(f"SELECT 1 FROM events WHERE {condition}", binder.parameters)
    compare("cohorts", [filtered, cohorts_sql.size(_in_cohort("power users"))])


def test_values_and_names_are_always_bound() -> None:
    action = {"event": HOSTILE, "filters": [{"property": "p", "op": "in", "values": [HOSTILE]}]}
    binder = Binder()
    meant = cohorts.resolved(
        _asked(
            report="retention",
            birth=action,
            breakdown=["cohort"],
            cohorts=[{"name": HOSTILE, "any": [action]}],
        ),
        PROJECT,
        plan.within(_asked(report="events_table")),
        {},
    )
    assert isinstance(meant, Retention)
    [part] = meant.breakdown
    assert isinstance(part, str)
    code = column(part, binder).code
    statements = [
        retention.cohorts(7, meant, plan.within(meant), ((HOSTILE,),), {}),
        Statement(f"{binder.named()}{code}", binder.parameters),
    ]
    for statement in statements:
        assert "DROP" not in statement.text
        assert "DROP" in repr(statement.parameters)
