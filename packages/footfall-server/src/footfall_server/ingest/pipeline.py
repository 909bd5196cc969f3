"""What happens to a request between its bytes and its answer, in order.

decode → authenticate → canonical events → steps → size → journal (fsync) → answer
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import msgspec
from msgspec.structs import replace

from footfall_server.ingest import steps
from footfall_server.ingest.batch import Batch, Refusal
from footfall_server.ingest.dialects import history
from footfall_server.ingest.dialects.dialect import Endpoint, Origin, Reply, Request, check_count
from footfall_server.ingest.identity import Rekeys, anonymise, of_nobody
from footfall_server.ingest.live import Live
from footfall_server.ingest.policy import Limits, Policies, Policy, open_to_all
from footfall_server.ingest.rate import Rates
from footfall_server.ingest.replay import again
from footfall_server.ingest.values import without_ip
from footfall_server.journal import Entry, Journal
from footfall_server.model.errors import BadRequest, FootfallError, TooLarge, Unauthorized
from footfall_server.model.event import RejectedEvent
from footfall_server.model.histogram import Histogram
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
    replayed: int = 0
    """Events that were refused, and accepted when they were tried again."""
    rejected: Counter[str] = field(default_factory=Counter)
    """Events refused, by reason."""
    failed: Counter[str] = field(default_factory=Counter)
    """Requests refused whole, by code."""
    received: int = 0
    """Events of requests that had a key."""
    undeclared: Counter[str] = field(default_factory=Counter)
    """Events that a manifest doesn't declare, and that were taken, by reason."""
    seconds: Histogram = field(default_factory=Histogram)
    """Of requests, from their head to their answer."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A request's outcome before it is durable. `error` answers a lone event that was refused."""

    project: int
    entries: list[Entry]
    answer: Reply
    accepted: int
    refused: list[Reason]
    error: FootfallError | None


