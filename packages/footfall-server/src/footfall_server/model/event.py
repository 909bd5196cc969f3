"""One event, as it is written: the same value is a line of the journal and a row of the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for "the client sent no usable time" in `client_time`, so that a retry keeps its key."""

TRACK = "track"
KINDS = frozenset(
    {
        "track", "identify", "alias", "group", "page", "screen", "merge", "$set", "$identify",
        "$create_alias", "$groupidentify", "engage", "groups",
    }
)  # fmt: skip
"""What clients send. Only `track` is an event in reports; the rest is stored with its kind."""


class Event(msgspec.Struct, omit_defaults=True, gc=False):
    """One use of an essential function.

    A repeat (same project, event, install, client_time and message_id) is one event; `order` says
    which of the repeats was acknowledged first, and, within a batch, the client's own order.
    What reports call an event's time is `client_time` + `skew`; `skew` and `received` (the instant
    of receipt since 1970) are in microseconds. `raw` is the JSON text of those
    `properties` that the store's column can't give back as sent (or of all: see `ingest.values`).
    """

    project: int
    kind: str
    event: str
    install: str
    message_id: str
    client_time: datetime
    skew: int
    received: int
    time_source: str
    order: int
    properties: Any
    raw: str = ""


class RejectedEvent(msgspec.Struct, frozen=True):
    """What the door could not take, kept so that it can be looked at and replayed.

    `body` is the JSON text of what was sent, without any IP address. `word` names the endpoint and
    `sent_at` is what the client's clock showed for the whole request: both are what a replay needs
    beside the body. `rekeyed`: its ids are what the project keeps of them, not the client's.
    """

    project: int
    id: str
    received_at: datetime
    dialect: str
    reason: str
    message: str
    body: str
    word: str = ""
    sent_at: datetime | None = None
    rekeyed: bool = False
