"""Segment's dialect: `POST /v1/{track,identify,page,screen,group,alias,batch,import}`.

Decoding goes by the shortest way that is right: a batch of plain events is decoded by one typed
decoder; where it refuses, event by event; and an event that it refuses, by the careful reading of
`careful`, which says what is wrong.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch, Refusal, refusal
from footfall_server.ingest.dialects.shapes import Shapes, Value
from footfall_server.ingest.values import IP_KEYS, Refused, clean_properties, clean_text
from footfall_server.model.errors import BadRequest, TooLarge
from footfall_server.model.event import EPOCH, KINDS, TRACK, Event
from footfall_server.model.reason import MESSAGES, Reason

NAME = "segment"
MAX_EVENTS = 2_500
BATCH_PATHS = frozenset({"batch", "import"})

_MICROSECOND = timedelta(microseconds=1)
_MAX_SKEW = 366 * 86_400 * 1_000_000
"""A clock that is further off than a year tells nothing."""

_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class PlainEvent(msgspec.Struct, gc=False):
    """A track event whose properties the store can keep just as they are."""

    type: str
    event: str
    userId: str | None = None
    anonymousId: str | None = None
    messageId: str | None = None
    timestamp: datetime | None = None
    originalTimestamp: datetime | None = None
    properties: dict[str, Value] = {}


class PlainSingle(PlainEvent, gc=False, kw_only=True):
    """A request with one event: its path is its type."""

    type: str = TRACK
    writeKey: str | None = None
    sentAt: datetime | None = None


def _batch_of(properties: Any) -> Any:
    """The type of a batch whose events have properties of a type."""
    event = msgspec.defstruct(
        "ShapedEvent",
        [("properties", properties, msgspec.field(default_factory=properties))],
        bases=(PlainEvent,),
        gc=False,
    )
    return msgspec.defstruct(
        "ShapedBatch",
        [
            ("batch", list[event]),  # type: ignore[valid-type]
            ("writeKey", str | None, None),
            ("sentAt", datetime | None, None),
        ],
        gc=False,
    )


class LooseBatch(msgspec.Struct, gc=False):
    batch: list[msgspec.Raw]
    writeKey: Any = None
    sentAt: Any = None


class Decoded(msgspec.Struct, gc=False):
    """A request as read: each member is a `PlainEvent` (all are, if `plain`), or any JSON."""

    members: list[Any]
    write_key: str | None
    sent_at: datetime | None
    single: bool = False
    plain: bool = False


_batch_decoder = msgspec.json.Decoder(_batch_of(dict[str, Value]))
_shapes = Shapes(_batch_of)
_single_decoder = msgspec.json.Decoder(PlainSingle)
_event_decoder = msgspec.json.Decoder(PlainEvent)
_loose_decoder = msgspec.json.Decoder(LooseBatch)
_time_decoder = msgspec.json.Decoder(datetime)


def decode(path: str, body: bytes) -> Decoded:
    """Read a request. Raises BadRequest (INVALID_JSON, …) or TooLarge TOO_MANY_EVENTS."""
    # Escaped halves of surrogates and NULs decode to text that can't be stored; a literal %2E in
    # a key would be read back as a dot. Both are rare, and told by one byte of the body.
    odd = (b"\\" in body and _UNSTORABLE.search(body)) or (b"%" in body and b"%2E" in body)
    if path not in BATCH_PATHS:
        return _decode_single(path, body, bool(odd))
    plain = None if odd else _decode_plain(body)
    if plain is None:
        return _decode_loose(body, bool(odd))
    _check_count(len(plain.batch))
    return Decoded(plain.batch, plain.writeKey, _utc(plain.sentAt), plain=True)


def _decode_plain(body: bytes) -> Any | None:
    shaped = _shapes.decode(body)
    if shaped is not None:
        return shaped
    try:
        plain = _batch_decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    _shapes.learn(it.properties for it in plain.batch)
    return plain


def _check_count(events: int) -> None:
    if events > MAX_EVENTS:
        raise TooLarge(
            "TOO_MANY_EVENTS",
            f"The batch has {events} events, more than {MAX_EVENTS}: send it in parts.",
        )


def _decode_loose(body: bytes, odd: bool) -> Decoded:
    try:
        loose = _loose_decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _decode_lenient(body)
    _check_count(len(loose.batch))
    members = [_member(raw, odd) for raw in loose.batch]
    return Decoded(members, _text(loose.writeKey), parse_time(loose.sentAt))


def _member(raw: msgspec.Raw, odd: bool) -> Any:
    if not odd:
        try:
            return _event_decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    return lenient.loads(bytes(raw))


def _decode_lenient(body: bytes) -> Decoded:
    document = lenient.loads(body)
    if not isinstance(document, dict):
        raise BadRequest("WRONG_TYPE", "The body must be one JSON object.", path="")
    if "batch" not in document:
        raise BadRequest(
            "MISSING_BATCH", "`batch` is missing: send a list of events.", path="/batch"
        )
    if not isinstance(document["batch"], list):
        raise BadRequest("WRONG_TYPE", "`batch` must be a list of events.", path="/batch")
    _check_count(len(document["batch"]))
    return Decoded(
        document["batch"], _text(document.get("writeKey")), parse_time(document.get("sentAt"))
    )


def _decode_single(path: str, body: bytes, odd: bool) -> Decoded:
    if path == TRACK and not odd:
        try:
            event = _single_decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        else:
            event.type = TRACK
            return Decoded([event], event.writeKey, _utc(event.sentAt), single=True, plain=True)
    document = lenient.loads(body)
    if not isinstance(document, dict):
        raise BadRequest("WRONG_TYPE", "The body must be one JSON object.", path="")
    key, sent_at = _text(document.get("writeKey")), parse_time(document.get("sentAt"))
    document.pop("writeKey", None)
    return Decoded([{**document, "type": path}], key, sent_at, single=True)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _utc(time: datetime | None) -> datetime | None:
    if time is None or time.tzinfo is not None:
        return time
    return time.replace(tzinfo=UTC)


def parse_time(value: Any) -> datetime | None:
    """An RFC 3339 or ISO 8601 text as an instant; without an offset it is UTC. None if it isn't."""
    if isinstance(value, datetime):
        return _utc(value)
    if not isinstance(value, str):
        return None
    try:
        return _utc(datetime.fromisoformat(value.strip()))
    except ValueError:
        return None