class Pipeline:
    """One per process. `keys` decides who may write, `policies` what; `journal` makes it durable;
    `live` shows it.

    `clock` gives the time, `monotonic` seconds that only grow.
    """

    def __init__(
        self,
        keys: Keys,
        journal: Journal,
        *,
        policies: Policies = open_to_all,
        blocked: Blocked = lambda project: None,
        rekeys: Rekeys = of_nobody,
        live: Live | None = None,
        clock: Callable[[], datetime] = _now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys, self._policies = keys, policies
        self._blocked, self._rekeys = blocked, rekeys
        self._journal = journal
        self._clock = clock
        self._rates = Rates(monotonic)
        self.live = live or Live()
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
        policy = self._policies(project)
        count = len(decoded.members)
        self._admit(project, policy.limits, count, len(request.body))
        order = self._journal.reserve(count)
        batch = decoded.events(Origin(project, key, self._clock(), order))
        lines = self._walk(batch, policy)
        entries = self._entries(batch, lines, order, endpoint.word)
        error = _refused_alone(batch.refused[0]) if decoded.single and batch.refused else None
        refused = [each.reason for each in batch.refused]
        return Taken(project, entries, decoded.answer(batch), len(batch.events), refused, error)

    def take_history(self, project: int, form: str, lines: list[bytes]) -> Taken:
        """Take lines of an archive (see `dialects.history`) for a project, in their order.

        Rates aren't looked at; a manifest that is enforced holds.
        """
        order = self._journal.reserve(len(lines))
        batch = history.batch(form, lines, project, self._clock(), order)
        checked = self._walk(batch, self._policies(project))
        entries = self._entries(batch, checked, order, "")
        refused = [each.reason for each in batch.refused]
        return Taken(project, entries, Reply(200, b""), len(batch.events), refused, None)

    async def settle(self, taken: Taken) -> Reply:
        """The answer, once everything of the request is durable.

        Raises Unavailable when it can't be made durable, and the error of a lone refused event.
        """
        if taken.entries:
            await self._journal.append(taken.entries)
            self.live.saw(taken.project, taken.entries)
        self.counters.accepted += taken.accepted
        for reason in taken.refused:
            self.counters.rejected[reason] += 1
        if taken.error is not None:
            raise taken.error
        return taken.answer

    async def replay(self, kept: Sequence[RejectedEvent]) -> list[RejectedEvent | None]:
        """Let a project's refused events walk the steps again: None for each that was accepted,
        else the event with the reason that holds now. What was accepted is durable, and so is a
        new reason. Rates aren't looked at.

        Raises Unavailable when that can't be: then nothing has changed.
        """
        if not kept:
            return []
        project = kept[0].project
        policy = self._policies(project)
        order = self._journal.reserve(len(kept))
        found: list[RejectedEvent | None] = []
        accepted: list[bytes] = []
        changed: list[RejectedEvent] = []
        for place, event in enumerate(kept):
            batch = again(event, order + place)
            lines = self._walk(batch, policy, rekeyed=event.rekeyed)
            if not batch.refused:
                accepted.append(lines)
                found.append(None)
                continue
            (refused,) = batch.refused
            now = replace(event, reason=refused.reason, message=refused.message)
            found.append(now)
            if now != event and now.reason not in UNKEPT:
                changed.append(now)
        entries = []
        if accepted:
            entries.append(Entry(order, "events", len(accepted), b"".join(accepted)))
        if changed:
            lines = b"".join([_encode(each) + b"\n" for each in changed])
            entries.append(Entry(self._journal.reserve(1), "rejected", len(changed), lines))
        if entries:
            await self._journal.append(entries)
            self.live.saw(project, entries)
        self.counters.replayed += len(accepted)
        return found

    def refuse(self, error: FootfallError) -> None:
        """Count a request that is refused whole."""
        self.counters.failed[error.code] += 1

    def _admit(self, project: int, limits: Limits, events: int, size: int) -> None:
        """Raises TooLarge (BODY_TOO_LARGE, TOO_MANY_EVENTS) and TooMany RATE_LIMITED."""
        self.counters.received += events
        if size > limits.body_bytes:
            raise TooLarge(
                "BODY_TOO_LARGE",
                f"This project takes up to {limits.body_bytes:,} bytes at a time: send smaller "
                "batches.",
            )
        check_count(events, limits.batch_events)
        self._rates.take(project, events, limits)

    def _walk(self, batch: Batch, policy: Policy, *, rekeyed: bool = False) -> bytes:
        """Let a batch walk the steps; the lines of the events that remain.

        What is `rekeyed` already stays so: another day's salt would make another install of it.
        """
        is_blocked = self._blocked(batch.project)
        if is_blocked is not None:
            steps.blocked(batch, is_blocked)
        identity = policy.privacy.identity
        if identity != "install" and not rekeyed:
            batch.rekeyed = True
            anonymise(batch, self._rekeys(batch.project, identity, self._clock()))
        if policy.privacy.dropped:
            steps.dropped(batch, policy.privacy.dropped)
        for step in steps.STEPS:
            step(batch)
        if policy.allowed is not None:
            undeclared = steps.declared(batch, policy.allowed, enforced=policy.enforced)
            if not policy.enforced:
                self.counters.undeclared.update(undeclared)
        return steps.size(batch, policy.limits.event_bytes)

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

    def _entries(self, batch: Batch, lines: bytes, order: int, word: str) -> list[Entry]:
        entries = []
        if batch.events:
            entries.append(Entry(order, "events", len(batch.events), lines))
        refused = [each for each in batch.refused if each.reason not in UNKEPT]
        if refused:
            kept = [_encode(_rejected(batch, each, word)) for each in refused]
            # Entries are numbered by their first event's place: take one that no event has.
            lines = b"\n".join([*kept, b""])
            entries.append(Entry(self._journal.reserve(1), "rejected", len(kept), lines))
        return entries


def _rejected(batch: Batch, refused: Refusal, word: str) -> RejectedEvent:
    return RejectedEvent(
        project=batch.project,
        id=str(uuid4()),
        received_at=batch.received_at,
        dialect=batch.dialect,
        reason=refused.reason,
        message=refused.message,
        body=_text(refused),
        word=word,
        sent_at=batch.sent_at,
        rekeyed=batch.rekeyed,
    )


def _text(refused: Refusal) -> str:
    """What was sent as JSON, also where it holds what strict JSON can't (a lone surrogate, NaN)."""
    body = without_ip(refused.body)
    if refused.reason is not Reason.NUMBER_OUT_OF_RANGE:  # NaN would be written as null
        try:
            return _encode(body).decode()
        except (UnicodeEncodeError, OverflowError, msgspec.MsgspecError, ValueError):
            pass
    try:
        return json.dumps(body, default=msgspec.to_builtins)
    except (TypeError, ValueError):
        return json.dumps(ascii(body))


def _refused_alone(refused: Refusal) -> FootfallError:
    if refused.reason is Reason.EVENT_TOO_LARGE:
        return TooLarge(refused.reason, refused.message)
    return BadRequest(refused.reason, refused.message)
