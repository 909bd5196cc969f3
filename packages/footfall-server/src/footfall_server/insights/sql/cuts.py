"""Between which numbers equal ranges lie."""

from __future__ import annotations

from footfall_server.insights.periods import Range
from footfall_server.insights.queries import Query
from footfall_server.insights.sql.binder import Binder
from footfall_server.insights.sql.column import column
from footfall_server.insights.sql.events import ONCE, where
from footfall_server.insights.sql.filters import Versions
from footfall_server.store import Statement


def ends(
    project: int, query: Query, within: Range, versions: Versions, properties: list[str]
) -> Statement:
    """One row: `least` and `greatest` with the ends of each property, null without a number."""
    binder = Binder()
    numbers = [column(name, binder).number for name in properties]
    condition = where(project, within, query.installs, query.filters, None, binder, versions)
    least = ", ".join(f"min(toNullable({number}))" for number in numbers)
    greatest = ", ".join(f"max(toNullable({number}))" for number in numbers)
    text = (
        f"{binder.named()}SELECT [{least}] AS least, [{greatest}] AS greatest "
        f"FROM {ONCE} WHERE {condition}"
    )
    return binder.statement(text)
