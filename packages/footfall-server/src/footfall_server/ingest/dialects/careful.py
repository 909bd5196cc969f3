"""One event by Segment's specification, read carefully: whatever it holds, with what is wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch, refusal
from footfall_server.ingest.dialects.dialect import Origin, check_count
from footfall_server.ingest.dialects.envelope import Fields, identifier, text
from footfall_server.ingest.dialects.times import MICROSECOND, parse_time, skew_of
from footfall_server.ingest.values import Refused, clean_properties
from footfall_server.model.errors import BadRequest
from footfall_server.model.event import EPOCH, TRACK, Event
from footfall_server.model.reason import MESSAGES, Reason

TYPES = frozenset({"track", "identify", "page", "screen", "group", "alias", "merge"})
"""What an event's `type` may be. `merge` is RudderStack's own."""
BATCH_WORDS = frozenset({"batch", "import"})


Read = tuple[list[Any], str | None, datetime | None]
"""The events as sent, the write key, and what the client's clock showed at sending."""


def read_batch(body: bytes) -> Read:
    """Any batch. Raises BadRequest, or TooLarge TOO_MANY_EVENTS."""
    document = _object(body)
    if "batch" not in document:
        raise BadRequest(
            "MISSING_BATCH", "`batch` is missing: send a list of events.", path="/batch"
        )
    members = document["batch"]
    if not isinstance(members, list):
        raise BadRequest("WRONG_TYPE", "`batch` must be a list of events.", path="/batch")
    check_count(len(members))
    return members, text_or_none(document.get("writeKey")), parse_time(document.get("sentAt"))


def read_single(word: str, body: bytes) -> Read:
    """A request with one event, whose path is its type. Raises BadRequest."""
    document = _object(body)
    key = text_or_none(document.pop("writeKey", None))
    return [{**document, "type": word}], key, parse_time(document.get("sentAt"))


def _object(body: bytes) -> dict[str, Any]:
    document = lenient.loads(body)
    if not isinstance(document, dict):
        raise BadRequest("WRONG_TYPE", "The body must be one JSON object.", path="")
    return document


def text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def events(
    dialect: str,
    members: list[Any],
    origin: Origin,
    sent_at: datetime | None,
    *,
    own_first: bool = False,
) -> Batch:
    """The canonical events; what can't become one is refused with a reason.

    A client's clock is known by the batch's `sentAt` or the event's own, which goes first if
    `own_first`.
    """
    batch = Batch(dialect, origin.project, origin.received_at, None, [], [], sent_at=sent_at)
    received = (origin.received_at - EPOCH) // MICROSECOND
    for index, member in enumerate(members):
        own = parse_time(member.get("sentAt")) if isinstance(member, dict) else None
        known = (own or sent_at) if own_first else (sent_at or own)
        skew, source = skew_of(origin.received_at, known)
        try:
            event = _event(member, origin, skew, received, source, index)
        except Refused as error:
            batch.refused.append(refusal(index, error, lenient.as_sent(member)))
            continue
        batch.events.append(event)
        batch.indexes.append(index)
    return batch


def _event(member: Any, origin: Origin, skew: int, received: int, source: str, index: int) -> Event:
    """Any event that can be taken at all, or Refused with the reason."""
    if isinstance(member, lenient.TooDeep):
        raise Refused(Reason.TOO_DEEP, MESSAGES[Reason.TOO_DEEP])
    if not isinstance(member, dict):
        raise Refused(Reason.WRONG_TYPE, "An event must be a JSON object.")
    kind, name, install, message_id, time, sent = fields(member)
    properties, raw = clean_properties(sent)
    return Event(
        origin.project, kind, name, install, message_id or origin.make_id(), time or EPOCH,
        skew, received, source, origin.order + index, properties, raw,
    )  # fmt: skip


def fields(member: dict[str, Any]) -> Fields:
    """What one event says. Raises Refused."""
    kind = _kind(member)
    name = _name(member, kind)
    install = identifier(member, "userId", "anonymousId")
    if not install and kind == "merge":
        install = _merged(member)
    if not install:
        raise Refused(Reason.MISSING_USER_ID, MESSAGES[Reason.MISSING_USER_ID])
    message_id = text(member, "messageId")
    time = parse_time(member.get("timestamp")) or parse_time(member.get("originalTimestamp"))
    return Fields(kind, name, install, message_id, time, _properties(member, kind))


def _merged(member: dict[str, Any]) -> str:
    """RudderStack's merge names two ids of one user, and needs no other: the first."""
    ids = member.get("mergeProperties")
    first = ids[0] if isinstance(ids, list) and ids else None
    return identifier(first, "value") if isinstance(first, dict) else ""


def _kind(member: dict[str, Any]) -> str:
    kind = member.get("type")
    if kind is None or kind == "":
        raise Refused(Reason.MISSING_TYPE, MESSAGES[Reason.MISSING_TYPE])
    if not isinstance(kind, str):
        raise Refused(Reason.WRONG_TYPE, "`type` must be a text.")
    if kind not in TYPES:
        raise Refused(Reason.UNKNOWN_TYPE, MESSAGES[Reason.UNKNOWN_TYPE])
    return kind


def _name(member: dict[str, Any], kind: str) -> str:
    if kind == TRACK:
        name = text(member, "event")
        if not name:
            raise Refused(Reason.MISSING_EVENT, MESSAGES[Reason.MISSING_EVENT])
        return name
    return text(member, "name") or kind


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
        if isinstance(member.get("mergeProperties"), list):
            merged.setdefault("mergeProperties", member["mergeProperties"])
    return merged
