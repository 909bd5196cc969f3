"""Beside the period before, or the year before: worked cases."""

from __future__ import annotations

from typing import Any

from .test_trends import event


def test_a_year_before_is_364_days_so_that_weekdays_align(library: Any) -> None:
    library.add([event("2026-01-05"), *[event("2025-01-06")] * 1, event("2025-01-06", "i2")])
    rows = library.ask(
        report="trends", from_="2026-01-05", to="2026-01-05", compare="previous_year"
    ).rows
    assert [(row["bucket"], row["compare"], row["value"]) for row in rows] == [
        ("2026-01-05", False, 1),
        ("2026-01-05", True, 2),
    ]


def test_months_compare_with_whole_calendar_months(library: Any) -> None:
    library.add([event("2025-11-30T23:59"), event("2025-12-31"), event("2026-02-28")])
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-02-28", "interval": "month"}
    rows = library.ask(**query, compare="previous_period").rows
    assert [(row["bucket"], row["compare"], row["value"]) for row in rows] == [
        ("2026-01-01", False, 0),
        ("2026-02-01", False, 1),
        ("2026-01-01", True, 1),
        ("2026-02-01", True, 1),
    ]
    assert not any(row["incomplete"] for row in rows)
    before = library.ask(
        report="trends", from_="2026-11-01", to="2026-11-30", interval="month",
        compare="previous_year",
    ).rows  # fmt: skip
    assert [row["value"] for row in before] == [0, 1]


def test_weeks_compare_with_whole_weeks(library: Any) -> None:
    library.add([event("2025-12-31"), event("2026-01-14")])
    rows = library.ask(
        report="trends", from_="2026-01-12", to="2026-01-21", interval="week",
        compare="previous_period",
    ).rows  # fmt: skip
    assert [(row["bucket"], row["compare"], row["value"]) for row in rows] == [
        ("2026-01-12", False, 1),
        ("2026-01-19", False, 0),
        ("2026-01-12", True, 1),
        ("2026-01-19", True, 0),
    ]


def test_a_compared_day_across_a_clock_change_is_the_calendar_day_before(brussels: Any) -> None:
    brussels.add([event("2026-03-28T22:59:59"), event("2026-03-27T23:00")])
    rows = brussels.ask(
        report="trends", from_="2026-03-29", to="2026-03-29", compare="previous_period"
    ).rows
    assert [row["value"] for row in rows] == [0, 2]


def test_the_events_table_compares_with_the_equal_period_before(library: Any) -> None:
    library.add([event("2026-01-01T10:00", run_time=1), event("2026-01-02T10:00", run_time=3)])
    library.add([event("2026-01-03T10:00", "i2", run_time=2, exception_occurred=True)])
    library.add([event("2026-01-04T11:00", run_time=4), event("2026-01-04T12:00", event="run")])
    result = library.ask(report="events_table", from_="2026-01-03", to="2026-01-04")
    assert result.rows == [
        {
            "event": "fit", "total": 2, "unique": 2, "per_install": 1, "p50": 3, "p90": 3.8,
            "error_rate": 0.5, "first_seen": "2026-01-03T10:00:00Z",
            "last_seen": "2026-01-04T11:00:00Z", "change": 0,
        },
        {
            "event": "run", "total": 1, "unique": 1, "per_install": 1, "p50": None, "p90": None,
            "error_rate": 0, "first_seen": "2026-01-04T12:00:00Z",
            "last_seen": "2026-01-04T12:00:00Z", "change": None,
        },
    ]  # fmt: skip
