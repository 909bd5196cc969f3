"""The events themselves, newest first, once each, with their properties as they were sent."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from footfall_server.insights.sql.listing import Page, listing
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Store

MAX_ROWS = 1_000
_FIELDS = frozenset({"from", "to", "event", "install", "limit", "cursor", "consistent"})
FIRST = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2262, 1, 1, tzinfo=UTC)


async def events(store: Store, project: Project, parameters: Mapping[str, str]) -> bytes:
    """A page as JSON: `{"rows": […], "cursor": null | "…"}`.

    Raises Unprocessable (UNKNOWN_FIELD, INVALID_DATE, INVALID_RANGE, INVALID_LIMIT,
    INVALID_CURSOR).
    """
    page = parse(project, parameters)
    rows = (await store.run(listing(page))).to_pylist()
    cursor = None
    if len(rows) > page.limit:
        rows = rows[: page.limit]
        cursor = _cursor(rows[-1])
    return msgspec.json.encode({"rows": [event(row) for row in rows], "cursor": cursor})


def parse(project: Project, parameters: Mapping[str, str]) -> Page:
    """The page that the parameters ask for."""
    check_names(parameters, _FIELDS)
    start, end = span(parameters, project)
    return Page(
        project=project.id,
        start=start,
        end=end,
        event=parameters.get("event"),
        install=parameters.get("install"),
        after=_after(parameters.get("cursor")),
        limit=_limit(parameters.get("limit", "100")),
    )


def check_names(parameters: Mapping[str, str], known: frozenset[str]) -> None:
    """Raises Unprocessable UNKNOWN_FIELD for a parameter that there isn't."""
    for name in parameters:
        if name not in known:
            raise Unprocessable(
                "UNKNOWN_FIELD",
                f"There is no parameter {name!r} here: use {', '.join(sorted(known))}.",
                path=f"/{name}",
            )


def span(parameters: Mapping[str, str], project: Project) -> tuple[datetime, datetime]:
    """From when until before when; all times unless said. Raises Unprocessable INVALID_DATE,
    INVALID_RANGE."""
    start = _instant(parameters, "from", project, timedelta(0)) or FIRST
    end = _instant(parameters, "to", project, timedelta(days=1)) or LAST
    if start >= end:
        raise Unprocessable("INVALID_RANGE", "The range is empty: from is after to.", path="/from")
    return start, end


def _instant(
    parameters: Mapping[str, str], name: str, project: Project, whole_day: timedelta
) -> datetime | None:
    """A date is a whole day of the project's; an instant is itself."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + whole_day
            return datetime.combine(day, time(), ZoneInfo(project.timezone)).astimezone(UTC)
        instant = datetime.fromisoformat(text.replace(" ", "+"))  # a plus, decoded as a form's
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise Unprocessable(
            "INVALID_DATE",
            f"{text!r} is neither a date (2026-01-31) nor an RFC 3339 instant.",
            path=f"/{name}",
        ) from None


def _limit(text: str) -> int:
    if text.isdecimal() and 1 <= int(text[:10]) <= MAX_ROWS:
        return int(text)
    message = f"limit is 1 to {MAX_ROWS:,}, not {text[:40]!r}."
    raise Unprocessable("INVALID_LIMIT", message, path="/limit")


def _cursor(row: Mapping[str, Any]) -> str:
    place = f"{row['time_us']}:{row['position']}".encode()
    return base64.urlsafe_b64encode(place).decode()


def _after(cursor: str | None) -> tuple[int, int] | None:
    if not cursor:
        return None
    try:
        instant, _, place = base64.urlsafe_b64decode(cursor.encode()).decode().partition(":")
        after = int(instant), int(place)
        if not (-(2**63) <= after[0] < 2**63 and 0 <= after[1] < 2**64):
            raise ValueError(cursor)
    except (ValueError, binascii.Error, UnicodeError):
        raise Unprocessable(
            "INVALID_CURSOR", "The cursor isn't one that this server gave.", path="/cursor"
        ) from None
    return after


def event(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the store as an event. `order` is its place in the order of acknowledgement."""
    return {
        "message_id": row["message_id"],
        "kind": row["kind"],
        "event": row["event"],
        "install": row["install"],
        "time": _iso(row["time_us"]),
        "original_time": _iso(row["client_us"]) if row["client_us"] else None,
        "received_at": _iso(row["received_us"]),
        "time_source": row["time_source"],
        "order": row["position"],
        "properties": _properties(row["properties_text"], row["raw"]),
    }


def _properties(text: str, raw: str) -> Any:
    """As sent: what the column keeps, and what it loses (`raw`) over it."""
    if not raw:
        return msgspec.Raw(text.encode())
    lost = msgspec.json.decode(raw)
    if any("%2E" in name for name in lost):  # the column has read it as a dot; `lost` has all
        return lost
    return {**msgspec.json.decode(text), **lost}


def _iso(microseconds: int) -> str:
    instant = FIRST + timedelta(microseconds=microseconds)
    return instant.isoformat().replace("+00:00", "Z")
