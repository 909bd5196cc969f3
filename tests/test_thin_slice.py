"""From an HTTP request to an answer: real server process, real store, real HTTP."""

from __future__ import annotations

import random
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Server, http

NOW = datetime.now(UTC)
UNTIL = (NOW + timedelta(days=1)).date().isoformat()  # it may be tomorrow before the tests end
SINCE = (NOW - timedelta(days=3)).date().isoformat()


def event(name: str = "fit", **fields: Any) -> dict[str, Any]:
    return {
        "type": "track",
        "event": name,
        "userId": "install-1",
        "messageId": str(uuid.uuid4()),
        "timestamp": datetime.now(UTC).isoformat(),
        "properties": {"run_time": 0.25, "library_version": "1.0"},
        **fields,
    }


def total(series: str | None = None, measure: str = "total") -> dict[str, Any]:
    return {
        "report": "trends", "from": SINCE, "to": UNTIL, "interval": "day", "fold": True,
        "series": [{"name": "A", "event": series, "measure": measure}],
    }  # fmt: skip


def folded(answer: Any) -> float:
    assert answer.status == 200, answer.body
    (value,) = [row["value"] for row in answer.json()["rows"] if row["bucket"] is None]
    return value


def test_what_was_acknowledged_is_counted_at_once_with_consistent(server: Server) -> None:
    project = server.create_project("thin-consistent")
    for expected in range(1, 6):
        assert project.send([event()]).status == 200
        assert folded(project.query(total())) == expected


def test_what_was_acknowledged_shows_by_itself_within_two_seconds(server: Server) -> None:
    project = server.create_project("thin-visible")
    assert project.send([event()]).status == 200
    deadline = time.monotonic() + 10  # the goal is 2 s; a loaded machine is no failure
    while folded(project.query(total(), consistent=False)) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_answer_about_past_days_stays_while_events_come_in(server: Server) -> None:
    project = server.create_project("thin-kept")
    past = {**total(), "to": (NOW - timedelta(days=2)).date().isoformat()}
    long_ago = (NOW - timedelta(days=2, minutes=1)).isoformat()
    assert project.send([event(timestamp=long_ago)]).status == 200
    assert folded(project.query(past)) == 1
    for _ in range(3):
        assert project.send([event()]).status == 200
        answer = project.query(past)
        assert (folded(answer), answer.json()["meta"].get("cached")) == (1, True)
    assert project.send([event(timestamp=long_ago)]).status == 200
    answer = project.query(past)
    assert (folded(answer), answer.json()["meta"].get("cached")) == (2, None)


