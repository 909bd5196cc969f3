"""An event's line, as it was journalled, in the forms that destinations want."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from footfall_server.model.event import EPOCH, Event

_SEGMENT = frozenset({"track", "identify", "page", "screen", "group", "alias"})
_decode = msgspec.json.Decoder(Event).decode


def read(line: bytes) -> Event:
    """The event of a line."""
    return _decode(line)


def properties(event: Event) -> dict[str, Any]:
    """As they were sent: what the store's column keeps, and what it loses (`raw`) over it."""
    if not event.raw:
        return dict(event.properties)
    lost = msgspec.json.decode(event.raw)
    if any("%2E" in name for name in lost):
        return dict(lost)
    return {**event.properties, **lost}


def time(event: Event) -> datetime:
    """When it happened, by a clock that is right."""
    return event.client_time + timedelta(microseconds=event.skew)


def row(event: Event) -> dict[str, Any]:
    """As the API lists events."""
    return {
        "message_id": event.message_id,
        "kind": event.kind,
        "event": event.event,
        "install": event.install,
        "time": iso(time(event)),
        "original_time": iso(event.client_time) if event.client_time != EPOCH else None,
        "received_at": iso(EPOCH + timedelta(microseconds=event.received)),
        "time_source": event.time_source,
        "order": event.order,
        "properties": properties(event),
    }


def segment(event: Event) -> dict[str, Any]:
    """A member of Segment's batch. What Segment has no type for goes as a track of that name."""
    kind = event.kind if event.kind in _SEGMENT else "track"
    sent: dict[str, Any] = {
        "type": kind,
        "userId": event.install,
        "messageId": event.message_id,
        "timestamp": iso(time(event)),
    }
    if kind == "track":
        sent["event"] = event.event or event.kind
    elif kind in ("page", "screen"):
        sent["name"] = event.event
    sent["traits" if kind in ("identify", "group") else "properties"] = properties(event)
    return sent


def posthog(event: Event) -> dict[str, Any]:
    """A member of PostHog's batch, whose `uuid` has to be one."""
    try:
        uuid = UUID(event.message_id)
    except ValueError:
        uuid = uuid5(NAMESPACE_URL, f"{event.event}/{event.install}/{event.message_id}")
    return {
        "event": event.event if event.kind == "track" else f"${event.kind.lstrip('$')}",
        "distinct_id": event.install,
        "uuid": str(uuid),
        "timestamp": iso(time(event)),
        "properties": properties(event),
    }


def iso(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
