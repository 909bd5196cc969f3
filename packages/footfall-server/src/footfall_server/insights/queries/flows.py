"""Flows and paths: what comes after an event, or before it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from footfall_server.insights.queries.common import Query

Depth = Annotated[int, Meta(ge=1, le=20)]
Minutes = Annotated[int, Meta(ge=1, le=7 * 24 * 60)]


class Flows(Query, frozen=True, kw_only=True, tag="flows"):
    """Transitions between the `top` events of each step away from the anchor."""

    anchor: str
    direction: Literal["after", "before"] = "after"
    depth: Depth = 5
    top: Annotated[int, Meta(ge=1, le=50)] = 5
    fold_repeats: bool = True
    session_minutes: Minutes = 30


class Paths(Query, frozen=True, kw_only=True, tag="paths"):
    """The `top` most frequent walks from the anchor, or from the start of sessions (None)."""

    anchor: str | None = None
    direction: Literal["after", "before"] = "after"
    depth: Depth = 5
    top: Annotated[int, Meta(ge=1, le=1_000)] = 20
    fold_repeats: bool = True
    session_minutes: Minutes = 30

    def __post_init__(self) -> None:
        if self.direction == "before" and self.anchor is None:
            raise ValueError("Going back needs an anchor")
