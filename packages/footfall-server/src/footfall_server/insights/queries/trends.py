"""Trends: numbers over time, by segment."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from footfall_server.insights.queries.common import Cut, Filter, Interval, Query

Measure = Literal[
    "total", "unique", "per_install", "sum", "avg", "min", "max", "p50", "p90", "p95", "p99",
    "distinct", "dau", "wau", "mau", "error_rate",
]  # fmt: skip

OF_PROPERTY = frozenset({"sum", "avg", "min", "max", "p50", "p90", "p95", "p99", "distinct"})
ROLLING_DAYS: dict[str, int] = {"dau": 1, "wau": 7, "mau": 30}
PERCENTILES: dict[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is counted: events of these names (None: any) that pass the filters."""

    name: str | None = None
    event: str | tuple[str, ...] | None = None
    measure: Measure = "total"
    property: str | None = None
    filters: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        if self.measure in OF_PROPERTY and self.property is None:
            raise ValueError(f"{self.measure} needs a property")


class Formula(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arithmetic over the names of series: `A / B * 100`."""

    name: str
    expression: str


class Trends(Query, frozen=True, kw_only=True, tag="trends"):
    """Numbers over time, by segment."""

    series: Annotated[tuple[Series, ...], Meta(min_length=1, max_length=26)] = (Series(),)
    interval: Interval = "day"
    breakdown: Annotated[tuple[str | Cut, ...], Meta(max_length=3)] = ()
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 10
    formulas: tuple[Formula, ...] = ()
    compare: Literal["previous_period", "previous_year"] | None = None
    fold: bool = False
