"""A query in SQL of somebody's own."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from footfall_server.insights.queries.common import Query, Value


class Sql(Query, frozen=True, kw_only=True, tag="sql"):
    """One `SELECT` over the project's `events`; `{name:Type}` in it is one of the parameters.

    Without a range it reads all of them.
    """

    from_: str = "1970-01-02"
    to: str = "2099-12-30"
    sql: Annotated[str, Meta(min_length=1, max_length=20_000)]
    parameters: Annotated[dict[str, Value | list[Value]], Meta(max_length=100)] = msgspec.field(
        default_factory=dict
    )
