"""Events that happened before: lines of an archive, ours or of another product.

Times stay as the archive has them, and so do message ids; where there is none, one is made from the
line's content, so that the same archive may be read again and counts once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch, refusal
from footfall_server.ingest.dialects import careful, envelope, mixpanel, posthog
from footfall_server.ingest.dialects.times import MICROSECOND, parse_time, unix_time
from footfall_server.ingest.values import Refused, clean_properties
from footfall_server.model.event import EPOCH, KINDS, TRACK, Event
from footfall_server.model.reason import MESSAGES, Reason

MAX_LINE = 1024 * 1024
PREFIX = "import-"
"""Before the format, where a refused line says in which dialect it came."""

_SOURCES = frozenset({"client", "corrected", "received"})


class Past(NamedTuple):
    """What one line says. `time` is None where the client's is to be believed."""

    fields: envelope.Fields
    time: datetime | None
    received_at: datetime | None
    source: str = "client"


Read = Callable[[dict[str, Any]], Past]


def batch(form: str, lines: list[bytes], project: int, now: datetime, order: int) -> Batch:
    """The canonical events of lines in a format of `FORMATS`, in the lines' order."""
    read = FORMATS[form]
    members = [_member(line) for line in lines]
    sent = [lenient.as_sent(member) for member in members]
    made = Batch(f"{PREFIX}{form}", project, now, None, [], [], sent=sent)
    for index, (member, line) in enumerate(zip(members, lines, strict=True)):
        try:
            made.events.append(_event(read, member, line, project, now, order + index))
        except Refused as error:
            made.refused.append(refusal(index, error, sent[index]))
        else:
            made.indexes.append(index)
    return made


def _member(line: bytes) -> Any:
    if len(line) > MAX_LINE:
        return lenient.Malformed(line[:1_000].decode("utf-8", "replace"))
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return lenient.line(line)


def _event(read: Read, member: Any, line: bytes, project: int, now: datetime, order: int) -> Event:
    if len(line) > MAX_LINE:
        raise Refused(Reason.EVENT_TOO_LARGE, MESSAGES[Reason.EVENT_TOO_LARGE])
    member = envelope.object_of(member)
    fields, time, received_at, source = read(member)
    kind, name, install, message_id, client_time, sent = fields
    properties, raw = clean_properties(envelope.without_addresses(sent))
    client_time = _bounded(client_time)
    time = _bounded(time) or client_time
    received_at = min(_bounded(received_at) or time or now, now)
    return Event(
        project=project,
        kind=kind,
        event=name,
        install=install,
        message_id=message_id or _id_of(member),
        client_time=client_time or EPOCH,
        skew=((time or received_at) - (client_time or EPOCH)) // MICROSECOND,
        received=(received_at - EPOCH) // MICROSECOND,
        time_source=source if time is not None else "received",
        order=order,
        properties=properties,
        raw=raw,
    )


def _bounded(time: datetime | None) -> datetime | None:
    """None for a time that can't be compared or kept."""
    if time is None:
        return None
    try:
        return time if time - EPOCH > timedelta(0) else None
    except OverflowError:
        return None


def _id_of(member: dict[str, Any]) -> str:
    content = json.dumps(member, sort_keys=True).encode()
    digest = hashlib.blake2b(content, digest_size=16).digest()
    return str(UUID(bytes=digest))


def _footfall(member: dict[str, Any]) -> Past:
    """A line of our own export."""
    kind = envelope.text(member, "kind") or TRACK
    if kind not in KINDS:
        raise Refused(Reason.UNKNOWN_TYPE, f"`kind` is none of {', '.join(sorted(KINDS))}.")
    name = envelope.text(member, "event")
    if not name:
        raise Refused(Reason.MISSING_EVENT, MESSAGES[Reason.MISSING_EVENT])
    install = envelope.identifier(member, "install")
    if not install:
        raise Refused(Reason.MISSING_USER_ID, "`install` is missing or empty.")
    time, original = _time(member, "time"), _time(member, "original_time")
    source = envelope.text(member, "time_source")
    fields = envelope.Fields(
        kind, name, install, envelope.text(member, "message_id"),
        original if original or "original_time" in member else time,
        envelope.properties_of(member),
    )  # fmt: skip
    return Past(
        fields, time, _time(member, "received_at"), source if source in _SOURCES else "client"
    )


def _time(member: Mapping[str, Any], name: str) -> datetime | None:
    value = member.get(name)
    found = parse_time(value)
    if found is None and value not in (None, ""):
        raise Refused(Reason.WRONG_TYPE, f"`{name}` is no instant like 2026-01-31T12:00:00Z.")
    return found


def _mixpanel(member: dict[str, Any]) -> Past:
    """A line of Mixpanel's raw export."""
    _without_keys(member)
    fields = mixpanel.event_fields(member)
    return Past(fields, None, unix_time(fields.properties.get("mp_processing_time_ms")))


def _posthog(member: dict[str, Any]) -> Past:
    """An event of PostHog's batch exports or of its API."""
    properties = member.get("properties")
    if isinstance(properties, str):
        try:
            member = {**member, "properties": msgspec.json.decode(properties)}
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise Refused(Reason.WRONG_TYPE, "`properties` is a text, but no JSON.") from None
    if "uuid" not in member and isinstance(member.get("id"), str):
        member = {**member, "uuid": member["id"]}
    _without_keys(member)
    fields = posthog.event_fields(member)
    return Past(fields, None, parse_time(member.get("created_at")))


def _segment(member: dict[str, Any]) -> Past:
    """A line of Segment's archive (RudderStack's are alike): its `timestamp` is corrected."""
    corrected = parse_time(member.get("timestamp"))
    original = parse_time(member.get("originalTimestamp")) or corrected
    received_at = parse_time(member.get("receivedAt"))
    fields = careful.fields(member)
    moved = corrected is not None and corrected != original
    return Past(
        fields._replace(client_time=original),
        corrected,
        received_at,
        "corrected" if moved else "client",
    )


def _without_keys(member: dict[str, Any]) -> None:
    envelope.take_tokens([member])


FORMATS: Mapping[str, Read] = {
    "footfall": _footfall,
    "mixpanel": _mixpanel,
    "posthog": _posthog,
    "segment": _segment,
}
"""What reads a line of each kind of archive; each raises Refused."""
