"""Runs the statements of one query and keeps count."""

from __future__ import annotations

import pyarrow as pa

from footfall_server.insights.periods import Range
from footfall_server.insights.sql.measures import EXACT_VALUES, FEW_VALUES, MOST_VALUES
from footfall_server.store import Limits, Span, Statement, Store


class Reader:
    """`rows_read` adds up what the engine read; a report sets `approximate`.

    `spans`: of which times events were read, None once it may have been any.
    """

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self._store = store
        self._limits = limits or Limits()
        self.rows_read = 0
        self.approximate = False
        self.statements: list[str] = []
        self.spans: set[Span] | None = set()

    async def run(self, statement: Statement, limits: Limits | None = None) -> pa.Table:
        """The answer of one statement, within limits of its own if there are any."""
        self.statements.append(shown(statement))
        if self.spans is not None:
            self.spans = None if statement.spans is None else self.spans | set(statement.spans)
        table = await self._store.run(statement, limits or self._limits)
        self.rows_read += int((table.schema.metadata or {}).get(b"rows_read", 0))
        return table

    async def values_kept(self, within: Range, properties: int = 1) -> int:
        """How many values a group may keep for percentiles of so many properties: all, while the
        range has few events."""
        rows = properties * await self._store.rows_within(within.start, within.end)
        return next((most for most in (FEW_VALUES, MOST_VALUES) if rows <= most), EXACT_VALUES)


def shown(statement: Statement) -> str:
    """A statement's text, with its parameters as comments."""
    bound = "".join(f"\n-- {name} = {value!r}" for name, value in statement.parameters.items())
    return f"{statement.text}{bound}"