def events(decoded: Decoded, project: int, received_at: datetime, order: int) -> Batch:
    """The canonical events; what can't become one is refused with a reason.

    `order` is the first place that these events may take in the order of acknowledgement.
    """
    received = (received_at - EPOCH) // _MICROSECOND
    skew, source = _skew(received_at, decoded.sent_at)
    batch = Batch(NAME, project, received_at, skew, [], [])
    if decoded.plain and not _needs_care(decoded.members):
        # The way of nearly every request: nothing to repair, nothing to refuse.
        batch.events = [
            Event(
                project, TRACK, it.event, it.userId or it.anonymousId,
                it.messageId or str(uuid4()), it.timestamp or it.originalTimestamp or EPOCH,
                skew, received, source, order + index, it.properties,
            )
            for index, it in enumerate(decoded.members)
        ]  # fmt: skip
        batch.indexes = list(range(len(batch.events)))
        return batch
    for index, member in enumerate(decoded.members):
        sent = _as_sent(member) if isinstance(member, PlainEvent) else member
        try:
            event = _careful(sent, project, skew, received, source, order + index)
        except Refused as error:
            batch.refused.append(refusal(index, error, _body_of(sent)))
            continue
        batch.events.append(event)
        batch.indexes.append(index)
    return batch


def _needs_care(members: list[PlainEvent]) -> bool:
    return any(  # a list: twice as fast as a generator, for each request
        [  # noqa: C419
            it.type != TRACK
            or not it.event
            or not (it.userId or it.anonymousId)
            or (type(it.properties) is dict and not it.properties.keys().isdisjoint(IP_KEYS))
            for it in members
        ]
    )


