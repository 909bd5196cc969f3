"""One page of the events themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from footfall_server.store import Statement

# An event with all that it came with; instants in microseconds since 1970.
EVENT = (
    "message_id, kind, event, install, position, time_source,"
    " toUnixTimestamp64Micro(time) AS time_us,"
    " toUnixTimestamp64Micro(client_time) AS client_us,"
    " toUnixTimestamp64Micro(received_at) AS received_us,"
    " toJSONString(properties) AS properties_text, raw"
)


@dataclass(frozen=True, slots=True)
class Page:
    """What to list, newest first; `after` is the last event of the page before.

    `start` is inside, `end` outside; `after` is a time in microseconds and a place.
    """

    project: int
    start: datetime
    end: datetime
    event: str | None
    install: str | None
    after: tuple[int, int] | None
    limit: int


def listing(page: Page) -> Statement:
    """One row more than `limit`, if there are more."""
    conditions = ["project = {project:UInt32}", "time >= {start:DateTime64(6, 'UTC')}"]
    conditions.append("time < {end:DateTime64(6, 'UTC')}")
    parameters: dict[str, Any] = {
        "project": page.project,
        "start": _text(page.start),
        "end": _text(page.end),
        "rows": page.limit + 1,
    }
    if page.event is not None:
        conditions.append("event = {event:String}")
        parameters["event"] = page.event
    if page.install is not None:
        conditions.append("install = {install:String}")
        parameters["install"] = page.install
    if page.after is not None:
        conditions.append(
            "(toUnixTimestamp64Micro(time), position) < ({time:Int64}, {place:UInt64})"
        )
        parameters["time"], parameters["place"] = page.after
    text = (
        f"SELECT {EVENT} FROM events FINAL WHERE {' AND '.join(conditions)}"
        " ORDER BY time DESC, position DESC LIMIT {rows:UInt32}"
    )
    return Statement(text, parameters)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