def test_events_come_back_as_they_were_sent(server: Server) -> None:
    project = server.create_project("thin-as-sent")
    properties = {
        "text": "é 漢 😀", "empty": "", "dotted.key": 1, "dotted": {"key": 2, "x": {"y": [1, 2]}},
        "largest": 2**63 - 1, "smallest": -(2**63), "float": 0.1 + 0.2, "yes": True, "none": None,
        "list": ["a", "b"], "mixed": [1, "a", None, True, [2]], "nothing": {}, "100%2E": 1,
        "date": "2026-01-01", "instant": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    plain = {"list": ["mae"], "date": "2026-01-01", "a.b": 1, "number": 3}
    sent = [event(properties=properties), event(properties=plain), event(properties={})]
    assert project.send(sent).status == 200
    rows = {row["message_id"]: row for row in project.events()}
    assert len(rows) == 3
    for each in sent:
        row = rows[each["messageId"]]
        assert row["properties"] == each["properties"]
        assert (row["kind"], row["event"], row["install"]) == ("track", "fit", "install-1")
        original = datetime.fromisoformat(row["original_time"])
        assert original == datetime.fromisoformat(each["timestamp"])


def test_a_repeat_is_one_event_everywhere(server: Server) -> None:
    project = server.create_project("thin-repeat")
    once = event()
    batches = [[once], [once, once], [event(), once]]
    for index, batch in enumerate(batches):
        sent_at = (NOW + timedelta(minutes=index)).isoformat()  # a retry says another time
        assert project.send(batch, sentAt=sent_at).status == 200
        project.query(total())  # so that each batch lands in a block of its own
    assert folded(project.query(total())) == 2
    assert len(project.events()) == 2


def test_the_same_id_with_another_name_install_or_time_is_another_event(server: Server) -> None:
    project = server.create_project("thin-not-a-repeat")
    first = event()
    others = [
        {**first, "event": "plot"},
        {**first, "userId": "install-2"},
        {**first, "timestamp": (NOW - timedelta(seconds=1)).isoformat()},
    ]
    assert project.send([first, *others]).status == 200
    assert folded(project.query(total())) == 4


def test_the_first_acknowledged_of_repeats_counts(server: Server) -> None:
    project = server.create_project("thin-first")
    once = event()
    for value in (1, 2, 3):
        assert project.send([{**once, "properties": {"value": value}}]).status == 200
        project.query(total())
    (row,) = project.events()
    assert row["properties"] == {"value": 1}


def test_the_same_id_in_two_projects_is_two_events(server: Server) -> None:
    once = event()
    for name in ("thin-one", "thin-two"):
        project = server.create_project(name)
        assert project.send([once]).status == 200
        assert folded(project.query(total())) == 1


def test_uniques_and_versions(server: Server) -> None:
    project = server.create_project("thin-versions")
    events = [
        event(userId=f"install-{i}", properties={"library_version": version})
        for version, installs in (("1.10", 4), ("1.9", 2))
        for i in range(installs)
        for _ in range(2)
    ]
    random.shuffle(events)
    assert project.send(events).status == 200
    query = {**total(measure="unique"), "breakdown": ["library_version"]}
    rows = [row for row in project.query(query).json()["rows"] if row["bucket"] is None]
    assert {row["segment"][0]: row["value"] for row in rows} == {"1.10": 4, "1.9": 2}
    assert folded(project.query(total(measure="unique"))) == 4


def test_the_events_table(server: Server) -> None:
    project = server.create_project("thin-table")
    failing = {"run_time": 2.0, "exception_occurred": True, "exception_type": "ValueError"}
    assert (
        project.send([event("plot"), event("fit"), event("fit", properties=failing)]).status == 200
    )
    answer = project.query({"report": "events_table", "from": SINCE, "to": UNTIL})
    rows = {row["event"]: row for row in answer.json()["rows"]}
    assert rows["fit"]["total"] == 2
    assert rows["fit"]["unique"] == 1
    assert rows["fit"]["error_rate"] == 0.5
    assert rows["plot"]["p50"] == 0.25
    assert rows["plot"]["error_rate"] == 0


def test_good_neighbours_of_a_bad_event_are_kept(server: Server) -> None:
    project = server.create_project("thin-neighbours")
    answer = project.send([event(), event(""), event(userId=None), {"no": "type"}, event()])
    assert answer.status == 200
    document = answer.json()
    assert (document["success"], document["accepted"]) == (True, 2)
    assert [(each["index"], each["code"]) for each in document["rejected"]] == [
        (1, "MISSING_EVENT"), (2, "MISSING_USER_ID"), (3, "MISSING_TYPE"),
    ]  # fmt: skip
    assert all(each["message"] for each in document["rejected"])
    assert folded(project.query(total())) == 2


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "INVALID_JSON"),
        (b"[]", {}, 400, "WRONG_TYPE"),
        (b"{}", {}, 400, "MISSING_BATCH"),
        ({"batch": [], "writeKey": "wk_unknown"}, {}, 401, "UNKNOWN_WRITE_KEY"),
        ({"batch": []}, {}, 401, "MISSING_WRITE_KEY"),
        (b" " * (4 * 1024 * 1024 + 1), {}, 413, "BODY_TOO_LARGE"),
        (b"x", {"Content-Encoding": "gzip"}, 400, "INVALID_COMPRESSION"),
        (b"x", {"Content-Encoding": "compress"}, 415, "UNSUPPORTED_ENCODING"),
    ],
)
def test_a_request_that_is_refused_whole(
    server: Server, body: Any, headers: dict[str, str], status: int, code: str
) -> None:
    answer = http("POST", f"{server.url}/v1/batch", body, headers)
    assert answer.status == status
    assert answer.json()["code"] == code
    assert answer.json()["message"]
    assert answer.json()["success"] is False


