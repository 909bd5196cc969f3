"""The API against its own description: whatever fits it, and what doesn't, is never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from footfall_server.api.openapi import document
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from .conftest import Project, Server, http

LIVE = "/api/v1/projects/{project}/live"  # it never ends
DOCUMENT = json.loads(document("http://described"))
del DOCUMENT["paths"][LIVE]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Queries take minutes to be made up from their description: `test_any_query.py` makes them.
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path_regex=r"/query$")


@schemathesis.serializer("application/x-ndjson")
def lines(context: Any, value: Any) -> bytes:
    """What an import is given: text as it is, anything else as one line of JSON."""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode() + b"\n"


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    made = server.create_project("described")
    properties = {"library_version": "1.0", "run_time": 1.5, "kind": ["a", None], "o": {"a": 1}}
    event = {"type": "track", "event": "fit", "userId": "i", "messageId": "m"}
    assert made.send([{**event, "properties": properties}]).status == 200
    made.events()
    return made


@pytest.fixture(scope="module")
def fuzzed(server: Server) -> Project:
    """A project of its own: the operations that write change it."""
    return server.create_project("fuzzed")


@schema.parametrize()
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_api_is_as_it_is_described(case: Case, project: Project, fuzzed: Project) -> None:
    """Every operation answers with a status, a type and a body that its description has."""
    target = project if case.method == "GET" else fuzzed
    if "project" in (case.path_parameters or {}):
        case.path_parameters["project"] = target.name
    case.query = {name: value for name, value in case.query.items() if name != "consistent"}
    url, headers = target.server.url, target.authorization
    response = case.call(base_url=url, headers=headers, timeout=60)
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        told = response.content[:500]
        problem = json.loads(response.content)
        assert problem["code"].isupper(), told
        assert problem["message"], told


TODAY = {"from": "2026-01-01", "to": "2026-01-31"}
TRENDS = {"report": "trends", **TODAY}
BAD: list[tuple[Any, str, str]] = [
    ({**TRENDS, "series": [{"event": "no such event"}], "breakdown": ["nope"]},
     "UNKNOWN_PROPERTY", "/breakdown/0"),
    ({**TRENDS, "nope": 1}, "UNKNOWN_FIELD", "/nope"),
    ({**TRENDS, "report": "horoscope"}, "UNKNOWN_REPORT", "/report"),
    ({**TRENDS, "filters": [{"property": "event", "op": "is_like", "values": ["x"]}]},
     "INVALID_QUERY", "/filters/0/op"),
    ({**TRENDS, "from": "2026-02-01"}, "INVALID_RANGE", "/from"),
    ({**TRENDS, "from": "2026-01-31T00:00:00Z", "to": "2026-01-31T00:00:00Z"},
     "INVALID_RANGE", "/from"),
    ({**TRENDS, "from": "1970-01-02", "to": "2099-01-01", "interval": "hour"},
     "TOO_MANY_BUCKETS", "/interval"),
    ({**TRENDS, "breakdown": ["`; drop table events --"]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
    ({**TRENDS, "breakdown": ["a" * 300]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
    ({**TRENDS, "breakdown": ["..."]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
    ({**TRENDS, "breakdown": ["x\0y"]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
    ({**TRENDS, "timezone": "../../etc/passwd"}, "UNKNOWN_TIMEZONE", "/timezone"),
    ({**TRENDS, "formulas": [{"name": "f", "expression": "__import__('os')"}]},
     "INVALID_FORMULA", "/formulas/0/expression"),
    ({**TRENDS, "limit": 10**30}, "INVALID_QUERY", "/limit"),
    ({"report": "funnel", **TODAY, "steps": [{"event": "fit"}] * 21}, "INVALID_QUERY", "/steps"),
    ({"report": "funnel", **TODAY, "steps": [{"event": "fit"}]}, "INVALID_QUERY", "/steps"),
    ({"report": "retention", **TODAY, "brackets": 10**6}, "INVALID_QUERY", "/brackets"),
    ({"report": "sql", "sql": "select * from system.tables"}, "SQL_NOT_ALLOWED", "/sql"),
    ({"report": "sql", "sql": "select nope from events"}, "INVALID_SQL", "/sql"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "path"), BAD)
def test_a_bad_query_says_what_and_where(
    project: Project, query: Any, code: str, path: str
) -> None:
    answer = project.query(query, consistent=False)
    assert answer.status == 422, answer.body
    assert (answer.json()["code"], answer.json()["path"]) == (code, path)
    assert answer.json()["message"]


@pytest.mark.parametrize("value", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "＝1"])
def test_no_answer_carries_a_formula(server: Server, value: str) -> None:
    project = server.create_project(f"formula-{ord(value[0])}-{len(value)}")
    properties = {"p": value, "exception_type": value, "exception_occurred": True}
    event = {"type": "track", "event": value, "userId": "i", "properties": properties}
    assert project.send([event]).status == 200
    url = f"{server.url}/api/v1/projects/{project.name}/query?consistent=1"
    headers = {**project.authorization, "Accept": "text/csv"}
    whole = {"from": "2020-01-01", "to": "2050-01-01"}
    for query in (
        {"report": "events_table"}, {"report": "exceptions"},
        {"report": "trends", "breakdown": ["p"], "interval": "quarter"},
        {"report": "sql", "sql": "select event, properties.p as p from events"},
    ):  # fmt: skip
        answer = http("POST", url, {**whole, **query}, headers)
        assert answer.status == 200, answer.body
        text = answer.body.decode()
        assert value in text.replace('""', '"')
        cells = [cell for line in text.splitlines() for cell in line.split(",")]
        assert not any(cell.strip('"').startswith(("=", "+", "-", "@", "＝")) for cell in cells)
