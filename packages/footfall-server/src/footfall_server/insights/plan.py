"""Query → plan: the project's timezone, the range, the buckets, which events feed which series."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from footfall_server.insights import periods
from footfall_server.insights.formula import Expression, expression
from footfall_server.insights.periods import Bucket, Range, Shift
from footfall_server.insights.queries import ROLLING_DAYS, Filter, Query, Series, Trends
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project

MAX_ROWS = 200_000


@dataclass(frozen=True, slots=True)
class Source:
    """Events that feed one or more series: read once for all of them."""

    events: tuple[str, ...] | None
    filters: tuple[Filter, ...]
    series: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """Days `first` to `last` (as keys) that a rolling number of a bucket looks at; None: fold."""

    bucket: int | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TrendsPlan:
    """Everything that the SQL and the rows of trends need."""

    project: int
    query: Trends
    within: Range
    buckets: tuple[Bucket, ...]
    sources: tuple[Source, ...]
    formulas: tuple[tuple[str, Expression], ...]
    shift: Shift | None

    @property
    def before(self) -> TrendsPlan | None:
        """The same for the compared range."""
        if self.shift is None:
            return None
        within = periods.shifted(self.within, self.shift)
        buckets = tuple(periods.buckets(within, self.query.interval))
        return TrendsPlan(
            self.project, self.query, within, buckets, self.sources, self.formulas, None
        )


def resolved(query: Query, project: Project) -> Query:
    """The query with its timezone filled in."""
    return msgspec.structs.replace(query, timezone=query.timezone or project.timezone)


def within(query: Query) -> Range:
    """The range of a resolved query."""
    return periods.parse_range(query.from_, query.to, periods.zone(query.timezone or "UTC"))


def trends(query: Trends, project: Project) -> TrendsPlan:
    """Plans a resolved query.

    Raises `Unprocessable`: NOT_OFFERED, INVALID_RANGE, TOO_MANY_BUCKETS, TOO_MANY_ROWS,
    INVALID_FORMULA, UNKNOWN_SERIES.
    """
    for place, series in enumerate(query.series):
        if series.measure in ROLLING_DAYS and query.interval == "hour":
            raise Unprocessable(
                "NOT_OFFERED",
                f"{series.measure} counts days; take an interval of a day or longer.",
                path=f"/series/{place}/measure",
            )
    range_ = within(query)
    buckets = tuple(periods.buckets(range_, query.interval))
    segments = query.limit + 1 if query.breakdown else 1
    rows = len(buckets) * segments * (len(query.series) + len(query.formulas))
    if rows * (2 if query.compare else 1) > MAX_ROWS:
        raise Unprocessable(
            "TOO_MANY_ROWS",
            f"The answer would have more than {MAX_ROWS:,} rows; take a longer interval, a "
            "shorter range or fewer segments.",
            path="/limit" if query.breakdown else "/interval",
        )
    names = frozenset(series.name or "" for series in query.series)
    formulas = tuple(
        (formula.name, expression(formula.expression, names, f"/formulas/{place}/expression"))
        for place, formula in enumerate(query.formulas)
    )
    return TrendsPlan(
        project.id, query, range_, buckets, _sources(query), formulas, _shift(query, range_)
    )


def _shift(query: Trends, range_: Range) -> Shift | None:
    if query.compare is None:
        return None
    if query.compare == "previous_year":
        return periods.previous_year(query.interval)
    return periods.previous_period(range_, query.interval)


def _sources(query: Trends) -> tuple[Source, ...]:
    grouped: dict[tuple[tuple[str, ...] | None, tuple[Filter, ...]], list[int]] = {}
    for place, series in enumerate(query.series):
        key = (_events(series), (*query.filters, *series.filters))
        grouped.setdefault(key, []).append(place)
    return tuple(
        Source(events, filters, tuple(places)) for (events, filters), places in grouped.items()
    )


def _events(series: Series) -> tuple[str, ...] | None:
    return (series.event,) if isinstance(series.event, str) else series.event


def windows(plan: TrendsPlan, days: int) -> tuple[Window, ...]:
    """What a rolling number looks at: the days that end on the last day of each bucket in range."""

    def ending(instant: datetime) -> tuple[int, int]:
        last = periods.local_day(instant - timedelta(microseconds=1), plan.within.zone)
        return periods.day_key(last) - days + 1, periods.day_key(last)

    found = [
        Window(bucket.key, *ending(min(bucket.end, plan.within.end))) for bucket in plan.buckets
    ]
    if plan.query.fold:
        found.append(Window(None, *ending(plan.within.end)))
    return tuple(found)
