"""The API's own description: OpenAPI 3.1, its schemas taken from the types that do the parsing."""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_
from typing import Any

import msgspec

from footfall_server.api.openapi_door import door_paths, door_schemas
from footfall_server.api.openapi_history import history_paths
from footfall_server.insights.queries import REPORTS

_PROJECT = {"name": "project", "in": "path", "required": True, "schema": {"type": "string"}}
_CONSISTENT = {
    "name": "consistent",
    "in": "query",
    "schema": {"type": "string", "enum": ["0", "1"]},
    "description": "Wait until all that was acknowledged before this call is visible (at most "
    "10 s).",
}
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "message"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable."},
        "message": {"type": "string", "description": "What is wrong, and what to do next."},
        "path": {"type": "string", "description": "A JSON pointer into the request."},
        "reference": {"type": "string"},
    },
}
_RESULT = {
    "type": "object",
    "required": ["report", "query", "rows", "meta"],
    "properties": {
        "report": {"type": "string"},
        "query": {"type": "object", "description": "As it was understood, defaults filled in."},
        "rows": {"type": "array", "items": {"type": "object"}},
        "meta": {"type": "object"},
    },
}
_EVENTS = {
    "type": "object",
    "required": ["rows", "cursor"],
    "properties": {
        "rows": {"type": "array", "items": {"type": "object"}},
        "cursor": {"type": ["string", "null"]},
    },
}
_SCHEMA = {
    "type": "object",
    "required": ["from", "to", "events", "properties", "reused_message_ids", "manifest", "meta"],
    "properties": {
        "from": {"type": "string"},
        "to": {"type": "string"},
        "events": {"type": "array", "items": {"type": "object"}},
        "properties": {"type": "array", "items": {"type": "object"}},
        "reused_message_ids": {"type": "object"},
        "manifest": {"type": ["object", "null"]},
        "meta": {"type": "object"},
    },
}


# What else a result can be given as; see `forms`.
_OTHER_FORMS = {
    "text/csv": {"schema": {"type": "string"}},
    "application/vnd.apache.arrow.stream": {"schema": {"type": "string", "format": "binary"}},
    "application/vnd.vegalite+json": {"schema": {"type": "object"}},
    "image/svg+xml": {"schema": {"type": "string"}},
    "image/png": {"schema": {"type": "string", "format": "binary"}},
}


def _answers(schema: str, *statuses: int) -> dict[str, Any]:
    problems = {
        str(status): {
            "description": "A problem.",
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for status in statuses
    }
    content: dict[str, Any] = {
        "application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    }
    if schema == "Result":
        content |= _OTHER_FORMS
    return {"200": {"description": "The answer.", "content": content}, **problems}


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": schema}


@lru_cache(maxsize=1)
def document(base_url: str) -> bytes:
    """The description as JSON."""
    (query,), components = msgspec.json.schema_components(
        [reduce(or_, REPORTS.values())], ref_template="#/components/schemas/{name}"
    )
    text = {"type": "string"}
    paths = {
        "/api/v1/projects/{project}/query": {
            "post": {
                "operationId": "query",
                "summary": "Ask a question",
                "parameters": [_PROJECT, _CONSISTENT],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": query}},
                },
                "responses": _answers("Result", 400, 401, 404, 406, 413, 422, 429, 503),
            }
        },
        "/api/v1/projects/{project}/events": {
            "get": {
                "operationId": "events",
                "summary": "List events, newest first, exactly once, as they were sent",
                "parameters": [
                    _PROJECT,
                    _CONSISTENT,
                    _parameter("from", "A date or an RFC 3339 instant; inside.", text),
                    _parameter("to", "A date (inside) or an RFC 3339 instant (outside).", text),
                    _parameter("event", "Only events of this name.", text),
                    _parameter("install", "Only events of this install.", text),
                    _parameter(
                        "limit", "Rows.", {"type": "integer", "minimum": 1, "maximum": 1000}
                    ),
                    _parameter("cursor", "Where the page before ended.", text),
                ],
                "responses": _answers("EventPage", 401, 404, 422, 503),
            }
        },
        "/api/v1/projects/{project}/schema": {
            "get": {
                "operationId": "schema",
                "summary": "Events and their properties, as they were really sent",
                "parameters": [
                    _PROJECT,
                    _CONSISTENT,
                    _parameter("from", "A date or an instant; 28 days before `to`.", text),
                    _parameter("to", "A date or an instant; now. At most 92 days later.", text),
                ],
                "responses": _answers("Schema", 401, 404, 422, 503),
            }
        },
    }
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Footfall", "version": "1"},
            "servers": [{"url": base_url}],
            "security": [{"token": []}],
            "paths": paths | history_paths() | door_paths(),
            "components": {
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
                "schemas": {
                    **components,
                    **door_schemas(),
                    "Problem": _PROBLEM,
                    "Result": _RESULT,
                    "EventPage": _EVENTS,
                    "Schema": _SCHEMA,
                },
            },
        }
    )
