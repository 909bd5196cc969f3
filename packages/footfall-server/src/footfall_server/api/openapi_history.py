"""How the description tells of exports, imports and the token's own project."""

from __future__ import annotations

from typing import Any

_PROJECT = {"name": "project", "in": "path", "required": True, "schema": {"type": "string"}}
_PROBLEM = {
    "description": "A problem.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TEXT = {"type": "string"}
_TALLY = {
    "type": "object",
    "required": ["lines", "accepted", "rejected", "reasons"],
    "properties": {
        "lines": {"type": "integer"},
        "accepted": {"type": "integer", "description": "Those that were there already too."},
        "rejected": {"type": "integer"},
        "reasons": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
}
_PROJECTS = {
    "type": "object",
    "required": ["rows"],
    "properties": {"rows": {"type": "array", "items": {"type": "object"}}},
}


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(status): _PROBLEM for status in statuses}


def _answer(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "The answer.", "content": {"application/json": {"schema": schema}}}


def history_paths() -> dict[str, Any]:
    """The operations by path."""
    file = {
        "application/x-ndjson": {"schema": _TEXT},
        "text/csv": {"schema": _TEXT},
        "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
    }
    return {
        "/api/v1/projects": {
            "get": {
                "operationId": "projects",
                "summary": "The project that the token opens",
                "responses": {"200": _answer(_PROJECTS), **_problems(401)},
            }
        },
        "/api/v1/projects/{project}/export": {
            "get": {
                "operationId": "export",
                "summary": "Take all events away, oldest first, as a file",
                "parameters": [
                    _PROJECT,
                    _parameter("from", "A date or an RFC 3339 instant; inside.", _TEXT),
                    _parameter("to", "A date (inside) or an RFC 3339 instant (outside).", _TEXT),
                    _parameter(
                        "format",
                        "What the file is.",
                        {"type": "string", "enum": ["ndjson", "csv", "parquet"]},
                    ),
                    _parameter("after", "`TIME,ORDER` of the last event that one has.", _TEXT),
                ],
                "responses": {
                    "200": {"description": "The file, streamed.", "content": file},
                    **_problems(401, 404, 422, 503),
                },
            }
        },
        "/api/v1/projects/{project}/import": {
            "post": {
                "operationId": "import",
                "summary": "Bring events of an archive: each counts once, however often",
                "parameters": [
                    _PROJECT,
                    _parameter(
                        "format",
                        "Whose archive it is.",
                        {"type": "string", "enum": ["footfall", "mixpanel", "posthog", "segment"]},
                    ),
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/x-ndjson": {"schema": _TEXT}},
                },
                "responses": {
                    "200": _answer(_TALLY),
                    **_problems(400, 401, 403, 404, 415, 422, 503),
                },
            }
        },
    }
