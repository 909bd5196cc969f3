"""All rows of a store, day by day, as the lines that another store takes.

A day is one project's in one table: of events by the client's time, of refused ones by their
receipt. Its checksum is a sum over its rows, so it doesn't depend on their order, or on where they
are. Rows are read in the order of their key, so reading goes on behind any of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from footfall_server.store.statement import Limits, Statement
from footfall_server.store.store import Store, Table

_LIMITS = Limits(seconds=3600, memory_bytes=4 * 1024**3, rows=10_000_000)


class Day(msgspec.Struct, frozen=True):
    """`day` as 2026-01-31; `rows` that are different; `checksum` of what they hold."""

    table: Table
    project: int
    day: str
    rows: int
    checksum: str

    @property
    def key(self) -> tuple[Table, int, str]:
        """Which day it is, whatever it holds."""
        return self.table, self.project, self.day


class Piece(msgspec.Struct, frozen=True):
    """Lines of a day, and the key of the last one if more may follow."""

    lines: bytes
    rows: int
    after: list[str] | None


@dataclass(frozen=True, slots=True)
class _Shape:
    """`order`: the columns of the key within a day, with their types; `line`: a row as JSON."""

    day: str
    order: Mapping[str, str]
    line: str
    content: str
    rows: int


def _instant(name: str) -> str:
    return f"""'"', toString({name}), 'Z"'"""


def _line(**fields: str) -> str:
    """The SQL of a JSON object with these fields, in order."""
    parts = [f"""'{"," if place else "{"}"{name}":', {text}"""
             for place, (name, text) in enumerate(fields.items())]  # fmt: skip
    return f"concat({', '.join(parts)}, '}}')"


_SHAPES: Mapping[Table, _Shape] = {
    "events": _Shape(
        day="toDate(client_time)",
        order={
            "event": "String",
            "install": "String",
            "message_id": "String",
            "client_time": "DateTime64(6, 'UTC')",
        },
        line=_line(
            project="toString(project)",
            kind="toJSONString(toString(kind))",
            event="toJSONString(toString(event))",
            install="toJSONString(install)",
            message_id="toJSONString(message_id)",
            client_time=_instant("client_time"),
            time=_instant("time"),
            received_at=_instant("received_at"),
            time_source="toJSONString(toString(time_source))",
            order="toString(position)",
            properties="toJSONString(properties)",
            raw="toJSONString(raw)",
        ),
        content="toString(kind), toString(event), install, message_id, client_time, time, "
        "received_at, toString(time_source), version, toJSONString(properties), raw",
        rows=50_000,
    ),
    "rejected": _Shape(
        day="toDate(received_at)",
        order={"received_at": "DateTime64(6, 'UTC')", "id": "UUID"},
        line=_line(
            project="toString(project)",
            id="toJSONString(toString(id))",
            received_at=_instant("received_at"),
            dialect="toJSONString(toString(dialect))",
            reason="toJSONString(toString(reason))",
            message="toJSONString(message)",
            body="toJSONString(body)",
            word="toJSONString(toString(word))",
            sent_at=f"if(isNull(sent_at), 'null', concat({_instant('assumeNotNull(sent_at)')}))",
            rekeyed="if(rekeyed, 'true', 'false')",
        ),
        content="id, received_at, toString(dialect), toString(reason), message, body, "
        "toString(word), ifNull(toString(sent_at), ''), rekeyed",
        rows=2_000,
    ),
}


def days(store: Store, until: datetime) -> list[Day]:
    """Every day of what was received up to an instant, oldest first. Reads everything."""
    found = []
    for table, shape in _SHAPES.items():
        text = (
            f"SELECT project, toString({shape.day}) AS day, count() AS rows, "
            f"toString(sum(cityHash64({shape.content}))) AS checksum FROM {table} FINAL "
            "WHERE received_at <= {until:DateTime64(6, 'UTC')} GROUP BY project, day"
        )
        rows = store.query(Statement(text, {"until": _text(until)}), _LIMITS).to_pylist()
        found += [Day(table=table, **row) for row in rows]
    return sorted(found, key=lambda one: (one.day, one.table, one.project))


def piece(store: Store, day: Day, until: datetime, after: Sequence[str] | None) -> Piece:
    """The lines of a day behind a key, at most so many that they are read at ease."""
    shape = _SHAPES[day.table]
    names = ", ".join(shape.order)
    parameters: dict[str, Any] = {
        "project": day.project, "day": day.day, "until": _text(until), "most": shape.rows,
    }  # fmt: skip
    behind = ""
    if after is not None:
        bound = (f"{{a{place}:{kind}}}" for place, kind in enumerate(shape.order.values()))
        behind = f" AND ({names}) > ({', '.join(bound)})"
        parameters |= {f"a{place}": value for place, value in enumerate(after)}
    keys = ", ".join(f"toString({name}) AS k{place}" for place, name in enumerate(shape.order))
    text = (
        f"SELECT {shape.line} AS line, {keys} FROM {day.table} FINAL "
        f"WHERE project = {{project:UInt32}} AND {shape.day} = {{day:Date}} "
        f"AND received_at <= {{until:DateTime64(6, 'UTC')}}{behind} "
        f"ORDER BY {names} LIMIT {{most:UInt32}}"
    )
    table = store.query(Statement(text, parameters), _LIMITS)
    rows = table.num_rows
    lines = "\n".join(table.column("line").to_pylist()).encode()
    last = None
    if rows == shape.rows:
        last = [table.column(f"k{place}")[rows - 1].as_py() for place in range(len(shape.order))]
    return Piece(lines, rows, last)


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
