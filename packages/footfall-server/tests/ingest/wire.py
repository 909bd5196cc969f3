"""Requests in every dialect, for the tests: the same event, as each client would send it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from footfall_server.ingest.dialects.dialect import Endpoint, Request
from footfall_server.ingest.dialects.table import find
from footfall_server.ingest.pipeline import Pipeline, Taken

NOW = datetime.now(UTC)
KEY = "wk_known"


class MemoryJournal:
    """Hands out places; the pipeline's synchronous half writes nothing."""

    def __init__(self) -> None:
        self.next = 1_000

    def reserve(self, count: int) -> int:
        self.next += count
        return self.next - count


def take(path: str, body: Any, *, key: str | None = KEY, query: bytes = b"") -> Taken:
    """What a request to a path comes to."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    pipeline = Pipeline({KEY: 7, "wk_other": 8}.get, MemoryJournal(), clock=lambda: NOW)
    endpoint = find(path)
    assert isinstance(endpoint, Endpoint)
    return pipeline.take(endpoint, Request(endpoint.word, text, key, query))


def lines(taken: Taken, stream: str = "events") -> list[dict[str, Any]]:
    bodies = [entry.body for entry in taken.entries if entry.stream == stream]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


@dataclass(frozen=True)
class Dialect:
    """`event(name, install, message_id, properties)` as it is sent; `batch(events)` a request."""

    name: str
    path: str
    event: Callable[[Any, Any, Any, Any], dict[str, Any]]
    batch: Callable[[str], str]


def _segment(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    return {
        "type": "track", "event": name, "userId": install, "messageId": message_id,
        "timestamp": NOW.isoformat(), "properties": properties,
    }  # fmt: skip


def _posthog(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    return {
        "event": name, "distinct_id": install, "uuid": message_id,
        "timestamp": NOW.isoformat(), "properties": properties,
    }  # fmt: skip


def _mixpanel(name: Any, install: Any, message_id: Any, properties: Any) -> dict[str, Any]:
    if isinstance(properties, dict):
        own = {"distinct_id": install, "$insert_id": message_id, "time": NOW.timestamp()}
        properties = {**own, **properties}
    return {"event": name, "properties": properties}


def _in_batch(events: str) -> str:
    return f'{{"batch": [{events}]}}'


def _in_list(events: str) -> str:
    return f"[{events}]"


ALL = [
    Dialect("segment", "/v1/batch", _segment, _in_batch),
    Dialect("rudderstack", "/rudderstack/v1/batch", _segment, _in_batch),
    Dialect("posthog", "/batch/", _posthog, _in_batch),
    Dialect("mixpanel", "/track", _mixpanel, _in_list),
    Dialect("mixpanel", "/import", _mixpanel, _in_list),
]
