"""An answer: the query as it was understood, tidy rows, and how they came to be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """`rows` are flat: `pandas.DataFrame(result.rows)` is a usable table.

    `statements` are the texts that the engine was asked, for those who want to see them.
    """

    report: str
    query: dict[str, Any]
    rows: list[Row]
    meta: dict[str, Any]
    statements: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """`{"report", "query", "rows", "meta"}` as JSON."""
        body = {
            "report": self.report,
            "query": self.query,
            "rows": self.rows,
            "meta": self.meta,
        }
        return msgspec.json.encode(body)


def tidy(value: float | None) -> float | int | None:
    """A whole number as an integer, as it was counted."""
    if value is None or value != value:
        return None
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def moment(microseconds: int) -> str:
    """Microseconds since 1970 → RFC 3339 in UTC."""
    seconds, rest = divmod(microseconds, 1_000_000)
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
    return at.isoformat().replace("+00:00", "Z")
