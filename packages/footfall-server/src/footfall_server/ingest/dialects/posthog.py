"""PostHog's dialect: `/batch`, `/capture`, `/e`, `/i/v0/e`, `/track`, `/engage`.

Its feature flags aren't served: `/flags` and `/decide` answer that there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from footfall_server.ingest.batch import Batch
from footfall_server.ingest.dialects import envelope, form
from footfall_server.ingest.dialects.dialect import (
    Decoded,
    Fixed,
    Origin,
    Reply,
    Request,
    check_count,
    rejected,
)
from footfall_server.ingest.dialects.times import parse_time
from footfall_server.model.errors import BadRequest

NAME = "posthog"
NO_FLAGS = Fixed(
    Reply(
        200,
        msgspec.json.encode(
            {
                "flags": {},
                "featureFlags": {},
                "featureFlagPayloads": {},
                "errorsWhileComputingFlags": False,
                "sessionRecording": False,
                "supportedCompression": ["gzip", "gzip-js"],
            }
        ),
    )
)
NOT_SPOKEN = Fixed(
    Reply(
        404,
        msgspec.json.encode(
            {
                "status": 0,
                "code": "NOT_SPOKEN",
                "message": "This protocol isn't spoken here: leave the client's options for local "
                "flags and for capture v1 off.",
            }
        ),
    )
)


@dataclass(frozen=True, slots=True)
class PostHog:
    """A request as read; `tokens` are what the members held of keys."""

    members: list[Any]
    tokens: list[str | None]
    keys: tuple[str | None, ...]
    sent_at: datetime | None
    single: bool
    default: str = ""

    def events(self, origin: Origin) -> Batch:
        def fields(member: dict[str, Any]) -> envelope.Fields:
            return event_fields(member, self.default)

        return envelope.batch(NAME, self.members, self.tokens, origin, self.sent_at, fields)

    def answer(self, batch: Batch) -> Reply:
        if not batch.refused:
            return Reply(200, b'{"status": 1}')
        document = {"status": 1, "accepted": len(batch.events), "rejected": rejected(batch)}
        return Reply(200, msgspec.json.encode(document))


def decode(request: Request) -> Decoded:
    """Read a request. Raises BadRequest, UnsupportedMedia, or TooLarge."""
    wrapped = form.read(request)
    return decoded(form.document(wrapped.text), wrapped, request)


def decoded(document: Any, wrapped: form.Form, request: Request) -> Decoded:
    """A request whose JSON is read already."""
    outer = document if isinstance(document, dict) else {}
    single = isinstance(document, dict) and "batch" not in document
    if isinstance(document, list):
        members = document
    elif not isinstance(document, dict):
        raise BadRequest(
            "WRONG_TYPE", "The body must be a JSON object or a list of events.", path=""
        )
    elif not single:
        members = document["batch"]
        if not isinstance(members, list):
            raise BadRequest("WRONG_TYPE", "`batch` must be a list of events.", path="/batch")
    elif request.word == "batch" and "event" not in document:
        raise BadRequest(
            "MISSING_BATCH", "`batch` is missing: send a list of events.", path="/batch"
        )
    else:
        members = [document]
    check_count(len(members))
    sent_at = parse_time(outer.get("sent_at"))
    keys = [outer.get("api_key"), outer.get("token"), wrapped.fields.get("api_key")]
    tokens = envelope.take_tokens(members)
    keys += [next(filter(None, tokens), None), request.key]
    known = tuple(key for key in keys if isinstance(key, str))
    return PostHog(members, tokens, known, sent_at, single, default_name(request.word))


def default_name(word: str) -> str:
    """What an event at this endpoint is called that doesn't say it."""
    return "$identify" if word == "engage" else ""


def event_fields(member: dict[str, Any], default: str = "") -> envelope.Fields:
    kind, name = envelope.named(member, default)
    sent = dict(envelope.properties_of(member))
    for field, value in member.items():
        if field.startswith("$"):  # some clients say $set beside the properties
            sent.setdefault(field, value)
    return envelope.Fields(
        kind,
        name,
        envelope.required(
            envelope.identifier(member, "distinct_id", "$distinct_id")
            or envelope.identifier(sent, "distinct_id", "$distinct_id")
        ),
        envelope.text(member, "uuid") or envelope.text(sent, "$insert_id"),
        parse_time(member.get("timestamp")),
        sent,
    )
