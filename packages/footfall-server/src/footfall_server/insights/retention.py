"""Retention: every cohort, segment and bracket, and the average over cohorts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from footfall_server.insights import periods
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.periods import Bucket, Range
from footfall_server.insights.plan import MAX_ROWS, Source, TrendsPlan
from footfall_server.insights.queries import Retention, Trends
from footfall_server.insights.result import Row
from footfall_server.insights.sql import retention as sql
from footfall_server.insights.sql import trends
from footfall_server.insights.sql.column import OTHER
from footfall_server.insights.sql.trends import Segment
from footfall_server.model.errors import Unprocessable

ROLLING = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
AVERAGES = {"pooled": "pooled", "mean": "mean of cohorts"}


@dataclass(frozen=True, slots=True)
class Cohort:
    """Installs born in one period: how many, and how many of them came back in each bracket.

    A count is None where the bracket has not wholly passed.
    """

    label: str
    segment: Segment
    size: int
    counts: tuple[int | None, ...]

    def rate(self, bracket: int) -> float | None:
        """The share that came back; None where that isn't known or nobody was born."""
        count = self.counts[bracket]
        return None if count is None or not self.size else count / self.size


async def answer(asked: Asked[Retention]) -> Answer:
    """Rows `cohort`, `segment`, `size`, `bracket`, `count`, `rate`, segment by segment in time.

    `meta.average` has a row for each segment and bracket, `meta.average_kind` says which average
    it is. Raises `Unprocessable` TOO_MANY_ROWS, TOO_MANY_BUCKETS.
    """
    query, within = asked.query, asked.within
    buckets = periods.buckets(within, query.unit, "/unit")
    _check_size(query, len(buckets))
    segments = await _segments(asked)
    top = tuple(one for one in segments if OTHER not in one)
    statement = sql.cohorts(asked.project.id, query, within, top, asked.versions)
    table = await asked.reader.run(statement)
    found = {
        (row["cohort"], trends.segment_of(row["segment_key"])): row for row in table.to_pylist()
    }
    passed = _passed(query, buckets, within, asked.now)
    cohorts = []
    for segment in segments:
        for bucket, known in zip(buckets, passed, strict=True):
            row = found.get((bucket.key, segment or ("",)))
            size, counts = (row["size"], row["counts"]) if row else (0, [0] * query.brackets)
            kept = (count if place < known else None for place, count in enumerate(counts))
            cohorts.append(Cohort(bucket.label, segment, size, tuple(kept)))
    meta = {
        "average": list(_averages(query, segments, cohorts)),
        "average_kind": AVERAGES[query.average],
    }
    return Answer(list(_rows(cohorts)), meta)


def _check_size(query: Retention, cohorts: int) -> None:
    segments = query.limit + 1 if query.breakdown else 1
    if cohorts * segments * query.brackets > MAX_ROWS:
        raise Unprocessable(
            "TOO_MANY_ROWS",
            f"The answer would have more than {MAX_ROWS:,} rows; take fewer brackets, a longer "
            "unit, a shorter range or fewer segments.",
            path="/brackets",
        )


async def _segments(asked: Asked[Retention]) -> list[Segment]:
    """The segments that have rows: the largest by events that could be births, then the rest."""
    query = asked.query
    if not query.breakdown:
        return [()]
    births = Source(query.birth.names, (*query.filters, *query.birth.filters), (0,))
    counted = Trends(
        from_=query.from_,
        to=query.to,
        timezone=query.timezone,
        installs=query.installs,
        breakdown=query.breakdown,
        limit=query.limit,
    )
    planned = TrendsPlan(asked.project.id, counted, asked.within, (), (births,), (), None)
    table = await asked.reader.run(trends.ranking(planned, asked.versions))
    ranked = [trends.segment_of(one) for one in table.column("segment").to_pylist()]
    more = [(OTHER,) * len(query.breakdown)] if len(ranked) > query.limit else []
    return ranked[: query.limit] + more


def _passed(query: Retention, cohorts: list[Bucket], within: Range, now: datetime) -> list[int]:
    """How many brackets of each cohort have wholly passed."""
    if query.mode == "rolling":
        found = [(now - cohort.end) // ROLLING[query.unit] for cohort in cohorts]
    else:
        ends = [cohort.end for cohort in cohorts]
        for _ in range(query.brackets - 1):
            ends.append(periods.following(ends[-1], query.unit, within.zone))
        passed = bisect_right(ends, now)
        found = [passed - place for place in range(len(cohorts))]
    return [max(0, min(query.brackets, one)) for one in found]


def _rows(cohorts: Iterable[Cohort]) -> Iterator[Row]:
    for one in cohorts:
        for bracket, count in enumerate(one.counts):
            yield {
                "cohort": one.label,
                "segment": list(one.segment),
                "size": one.size,
                "bracket": bracket,
                "count": count,
                "rate": one.rate(bracket),
            }


def _averages(
    query: Retention, segments: Iterable[Segment], cohorts: list[Cohort]
) -> Iterator[Row]:
    average = _pooled if query.average == "pooled" else _mean
    for segment in segments:
        own = [one for one in cohorts if one.segment == segment]
        for bracket in range(query.brackets):
            yield {"segment": list(segment), "bracket": bracket, "rate": average(own, bracket)}


def _pooled(cohorts: Iterable[Cohort], bracket: int) -> float | None:
    """Who came back / who was born, over the cohorts of which it is known."""
    known = [(one.counts[bracket], one.size) for one in cohorts]
    pairs = [(count, size) for count, size in known if count is not None]
    born = sum(size for _, size in pairs)
    return sum(count for count, _ in pairs) / born if born else None


def _mean(cohorts: Iterable[Cohort], bracket: int) -> float | None:
    """The mean of the cohorts' own rates, each counted once whatever its size."""
    rates = [rate for one in cohorts if (rate := one.rate(bracket)) is not None]
    return sum(rates) / len(rates) if rates else None
