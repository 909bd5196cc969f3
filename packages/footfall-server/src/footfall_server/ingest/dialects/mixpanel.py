"""Mixpanel's dialect: `/track`, `/import`, `/engage`, `/groups`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from footfall_server.ingest.batch import Batch, Refusal
from footfall_server.ingest.dialects import envelope, form
from footfall_server.ingest.dialects.dialect import (
    MAX_EVENTS,
    Decoded,
    Origin,
    Reply,
    Request,
    check_count,
    rejected,
)
from footfall_server.ingest.dialects.times import unix_time
from footfall_server.ingest.values import Refused
from footfall_server.model.errors import BadRequest
from footfall_server.model.reason import Reason

NAME = "mixpanel"
MAX_IMPORTED = 2_000
_FIELDS: Mapping[Reason, str] = {
    Reason.MISSING_EVENT: "event",
    Reason.MISSING_USER_ID: "properties.distinct_id",
    Reason.MESSAGE_ID_TOO_LONG: "properties.$insert_id",
    Reason.FOREIGN_TOKEN: "properties.token",
}


@dataclass(frozen=True, slots=True)
class Mixpanel:
    """A request as read; `tokens` are what the members held of keys."""

    word: str
    members: list[Any]
    tokens: list[str | None]
    keys: tuple[str | None, ...]
    single: bool
    verbose: bool
    strict: bool

    def events(self, origin: Origin) -> Batch:
        fields = _profile(self.word) if self.word in ("engage", "groups") else event_fields
        return envelope.batch(NAME, self.members, self.tokens, origin, None, fields)

    def answer(self, batch: Batch) -> Reply:
        if self.strict:
            return _strict(batch, self.members)
        none = bool(batch.refused) and not batch.events
        if not self.verbose:
            return Reply(200, b"0" if none else b"1")
        document: dict[str, Any] = {"status": 1, "error": None}
        if batch.refused:
            document |= {"accepted": len(batch.events), "rejected": rejected(batch)}
        if none:
            document |= {"status": 0, "error": document["rejected"][0]["message"]}
        return Reply(200, msgspec.json.encode(document))


def decode(request: Request) -> Decoded:
    """Read a request. Raises BadRequest, UnsupportedMedia, or TooLarge."""
    wrapped = form.read(request)
    read = form.documents if request.word == "import" else form.document
    return decoded(read(wrapped.text), wrapped, request)


def decoded(document: Any, wrapped: form.Form, request: Request) -> Decoded:
    """A request whose JSON is read already."""
    if not isinstance(document, dict | list):
        raise BadRequest("WRONG_TYPE", "The body must be a JSON object or a list of them.", path="")
    word = request.word
    members = [document] if isinstance(document, dict) else document
    check_count(len(members), MAX_IMPORTED if word == "import" else MAX_EVENTS)
    tokens = envelope.take_tokens(members)
    # The token first: clients send another user's name or key beside it, which no project has.
    keys = (next(filter(None, tokens), None), request.key, wrapped.fields.get("api_key"))
    strict = word == "import" and wrapped.flag("strict")
    single = isinstance(document, dict) and not strict
    return Mixpanel(word, members, tokens, keys, single, wrapped.flag("verbose"), strict)


def event_fields(member: dict[str, Any]) -> envelope.Fields:
    kind, name = envelope.named(member)
    sent = envelope.properties_of(member)
    install = envelope.identifier(sent, "distinct_id", "$user_id", "$device_id")
    if not install and kind == "merge":
        install = _first(sent.get("$distinct_ids"))
    return envelope.Fields(
        kind,
        name,
        envelope.required(install),
        envelope.text(sent, "$insert_id"),
        unix_time(sent.get("time")),
        sent,
    )


def _first(ids: Any) -> str:
    return ids[0] if isinstance(ids, list) and ids and isinstance(ids[0], str) else ""


def _profile(kind: str) -> Any:
    """Reads a change of a profile: of an install's, or of a group's, whose id stands for it."""

    def fields(member: dict[str, Any]) -> envelope.Fields:
        install = envelope.identifier(member, "$distinct_id", "distinct_id", "$group_id")
        if not install:
            raise Refused(
                Reason.MISSING_USER_ID, "`$distinct_id` (or `$group_id`) is missing or empty."
            )
        message_id = envelope.text(member, "$insert_id")
        time = unix_time(member.get("$time"))
        return envelope.Fields(kind, kind, install, message_id, time, member)

    return fields


def _strict(batch: Batch, members: list[Any]) -> Reply:
    """What /import says with strict=1: 400 when some failed, although the others are taken."""
    imported = len(batch.events)
    if not batch.refused:
        document: dict[str, Any] = {"code": 200, "status": "OK", "num_records_imported": imported}
        return Reply(200, msgspec.json.encode(document))
    message = "Some events were refused: `failed_records` names them; the others are taken."
    document = {
        "code": 400,
        "error": message,
        "message": message,
        "status": "Bad Request",
        "num_records_imported": imported,
        "failed_records": [
            _failed(each, members[each.index])
            for each in sorted(batch.refused, key=lambda each: each.index)
        ],
    }
    return Reply(400, msgspec.json.encode(document))


def _failed(refused: Refusal, member: Any) -> dict[str, Any]:
    properties = member.get("properties") if isinstance(member, dict) else None
    insert_id = properties.get("$insert_id") if isinstance(properties, dict) else None
    return {
        "index": refused.index,
        "insert_id": insert_id[:100] if isinstance(insert_id, str) else "",
        "field": _FIELDS.get(refused.reason, "properties"),
        "code": refused.reason,
        "message": refused.message,
    }
