"""What library maintainers come for: adoption, errors, run time, support, for funders too."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from footfall_server.insights.queries.common import Interval, Query

Granularity = Literal["full", "patch", "minor", "major"]


class Adoption(Query, frozen=True, kw_only=True, tag="adoption"):
    """The share of each value of `by` among the installs active in a bucket."""

    interval: Interval = "day"
    by: str = "library_version"
    granularity: Granularity = "full"


class Errors(Query, frozen=True, kw_only=True, tag="errors"):
    """How often it fails, by value, and whether a version fails more than those before it."""

    by: str = "library_version"
    event: str | None = None


class Exceptions(Query, frozen=True, kw_only=True, tag="exceptions"):
    """One row a type of exception."""


class RunTime(Query, frozen=True, kw_only=True, tag="run_time"):
    """How long it takes, by event and value."""

    by: str = "library_version"


class SupportMatrix(Query, frozen=True, kw_only=True, tag="support_matrix"):
    """Installs by two properties, each in the cell of its last event."""

    rows: str = "python_version"
    columns: str = "library_version"
    granularity: Granularity = "full"


class DropCost(Query, frozen=True, kw_only=True, tag="drop_cost"):
    """Whom it would hit to stop supporting these values; of the range only `to` counts."""

    property: str = "python_version"
    values: Annotated[tuple[str, ...], Meta(min_length=1, max_length=100)]


class Traction(Query, frozen=True, kw_only=True, tag="traction"):
    """What a funder asks for, each number with how it was counted."""