def test_too_many_events(server: Server) -> None:
    project = server.create_project("thin-many")
    answer = project.send([event()] * 2_501)
    assert (answer.status, answer.json()["code"]) == (413, "TOO_MANY_EVENTS")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"event": None}, 400, "MISSING_EVENT"),
        ({"userId": None}, 400, "MISSING_USER_ID"),
        ({"properties": "text"}, 400, "WRONG_TYPE"),
        ({"properties": {"text": "x" * 40_000}}, 413, "EVENT_TOO_LARGE"),
    ],
)
def test_a_lone_event_that_is_refused(
    server: Server, fields: dict[str, Any], status: int, code: str
) -> None:
    project = server.create_project(f"thin-lone-{code.lower()}-{status}")
    sent = {**event(), **fields, "writeKey": project.write_key}
    answer = http("POST", f"{server.url}/v1/track", sent)
    assert (answer.status, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["/v1/track", "/v1/track/", "/segment/v1/track"])
def test_every_path_of_the_dialect_with_basic_authentication(server: Server, path: str) -> None:
    import base64

    project = server.create_project(f"thin-path-{path.count('/')}{len(path)}")
    for credentials in (f"{project.write_key}:", project.write_key):
        basic = base64.b64encode(credentials.encode()).decode()
        answer = http("POST", server.url + path, event(), {"Authorization": f"Basic {basic}"})
        assert (answer.status, answer.json()) == (200, {"success": True})
    assert folded(project.query(total())) == 2


def test_ingest_by_another_method_says_what_to_use(server: Server) -> None:
    answer = http("GET", f"{server.url}/v1/batch")
    assert (answer.status, answer.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "POST, OPTIONS"


def test_tokens_open_their_own_project_only(server: Server) -> None:
    one, two = server.create_project("thin-mine"), server.create_project("thin-theirs")
    url = f"{server.url}/api/v1/projects/thin-theirs/query"
    assert http("POST", url, total(), one.authorization).status == 404
    assert http("POST", url, total(), two.authorization).status == 200
    assert http("POST", url, total()).status == 401
    nobody = http("POST", url, total(), {"Authorization": "Bearer nonsense"})
    assert (nobody.status, nobody.json()["code"]) == (401, "UNKNOWN_TOKEN")
    assert nobody.headers["content-type"] == "application/problem+json"
    assert nobody.headers["www-authenticate"] == "Bearer"
    missing = f"{server.url}/api/v1/projects/none/query"
    assert http("POST", missing, total(), one.authorization).status == 404


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"report": "horoscope"}, 422, "/report"),
        ({"unknown": 1}, 422, "/unknown"),
        ({"from": "yesterday"}, 422, "/from"),
        ({"series": []}, 422, "/series"),
    ],
)
def test_a_query_that_means_nothing_says_where(
    server: Server, change: dict[str, Any], status: int, path: str
) -> None:
    project = server.create_project(f"thin-bad-query-{path[1:]}")
    answer = project.query({**total(), **change})
    assert answer.status == status, answer.body
    assert answer.json()["path"] == path
    assert answer.json()["code"]
    assert answer.json()["message"]


def test_a_query_that_is_no_json(server: Server) -> None:
    project = server.create_project("thin-no-json")
    url = f"{server.url}/api/v1/projects/{project.name}/query"
    assert http("POST", url, b"{", project.authorization).status == 400
    assert http("POST", url, b"1" * 300_000, project.authorization).status == 413


def test_the_server_tells_how_it_is(server: Server) -> None:
    assert http("GET", f"{server.url}/health").status == 200
    assert http("GET", f"{server.url}/ready").status == 200
    metrics = http("GET", f"{server.url}/metrics").body.decode()
    assert "footfall_events_accepted_total" in metrics
    described = http("GET", f"{server.url}/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert "/api/v1/projects/{project}/query" in described["paths"]


def test_pages_are_closed_to_other_names_and_to_what_came_through_a_proxy(server: Server) -> None:
    assert http("GET", f"{server.url}/").status == 200
    rebound = http("GET", f"{server.url}/", headers={"Host": "attacker.example"})
    proxied = http("GET", f"{server.url}/", headers={"X-Forwarded-For": "203.0.113.5"})
    assert (rebound.status, proxied.status) == (401, 401)


def test_a_sign_in_link_works_once(server: Server) -> None:
    import json
    import urllib.request

    url = json.loads(server.command("sign-in-link", "--json").stdout)["url"]
    assert url.startswith(server.url)
    handler = urllib.request.HTTPCookieProcessor()
    browser = urllib.request.build_opener(handler)
    browser.addheaders = [("X-Forwarded-For", "203.0.113.5")]  # as if from elsewhere
    with browser.open(url) as first, browser.open(f"{server.url}/") as page:
        assert (first.status, page.status) == (200, 200)
    (cookie,) = handler.cookiejar
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert http("GET", url).status == 401
