"""Refused events read again, by the dialect in which they came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch, Refusal
from footfall_server.ingest.dialects import (
    careful,
    history,
    mixpanel,
    posthog,
    rudderstack,
    segment,
)
from footfall_server.ingest.dialects.dialect import Origin
from footfall_server.model.errors import BadRequest
from footfall_server.model.event import Event, RejectedEvent
from footfall_server.model.reason import MESSAGES, Reason

STORE = "store"
"""The dialect of what the store itself refused: canonical lines."""

_Read = Callable[[str, Any, datetime | None, Origin], Batch]
_FINAL = frozenset({Reason.FOREIGN_TOKEN})
"""Another project's event isn't this one's, however often it is tried; its token isn't kept."""

_canonical = msgspec.json.Decoder(Event)


def again(kept: RejectedEvent, order: int) -> Batch:
    """The batch of one that a refused event makes: its event, or its refusal.

    It keeps its time of receipt. Where its client gave it no message id, the refused event's own
    is it, so that a replay of a replay is a repeat.
    """
    if kept.reason in _FINAL:
        return _refused(kept, Reason(kept.reason), kept.message)
    if kept.dialect == STORE:
        return _stored(kept, order)
    if kept.dialect.startswith(history.PREFIX):
        form = kept.dialect.removeprefix(history.PREFIX)
        return history.batch(form, [kept.body.encode()], kept.project, kept.received_at, order)
    origin = Origin(kept.project, "", kept.received_at, order, lambda: kept.id)
    try:
        member = _member(kept)
    except BadRequest:
        return _refused(kept, Reason.INVALID_JSON, MESSAGES[Reason.INVALID_JSON])
    if kept.rekeyed and isinstance(member, dict) and "userId" in member:
        # What was refused after its ids were replaced is told in canonical words.
        return careful.events(kept.dialect, [member], origin, kept.sent_at)
    return _DIALECTS[kept.dialect](kept.word or "track", member, kept.sent_at, origin)


def _refused(kept: RejectedEvent, reason: Reason, message: str) -> Batch:
    refused = [Refusal(0, reason, message, None)]
    return Batch(kept.dialect, kept.project, kept.received_at, 0, [], [], refused)


def _stored(kept: RejectedEvent, order: int) -> Batch:
    try:
        event = _canonical.decode(kept.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _refused(kept, Reason.STORE_REFUSED, kept.message)
    event.order = order
    return Batch(kept.dialect, kept.project, kept.received_at, None, [event], [0])


def _member(kept: RejectedEvent) -> Any:
    """What was sent. Raises BadRequest INVALID_JSON."""
    member = lenient.loads(kept.body.encode())
    if member is None and kept.reason == Reason.TOO_DEEP:
        return lenient.TOO_DEEP
    if isinstance(member, str) and kept.reason == Reason.INVALID_JSON:
        return lenient.loads(member.encode("utf-8", "replace"))
    return member


def _segment(word: str, member: Any, sent_at: datetime | None, origin: Origin) -> Batch:
    return careful.events(segment.NAME, [member], origin, sent_at)


def _rudderstack(word: str, member: Any, sent_at: datetime | None, origin: Origin) -> Batch:
    return careful.events(rudderstack.NAME, [member], origin, sent_at, own_first=True)


def _posthog(word: str, member: Any, sent_at: datetime | None, origin: Origin) -> Batch:
    return posthog.PostHog(
        [member], [None], (), sent_at, single=True, default=posthog.default_name(word)
    ).events(origin)


def _mixpanel(word: str, member: Any, sent_at: datetime | None, origin: Origin) -> Batch:
    return mixpanel.Mixpanel(
        word, [member], [None], (), single=True, verbose=False, strict=False
    ).events(origin)


_DIALECTS: Mapping[str, _Read] = {
    segment.NAME: _segment,
    rudderstack.NAME: _rudderstack,
    posthog.NAME: _posthog,
    mixpanel.NAME: _mixpanel,
}