def _skew(received_at: datetime, sent_at: datetime | None) -> tuple[int, str]:
    """How far the client's clock is behind, in microseconds, and how times are known."""
    if sent_at is None:
        return 0, "client"
    skew = (received_at - sent_at) // _MICROSECOND
    return (skew, "corrected") if abs(skew) < _MAX_SKEW else (0, "client")


def _as_sent(event: PlainEvent) -> dict[str, Any]:
    """A plain event as the JSON object that it was, for the careful reading."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in fields.items() if value is not None}


def _body_of(member: Any) -> Any:
    return None if isinstance(member, lenient.TooDeep) else member


def _careful(member: Any, project: int, skew: int, received: int, source: str, order: int) -> Event:
    """Any event that can be taken at all, or Refused with the reason."""
    if isinstance(member, lenient.TooDeep):
        raise Refused(Reason.TOO_DEEP, MESSAGES[Reason.TOO_DEEP])
    if not isinstance(member, dict):
        raise Refused(Reason.WRONG_TYPE, "An event must be a JSON object.")
    kind = _kind(member)
    name = _name(member, kind)
    install = _identifier(member, "userId") or _identifier(member, "anonymousId")
    if not install:
        raise Refused(Reason.MISSING_USER_ID, MESSAGES[Reason.MISSING_USER_ID])
    message_id = _optional_text(member, "messageId") or str(uuid4())
    properties, exact = clean_properties(_properties(member, kind))
    time = parse_time(member.get("timestamp")) or parse_time(member.get("originalTimestamp"))
    raw = "" if exact else msgspec.json.encode(properties).decode()
    return Event(
        project, kind, name, install, message_id, time or EPOCH,
        skew, received, source, order, properties, raw,
    )  # fmt: skip


def _kind(member: dict[str, Any]) -> str:
    kind = member.get("type")
    if kind is None or kind == "":
        raise Refused(Reason.MISSING_TYPE, MESSAGES[Reason.MISSING_TYPE])
    if not isinstance(kind, str):
        raise Refused(Reason.WRONG_TYPE, "`type` must be a text.")
    if kind not in KINDS:
        raise Refused(Reason.UNKNOWN_TYPE, MESSAGES[Reason.UNKNOWN_TYPE])
    return kind


def _name(member: dict[str, Any], kind: str) -> str:
    if kind == TRACK:
        name = _optional_text(member, "event")
        if not name:
            raise Refused(Reason.MISSING_EVENT, MESSAGES[Reason.MISSING_EVENT])
        return name
    return _optional_text(member, "name") or kind


def _optional_text(member: dict[str, Any], field: str) -> str:
    value = member.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE, f"`{field}` must be a text.")
    return clean_text(value)


def _identifier(member: dict[str, Any], field: str) -> str:
    """Some clients send numbers as ids; they are ids all the same."""
    value = member.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _optional_text(member, field)


def _properties(member: dict[str, Any], kind: str) -> dict[str, Any]:
    """The properties; for the other kinds their traits and ids too: nothing sent is thrown away."""
    merged: dict[str, Any] = {}
    for field in ("traits", "properties") if kind != TRACK else ("properties",):
        value = member.get(field)
        if value is None:
            continue
        if not isinstance(value, dict):
            raise Refused(Reason.WRONG_TYPE, f"`{field}` must be a JSON object.")
        merged.update(value)
    if kind != TRACK:
        for field in ("groupId", "previousId", "category"):
            if isinstance(member.get(field), str):
                merged.setdefault(field, member[field])
    return merged


def answer(batch: Batch, single: bool) -> bytes:
    """The body of the 200: what was taken, and what wasn't and why."""
    if single:
        return b'{"success": true}'
    if not batch.refused:
        return b'{"success": true, "accepted": %d, "rejected": []}' % len(batch.events)
    rejected = [
        {"index": each.index, "code": each.reason, "message": each.message}
        for each in sorted(batch.refused, key=_by_index)
    ]
    return msgspec.json.encode(
        {"success": True, "accepted": len(batch.events), "rejected": rejected}
    )


def _by_index(each: Refusal) -> int:
    return each.index
