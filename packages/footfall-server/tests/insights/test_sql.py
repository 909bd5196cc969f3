"""The SQL of trends and the events table, to be looked at when it changes."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.insights import plan
from footfall_server.insights.parse import parse
from footfall_server.insights.periods import previous_period, shifted
from footfall_server.insights.queries import EventsTable, Trends
from footfall_server.insights.sql import events_table, trends
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column, quoted
from footfall_server.insights.sql.trends import Shown
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Statement

from .snapshots_of_sql import compare

PROJECT = Project(7, "nannyml", "Europe/Brussels")
RANGE = {"from": "2026-01-01", "to": "2026-01-31"}
TRENDS: dict[str, dict[str, Any]] = {
    "trends_total": {},
    "trends_unique_weekly_fold": {
        "interval": "week", "fold": True, "installs": "persistent",
        "series": [{"event": "fit", "measure": "unique"}, {"event": "fit", "measure": "total"}],
    },
    "trends_by_version": {"breakdown": ["library_version"], "limit": 2, "interval": "month"},
    "trends_by_two": {"breakdown": ["library_version", "p"], "limit": 2},
    "trends_percentile_hourly": {
        "interval": "hour", "series": [{"measure": "p90", "property": "run_time"}],
    },
    "trends_rolling": {"series": [{"measure": "mau"}]},
    "trends_filtered": {
        "filters": [
            {"property": "p", "op": "in", "values": ["a", 7, 2.5, True]},
            {"any": [{"property": "run_time", "op": "gte", "values": [1]},
                     {"not": {"property": "install", "op": "starts_with", "values": ["x"]}}]},
            {"property": "library_version", "op": "version_gte", "values": ["1.0"]},
        ]
    },
}  # fmt: skip
VERSIONS = {("library_version", "version_gte", "1.0"): ["s1.0", "s2.0"]}


def _statements(name: str) -> list[Statement]:
    query = plan.resolved(parse({"report": "trends", **RANGE, **TRENDS[name]}), PROJECT)
    assert isinstance(query, Trends)
    planned = plan.trends(query, PROJECT)
    shown = Shown()
    statements = []
    if query.breakdown:
        statements.append(trends.ranking(planned, VERSIONS))
        shown = Shown((("1.0", "a")[: len(query.breakdown)],), lists="p" in query.breakdown)
    return [*statements, trends.numbers(planned, shown, VERSIONS, 100_000)]


@pytest.mark.parametrize("name", TRENDS)
def test_trends(name: str) -> None:
    compare(name, _statements(name))


def test_events_table() -> None:
    query = plan.resolved(parse({"report": "events_table", **RANGE}), PROJECT)
    assert isinstance(query, EventsTable)
    within = plan.within(query)
    before = shifted(within, previous_period(within, "day"))
    compare("events_table", [events_table.table(7, query, within, before, {}, 100_000)])


HOSTILE = "'; DROP TABLE events; --"


def test_values_are_always_bound() -> None:
    body = {
        "report": "trends", **RANGE,
        "series": [{"event": HOSTILE, "filters": [
            {"property": "p", "op": op, "values": [HOSTILE]}
            for op in ("in", "contains", "starts_with", "gt")
        ]}],
        "breakdown": ["p"],
    }  # fmt: skip
    query = plan.resolved(parse(body), PROJECT)
    assert isinstance(query, Trends)
    planned = plan.trends(query, PROJECT)
    shown = Shown(((HOSTILE,),), lists=True)
    for statement in (trends.ranking(planned, {}), trends.numbers(planned, shown, {}, 100_000)):
        assert "DROP" not in statement.text
        assert "DROP" in repr(statement.parameters)


@pytest.mark.parametrize(
    "name", ["a`b", "a\\", "` OR 1 = 1 --", "a' b", "é", "a b", '"', "$x", "%2E"]
)
def test_names_are_quoted_and_answer(store: Any, name: str) -> None:
    binder = Binder()
    read = column(f"properties.{name}", binder)
    statement = Statement(
        f"{binder.named()}SELECT count() AS n FROM events "
        f"WHERE {read.code} = '' AND isNull({read.number}) AND project = 0",
        binder.parameters,
    )
    assert store.query(statement).to_pylist() == [{"n": 0}]
    assert quoted("a`b\\") == "`a\\`b\\\\`"


@pytest.mark.parametrize("name", ["", ".", "a..b", "a.", "x" * 201, "properties."])
def test_what_can_not_be_a_name_is_unknown(name: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        column(name, Binder())
    assert caught.value.code == "UNKNOWN_PROPERTY"
