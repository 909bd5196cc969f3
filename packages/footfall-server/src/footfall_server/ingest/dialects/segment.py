"""Segment's dialect: `POST /v1/{track,identify,page,screen,group,alias,batch,import}`.

Decoding goes by the shortest way that is right: a batch of plain events is decoded by one typed
decoder; where it refuses, event by event; and an event that it refuses, by the careful reading of
`careful`, which says what is wrong.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch
from footfall_server.ingest.dialects import careful
from footfall_server.ingest.dialects.dialect import (
    Decoded,
    Origin,
    Reply,
    Request,
    check_count,
    rejected,
)
from footfall_server.ingest.dialects.shapes import Shapes, Value
from footfall_server.ingest.dialects.times import MICROSECOND, parse_time, skew_of, utc
from footfall_server.ingest.values import IP_KEYS, lost_nulls
from footfall_server.model.errors import FootfallError
from footfall_server.model.event import EPOCH, TRACK, Event

NAME = "segment"

_OWN_CLOCK = b'"sentAt"'
"""Without a `sentAt` of the batch, each event's own counts, which only the careful reading sees."""
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
    properties: dict[str, Value | None] = {}


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


class Segment(msgspec.Struct, gc=False):
    """A request as read: each member is a `PlainEvent` (all are, if `plain`), or any JSON."""

    members: list[Any]
    keys: tuple[str | None, str | None]
    sent_at: datetime | None
    single: bool = False
    plain: bool = False

    def events(self, origin: Origin) -> Batch:
        if self.plain and not _needs_care(self.members):
            return _plain_events(self, origin)
        members = [_as_sent(it) if isinstance(it, PlainEvent) else it for it in self.members]
        return careful.events(NAME, members, origin, self.sent_at)

    def answer(self, batch: Batch) -> Reply:
        return answer(batch, self.single)


_batch_decoder = msgspec.json.Decoder(_batch_of(dict[str, Value | None]))
_shapes = Shapes(_batch_of)
_single_decoder = msgspec.json.Decoder(PlainSingle)
_event_decoder = msgspec.json.Decoder(PlainEvent)
_loose_decoder = msgspec.json.Decoder(LooseBatch)


def decode(request: Request) -> Decoded:
    """Read a request. Raises BadRequest (INVALID_JSON, …) or TooLarge TOO_MANY_EVENTS."""
    body = request.body
    # Escaped halves of surrogates and NULs decode to text that can't be stored; a literal %2E in
    # a key would be read back as a dot. Both are rare, and told by one byte of the body.
    odd = (b"\\" in body and _UNSTORABLE.search(body)) or (b"%" in body and b"%2E" in body)
    if request.word not in careful.BATCH_WORDS:
        return _decode_single(request, bool(odd))
    plain = None if odd else _decode_plain(body)
    if plain is None or (plain.sentAt is None and _OWN_CLOCK in body):
        return _decode_loose(request, bool(odd))
    check_count(len(plain.batch))
    return Segment(plain.batch, (request.key, plain.writeKey), utc(plain.sentAt), plain=True)


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


def _decode_loose(request: Request, odd: bool) -> Segment:
    try:
        loose = _loose_decoder.decode(request.body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        members, key, sent_at = careful.read_batch(request.body)
        return Segment(members, (request.key, key), sent_at)
    check_count(len(loose.batch))
    odd = odd or (loose.sentAt is None and _OWN_CLOCK in request.body)
    members = [_member(raw, odd) for raw in loose.batch]
    keys = (request.key, careful.text_or_none(loose.writeKey))
    return Segment(members, keys, parse_time(loose.sentAt))


def _member(raw: msgspec.Raw, odd: bool) -> Any:
    if not odd:
        try:
            return _event_decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
    return lenient.loads(bytes(raw))


def _decode_single(request: Request, odd: bool) -> Segment:
    if request.word == TRACK and not odd:
        try:
            event = _single_decoder.decode(request.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass
        else:
            event.type = TRACK
            keys = (request.key, event.writeKey)
            return Segment([event], keys, utc(event.sentAt), single=True, plain=True)
    members, key, sent_at = careful.read_single(request.word, request.body)
    return Segment(members, (request.key, key), sent_at, single=True)


def _plain_events(decoded: Segment, origin: Origin) -> Batch:
    """The way of nearly every request: nothing to repair, nothing to refuse."""
    project, _, received_at, order, make_id = origin
    received = (received_at - EPOCH) // MICROSECOND
    skew, source = skew_of(received_at, decoded.sent_at)
    members = decoded.members
    # Decoded by names that were learnt, they have no nulls.
    shaped = bool(members) and type(members[0].properties) is not dict
    events = [
        Event(
            project, TRACK, it.event, it.userId or it.anonymousId,
            it.messageId or make_id(), it.timestamp or it.originalTimestamp or EPOCH,
            skew, received, source, order + index, it.properties,
            "" if shaped else lost_nulls(it.properties),
        )
        for index, it in enumerate(members)
    ]  # fmt: skip
    places = list(range(len(events)))
    return Batch(NAME, project, received_at, skew, events, places, sent_at=decoded.sent_at)


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


def _as_sent(event: PlainEvent) -> dict[str, Any]:
    """A plain event as the JSON object that it was, for the careful reading."""
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in fields.items() if value is not None}


def answer(batch: Batch, single: bool) -> Reply:
    """What was taken, and what wasn't and why."""
    if single:
        return Reply(200, b'{"success": true}')
    accepted = len(batch.events)
    if not batch.refused:
        return Reply(200, b'{"success": true, "accepted": %d, "rejected": []}' % accepted)
    document = {"success": True, "accepted": accepted, "rejected": rejected(batch)}
    return Reply(200, msgspec.json.encode(document))


def failure(error: FootfallError) -> dict[str, Any]:
    """The body of an error's answer."""
    document = {"success": False, "code": error.code, "message": error.message}
    if error.path is not None:
        document["path"] = error.path
    return document
