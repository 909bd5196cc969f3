"""RudderStack's dialect: Segment's, with `/v1/merge`, and a `sentAt` of each event's own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from footfall_server.ingest.batch import Batch
from footfall_server.ingest.dialects import careful, segment
from footfall_server.ingest.dialects.dialect import Decoded, Origin, Reply, Request

NAME = "rudderstack"


@dataclass(frozen=True, slots=True)
class RudderStack:
    """A request as read; the members are any JSON."""

    members: list[Any]
    keys: tuple[str | None, str | None]
    sent_at: datetime | None
    single: bool

    def events(self, origin: Origin) -> Batch:
        return careful.events(NAME, self.members, origin, self.sent_at, own_first=True)

    def answer(self, batch: Batch) -> Reply:
        return segment.answer(batch, self.single)


def decode(request: Request) -> Decoded:
    """Read a request. Raises BadRequest (INVALID_JSON, …) or TooLarge TOO_MANY_EVENTS."""
    if request.word in careful.BATCH_WORDS:
        members, key, sent_at = careful.read_batch(request.body)
        return RudderStack(members, (request.key, key), sent_at, single=False)
    members, key, sent_at = careful.read_single(request.word, request.body)
    return RudderStack(members, (request.key, key), sent_at, single=True)
