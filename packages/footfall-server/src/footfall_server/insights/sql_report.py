"""The `sql` report: rows of somebody's own query."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from footfall_server.insights import references
from footfall_server.insights.answer import Answer, Asked
from footfall_server.insights.queries.sql import Sql
from footfall_server.insights.result import Row
from footfall_server.insights.sql import sql
from footfall_server.model.errors import Unprocessable
from footfall_server.store import Limits

LIMITS = Limits(seconds=15, memory_bytes=1024**3, rows=10_000)
_TOO_MUCH = frozenset({"QUERY_TOO_SLOW", "QUERY_TOO_LARGE"})


async def answer(asked: Asked[Sql]) -> Answer:
    """One row a row of the query's answer; `meta.columns` says what the engine's types were.

    Raises Unprocessable: INVALID_SQL, SQL_NOT_ALLOWED, UNKNOWN_PARAMETER, MISSING_PARAMETER,
    QUERY_TOO_SLOW, QUERY_TOO_LARGE.
    """
    version = references.version_name(asked.project)
    # In a thread, because reading a long text takes a while.
    statement = await asyncio.to_thread(
        sql.statement, asked.project.id, asked.query, asked.within, asked.versions, version
    )
    try:
        described = (await asked.reader.run(sql.described(statement), LIMITS)).to_pylist()
        types = {each["name"]: each["type"] for each in described}
        if len(types) < len(described):
            raise Unprocessable(
                "INVALID_SQL", "Two columns of the answer have one name: name them with AS.",
                path="/sql",
            )  # fmt: skip
        readable, odd = sql.readable(statement, types)
        table = await asked.reader.run(readable, LIMITS)
    except Unprocessable as error:
        if error.code not in _TOO_MUCH:
            raise
        message = f"{error.message.partition(':')[0]}: add a WHERE or a LIMIT, or group."
        raise Unprocessable(error.code, message, path="/sql") from error
    rows = [_row(row, odd) for row in table.to_pylist()]
    columns = [{"name": name, "type": kind} for name, kind in types.items()]
    return Answer(rows, {"columns": columns})


def _row(row: Row, odd: frozenset[str]) -> Row:
    return {name: _parsed(value) if name in odd else _plain(value) for name, value in row.items()}


def _parsed(text: str | None) -> Any:
    return None if text is None else _plain(msgspec.json.decode(text))


def _plain(value: Any) -> Any:
    """As JSON can carry it: no number that isn't one, instants in UTC."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        instant = value if value.tzinfo else value.replace(tzinfo=UTC)
        return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value
