"""When things happened, by the client's clock, and how far that clock is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from footfall_server.model.event import EPOCH

MICROSECOND = timedelta(microseconds=1)
_MAX_SKEW = 366 * 86_400 * 1_000_000
"""A clock that is further off than a year tells nothing."""
_MILLISECONDS_FROM = 1e11
"""Read as seconds this is the year 5138, as milliseconds 1973."""
_NO_TIME = 1e14


def utc(time: datetime | None) -> datetime | None:
    """A time without an offset is UTC."""
    if time is None or time.tzinfo is not None:
        return time
    return time.replace(tzinfo=UTC)


def parse_time(value: Any) -> datetime | None:
    """An RFC 3339 or ISO 8601 text as an instant; without an offset it is UTC. None if it isn't."""
    if isinstance(value, datetime):
        return utc(value)
    if not isinstance(value, str):
        return None
    try:
        return utc(datetime.fromisoformat(value.strip()))
    except ValueError:
        return None


def unix_time(value: Any) -> datetime | None:
    """Seconds or milliseconds since 1970, as a number or its text, else as `parse_time`."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return parse_time(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 < value < _NO_TIME:  # false for NaN, too
        return None
    scale = 1_000 if value >= _MILLISECONDS_FROM else 1_000_000
    return EPOCH + timedelta(microseconds=round(value * scale))


def skew_of(received_at: datetime, sent_at: datetime | None) -> tuple[int, str]:
    """How far the client's clock is behind, in microseconds, and how times are known."""
    if sent_at is None:
        return 0, "client"
    skew = (received_at - sent_at) // MICROSECOND
    return (skew, "corrected") if abs(skew) < _MAX_SKEW else (0, "client")
