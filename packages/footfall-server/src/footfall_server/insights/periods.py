"""Ranges, buckets and shifts in a timezone, daylight saving included.

A bucket is named by its first local day, or by its first instant for hours. Everything here is a
half-open range of instants, `[start, end)`, in UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from footfall_server.insights.queries import Interval
from footfall_server.model.errors import Unprocessable

MAX_BUCKETS = 5_000
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
_EPOCH = date(1970, 1, 1)
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Range:
    """`[start, end)` in UTC, as seen in `zone`."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    @property
    def wall(self) -> tuple[datetime, datetime]:
        """Both ends as naive local time."""
        return _wall(self.start, self.zone), _wall(self.end, self.zone)


@dataclass(frozen=True, slots=True)
class Bucket:
    """`key` is what the engine groups by: days since 1970 of the first day, or epoch seconds."""

    key: int
    label: str
    start: datetime
    end: datetime

    def incomplete(self, within: Range, now: datetime) -> bool:
        """Whether part of the period lies outside the range or after now."""
        return self.start < within.start or self.end > within.end or self.end > now


@dataclass(frozen=True, slots=True)
class Shift:
    """A move back in local time: whole months, days, then seconds that pass."""

    months: int = 0
    days: int = 0
    seconds: int = 0


def zone(name: str, path: str = "/timezone") -> ZoneInfo:
    """An IANA name → its zone. Raises `Unprocessable` UNKNOWN_TIMEZONE."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Unprocessable(
            "UNKNOWN_TIMEZONE",
            f"There is no timezone {name!r}; use a name like Europe/Brussels.",
            path=path,
        ) from error


def parse_range(start: str, end: str, within: ZoneInfo) -> Range:
    """Dates are both inside; of two instants the second is outside.

    Raises `Unprocessable` INVALID_RANGE with the field's pointer.
    """
    first, last = _instant(start, within, "/from", 0), _instant(end, within, "/to", 1)
    if first >= last:
        raise Unprocessable("INVALID_RANGE", "The range is empty: from is after to.", path="/from")
    return Range(first, last, within)


def _instant(text: str, within: ZoneInfo, path: str, days: int) -> datetime:
    try:
        if _DATE.match(text):
            instant = midnight(date.fromisoformat(text) + timedelta(days), within)
        else:
            parsed = datetime.fromisoformat(text.upper())
            if parsed.tzinfo is None or "T" not in text.upper():
                raise ValueError("no offset")
            instant = parsed.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unprocessable(
            "INVALID_RANGE",
            f"{text!r} is neither a date (2026-01-31) nor an instant (2026-01-31T00:00:00Z).",
            path=path,
        ) from error
    if not FIRST <= instant <= LAST:
        raise Unprocessable("INVALID_RANGE", "Years are 1970 to 2099.", path=path)
    return instant


def midnight(day: date, within: ZoneInfo) -> datetime:
    """The first instant of a local day (where midnight is skipped, what comes instead)."""
    return datetime.combine(day, time(), within).astimezone(UTC)


def local_day(instant: datetime, within: ZoneInfo) -> date:
    """The local date of an instant."""
    return instant.astimezone(within).date()


def day_key(day: date) -> int:
    """Days since 1970-01-01, as the engine counts them."""
    return (day - _EPOCH).days


def first_day(day: date, interval: Interval) -> date:
    """The first day of the bucket that a day lies in; weeks start on Monday."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    if interval == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day


def buckets(within: Range, interval: Interval, path: str = "/interval") -> list[Bucket]:
    """Every bucket that the range touches, in order.

    Raises `Unprocessable` TOO_MANY_BUCKETS at `path`.
    """
    found: list[Bucket] = []
    for bucket in _hours(within) if interval == "hour" else _days(within, interval):
        if len(found) == MAX_BUCKETS:
            raise Unprocessable(
                "TOO_MANY_BUCKETS",
                f"The range has more than {MAX_BUCKETS:,} buckets; take a longer interval.",
                path=path,
            )
        found.append(bucket)
    return found


def _hours(within: Range) -> Iterator[Bucket]:
    start = _hour(within.start, within.zone)
    while start < within.end:
        end = _hour(start + timedelta(hours=1), within.zone)
        local = start.astimezone(within.zone)
        yield Bucket(int(start.timestamp()), local.isoformat(timespec="seconds"), start, end)
        start = end


