"""The live view: server-sent events of what arrives in a project. For API and pages alike."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any, Literal

import msgspec

from footfall_server.ingest.live import Line, Listener, Live
from footfall_server.ingest.policy import Policies
from footfall_server.model.errors import Unprocessable
from footfall_server.model.event import EPOCH, Event, RejectedEvent
from footfall_server.model.project import Project
from footfall_server.model.reason import Reason

HEARTBEAT_SECONDS = 15.0
_GATHER_SECONDS = 0.2
_SEEN = 5_000
_BODY = 8_192
_STATUSES = ("accepted", "rejected")

_event = msgspec.json.Decoder(Event)
_rejected = msgspec.json.Decoder(RejectedEvent)


class View(msgspec.Struct, frozen=True):
    """What a listener wants to see; `recent`: also the last ones before it came."""

    event: str | None = None
    status: Literal["accepted", "rejected"] | None = None
    recent: bool = True


def parse_view(parameters: Mapping[str, str]) -> View:
    """`event`, `status` (accepted or rejected), `recent` (0 or 1).

    Raises Unprocessable (UNKNOWN_FIELD, INVALID_STATUS).
    """
    for name in parameters:
        if name not in ("event", "status", "recent"):
            message = f"There is no parameter {name!r} here: use event, status, recent."
            raise Unprocessable("UNKNOWN_FIELD", message, path=f"/{name}")
    status = parameters.get("status") or None
    if status is not None and status not in _STATUSES:
        message = f"status is accepted or rejected, not {status[:40]!r}."
        raise Unprocessable("INVALID_STATUS", message, path="/status")
    recent = parameters.get("recent", "1") not in ("0", "false")
    return View(parameters.get("event") or None, status, recent)  # type: ignore[arg-type]


async def stream(
    live: Live, policies: Policies, project: Project, view: View, listener: Listener
) -> AsyncIterator[bytes]:
    """Server-sent events `accepted`, `rejected`, `dropped` ({"count": …}) and, when the server
    stops, `end`; a comment when all is quiet for 15 s. A repeat of an event isn't shown again."""
    seen: OrderedDict[tuple[Any, ...], None] = OrderedDict()
    try:
        yield b"retry: 2000\n: listening\n\n"
        while (news := await listener.next(HEARTBEAT_SECONDS)) is not None:
            await asyncio.sleep(_GATHER_SECONDS)  # few large writes, whatever the rate
            lines, dropped = news
            texts = [_text(policies, project, view, line, seen) for line in lines]
            if dropped:
                texts.append(_sse("dropped", {"count": dropped}))
            yield b"".join(texts) or b": quiet\n\n"
        yield _sse("end", {})
    finally:
        live.leave(project.id, listener)


def _text(
    policies: Policies,
    project: Project,
    view: View,
    line: Line,
    seen: OrderedDict[tuple[Any, ...], None],
) -> bytes:
    """A line as it is shown; nothing where the view leaves it out."""
    status = "accepted" if line.stream == "events" else "rejected"
    if view.status not in (None, status):
        return b""
    if status == "rejected":
        row = rejected_row(_rejected.decode(line.text))
    else:
        event = _event.decode(line.text)
        identity = (event.event, event.install, event.client_time, event.message_id)
        if identity in seen:
            return b""
        seen[identity] = None
        if len(seen) > _SEEN:
            seen.popitem(last=False)
        row = accepted_row(event) | _undeclared(policies, project, event)
    if view.event is not None and row["event"] != view.event:
        return b""
    return _sse(status, row)


def accepted_row(event: Event) -> dict[str, Any]:
    """An event as the list of events shows it."""
    known = event.client_time != EPOCH
    time = event.client_time + timedelta(microseconds=event.skew)
    raw = msgspec.json.decode(event.raw) if event.raw else {}
    return {
        "status": "accepted",
        "message_id": event.message_id,
        "kind": event.kind,
        "event": event.event,
        "install": event.install,
        "time": _iso(time),
        "original_time": _iso(event.client_time) if known else None,
        "received_at": _iso(EPOCH + timedelta(microseconds=event.received)),
        "time_source": event.time_source,
        "order": event.order,
        "properties": {**event.properties, **raw},
    }


def rejected_row(event: RejectedEvent) -> dict[str, Any]:
    """A refused event with its reason; its body is cut at 8 KB."""
    try:
        sent = msgspec.json.decode(event.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        sent = None
    name = sent.get("event") if isinstance(sent, dict) else None
    return {
        "status": "rejected",
        "id": event.id,
        "reason": event.reason,
        "message": event.message,
        "dialect": event.dialect,
        "event": name if isinstance(name, str) else None,
        "received_at": _iso(event.received_at),
        "body": event.body[:_BODY],
        "truncated": len(event.body) > _BODY,
    }


def _undeclared(policies: Policies, project: Project, event: Event) -> dict[str, Any]:
    """A warning, where the project's manifest doesn't declare all of it."""
    allowed = policies(project.id).allowed
    if allowed is None:
        return {}
    properties = allowed.undeclared(event.event, event.properties.keys())
    if properties is None:
        return {"warning": Reason.UNDECLARED_EVENT}
    if properties:
        return {"warning": Reason.UNDECLARED_PROPERTY, "undeclared": properties}
    return {}


def _sse(name: str, row: dict[str, Any]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(row))


def _iso(instant: Any) -> str:
    text: str = instant.isoformat().replace("+00:00", "Z")
    return text
