"""How a page writes numbers, durations and times. Minus is U+2212; figures group by comma."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

MINUS = "\u2212"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NOTHING = "\u2013"


class Figure(NamedTuple):
    """A number and its unit, which a stat shows smaller."""

    value: str
    unit: str = ""

    def __str__(self) -> str:
        gap = "" if self.unit in ("%", "k", "M", "B", "") else " "
        return f"{self.value}{gap}{self.unit}"


def count(value: float | None) -> str:
    """1284 → "1,284". Weighted totals may be fractions: they are rounded to a whole."""
    return NOTHING if value is None else f"{round(value):,}".replace("-", MINUS)


def short(value: float | None) -> Figure:
    """For stats and axes: whole up to 99,999, then three significant digits: 125k, 1.92M."""
    if value is None:
        return Figure(NOTHING)
    if round(value) < 100_000:
        return Figure(count(value))
    for unit, size in (("k", 1e3), ("M", 1e6), ("B", 1e9)):
        scaled = value / size
        if scaled < 999.5 or unit == "B":
            return Figure(significant(scaled), unit)
    raise AssertionError("unreachable")


def number(value: float | None) -> str:
    """Whole numbers grouped by comma, others with up to four significant decimals.

    Beyond 2**53, from where on not every whole number is one, in exponent form.
    """
    if value is None:
        return NOTHING
    if abs(value) > 2**53:
        return f"{value:.4g}".replace("-", MINUS)
    if float(value).is_integer():
        return count(value)
    text = f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4g}"
    return text.replace("-", MINUS)


def significant(value: float, digits: int = 3) -> str:
    """Three significant digits, never in exponent form: 1.92, 12.5, 125."""
    for places in range(digits - 1, 0, -1):
        if round(value, places) < 10 ** (digits - places):
            return f"{value:.{places}f}"
    return f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share of 0 to 1 with one decimal: "48.9%"."""
    return NOTHING if value is None else f"{value * 100:.1f}%"


def rate(value: float | None) -> Figure:
    """A per-call error rate of 0 to 1 with two decimals: "0.81%"."""
    return Figure(NOTHING) if value is None else Figure(f"{value * 100:.2f}", "%")


def duration(seconds: float | None) -> Figure:
    """80 ms, 1.31 s, 18.4 s, 1.1 min, 2.5 h, 3.1 days; below a millisecond in µs."""
    if seconds is None:
        return Figure(NOTHING)
    if seconds < 0.9995e-3:
        return Figure(f"{seconds * 1e6:.0f}", "µs")
    if seconds < 0.9995:
        ms = seconds * 1e3
        return Figure(f"{ms:.1f}" if ms < 9.95 else f"{ms:.0f}", "ms")
    if seconds < 59.95:
        return Figure(significant(seconds), "s")
    if seconds < 3597:
        return Figure(f"{seconds / 60:.1f}", "min")
    if seconds < 48 * 3600:
        return Figure(f"{seconds / 3600:.1f}", "h")
    return Figure(f"{seconds / 86_400:.1f}", "days")


def signed(value: float, decimals: int, unit: str) -> str:
    """ "+14.9%", "−0.22 pt"; what rounds to nothing carries no sign."""
    text = f"{abs(value):,.{decimals}f}"
    zero = not any(digit in "123456789" for digit in text)
    sign = "" if zero else (MINUS if value < 0 else "+")
    return f"{sign}{text}{unit}"


def change(now: float | None, before: float | None) -> str | None:
    """The relative change in percent; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return signed((now / before - 1) * 100, 1, "%")


def points(now: float | None, before: float | None) -> str | None:
    """The difference of two rates in points; None where one of them is unknown."""
    if now is None or before is None:
        return None
    return signed((now - before) * 100, 2, " pt")


def day(value: date, *, year: bool = True) -> str:
    """ "3 Nov 2026"."""
    text = f"{value.day} {MONTHS[value.month - 1]}"
    return f"{text} {value.year}" if year else text


def days(start: date, end: date, today: date) -> str:
    """A range of days, with years only where they help: "28 Oct to 24 Nov"."""
    if start == end:
        return day(start, year=start.year != today.year)
    years = (start.year != today.year, end.year != today.year)
    return f"{day(start, year=any(years))} to {day(end, year=any(years))}"


def instant(value: str | datetime | None) -> datetime | None:
    """A time as a result's row holds it, aware; a time without a zone is UTC."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def seen(value: str | datetime | None, now: datetime, timezone: str) -> str:
    """ "today 13:05", "yesterday 09:12", else "3 Nov 2026"; in the project's timezone."""
    moment = instant(value)
    if moment is None:
        return NOTHING
    zone = ZoneInfo(timezone)
    local, today = moment.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        return f"today {local:%H:%M}"
    if local.date() == today - timedelta(days=1):
        return f"yesterday {local:%H:%M}"
    return day(local.date())


def bucket(value: str, interval: str) -> str:
    """A bucket's label in a table: "13:00, 3 Nov", "3 Nov 2026", "Nov 2026", "Q4 2026"."""
    moment = datetime.fromisoformat(value)
    if interval == "hour":
        return f"{moment:%H:%M}, {day(moment.date(), year=False)}"
    if interval == "month":
        return f"{MONTHS[moment.month - 1]} {moment.year}"
    if interval == "quarter":
        return f"Q{(moment.month + 2) // 3} {moment.year}"
    return day(moment.date())
