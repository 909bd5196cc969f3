"""All of a project's events, oldest first, in pieces that can be read again from any place."""

from __future__ import annotations

from typing import Literal

from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.listing import EVENT
from footfall_server.store import Statement

Unit = Literal["hour", "second"]
_SECONDS: dict[Unit, int] = {"hour": 3600, "second": 1}


def volumes(project: int, start: int, end: int, unit: Unit) -> Statement:
    """Rows `first` (microseconds) and `events`, by time: about how many there are in each unit.

    Repeats that wait to be merged count too: it is for cutting the work into pieces.
    """
    binder = Binder()
    size = binder.bind(_SECONDS[unit] * 1_000_000, "Int64")
    micro = "toUnixTimestamp64Micro(time)"
    text = (
        f"SELECT intDiv({micro}, {size}) * {size} AS first, count() AS events FROM events "
        f"WHERE {_within(binder, project, start, end)} GROUP BY first ORDER BY first"
    )
    return Statement(text, binder.parameters)


def piece(project: int, start: int, end: int, after: tuple[int, int], limit: int) -> Statement:
    """The next events of a piece of time (microseconds) after an event, by time and order."""
    binder = Binder()
    time, order = binder.bind(after[0], "Int64"), binder.bind(after[1], "UInt64")
    text = (
        f"SELECT {EVENT} FROM events FINAL "
        f"WHERE {_within(binder, project, max(start, after[0]), end)} "
        f"AND (toUnixTimestamp64Micro(time), position) > ({time}, {order}) "
        f"ORDER BY time, position LIMIT {binder.bind(limit, 'UInt32')}"
    )
    return Statement(text, binder.parameters)


def _within(binder: Binder, project: int, start: int, end: int) -> str:
    first, last = binder.bind(start, "Int64"), binder.bind(end, "Int64")
    return (
        f"project = {binder.bind(project, 'UInt32')} "
        f"AND time >= fromUnixTimestamp64Micro({first}, 'UTC') "
        f"AND time < fromUnixTimestamp64Micro({last}, 'UTC')"
    )
