"""Funnels: how many get from one step to the next, and how soon."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from footfall_server.insights.queries.common import Cut, Filter, Query

MAX_WINDOW_SECONDS = 366 * 86_400


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event of one of these names (None: any) that passes the filters."""

    event: str | Annotated[tuple[str, ...], Meta(min_length=1)] | None
    filters: tuple[Filter, ...] = ()


class Exclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event that ends an entry after `from_step` and before `to_step` (1 is the first)."""

    event: str | Annotated[tuple[str, ...], Meta(min_length=1)]
    from_step: Annotated[int, Meta(ge=1, le=20)] = 1
    to_step: Annotated[int, Meta(ge=2, le=20)] = 2

    def __post_init__(self) -> None:
        if self.from_step >= self.to_step:
            raise ValueError("from_step comes before to_step")


class Funnel(Query, frozen=True, kw_only=True, tag="funnel"):
    """Entries that reach each step within `window_seconds` of their first."""

    steps: Annotated[tuple[Step, ...], Meta(min_length=2, max_length=20)]
    window_seconds: Annotated[int, Meta(ge=1, le=MAX_WINDOW_SECONDS)] = 7 * 86_400
    count: Literal["unique", "total"] = "unique"
    order: Literal["strict", "any"] = "strict"
    exclusions: Annotated[tuple[Exclusion, ...], Meta(max_length=20)] = ()
    hold: Annotated[tuple[str, ...], Meta(max_length=3)] = ()
    breakdown: Annotated[tuple[str | Cut, ...], Meta(max_length=3)] = ()
    breakdown_step: Annotated[int, Meta(ge=1, le=20)] = 1
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 10
    interval: Literal["day", "week", "month"] | None = None

    def __post_init__(self) -> None:
        last = len(self.steps)
        if self.order == "any" and (self.exclusions or self.hold):
            raise ValueError("exclusions and hold go with the strict order only")
        if any(one.to_step > last for one in self.exclusions):
            raise ValueError(f"There are {last} steps; an exclusion ends at one of them")
        if self.breakdown_step > last:
            raise ValueError(f"There are {last} steps; breakdown_step is one of them")
