"""Rows as tables of other programs: CSV that spreadsheets may open, Arrow for data frames."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from footfall_server.insights.result import Result

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula, in full width as well."""


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """The rows as CSV, one column a key; a list of one is its element."""
    out = io.StringIO()
    if rows:
        columns = _columns(rows)
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(map(cell, columns))
        writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return out.getvalue().encode()


def cell(value: Any) -> Any:
    """A value as spreadsheets may read it: text that would be run as a formula is quoted."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else json.dumps(value) if value else ""
    elif isinstance(value, dict):
        value = json.dumps(value)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def to_arrow(result: Result) -> bytes:
    """The rows as an Arrow stream; the schema's metadata `footfall` has report, query and meta.

    A column whose values have no common type (numbers and texts) holds their JSON texts.
    """
    columns = _columns(result.rows)
    arrays = [_array([row.get(name) for row in result.rows]) for name in columns]
    about = {"report": result.report, "query": result.query, "meta": result.meta}
    fields = [pa.field(name, each.type) for name, each in zip(columns, arrays, strict=True)]
    schema = pa.schema(fields, metadata={b"footfall": msgspec.json.encode(about)})
    out = io.BytesIO()
    with pa.ipc.new_stream(out, schema) as writer:
        writer.write_batch(pa.record_batch(arrays, schema=schema))
    return out.getvalue()


def _array(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        texts = [None if each is None else msgspec.json.encode(each).decode() for each in values]
        return pa.array(texts, pa.string())


def _columns(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every key of every row, in the order in which they first come."""
    return list(dict.fromkeys(key for row in rows for key in row))
