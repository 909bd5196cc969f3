"""A request on its way through the pipeline: good events on one side, refused ones on the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from footfall_server.ingest.values import Refused
from footfall_server.model.event import TRACK, Event
from footfall_server.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused event: its place in the request, why, and what was sent (JSON-like)."""

    index: int
    reason: Reason
    message: str
    body: Any


@dataclass(slots=True)
class Batch:
    """`indexes[i]` is the place of `events[i]` in the request.

    `skew` is how far the client's clock is behind, in microseconds; 0 if it didn't say, None if
    each event has its own. `sent_at` is what it showed for the whole request. `sent` is the
    request's events as they came, where they are kept. `rekeyed`: ids are no longer the client's.
    """

    dialect: str
    project: int
    received_at: datetime
    skew: int | None
    events: list[Event]
    indexes: list[int]
    refused: list[Refusal] = field(default_factory=list)
    sent: list[Any] | None = None
    sent_at: datetime | None = None
    rekeyed: bool = False

    def refuse(self, bad: list[int], reason: Reason, message: str) -> None:
        """Take the events at these positions out, for one reason."""
        self.refuse_each(dict.fromkeys(bad, (reason, message)))

    def refuse_each(self, bad: Mapping[int, tuple[Reason, str]]) -> None:
        """Take the events at these positions out, each for its reason with its message."""
        for position, (reason, message) in bad.items():
            index = self.indexes[position]
            body = _canonical(self.events[position]) if self.sent is None else self.sent[index]
            self.refused.append(Refusal(index, reason, message, body))
        keep = [position for position in range(len(self.events)) if position not in bad]
        self.events = [self.events[position] for position in keep]
        self.indexes = [self.indexes[position] for position in keep]


def _canonical(event: Event) -> dict[str, Any]:
    return {
        "type": event.kind,
        "event" if event.kind == TRACK else "name": event.event,
        "userId": event.install,
        "messageId": event.message_id,
        "timestamp": event.client_time.isoformat(),
        "properties": event.properties,
    }


def refusal(index: int, error: Refused, body: Any) -> Refusal:
    return Refusal(index, error.reason, error.message, body)
