"""What happens to a request between its bytes and its answer, in order.

    decode → authenticate → canonical events → steps → size → journal (fsync) → answer
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from footfall_server.ingest import steps
from footfall_server.ingest.batch import Batch, Refusal
from footfall_server.ingest.dialects import segment
from footfall_server.ingest.values import without_ip
from footfall_server.journal import Entry, Journal
from footfall_server.model.errors import BadRequest, FootfallError, TooLarge, Unauthorized
from footfall_server.model.event import RejectedEvent
from footfall_server.model.reason import Reason

Keys = Callable[[str], int | None]
"""From a write key to its project's id; None for one that is unknown or revoked."""

_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Counters:
    """What the door has seen since it opened."""

    requests: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Events refused, by reason."""
    failed: Counter[str] = field(default_factory=Counter)
    """Requests refused whole, by code."""


class Pipeline:
    """One per process. `keys` decides who may write; `journal` makes it durable."""

    def __init__(self, keys: Keys, journal: Journal) -> None:
        self._keys = keys
        self._journal = journal
        self.counters = Counters()

    async def segment(self, path: str, body: bytes, header_key: str | None) -> bytes:
        """Take a request in Segment's dialect; the answer's body once everything is durable.

        Raises FootfallError for a request that is refused whole.
        """
        counters = self.counters
        counters.requests += 1
        try:
            decoded = segment.decode(path, body)
            project = self._authenticate(header_key, decoded.write_key)
            received_at = datetime.now(UTC)
            order = self._journal.reserve(len(decoded.members))
            batch = segment.events(decoded, project, received_at, order)
            for step in steps.STEPS:
                step(batch)
            lines = steps.size(batch)
            await self._write(batch, lines, order)
        except FootfallError as error:
            counters.failed[error.code] += 1
            raise
        counters.accepted += len(batch.events)
        for each in batch.refused:
            counters.rejected[each.reason] += 1
        if decoded.single and batch.refused:
            raise _refused_alone(batch.refused[0])
        return segment.answer(batch, decoded.single)

    def _authenticate(self, header_key: str | None, body_key: str | None) -> int:
        for key in (header_key, body_key):
            if key:
                project = self._keys(key)
                if project is not None:
                    return project
        if header_key or body_key:
            raise Unauthorized(
                "UNKNOWN_WRITE_KEY",
                "The write key is not known here, or was revoked: copy it from the project's setup page.",
            )
        raise Unauthorized(
            "MISSING_WRITE_KEY",
            "No write key: send it as `writeKey` in the body or as the user name of Basic authentication.",
        )

    async def _write(self, batch: Batch, lines: list[bytes], order: int) -> None:
        entries = []
        if lines:
            entries.append(Entry(order, "events", len(lines), b"\n".join(lines)))
        if batch.refused:
            kept = [_encode(_rejected(batch, each)) for each in batch.refused]
            # Entries are numbered by their first event's place: take one that no event has.
            entries.append(Entry(self._journal.reserve(1), "rejected", len(kept), b"\n".join(kept)))
        if entries:
            await self._journal.append(entries)


def _rejected(batch: Batch, refused: Refusal) -> RejectedEvent:
    body = without_ip(refused.body)
    try:
        text = _encode(body).decode()
    except (UnicodeEncodeError, RecursionError, OverflowError, msgspec.MsgspecError, ValueError):
        text = ascii(body)
    return RejectedEvent(
        project=batch.project,
        id=str(uuid4()),
        received_at=batch.received_at,
        dialect=batch.dialect,
        reason=refused.reason,
        message=refused.message,
        body=text,
    )


def _refused_alone(refused: Refusal) -> FootfallError:
    if refused.reason is Reason.EVENT_TOO_LARGE:
        return TooLarge(refused.reason, refused.message)
    return BadRequest(refused.reason, refused.message)


def microseconds() -> int:
    """Now, in microseconds since 1970."""
    return time.time_ns() // 1000
