"""Trends: from the engine's answer to rows, every bucket and every segment present."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

import pyarrow as pa

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.formula import Expression
from footfall_server.insights.periods import Shift
from footfall_server.insights.plan import Source, TrendsPlan, windows
from footfall_server.insights.plan import trends as plan_trends
from footfall_server.insights.queries import PERCENTILES, Trends
from footfall_server.insights.reader import Reader
from footfall_server.insights.result import Row, tidy
from footfall_server.insights.sql import trends as sql
from footfall_server.insights.sql.column import OTHER
from footfall_server.insights.sql.filters import Versions
from footfall_server.insights.sql.measures import EXACT_VALUES
from footfall_server.insights.sql.trends import Segment, Shown
from footfall_server.store import Statement

# Measures of which an empty bucket is 0; of the others it is null.
ZERO = frozenset({"total", "unique", "sum", "distinct", "dau", "wau", "mau"})

# series, bucket key or None for the fold, segment
_Cell = tuple[int, int | None, Segment]
Cells = dict[_Cell, float | None]
# part, bucket key or None for the fold, segment, values, on how many percentiles stand
_Line = tuple[int, int | None, Segment, list[float | None], list[int]]

_NO_KEY = -1
_Value = Callable[[int | None, Segment], float | None]


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place on the time axis: its label, the key of its cells (None: the fold)."""

    label: str | None
    key: int | None
    incomplete: bool


async def answer(asked: Asked[Trends]) -> Answer:
    """Raises what `plan.trends` raises."""
    planned = plan_trends(asked.query, asked.project)
    return Answer(await rows(planned, asked.versions, asked.now, asked.reader))


async def rows(plan: TrendsPlan, versions: Versions, now: datetime, reader: Reader) -> list[Row]:
    """Series by series, segment by segment (largest first), in time; compared rows last."""
    shown, more = Shown(), False
    if plan.query.breakdown:
        shown, more = _shown(plan, await reader.run(sql.ranking(plan, versions)))
    cells = await _cells(plan, shown, versions, reader)
    before, compared = plan.before, Cells()
    if before is not None:
        compared = await _cells(before, shown, versions, reader)
    segments: list[Segment] = list(shown.segments) if plan.query.breakdown else [()]
    other = (OTHER,) * len(plan.query.breakdown)
    rest = more or any(key[2] == other for key in (*cells, *compared))
    if plan.query.breakdown and rest and other not in segments:
        segments.append(other)
    found = list(_rows(plan, segments, cells, _slots(plan, now), compare=False))
    if before is not None and plan.shift is not None:
        slots = _compared_slots(plan, before, plan.shift, now)
        found += _rows(before, segments, compared, slots, compare=True)
    return found


def _shown(plan: TrendsPlan, table: pa.Table) -> tuple[Shown, bool]:
    """The named segments, and whether there are more."""
    ranked: list[Segment] = [sql.segment_of(key) for key in table.column("segment").to_pylist()]
    lists = any(table.column("lists").to_pylist())
    limit = plan.query.limit
    return Shown(tuple(ranked[:limit]), lists), len(ranked) > limit


async def _cells(plan: TrendsPlan, shown: Shown, versions: Versions, reader: Reader) -> Cells:
    parts = sql.parts(plan)
    cells: Cells = {}
    changes: dict[int, dict[Segment, dict[int, float]]] = {}
    large: dict[int, set[_Cell]] = {}
    measured = {one.property for one in plan.query.series if one.measure in PERCENTILES}
    keep = await reader.values_kept(plan.within, len(measured))
    statement = sql.numbers(plan, shown, versions, keep)
    for part, bucket, segment, values, counts in await _read(plan, statement, reader):
        if sql.rolling_days(plan, parts[part]) is not None:
            changes.setdefault(part, {}).setdefault(segment, {})[bucket or 0] = values[0] or 0.0
            continue
        for series, value, count in zip(parts[part].series, values, counts, strict=True):
            cells[series, bucket, segment] = value
            reader.approximate = reader.approximate or count > EXACT_VALUES
            if count > keep:
                large.setdefault(part, set()).add((series, bucket, segment))
    for part, by_segment in changes.items():
        for segment, by_day in by_segment.items():
            cells.update(_rolled(plan, parts[part], segment, by_day))
    if large:
        wanted = {part: any(cell[1] is not None for cell in each) for part, each in large.items()}
        statement = sql.approximated(plan, shown, versions, wanted)
        for part, bucket, segment, values, _ in await _read(plan, statement, reader):
            for series, value in zip(parts[part].series, values, strict=True):
                if (series, bucket, segment) in large[part]:
                    cells[series, bucket, segment] = value
    return cells


