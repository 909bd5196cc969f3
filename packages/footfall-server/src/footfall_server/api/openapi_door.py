"""The description of what belongs to the door: refused events, the live view, manifest, limits."""

from __future__ import annotations

from typing import Any

import msgspec

from footfall_server.ingest.policy import Limits
from footfall_server.model.manifest import SavedManifest
from footfall_server.model.reason import Reason
from footfall_server.rejected import Selection

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_PROBLEM = {
    "description": "A problem.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PROJECT = {"name": "project", "in": "path", "required": True, "schema": _TEXT}
_REASON = {"type": "string", "enum": [str(reason) for reason in Reason]}

_ROW = {
    "type": "object",
    "required": ["id", "reason", "message", "dialect", "received_at", "body"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "reason": _REASON,
        "message": _TEXT,
        "dialect": _TEXT,
        "received_at": {"type": "string", "format": "date-time"},
        "body": {"type": "string", "description": "What was sent, as JSON, without addresses."},
    },
}
_PAGE = {
    "type": "object",
    "required": ["rows", "cursor"],
    "properties": {
        "rows": {"type": "array", "items": {"$ref": "#/components/schemas/RejectedEvent"}},
        "cursor": {"type": ["string", "null"]},
    },
}
_REPLAYED = {
    "type": "object",
    "required": ["replayed", "accepted", "refused", "reasons", "cursor"],
    "properties": {
        "replayed": _COUNT,
        "accepted": _COUNT,
        "refused": _COUNT,
        "reasons": {"type": "object", "additionalProperties": _COUNT},
        "cursor": {"type": ["string", "null"], "description": "Not null: there is more."},
    },
}


def door_paths() -> dict[str, Any]:
    """The paths."""
    base = "/api/v1/projects/{project}"
    id_ = {"name": "id", "in": "path", "required": True, "schema": _TEXT}
    limit = {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    recent = {"type": "string", "enum": ["0", "1"]}
    status = {"type": "string", "enum": ["accepted", "rejected"]}
    return {
        f"{base}/rejected": {
            "get": _operation(
                "rejected", "List refused events, newest first", "RejectedPage", 401, 404, 422, 503,
                parameters=[
                    _query("reason", "Only those refused for this reason.", _REASON),
                    _query("limit", "Rows.", limit),
                    _query("cursor", "Where the page before ended.", _TEXT),
                ],
            )
        },
        f"{base}/rejected/{{id}}": {
            "get": _operation(
                "rejectedEvent", "One refused event", "RejectedEvent", 401, 404, 503,
                parameters=[id_],
            )
        },
        f"{base}/rejected/replay": {
            "post": _operation(
                "replay", "Try refused events again: these, or those of a reason, or all",
                "Replayed", 400, 401, 403, 404, 413, 422, 503, body="Selection",
            )
        },
        f"{base}/live": {
            "get": {
                "operationId": "live",
                "summary": "What arrives, as server-sent events",
                "parameters": [
                    _PROJECT,
                    _query("event", "Only events of this name.", _TEXT),
                    _query("status", "Only these.", status),
                    _query("recent", "Also the last 100 events, at first.", recent),
                ],
                "responses": {
                    "200": {
                        "description": "`accepted`, `rejected`, `dropped`, `end`.",
                        "content": {"text/event-stream": {"schema": _TEXT}},
                    },
                    **{str(code): _PROBLEM for code in (401, 404, 422, 429)},
                },
            }
        },
        f"{base}/manifest": {
            "get": _operation("manifest", "The project's manifest", "SavedManifest", 401, 404),
            "put": _operation(
                "putManifest", "Set what the project's library declares that it sends",
                "SavedManifest", 400, 401, 403, 404, 413, 422, body="SavedManifest",
            ),
            "delete": {
                "operationId": "deleteManifest",
                "summary": "Forget the manifest",
                "parameters": [_PROJECT],
                "responses": {
                    "204": {"description": "It is gone."},
                    **{str(code): _PROBLEM for code in (401, 403, 404)},
                },
            },
        },
        f"{base}/limits": {
            "get": _operation("limits", "How much the project may send", "Limits", 401, 404),
            "put": _operation(
                "putLimits", "Set how much the project may send", "Limits",
                400, 401, 403, 404, 413, 422, body="Limits",
            ),
        },
    }  # fmt: skip


def door_schemas() -> dict[str, Any]:
    """The schemas that the paths name."""
    _, found = msgspec.json.schema_components(
        [SavedManifest, Limits, Selection], ref_template="#/components/schemas/{name}"
    )
    return {**found, "RejectedEvent": _ROW, "RejectedPage": _PAGE, "Replayed": _REPLAYED}


def _query(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _operation(
    name: str,
    summary: str,
    answer: str,
    *problems: int,
    parameters: list[dict[str, Any]] | None = None,
    body: str | None = None,
) -> dict[str, Any]:
    def json_of(schema: str) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}

    operation: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "parameters": [_PROJECT, *(parameters or [])],
        "responses": {
            "200": {"description": "The answer.", "content": json_of(answer)},
            **{str(code): _PROBLEM for code in problems},
        },
    }
    if body is not None:
        operation["requestBody"] = {"required": name != "replay", "content": json_of(body)}
    return operation
