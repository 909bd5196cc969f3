"""Events as Parquet: one file a batch, the columns of the API's listing."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from footfall_server.automation.destinations import events
from footfall_server.model.event import EPOCH, Event

_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        ("message_id", pa.string()),
        ("kind", pa.string()),
        ("event", pa.string()),
        ("install", pa.string()),
        ("time", _TIME),
        ("original_time", _TIME),
        ("received_at", _TIME),
        ("time_source", pa.string()),
        ("order", pa.uint64()),
        ("properties", pa.string()),
    ]
)
"""`properties` is JSON text: names and types differ from event to event."""


def encode(batch: Sequence[Event]) -> bytes:
    """The file's bytes."""
    encode = msgspec.json.encode
    columns = [
        pa.array([each.message_id for each in batch], pa.string()),
        pa.array([each.kind for each in batch], pa.string()),
        pa.array([each.event for each in batch], pa.string()),
        pa.array([each.install for each in batch], pa.string()),
        pa.array([events.time(each) for each in batch], _TIME),
        pa.array(
            [None if each.client_time == EPOCH else each.client_time for each in batch], _TIME
        ),
        pa.array([each.received for each in batch], pa.int64()).cast(_TIME),
        pa.array([each.time_source for each in batch], pa.string()),
        pa.array([each.order for each in batch], pa.uint64()),
        pa.array([encode(events.properties(each)).decode() for each in batch], pa.string()),
    ]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), buffer, compression="zstd")
    return buffer.getvalue()


def name(batch: Sequence[Event], token: str) -> str:
    """The same batch has the same name, so that sending it again replaces it."""
    day = EPOCH.fromtimestamp(batch[0].received / 1e6, tz=EPOCH.tzinfo).date().isoformat()
    return f"{day}/events-{token}.parquet"
