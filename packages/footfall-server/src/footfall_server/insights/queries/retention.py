"""Retention: who comes back, and when."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from footfall_server.insights.queries.common import Action, Cut, Query

Unit = Literal["day", "week", "month"]

MAX_BRACKETS = 500


class Retention(
    Query,
    frozen=True,
    kw_only=True,
    tag="retention",
    rename={"from_": "from", "return_": "return"},
):
    """Cohorts by the period in which `birth` falls; of each, who did `return` in each bracket."""

    birth: Action = Action()
    return_: Action = Action()
    unit: Unit = "day"
    brackets: Annotated[int, Meta(ge=1, le=MAX_BRACKETS)] = 12
    mode: Literal["calendar", "rolling"] = "calendar"
    kind: Literal["on", "on_or_after", "streak"] = "on"
    cohort: Literal["first_ever", "first_in_range", "recurring"] = "first_ever"
    average: Literal["pooled", "mean"] = "pooled"
    breakdown: Annotated[tuple[str | Cut, ...], Meta(max_length=3)] = ()
    limit: Annotated[int, Meta(ge=1, le=1_000)] = 10
