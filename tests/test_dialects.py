"""What only shows over HTTP: browsers, methods, compression and sizes, in every dialect."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from .conftest import Server, http

PATHS = [
    "/v1/batch",
    "/rudderstack/v1/batch",
    "/batch/",
    "/posthog/e",
    "/track",
    "/import",
    "/flags",
]
_ORIGIN = {"Origin": "https://page.example.org"}


@pytest.mark.parametrize("path", PATHS)
def test_browsers_may_send_from_anywhere(server: Server, path: str) -> None:
    asked = {**_ORIGIN, "Access-Control-Request-Headers": "content-type, x-other"}
    preflight = http("OPTIONS", server.url + path, headers=asked)
    assert preflight.status == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-headers"] == "content-type, x-other"
    answer = http("POST", server.url + path, b"{", _ORIGIN)
    for each in (preflight, answer):
        assert each.headers["access-control-allow-origin"] == _ORIGIN["Origin"]
        assert each.headers["access-control-allow-credentials"] == "true"
    assert http("POST", server.url + path, b"{").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", PATHS[:-1])
@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        (gzip.compress(b"[" + b" " * (21 << 20)), "gzip", 413, "BODY_TOO_LARGE"),
        (gzip.compress(gzip.compress(b" " * (21 << 20))), "gzip, gzip", 413, "BODY_TOO_LARGE"),
        (gzip.compress(b'{"batch": []}')[:-9], "", 400, "INVALID_COMPRESSION"),
        (b'{"batch": []}', "gzip", 400, "INVALID_COMPRESSION"),
        (b'{"batch": []}', "br", 400, "INVALID_COMPRESSION"),
        (b'{"batch": []}', "compress", 415, "UNSUPPORTED_ENCODING"),
        (b" " * ((20 << 20) + 1), "", 413, "BODY_TOO_LARGE"),
        (b"{", "", 400, "INVALID_JSON"),
    ],
)
def test_a_request_that_is_refused_whole(
    server: Server, path: str, body: bytes, encoding: str, status: int, code: str
) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}
    answer = http("POST", server.url + path, body, headers)
    assert (answer.status, answer.json()["code"]) == (status, code)
    assert answer.json()["message"]


@pytest.mark.parametrize(("path", "status"), [("/v1/batch", 405), ("/e", 405), ("/i/v1/x", 404)])
def test_other_methods_and_protocols(server: Server, path: str, status: int) -> None:
    answer = http("GET", server.url + path)
    assert answer.status == status
    assert answer.json().keys() >= {"code", "message"}


def test_what_is_no_event_is_kept_and_not_counted(server: Server) -> None:
    project = server.create_project("dialects-kinds")
    key = project.write_key
    sent: list[tuple[str, Any]] = [
        ("/mixpanel/engage", {"$token": key, "$distinct_id": "u", "$set": {"plan": "a"}}),
        ("/groups", {"$token": key, "$group_key": "company", "$group_id": "g", "$set": {}}),
        ("/e", {"api_key": key, "event": "$set", "distinct_id": "u", "$set": {"plan": "a"}}),
        ("/rudderstack/v1/identify", {"writeKey": key, "userId": "u", "traits": {"plan": "a"}}),
        ("/v1/merge", {"writeKey": key, "userId": "u", "mergeProperties": []}),
        ("/track", {"event": "fit", "properties": {"token": key, "distinct_id": "u"}}),
    ]
    for path, body in sent:
        assert http("POST", server.url + path, body).status == 200, path
    kinds = {row["kind"] for row in project.events()}
    assert kinds == {"engage", "groups", "$set", "identify", "merge", "track"}
    query = {"report": "events_table", "from": "2020-01-01", "to": "2099-01-01"}
    assert [row["event"] for row in project.query(query).json()["rows"]] == ["fit"]


def test_the_same_message_id_in_two_dialects_and_projects(server: Server) -> None:
    when = "2026-01-01T00:00:00Z"
    one, two = server.create_project("dialects-one"), server.create_project("dialects-two")
    for project in (one, two):
        event = {"event": "fit", "distinct_id": "u", "uuid": "m", "timestamp": when}
        body = json.dumps({"api_key": project.write_key, "batch": [event]}).encode()
        assert http("POST", f"{server.url}/batch", body).status == 200
        segment = {"type": "track", "event": "fit", "userId": "u", "messageId": "m"}
        assert project.send([{**segment, "timestamp": when}]).status == 200
    assert [len(project.events()) for project in (one, two)] == [1, 1]
