"""Ranges, buckets and shifts, at the edges of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from footfall_server.insights import periods
from footfall_server.insights.periods import Range, Shift
from footfall_server.insights.queries import Interval
from footfall_server.model.errors import Unprocessable
from hypothesis import given, settings
from hypothesis import strategies as st

BRUSSELS = ZoneInfo("Europe/Brussels")
ZONES = ["UTC", "Europe/Brussels", "America/New_York", "Asia/Kolkata", "Africa/Cairo",
         "America/St_Johns", "Pacific/Auckland"]  # fmt: skip


def days(first: str, last: str, zone: str = "UTC") -> Range:
    return periods.parse_range(first, last, ZoneInfo(zone))


def test_both_dates_are_inside() -> None:
    found = days("2026-03-28", "2026-03-29", "Europe/Brussels")
    assert found.start == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert found.end == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_an_instant_is_written_as_rfc_3339_has_it() -> None:
    found = days("2026-03-28t10:00:00z", "2026-03-28T12:00:00.5+01:00")
    assert found.start == datetime(2026, 3, 28, 10, tzinfo=UTC)
    assert found.end == datetime(2026, 3, 28, 11, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "path"),
    [
        ("2026-02-30", "2026-03-01", "/from"),
        ("2026-01-01", "yesterday", "/to"),
        ("2026-01-01T00:00:00", "2026-01-02", "/from"),
        ("2026-01-02", "2026-01-01", "/from"),
        ("1969-01-01", "2026-01-01", "/from"),
        ("2026-01-01", "9999-12-31", "/to"),
        ("20260101", "2026-01-02", "/from"),
    ],
)
def test_what_is_no_range_is_named(first: str, last: str, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        days(first, last)
    assert (caught.value.code, caught.value.path) == ("INVALID_RANGE", path)


def test_an_unknown_timezone_is_named() -> None:
    for name in ("Europe/Atlantis", "", "../etc/passwd", "x" * 500):
        with pytest.raises(Unprocessable) as caught:
            periods.zone(name)
        assert (caught.value.code, caught.value.path) == ("UNKNOWN_TIMEZONE", "/timezone")


def test_too_many_buckets_are_an_error_that_says_what_to_do() -> None:
    with pytest.raises(Unprocessable) as caught:
        periods.buckets(days("2020-01-01", "2026-01-01"), "hour")
    assert caught.value.code == "TOO_MANY_BUCKETS"


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(["hour", "day", "week", "month", "quarter"]),
    start=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    length=st.timedeltas(timedelta(minutes=1), timedelta(days=120)),
)
def test_buckets_cover_the_range_without_gap_or_overlap(
    zone: str, interval: Interval, start: datetime, length: timedelta
) -> None:
    begin = start.replace(tzinfo=UTC)
    within = Range(begin, begin + length, ZoneInfo(zone))
    found = periods.buckets(within, interval)
    assert found[0].start <= within.start
    assert found[-1].end >= within.end
    assert all(one.end == other.start for one, other in pairwise(found))
    assert all(one.start < one.end for one in found)
    assert len({one.key for one in found}) == len(found)


@settings(deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    interval=st.sampled_from(["day", "week", "month", "quarter"]),
    first=st.dates(datetime(2025, 1, 1).date(), datetime(2027, 1, 1).date()),
    length=st.integers(0, 200),
)
def test_every_bucket_has_one_in_the_period_before(
    zone: str, interval: Interval, first: datetime, length: int
) -> None:
    within = days(first.isoformat(), (first + timedelta(days=length)).isoformat(), zone)
    current = periods.buckets(within, interval)
    for shift in (periods.previous_period(within, interval), periods.previous_year(interval)):
        before = periods.buckets(periods.shifted(within, shift), interval)
        found = periods.counterparts(current, shift, ZoneInfo(zone))
        assert [found[one.key] for one in before] == current


@pytest.mark.parametrize(
    ("first", "last", "interval", "expected"),
    [
        ("2026-01-01", "2026-01-30", "day", Shift(days=30)),
        ("2026-01-01", "2026-01-30", "week", Shift(days=35)),
        ("2026-01-01", "2026-03-31", "month", Shift(months=3)),
        ("2026-01-15", "2026-03-20", "month", Shift(months=3)),
        ("2026-01-01", "2026-06-30", "quarter", Shift(months=6)),
        ("2026-01-01", "2026-01-01", "hour", Shift(days=1)),
        ("2026-01-01T00:00:00Z", "2026-01-01T06:30:00Z", "hour", Shift(seconds=7 * 3600)),
        ("2026-01-01T00:00:00Z", "2026-01-01T06:30:00Z", "day", Shift(days=1)),
    ],
)
def test_the_period_before(first: str, last: str, interval: Interval, expected: Shift) -> None:
    assert periods.previous_period(days(first, last), interval) == expected


def test_hours_move_on_the_wall_clock() -> None:
    within = days("2026-03-29", "2026-03-29", "Europe/Brussels")
    current = periods.buckets(within, "hour")
    shift = periods.previous_period(within, "hour")
    before = periods.buckets(periods.shifted(within, shift), "hour")
    found = periods.counterparts(current, shift, BRUSSELS)
    labels = [found[one.key].label if one.key in found else None for one in before]
    assert labels[1] == "2026-03-29T01:00:00+01:00"
    assert labels[2] is None
    assert labels[3] == "2026-03-29T03:00:00+02:00"


def test_a_month_back_from_a_long_month_is_its_last_day() -> None:
    at = datetime(2026, 3, 31, 12, tzinfo=UTC)
    moved = periods.moved(at, Shift(months=1), ZoneInfo("UTC"))
    assert moved == datetime(2026, 2, 28, 12, tzinfo=UTC)


def test_a_day_without_midnight_begins_with_what_comes_instead() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    start = periods.midnight(datetime(2026, 4, 24).date(), cairo)
    assert start.astimezone(cairo).hour == 1
    assert start - periods.midnight(datetime(2026, 4, 23).date(), cairo) == timedelta(hours=24)