async def _read(plan: TrendsPlan, statement: Statement, reader: Reader) -> Iterator[_Line]:
    table = await reader.run(statement)
    names = ("part", "bucket", "fold", "segment_key", "values", "counts")
    columns = (table.column(name).to_pylist() for name in names)
    return (
        (
            part,
            None if fold else bucket,
            sql.segment_of(key) if plan.query.breakdown else (),
            values,
            counts,
        )
        for part, bucket, fold, key, values, counts in zip(*columns, strict=True)
    )


def _rolled(
    plan: TrendsPlan, source: Source, segment: Segment, changes: dict[int, float]
) -> Iterator[tuple[_Cell, float]]:
    """Changes by day, summed up to the last day of each bucket's window."""
    days = sorted(changes)
    reached = list(accumulate(changes[day] for day in days))
    for window in windows(plan, sql.rolling_days(plan, source) or 1):
        place = bisect_right(days, window.last)
        yield (source.series[0], window.bucket, segment), reached[place - 1] if place else 0.0


def _rows(
    plan: TrendsPlan, segments: list[Segment], cells: Cells, slots: list[_Slot], compare: bool
) -> Iterator[Row]:
    for name, value in _columns(plan, cells):
        for segment in segments:
            for slot in slots:
                yield {
                    "bucket": slot.label,
                    "series": name,
                    "segment": list(segment),
                    "value": tidy(value(slot.key, segment)),
                    "incomplete": slot.incomplete,
                    "compare": compare,
                }


def _columns(plan: TrendsPlan, cells: Cells) -> Iterator[tuple[str, _Value]]:
    """Every series and formula by name, with what it is in a bucket and a segment."""
    values = {
        series.name or "": _value(place, series.measure in ZERO, cells)
        for place, series in enumerate(plan.query.series)
    }
    yield from values.items()
    for name, formula in plan.formulas:
        yield name, _calculated(formula, values)


def _value(place: int, zero: bool, cells: Cells) -> _Value:
    empty = 0.0 if zero else None
    return lambda key, segment: cells.get((place, key, segment), empty)


def _calculated(formula: Expression, values: Mapping[str, _Value]) -> _Value:
    return lambda key, segment: formula.evaluate(
        {name: values[name](key, segment) for name in formula.names}
    )


def _slots(plan: TrendsPlan, now: datetime) -> list[_Slot]:
    """The current range's buckets, then the fold."""
    slots = [_Slot(one.label, one.key, one.incomplete(plan.within, now)) for one in plan.buckets]
    return [*slots, *_fold(plan, now)]


def _compared_slots(
    plan: TrendsPlan, before: TrendsPlan, shift: Shift, now: datetime
) -> list[_Slot]:
    """The current buckets' labels on what the buckets before hold."""
    own = {bucket.key: bucket for bucket in before.buckets}
    keys = {
        bucket.key: key
        for key, bucket in periods.counterparts(list(plan.buckets), shift, plan.within.zone).items()
    }
    slots = []
    for bucket in plan.buckets:
        other = own.get(keys.get(bucket.key, _NO_KEY))
        if other is None:
            slots.append(_Slot(bucket.label, _NO_KEY, True))
        else:
            incomplete = other.incomplete(before.within, now)
            slots.append(_Slot(bucket.label, other.key, incomplete))
    return [*slots, *_fold(before, now)]


def _fold(plan: TrendsPlan, now: datetime) -> list[_Slot]:
    return [_Slot(None, None, plan.within.end > now)] if plan.query.fold else []
