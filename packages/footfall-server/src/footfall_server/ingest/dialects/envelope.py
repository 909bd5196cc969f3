"""What PostHog's and Mixpanel's events have in common: tokens, ids, kinds and properties."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from footfall_server.ingest import lenient
from footfall_server.ingest.batch import Batch, refusal
from footfall_server.ingest.dialects.dialect import Origin
from footfall_server.ingest.dialects.times import MICROSECOND, skew_of
from footfall_server.ingest.values import IP_KEYS, Refused, clean_properties, clean_text
from footfall_server.model.errors import FootfallError
from footfall_server.model.event import EPOCH, TRACK, Event
from footfall_server.model.reason import MESSAGES, Reason

_TOKENS = ("token", "$token", "api_key")
_KINDS = {
    "$set": "$set",
    "$set_once": "$set",
    "$identify": "$identify",
    "$create_alias": "$create_alias",
    "$groupidentify": "$groupidentify",
    "$merge": "merge",
    "$merge_dangerously": "merge",
}


class Fields(NamedTuple):
    """What one event says. `client_time` is None where it says nothing that can be read."""

    kind: str
    name: str
    install: str
    message_id: str
    client_time: datetime | None
    properties: dict[str, Any]


def take_tokens(members: list[Any]) -> list[str | None]:
    """The token in each event, taken out of it: a key is no property."""
    return [_take_token(member) if isinstance(member, dict) else None for member in members]


def _take_token(member: dict[str, Any]) -> str | None:
    found = None
    for place in (member.get("properties"), member):
        if isinstance(place, dict):
            for name in _TOKENS:
                value = place.pop(name, None)
                if found is None and isinstance(value, str):
                    found = value
    return found


def batch(
    dialect: str,
    members: list[Any],
    tokens: list[str | None],
    origin: Origin,
    sent_at: datetime | None,
    fields_of: Callable[[dict[str, Any]], Fields],
) -> Batch:
    """The canonical events. `fields_of` reads one, or raises Refused.

    Where a token has opened the project, an event with another token isn't this project's.
    """
    skew, source = skew_of(origin.received_at, sent_at)
    received = (origin.received_at - EPOCH) // MICROSECOND
    made = Batch(
        dialect, origin.project, origin.received_at, skew, [], [], sent=members, sent_at=sent_at
    )
    by_token = origin.key in tokens
    for index, (member, token) in enumerate(zip(members, tokens, strict=True)):
        try:
            if by_token and token and token != origin.key:
                raise Refused(Reason.FOREIGN_TOKEN, MESSAGES[Reason.FOREIGN_TOKEN])
            kind, name, install, message_id, time, sent = fields_of(object_of(member))
            properties, raw = clean_properties(without_addresses(sent))
        except Refused as error:
            made.refused.append(refusal(index, error, lenient.as_sent(member)))
            continue
        event = Event(
            origin.project, kind, name, install, message_id or origin.make_id(), time or EPOCH,
            skew, received, source, origin.order + index, properties, raw,
        )  # fmt: skip
        made.events.append(event)
        made.indexes.append(index)
    return made


def object_of(member: Any) -> dict[str, Any]:
    """What was sent as an event. Raises Refused if it is no JSON object."""
    if isinstance(member, lenient.TooDeep):
        raise Refused(Reason.TOO_DEEP, MESSAGES[Reason.TOO_DEEP])
    if isinstance(member, lenient.Malformed):
        raise Refused(Reason.INVALID_JSON, MESSAGES[Reason.INVALID_JSON])
    if not isinstance(member, dict):
        raise Refused(Reason.WRONG_TYPE, "An event must be a JSON object.")
    return member


def without_addresses(properties: dict[str, Any]) -> dict[str, Any]:
    """Operations on a profile ($set, …) hold properties in their turn, addresses among them."""
    return {
        name: _without_ip(value) if name.startswith("$") and isinstance(value, dict) else value
        for name, value in properties.items()
    }


def _without_ip(value: dict[str, Any]) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name not in IP_KEYS}


def named(member: dict[str, Any], default: str = "") -> tuple[str, str]:
    """The event's kind and name. Raises Refused MISSING_EVENT."""
    name = text(member, "event") or default
    if not name:
        raise Refused(Reason.MISSING_EVENT, "`event` is missing or empty: an event needs a name.")
    return _KINDS.get(name, TRACK), name


def text(holder: dict[str, Any], field: str) -> str:
    value = holder.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(Reason.WRONG_TYPE, f"`{field}` must be a text.")
    return clean_text(value)


def identifier(holder: dict[str, Any], *names: str) -> str:
    """The first of these ids that is there, or ""; a number is an id as well."""
    for name in names:
        value = holder.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        found = text(holder, name)
        if found:
            return found
    return ""


def required(install: str) -> str:
    """The install id. Raises Refused MISSING_USER_ID if it is empty."""
    if not install:
        raise Refused(
            Reason.MISSING_USER_ID, "`distinct_id` is missing or empty: send the install's id."
        )
    return install


def properties_of(member: dict[str, Any]) -> dict[str, Any]:
    properties = member.get("properties")
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise Refused(Reason.WRONG_TYPE, "`properties` must be a JSON object.")
    return properties


def failure(error: FootfallError) -> dict[str, Any]:
    """The body of an error's answer, in the words of both: `detail` is PostHog's, `error`
    Mixpanel's."""
    document = {
        "status": 0,
        "code": error.code,
        "message": error.message,
        "error": error.message,
        "detail": error.message,
    }
    if error.path is not None:
        document["path"] = error.path
    return document
