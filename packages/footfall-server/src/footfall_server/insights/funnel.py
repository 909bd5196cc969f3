"""Funnels: rows from the engine's counts, every bucket, segment and step present."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.plan import MAX_ROWS
from footfall_server.insights.queries import Funnel
from footfall_server.insights.result import Row, tidy
from footfall_server.insights.sql import funnel as sql
from footfall_server.insights.sql.column import OTHER
from footfall_server.insights.sql.trends import Segment, segment_of
from footfall_server.model.errors import Unprocessable

_NO_BUCKET = 0


async def answer(asked: Asked[Funnel]) -> Answer:
    """A row for each step, by segment (largest first) and bucket (in time).

    `meta.time_to_convert` is of all entries together. `meta.incomplete` lists the buckets that are.
    Raises `Unprocessable`: TOO_MANY_BUCKETS, TOO_MANY_ROWS, TOO_MANY_OVERLAPPING.
    """
    query = asked.query
    buckets = periods.buckets(asked.within, query.interval) if query.interval else []
    _check_size(query, len(buckets) or 1)
    table = await _numbers(asked)
    slots: list[tuple[str | None, int]] = [(one.label, one.key) for one in buckets]
    slots = slots or [(None, _NO_BUCKET)]
    split = bool(query.breakdown or query.interval)
    found = {
        (_segment(query, row["segment"]), row["bucket"]): row
        for row in table
        if not (split and row["whole"])
    }
    segments = _segments(found) if query.breakdown else [()]
    rows = [
        row
        for segment in segments
        for label, key in slots
        for row in _rows(query, segment, label, found.get((segment, key)))
    ]
    whole = next((row for row in table if row["whole"]), None)
    meta: dict[str, Any] = {"time_to_convert": _time_to_convert(query, whole)}
    if buckets:
        unfinished = [one.label for one in buckets if one.incomplete(asked.within, asked.now)]
        meta["incomplete"] = unfinished
    return Answer(rows, meta)


_TIED: set[Hashable] = set()
"""Projects and steps for which short keys didn't do, so that they aren't tried again."""
_MOST_TIED = 1_000


async def _numbers(asked: Asked[Funnel]) -> list[dict[str, Any]]:
    """The rows of `sql.numbers`: `exact` ones cost more, so only where they are needed."""
    query = asked.query
    steps = (asked.project.id, query.steps, query.exclusions)
    if steps not in _TIED:
        rows = await _run(asked, exact=False)
        if not any(row["tied"] for row in rows):
            return rows
        if len(_TIED) >= _MOST_TIED:
            _TIED.clear()
        _TIED.add(steps)
    return await _run(asked, exact=True)


async def _run(asked: Asked[Funnel], exact: bool) -> list[dict[str, Any]]:
    statement = sql.numbers(asked.project.id, asked.query, asked.within, asked.versions, exact)
    rows: list[dict[str, Any]] = (await asked.reader.run(statement)).to_pylist()
    return rows


def _check_size(query: Funnel, buckets: int) -> None:
    segments = query.limit + 1 if query.breakdown else 1
    if buckets * segments * len(query.steps) > MAX_ROWS:
        raise Unprocessable(
            "TOO_MANY_ROWS",
            f"The answer would have more than {MAX_ROWS:,} rows; take a longer interval, a "
            "shorter range or fewer segments.",
            path="/limit" if query.breakdown else "/interval",
        )


def _segment(query: Funnel, key: str) -> Segment:
    return segment_of(key) if query.breakdown else ()


def _segments(found: dict[tuple[Segment, int], dict[str, Any]]) -> list[Segment]:
    """Largest first, the rest last."""
    places: dict[Segment, int] = {}
    for (segment, _), row in found.items():
        places[segment] = min(row["place"], places.get(segment, row["place"]))
    return sorted(places, key=lambda one: (OTHER in one, places[one]))


def _rows(
    query: Funnel, segment: Segment, bucket: str | None, counted: dict[str, Any] | None
) -> Iterator[Row]:
    counts: list[int] = counted["counts"] if counted else [0] * len(query.steps)
    medians: list[float] = counted["medians"] if counted else [0.0] * (len(query.steps) - 1)
    for place, step in enumerate(query.steps):
        count, later = counts[place], place > 0
        yield {
            "step": place + 1,
            "event": _event(query, step.event),
            "segment": list(segment),
            "bucket": bucket,
            "count": count,
            "rate_from_start": _rate(count, counts[0]),
            "rate_from_previous": _rate(count, counts[place - 1]) if later else None,
            "median_seconds_from_previous": tidy(medians[place - 1]) if later and count else None,
        }


def _event(query: Funnel, event: str | tuple[str, ...] | None) -> str | list[str] | None:
    """In any order, a row is of no step in particular."""
    if query.order == "any" or event is None:
        return None
    return event if isinstance(event, str) else list(event)


def _rate(count: int, of: int) -> float | None:
    return count / of if of else None


def _time_to_convert(query: Funnel, whole: dict[str, Any] | None) -> dict[str, Any]:
    """Seconds; the bars that hold something, each with its upper end (inside)."""
    if whole is None or not any(whole["counts"][-1:]):
        return {"p50": None, "p90": None, "histogram": []}
    within: list[int] = whole["within"]
    counts = [here - before for here, before in zip(within, [0, *within], strict=False)]
    held = [place for place, count in enumerate(counts) if count]
    bars = list(zip(sql.upper_seconds(query), counts, strict=True))[held[0] : held[-1] + 1]
    return {
        "p50": tidy(whole["p50"]),
        "p90": tidy(whole["p90"]),
        "histogram": [list(bar) for bar in bars],
    }
