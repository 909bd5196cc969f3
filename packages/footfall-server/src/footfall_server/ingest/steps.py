"""The named steps that every event walks, whatever its dialect. Each takes a whole batch.

A step takes the events that it can't accept out of the batch, with a reason. Steps work on batches
because a call per event and step would cost more than all of their work.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from footfall_server.ingest.batch import Batch
from footfall_server.model.event import EPOCH
from footfall_server.model.reason import MESSAGES, Reason

MAX_EVENT = 32 * 1024
MAX_MESSAGE_ID = 100
MAX_FUTURE = timedelta(hours=24)
LATEST = datetime(2261, 1, 1, tzinfo=UTC)
"""Beyond it lies the end of the store's calendar."""

_encode = msgspec.json.Encoder().encode


def message_id(batch: Batch) -> None:
    """A message id is at most 100 characters."""
    bad = [i for i, event in enumerate(batch.events) if len(event.message_id) > MAX_MESSAGE_ID]
    if bad:
        reason = Reason.MESSAGE_ID_TOO_LONG
        batch.refuse(bad, reason, MESSAGES[reason])


def time(batch: Batch) -> None:
    """Correct the client's clock by what it showed when it sent the batch.

    time = received_at − (sent_at − client_time). Absent, impossible, or more than a day ahead
    after correction: received_at, and `time_source` says so.
    """
    received, sent = batch.received_at, batch.sent_at
    latest = received + MAX_FUTURE
    try:
        skew = received - sent if sent is not None else timedelta(0)
    except OverflowError:
        skew, sent = timedelta(0), None
    source = "corrected" if sent is not None else "client"
    for event in batch.events:
        client_time = event.client_time
        if client_time.tzinfo is None:
            event.client_time = client_time = client_time.replace(tzinfo=UTC)
        if EPOCH < client_time < LATEST:
            try:
                corrected = client_time + skew
            except OverflowError:
                corrected = EPOCH
            if EPOCH < corrected <= latest:
                event.time = corrected
                event.time_source = source
                continue
        else:
            event.client_time = EPOCH
        event.time = received
        event.time_source = "received"


def size(batch: Batch) -> list[bytes]:
    """An event is at most 32 KB as it is written. Gives the lines of those that remain."""
    lines = [_encode(event) for event in batch.events]
    bad = [i for i, line in enumerate(lines) if len(line) > MAX_EVENT]
    if bad:
        reason = Reason.EVENT_TOO_LARGE
        batch.refuse(bad, reason, MESSAGES[reason])
        out = set(bad)
        lines = [line for i, line in enumerate(lines) if i not in out]
    return lines


STEPS: tuple[Callable[[Batch], None], ...] = (message_id, time)