def _hour(instant: datetime, within: ZoneInfo) -> datetime:
    """The full local hour before, by the offset that holds at the instant itself."""
    local = instant.astimezone(within)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return instant - past


def _days(within: Range, interval: Interval) -> Iterator[Bucket]:
    day = first_day(local_day(within.start, within.zone), interval)
    start = midnight(day, within.zone)
    while start < within.end:
        following = _next(day, interval)
        end = midnight(following, within.zone)
        yield Bucket(day_key(day), day.isoformat(), start, end)
        day, start = following, end


def following(end: datetime, interval: Interval, within: ZoneInfo) -> datetime:
    """When the bucket (of a day or longer) ends that begins at a local midnight."""
    return midnight(_next(local_day(end, within), interval), within)


def _next(day: date, interval: Interval) -> date:
    if interval == "day":
        return day + timedelta(days=1)
    if interval == "week":
        return day + timedelta(days=7)
    return _months(day, 1 if interval == "month" else 3)


def _months(day: date, months: int) -> date:
    """Whole calendar months on (or back), on the last day of a shorter month at the latest."""
    count = day.year * 12 + day.month - 1 + months
    year, month = divmod(count, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def bucket_before(bucket: Bucket, interval: Interval, within: ZoneInfo) -> Bucket:
    """The bucket that ends where this one starts."""
    just_before = Range(bucket.start - timedelta(microseconds=1), bucket.start, within)
    return buckets(just_before, interval)[0]


def previous_period(within: Range, interval: Interval) -> Shift:
    """How far the equal period before lies, so that buckets stay aligned."""
    start, end = within.wall
    if interval in ("month", "quarter"):
        step = 1 if interval == "month" else 3
        return Shift(months=len(buckets(within, interval)) * step)
    days = -((start - end) // timedelta(days=1))
    if interval == "week":
        return Shift(days=-(-days // 7) * 7)
    if interval == "hour" and (end - start) % timedelta(days=1):
        return Shift(seconds=-(-int((within.end - within.start).total_seconds()) // 3600) * 3600)
    return Shift(days=days)


def previous_year(interval: Interval) -> Shift:
    """364 days, so that weekdays align; twelve months where months are shown."""
    return Shift(months=12) if interval in ("month", "quarter") else Shift(days=364)


def shifted(within: Range, shift: Shift) -> Range:
    """The range moved back."""
    return Range(
        moved(within.start, shift, within.zone), moved(within.end, shift, within.zone), within.zone
    )


def moved(instant: datetime, shift: Shift, within: ZoneInfo) -> datetime:
    """An instant moved back: months and days on the wall clock, seconds as they pass."""
    local = _wall(instant, within)
    day = _months(local.date(), -shift.months) - timedelta(days=shift.days)
    fold = instant.astimezone(within).fold
    at = datetime.combine(day, local.time(), within).replace(fold=fold)
    return at.astimezone(UTC) - timedelta(seconds=shift.seconds)


def _wall(instant: datetime, within: ZoneInfo) -> datetime:
    return instant.astimezone(within).replace(tzinfo=None)


def counterparts(current: list[Bucket], shift: Shift, within: ZoneInfo) -> dict[int, Bucket]:
    """The shifted query's bucket keys → the current buckets whose labels they carry.

    Days and longer are moved by their first day. An hour is moved on the wall clock: of a repeated
    hour both have their own; a skipped one has none.
    """
    found: dict[int, Bucket] = {}
    for bucket in current:
        before = moved(bucket.start, shift, within)
        if _is_hour(bucket):
            if _wall(before, within).time() == _wall(bucket.start, within).time() or shift.seconds:
                found.setdefault(int(before.timestamp()), bucket)
        else:
            found[day_key(local_day(before, within))] = bucket
    return found


def _is_hour(bucket: Bucket) -> bool:
    """Hours are labelled with a time."""
    return "T" in bucket.label


def key_midnight(key: int, within: ZoneInfo) -> datetime:
    """The first instant of the day with a key."""
    return midnight(_EPOCH + timedelta(days=key), within)
