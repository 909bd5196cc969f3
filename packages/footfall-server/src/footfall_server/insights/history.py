"""A project's events for taking away: oldest first, once each, in constant memory, resumable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from footfall_server.insights.archive import FORMATS
from footfall_server.insights.listing import FIRST, LAST, check_names, event, span
from footfall_server.insights.sql import history as sql
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project
from footfall_server.store import Store

PIECE = 5_000
"""Events that are in memory at a time."""
_BURST = 20 * PIECE
"""An hour with more is read second by second."""
_FIELDS = frozenset({"from", "to", "format", "after", "consistent"})


@dataclass(frozen=True, slots=True)
class Export:
    """`start` inside, `end` outside, in microseconds since 1970; `after` is an event's place."""

    project: int
    start: int
    end: int
    after: tuple[int, int]
    format: str


def parse(project: Project, parameters: Mapping[str, str]) -> Export:
    """Raises Unprocessable (UNKNOWN_FIELD, INVALID_DATE, INVALID_RANGE, INVALID_FORMAT,
    INVALID_CURSOR)."""
    check_names(parameters, _FIELDS)
    form = parameters.get("format", "ndjson")
    if form not in FORMATS:
        raise Unprocessable(
            "INVALID_FORMAT",
            f"There is no format {form[:40]!r}: use one of {', '.join(FORMATS)}.",
            path="/format",
        )
    start, end = span(parameters, project)
    return Export(
        project.id,
        _micro(start),
        _micro(end),
        _place(parameters.get("after")),
        form,
    )


def _micro(at: datetime) -> int:
    at = min(max(at, FIRST), LAST)
    return (at - FIRST) // timedelta(microseconds=1)


def _place(text: str | None) -> tuple[int, int]:
    """`TIME,ORDER` of the last event that one has."""
    if not text:
        return (0, 0)
    time, _, order = text.partition(",")
    try:
        at = datetime.fromisoformat(time)
        place = _micro(at if at.tzinfo else at.replace(tzinfo=UTC)), int(order)
        if not 0 <= place[1] < 2**64:
            raise ValueError(order)
    except (ValueError, OverflowError):
        raise Unprocessable(
            "INVALID_CURSOR",
            "`after` is the time and the order of the last event that you have: "
            "2026-01-31T12:00:00Z,1769860800000000.",
            path="/after",
        ) from None
    return place


async def count(store: Store, export: Export) -> int:
    """About how many events there are to come: repeats that aren't merged yet count too."""
    return sum([events for _, events in await _volumes(store, export, _start(export), export.end)])


async def events(store: Store, export: Export) -> AsyncIterator[list[dict[str, Any]]]:
    """Lists of at most `PIECE` events, by time and then by order."""
    async for start, end in _pieces(store, export):
        after = export.after
        while True:
            statement = sql.piece(export.project, start, end, after, PIECE)
            table = await store.run(statement)
            rows = await asyncio.to_thread(table.to_pylist)
            if rows:
                yield await asyncio.to_thread(_events, rows)
                after = rows[-1]["time_us"], rows[-1]["position"]
            if len(rows) < PIECE:
                break


def _events(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event(row) for row in rows]


def _start(export: Export) -> int:
    return max(export.start, export.after[0])


async def _pieces(store: Store, export: Export) -> AsyncIterator[tuple[int, int]]:
    """Pieces of time with about `PIECE` events each, where time can be cut that finely."""
    hours = await _volumes(store, export, _start(export), export.end)
    begin, waiting = _start(export), 0
    for place, (first, events) in enumerate(hours):
        if waiting + events > PIECE and waiting:
            yield begin, max(first, begin)
            begin, waiting = max(first, begin), 0
        end = hours[place + 1][0] if place + 1 < len(hours) else export.end
        if events > _BURST:
            async for piece in _seconds(store, export, begin, end):
                yield piece
            begin, waiting = end, 0
        else:
            waiting += events
    if waiting:
        yield begin, export.end


async def _seconds(
    store: Store, export: Export, start: int, end: int
) -> AsyncIterator[tuple[int, int]]:
    begin, waiting = start, 0
    for first, events in await _volumes(store, export, start, end, "second"):
        if waiting + events > PIECE and waiting:
            yield begin, max(first, begin)
            begin, waiting = max(first, begin), 0
        waiting += events
    if waiting:
        yield begin, end


async def _volumes(
    store: Store, export: Export, start: int, end: int, unit: sql.Unit = "hour"
) -> list[tuple[int, int]]:
    if start >= end:
        return []
    table = await store.run(sql.volumes(export.project, start, end, unit))
    firsts: list[int] = table.column("first").to_pylist()
    counts: list[int] = table.column("events").to_pylist()
    return list(zip(firsts, counts, strict=True))
