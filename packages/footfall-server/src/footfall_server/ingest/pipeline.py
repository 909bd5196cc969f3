"""What happens to a request between its bytes and its answer, in order.

decode → authenticate → canonical events → steps → size → journal (fsync) → answer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import msgspec

from footfall_server.ingest import steps
from footfall_server.ingest.batch import Batch, Refusal
from footfall_server.ingest.dialects.dialect import Endpoint, Origin, Reply, Request
from footfall_server.ingest.values import without_ip
from footfall_server.journal import Entry, Journal
from footfall_server.model.errors import BadRequest, FootfallError, TooLarge, Unauthorized
from footfall_server.model.event import RejectedEvent
from footfall_server.model.reason import UNKEPT, Reason

Keys = Callable[[str], int | None]
"""From a write key to its project's id; None for one that is unknown or revoked."""

Blocked = Callable[[int], Callable[[str], bool] | None]
"""From a project's id to what tells whether an install is refused; None if it refuses none."""

_encode = msgspec.json.Encoder().encode


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Counters:
    """What the door has seen since it opened."""

    requests: int = 0
    accepted: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Events refused, by reason."""
    failed: Counter[str] = field(default_factory=Counter)
    """Requests refused whole, by code."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request's outcome before it is durable. `error` answers a lone event that was refused."""

    entries: list[Entry]
    answer: Reply
    accepted: int
    refused: list[Reason]
    error: FootfallError | None


class Pipeline:
    """One per process. `keys` decides who may write; `journal` makes it durable."""

    def __init__(
        self,
        keys: Keys,
        journal: Journal,
        *,
        clock: Callable[[], datetime] = _now,
        blocked: Blocked = lambda project: None,
    ) -> None:
        self._keys = keys
        self._blocked = blocked
        self._journal = journal
        self._clock = clock
        self.counters = Counters()

    def take(self, endpoint: Endpoint, request: Request) -> Taken:
        """Take a request: from its bytes to what the journal shall hold.

        Raises FootfallError for a request that is refused whole. Synchronous, so that events live
        no longer than this call: while their request waits for the disk, the next ones use the
        same, still cached memory.
        """
        self.counters.requests += 1
        decoded = endpoint.decode(request)
        project, key = self._authenticate(decoded.keys)
        order = self._journal.reserve(len(decoded.members))
        batch = decoded.events(Origin(project, key, self._clock(), order))
        for step in steps.STEPS:
            step(batch)
        is_blocked = self._blocked(project)
        if is_blocked is not None:
            steps.blocked(batch, is_blocked)
        lines = steps.size(batch)
        entries = self._entries(batch, lines, order)
        error = _refused_alone(batch.refused[0]) if decoded.single and batch.refused else None
        refused = [each.reason for each in batch.refused]
        return Taken(entries, decoded.answer(batch), len(batch.events), refused, error)

    async def settle(self, taken: Taken) -> Reply:
        """The answer, once everything of the request is durable.

        Raises Unavailable when it can't be made durable, and the error of a lone refused event.
        """
        if taken.entries:
            await self._journal.append(taken.entries)
        self.counters.accepted += taken.accepted
        for reason in taken.refused:
            self.counters.rejected[reason] += 1
        if taken.error is not None:
            raise taken.error
        return taken.answer

    def refuse(self, error: FootfallError) -> None:
        """Count a request that is refused whole."""
        self.counters.failed[error.code] += 1

    def _authenticate(self, keys: Sequence[str | None]) -> tuple[int, str]:
        """The project of the first key that is known, and that key."""
        for key in keys:
            if key:
                project = self._keys(key)
                if project is not None:
                    return project, key
        if any(keys):
            raise Unauthorized(
                "UNKNOWN_WRITE_KEY",
                "The write key is not known here, or was revoked: copy it from the project's "
                "setup page.",
            )
        raise Unauthorized(
            "MISSING_WRITE_KEY",
            "No write key: send it as the user name of Basic authentication or in the body "
            "(`writeKey`, `api_key` or `token`, by the client's dialect).",
        )

    def _entries(self, batch: Batch, lines: bytes, order: int) -> list[Entry]:
        entries = []
        if batch.events:
            entries.append(Entry(order, "events", len(batch.events), lines))
        refused = [each for each in batch.refused if each.reason not in UNKEPT]
        if refused:
            kept = [_encode(_rejected(batch, each)) for each in refused]
            # Entries are numbered by their first event's place: take one that no event has.
            lines = b"\n".join([*kept, b""])
            entries.append(Entry(self._journal.reserve(1), "rejected", len(kept), lines))
        return entries


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
