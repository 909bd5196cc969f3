"""Events as files: written and read as NDJSON, CSV and Parquet, piece by piece.

All three hold the same fields. In CSV every text that a spreadsheet might run as a formula, and
every one that begins with an apostrophe, has an apostrophe before it, which reading takes away
again; `properties` are JSON text there and in Parquet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from footfall_server.insights.table import FORMULA

_INSTANTS = ("time", "original_time", "received_at")
FIELDS = (
    "message_id", "kind", "event", "install", "time", "original_time", "received_at",
    "time_source", "order", "properties",
)  # fmt: skip
_SCHEMA = pa.schema(
    [
        pa.field(
            name,
            pa.timestamp("us", "UTC")
            if name in _INSTANTS
            else pa.uint64()
            if name == "order"
            else pa.string(),
        )
        for name in FIELDS
    ]
)
_ROW_GROUP = 20_000

Event = Mapping[str, Any]


class Writer(Protocol):
    """Turns events into bytes of a file."""

    def add(self, events: list[dict[str, Any]]) -> bytes: ...
    def end(self) -> bytes: ...


class Ndjson:
    """One JSON object a line."""

    media_type = "application/x-ndjson"

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def add(self, events: list[dict[str, Any]]) -> bytes:
        return bytes(self._encoder.encode_lines(events))

    def end(self) -> bytes:
        return b""


class Csv:
    """A line of names, then one record an event."""

    media_type = "text/csv"

    def __init__(self) -> None:
        self._out = io.StringIO()
        self._writer = csv.writer(self._out, lineterminator="\r\n")
        self._writer.writerow(FIELDS)

    def add(self, events: list[dict[str, Any]]) -> bytes:
        self._writer.writerows([_cell(name, each[name]) for name in FIELDS] for each in events)
        return self.end()

    def end(self) -> bytes:
        text = self._out.getvalue()
        self._out.seek(0)
        self._out.truncate()
        return text.encode()


class Parquet:
    """Row groups of some ten thousand events; instants are timestamps in UTC."""

    media_type = "application/vnd.apache.parquet"

    def __init__(self) -> None:
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, _SCHEMA, compression="zstd")
        self._waiting: list[pa.Table] = []

    def add(self, events: list[dict[str, Any]]) -> bytes:
        rows = [{name: _plain(name, each[name]) for name in FIELDS} for each in events]
        self._waiting.append(pa.Table.from_pylist(rows, _SCHEMA))
        if sum(table.num_rows for table in self._waiting) >= _ROW_GROUP:
            self._write()
        return self._sink.take()

    def end(self) -> bytes:
        self._write()
        self._writer.close()
        return self._sink.take()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(pa.concat_tables(self._waiting))
            self._waiting = []


class _Sink(io.RawIOBase):
    """Holds what was written until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._chunks: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        chunk = bytes(data)
        self._chunks.append(chunk)
        self._size += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        taken, self._chunks = b"".join(self._chunks), []
        return taken


FORMATS: dict[str, type[Ndjson] | type[Csv] | type[Parquet]] = {
    "ndjson": Ndjson,
    "csv": Csv,
    "parquet": Parquet,
}


def _text(properties: Any) -> str:
    if isinstance(properties, msgspec.Raw):
        return bytes(properties).decode()
    return msgspec.json.encode(properties).decode()


def _cell(name: str, value: Any) -> Any:
    if name == "properties":
        return _text(value)
    if isinstance(value, str) and value.startswith((*FORMULA, "'")):
        return f"'{value}"
    return value


def _plain(name: str, value: Any) -> Any:
    if name == "properties":
        return _text(value)
    return datetime.fromisoformat(value) if value is not None and name in _INSTANTS else value


def read_csv(file: Iterable[str]) -> Iterator[bytes]:
    """The events of a CSV file (opened with `newline=""`) as lines of JSON.

    A record that isn't an event becomes a line as good as it can be made: whoever takes the lines
    tells what is wrong with it.
    """
    for record in csv.DictReader(file, strict=False):
        event = {
            name: value.removeprefix("'") if name != "properties" else value
            for name, value in record.items()
            if isinstance(name, str) and isinstance(value, str)
        }
        yield _line(event)


def read_parquet(path: Path) -> Iterator[bytes]:
    """The events of a Parquet file as lines of JSON."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1_000):
            for row in batch.to_pylist():
                yield _line(row)


def _line(event: dict[str, Any]) -> bytes:
    """An event whose properties are JSON text as JSON."""
    made = {name: value for name, value in event.items() if value not in (None, "")}
    if "original_time" in event:  # null says that the client sent no time
        made.setdefault("original_time", None)
    properties = made.get("properties")
    if isinstance(properties, str):
        try:
            made["properties"] = msgspec.json.decode(properties)
        except (msgspec.DecodeError, RecursionError):
            return msgspec.json.encode(made)
        made["properties"] = msgspec.Raw(properties.encode())
    return msgspec.json.encode(made, enc_hook=str)
