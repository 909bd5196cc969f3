"""What a project keeps by name, through the API: boards, reports, annotations."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Answer, Project, Server, eventually, http

QUERY = {"report": "events_table", "from": "2026-01-01", "to": "2026-01-31"}
BODIES: dict[str, dict[str, Any]] = {
    "reports": {"name": "Most used", "query": QUERY},
    "boards": {"name": "Weekly", "cards": [{"title": "Most used", "query": QUERY}]},
    "cohorts": {"name": "power users", "all": [{"event": "fit", "at_least": 3, "days": 28}]},
    "alerts": {
        "name": "Fails often",
        "query": {"report": "errors"},
        "when": {"field": "rate", "op": "gt", "than": 0.05},
    },
    "annotations": {"name": "1.0", "date": "2026-01-05", "kind": "release", "version": "1.0"},
}


def call(project: Project, method: str, path: str, body: Any = None) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/{path}"
    return http(method, url, body, project.authorization)


@pytest.mark.parametrize("kind", BODIES)
def test_they_are_made_read_changed_and_deleted(server: Server, kind: str) -> None:
    project = server.create_project(f"documents-{kind}")
    assert call(project, "GET", kind).json() == {"rows": [], "cursor": None}
    made = call(project, "POST", kind, BODIES[kind])
    assert made.status == 201, made.body
    document = made.json()
    assert BODIES[kind].items() <= document.items() or kind in ("boards", "cohorts")
    assert made.headers["location"].endswith(f"/{kind}/{document['id']}")
    assert call(project, "GET", f"{kind}/{document['id']}").json() == document
    assert [row["id"] for row in call(project, "GET", kind).json()["rows"]] == [document["id"]]
    changed = call(project, "PUT", f"{kind}/{document['id']}", {**BODIES[kind], "name": "Other"})
    assert changed.json()["name"] == "Other"
    assert call(project, "DELETE", f"{kind}/{document['id']}").status == 204
    assert call(project, "GET", f"{kind}/{document['id']}").status == 404


def test_a_name_is_taken_once(server: Server) -> None:
    project = server.create_project("documents-names")
    assert call(project, "POST", "reports", BODIES["reports"]).status == 201
    again = call(project, "POST", "reports", BODIES["reports"])
    assert (again.status, again.json()["code"]) == (409, "NAME_TAKEN")


def test_another_project_has_no_way_to_them(server: Server) -> None:
    mine, theirs = server.create_project("documents-a"), server.create_project("documents-b")
    made = call(mine, "POST", "reports", BODIES["reports"]).json()
    assert call(theirs, "GET", f"reports/{made['id']}").status == 404
    assert call(theirs, "DELETE", f"reports/{made['id']}").status == 404
    url = f"{server.url}/api/v1/projects/{mine.name}/reports"
    assert http("GET", url, headers=theirs.authorization).status == 404
    assert http("GET", url).status == 401


def test_a_saved_cohort_is_known_to_queries(server: Server) -> None:
    project = server.create_project("documents-cohort")
    for install, times in (("often", 3), ("once", 1)):
        sent = [
            {"type": "track", "event": "fit", "userId": install, "messageId": f"{install}{place}",
             "timestamp": "2026-01-20T12:00:00Z"}
            for place in range(times)
        ]  # fmt: skip
        assert project.send(sent, sentAt="2026-01-20T12:00:00Z").status == 200
    in_power = {"property": "cohort", "op": "in", "values": ["power users"]}
    query = {"report": "events_table", "from": "2025-01-01", "to": "2027-12-31"}
    unknown = project.query({**query, "filters": [in_power]})
    assert (unknown.status, unknown.json()["code"]) == (422, "UNKNOWN_COHORT")
    assert unknown.json()["path"] == "/filters/0/values/0"
    body = {"name": "power users", "all": [{"event": "fit", "at_least": 3, "days": 3660}]}
    assert call(project, "POST", "cohorts", body).status == 201
    answer = project.query({**query, "filters": [in_power]})
    assert [row["unique"] for row in answer.json()["rows"]] == [1]


@pytest.mark.parametrize(
    ("kind", "body", "code", "path"),
    [
        ("reports", {"name": "x"}, "INVALID_DOCUMENT", "/query"),
        ("reports", {"name": "x", "query": {"report": "nothing"}}, "UNKNOWN_REPORT",
         "/query/report"),
        ("reports", {"name": " ", "query": QUERY}, "INVALID_NAME", "/name"),
        ("reports", {"name": "x", "query": QUERY, "more": 1}, "INVALID_DOCUMENT", "/more"),
        ("boards", {"name": "x", "cards": [{"query": {**QUERY, "from_": 1}}]}, "UNKNOWN_FIELD",
         "/cards/0/query/from_"),
        ("boards", {"name": "x", "cards": [{}]}, "INVALID_DOCUMENT", "/cards/0"),
        ("cohorts", {"name": "x", "all": []}, "INVALID_DOCUMENT", "/all"),
        ("cohorts", {"name": "x", "all": [{"at_least": 0}]}, "INVALID_DOCUMENT",
         "/all/0/at_least"),
        ("cohorts", {"name": "x", "any": [{"filters": [
            {"property": "cohort", "op": "in", "values": ["x"]}]}]}, "INVALID_QUERY",
         "/any/0/filters/0"),
        ("annotations", {"name": "x", "date": "yesterday"}, "INVALID_DOCUMENT", "/date"),
        ("alerts", {"name": "x", "query": {"report": "no"}, "when": {"field": "rate", "op": "gt",
                    "than": 1}}, "UNKNOWN_REPORT", "/query/report"),
        ("alerts", {"name": "x", "query": {"report": "errors"}, "when": {"field": "rate",
                    "op": "gt", "than": 1}, "webhook": "http://169.254.169.254/latest"},
         "FORBIDDEN_ADDRESS", "/webhook"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused_with_its_place(
    server: Server, kind: str, body: dict[str, Any], code: str, path: str
) -> None:
    name = "documents-refused"
    project = REFUSED.get(name) or REFUSED.setdefault(name, server.create_project(name))
    answer = call(project, "POST", kind, body)
    assert answer.status == 422, answer.body
    assert (answer.json()["code"], answer.json()["path"]) == (code, path)


REFUSED: dict[str, Project] = {}


def test_text_that_is_no_json_is_malformed(server: Server) -> None:
    project = server.create_project("documents-malformed")
    answer = call(project, "POST", "reports", b"{")
    assert (answer.status, answer.json()["code"]) == (400, "MALFORMED_JSON")


def test_write_keys_are_made_read_and_revoked(server: Server) -> None:
    project = server.create_project("documents-keys")
    assert [row["key"] for row in call(project, "GET", "keys").json()["rows"]] == [
        project.write_key
    ]
    made = call(project, "POST", "keys", {"name": "notebook"})
    assert (made.status, made.json()["name"]) == (201, "notebook")
    key = made.json()["key"]
    event = {"type": "track", "event": "fit", "userId": "u", "messageId": "m"}
    batch = {"writeKey": key, "batch": [event]}
    assert http("POST", f"{server.url}/v1/batch", batch).status == 200
    assert call(project, "DELETE", f"keys/{key}").status == 204
    eventually(lambda: http("POST", f"{server.url}/v1/batch", batch).status == 401)
    assert call(project, "GET", f"keys/{key}").json()["revoked"]
    assert call(project, "DELETE", "keys/wk_of_nobody").status == 404
    assert call(project, "POST", "keys", {"names": 1}).status == 422


def test_who_exported_and_who_looked_at_an_install_is_written_down(server: Server) -> None:
    project = server.create_project("documents-audit")
    assert call(project, "GET", "export?format=ndjson").status == 200
    assert call(project, "GET", "events?install=0123456789").status == 200
    page = http("GET", f"{server.url}/p/documents-audit/settings").body.decode()
    acts = page.partition('id="acts"')[2]
    assert "export" in acts
    assert "install.view" in acts
    assert "token created with the project" in acts
    assert "01234567…" in acts
    assert "0123456789" not in acts
