"""Numbers and times as pages write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from footfall_server.web import formats


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1284, "1,284"),
        (99_999, "99,999"),
        (100_000, "100k"),
        (124_600, "125k"),
        (999_600, "1.00M"),
        (1_920_000, "1.92M"),
        (12_460_000, "12.5M"),
        (3_000_000_000, "3.00B"),
        (None, "–"),
    ],
)
def test_figures(value: float | None, text: str) -> None:
    assert str(formats.short(value)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00004, "40 µs"),
        (0.0042, "4.2 ms"),
        (0.08, "80 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.314, "1.31 s"),
        (9.996, "10.0 s"),
        (18.44, "18.4 s"),
        (66, "1.1 min"),
        (9000, "2.5 h"),
        (216_000, "2.5 days"),
        (None, "–"),
    ],
)
def test_durations(seconds: float | None, text: str) -> None:
    assert str(formats.duration(seconds)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1284, "1,284"),
        (0.05, "0.05"),
        (37.05, "37.05"),
        (1284.567, "1,284.57"),
        (-0.5, "\u22120.5"),
        (1e300, "1e+300"),
        (-(2**60), "\u22121.153e+18"),
        (None, "–"),
    ],
)
def test_numbers_of_any_size_stay_short(value: float | None, text: str) -> None:
    assert formats.number(value) == text


def test_changes_carry_a_sign_and_a_true_minus() -> None:
    assert formats.change(1149, 1000) == "+14.9%"
    assert formats.change(969, 1000) == "\u22123.1%"
    assert formats.change(1000.1, 1000) == "0.0%"
    assert formats.points(0.0081, 0.0103) == "\u22120.22 pt"


def test_nothing_is_compared_with_nothing() -> None:
    assert formats.change(5, 0) is None
    assert formats.change(5, None) is None
    assert formats.points(None, 0.1) is None


def test_rates_have_two_decimals_and_shares_one() -> None:
    assert str(formats.rate(0.00812)) == "0.81%"
    assert formats.share(0.4891) == "48.9%"


def test_when_something_was_seen_is_told_by_the_projects_clock() -> None:
    now = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    assert formats.seen("2026-11-24T13:05:00+00:00", now, "UTC") == "today 13:05"
    assert formats.seen("2026-11-24T13:05:00", now, "Asia/Tokyo") == "yesterday 22:05"
    assert formats.seen("2026-11-03T09:00:00Z", now, "UTC") == "3 Nov 2026"


def test_ranges_name_the_year_only_where_it_helps() -> None:
    today = date(2026, 11, 24)
    assert formats.days(date(2026, 8, 27), date(2026, 11, 23), today) == "27 Aug to 23 Nov"
    expected = "1 Dec 2025 to 3 Jan 2026"
    assert formats.days(date(2025, 12, 1), date(2026, 1, 3), today) == expected
