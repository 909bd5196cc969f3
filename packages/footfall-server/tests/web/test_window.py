"""Which days count, and what stays unfinished."""

from __future__ import annotations

from datetime import date

import pytest
from footfall_server.web.spark import Point, spark
from footfall_server.web.trend import merge, stats
from footfall_server.web.view import View
from footfall_server.web.window import window

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("range", "start", "end", "running"),
    [
        ("7d", date(2026, 11, 17), date(2026, 11, 23), TODAY),
        ("28d", date(2026, 10, 27), date(2026, 11, 23), TODAY),
        ("12m", date(2025, 11, 24), date(2026, 11, 23), TODAY),
        ("2026-10-01..2026-10-20", date(2026, 10, 1), date(2026, 10, 20), None),
        ("2026-11-01..2026-11-30", date(2026, 11, 1), date(2026, 11, 23), TODAY),
        ("2026-11-24..2026-11-24", TODAY, TODAY, None),
    ],
)
def test_figures_end_with_the_last_complete_day(
    range: str, start: date, end: date, running: date | None
) -> None:
    found = window(View(range=range), TODAY)
    assert (found.start, found.end, found.running) == (start, end, running)


def test_a_chart_never_gets_more_than_400_buckets() -> None:
    found = window(View(range="2020-01-01..2026-11-01"), TODAY)
    assert "day" not in found.intervals
    assert found.interval("day") == "week"


def test_the_running_bucket_is_dashed_and_gaps_stay_gaps() -> None:
    paths = spark([Point(1), Point(3), Point(None), Point(2), Point(4), Point(1, True)])
    assert paths is not None
    assert paths.line.count("M") == 2
    assert paths.part == "M80.0 4.0L100.0 28.0"


def test_one_bucket_is_no_course() -> None:
    assert spark([Point(5)]) is None


def row(
    bucket: str | None,
    value: float,
    *,
    series: str = "Active installs",
    compare: bool = False,
    part: bool = False,
) -> dict:
    return {
        "bucket": bucket,
        "series": series,
        "segment": [],
        "value": value,
        "incomplete": part,
        "compare": compare,
    }


def test_a_delta_leaves_the_running_bucket_out() -> None:
    whole = [row(None, 100), row(None, 80, compare=True), row("2026-11-23", 60)]
    whole += [row("2026-11-23", 90, series="Calls")]
    tail = [row("2026-11-24", 3, part=True), row("2026-11-24", 5, series="Calls", part=True)]
    rows = merge(whole, tail)
    active = stats(rows, "28 days")[0]
    assert (str(active.figure), active.delta, active.tone) == ("100", "+25.0%", "good")
    assert active.spark is not None
    assert active.spark.part


def test_the_running_week_replaces_its_part_in_the_range() -> None:
    rows = merge([row("2026-11-23", 10, part=True)], [row("2026-11-23", 14, part=True)])
    assert [r["value"] for r in rows] == [14]
