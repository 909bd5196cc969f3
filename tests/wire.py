"""The same events as each of the four dialects sends them, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode


def now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass(frozen=True)
class Dialect:
    """`event(name, install, message_id, properties)` as it is sent; `batch(events, key)` a body."""

    name: str
    path: str
    event: Callable[[Any, Any, Any, Any], dict[str, Any]]
    batch: Callable[[list[Any], str], bytes]


def _segment(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    return {
        "type": "track", "event": name, "userId": install, "messageId": message_id,
        "timestamp": now(), "properties": properties,
    }  # fmt: skip


def _posthog(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    return {
        "event": name, "distinct_id": install, "uuid": message_id,
        "timestamp": now(), "properties": properties,
    }  # fmt: skip


def _mixpanel(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    if isinstance(properties, dict):
        time = datetime.now(UTC).timestamp()
        own = {"distinct_id": install, "$insert_id": message_id, "time": time}
        properties = {**own, **properties}
    return {"event": name, "properties": properties}


def _key_in(field: str) -> Callable[[list[Any], str], bytes]:
    return lambda events, key: json.dumps({field: key, "batch": events}).encode()


def _tokens(events: list[Any], key: str) -> list[Any]:
    """Mixpanel's key stands in each event."""
    return [
        {**event, "properties": {**event["properties"], "token": key}}
        if isinstance(event, dict) and isinstance(event.get("properties"), dict)
        else event
        for event in events
    ]


def _list(events: list[Any], key: str) -> bytes:
    return json.dumps(_tokens(events, key)).encode()


def _form(events: list[Any], key: str) -> bytes:
    return urlencode({"data": json.dumps(_tokens(events, key)), "verbose": "1"}).encode()


ALL = [
    Dialect("segment", "/v1/batch", _segment, _key_in("writeKey")),
    Dialect("rudderstack", "/rudderstack/v1/batch", _segment, _key_in("writeKey")),
    Dialect("posthog", "/batch/", _posthog, _key_in("api_key")),
    Dialect("mixpanel", "/mixpanel/track", _mixpanel, _form),
    Dialect("mixpanel-import", "/import", _mixpanel, _list),
]
