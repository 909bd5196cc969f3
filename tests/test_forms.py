"""The same answer as JSON, CSV, Arrow, chart and picture, as the client asks for it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from .conftest import Answer, Project, Server, http

TODAY = datetime.now(UTC).date().isoformat()
QUERY = {"report": "trends", "from": TODAY, "to": TODAY, "breakdown": ["library_version"]}


@pytest.fixture(scope="module")
def project(server: Server) -> Project:
    made = server.create_project("forms")
    events = [
        {"type": "track", "event": "fit", "userId": "i", "messageId": version,
         "properties": {"library_version": version}}
        for version in ("=1+1", "1.0")
    ]  # fmt: skip
    assert made.send(events).status == 200
    return made


def ask(project: Project, accept: str, query: Any = QUERY) -> Answer:
    url = f"{project.server.url}/api/v1/projects/{project.name}/query?consistent=1"
    return http("POST", url, query, {**project.authorization, "Accept": accept})


def test_csv_is_safe_for_spreadsheets(project: Project) -> None:
    answer = ask(project, "text/csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert {row["segment"] for row in rows} == {"'=1+1", "1.0"}


def test_names_of_columns_are_safe_too(project: Project) -> None:
    query = {"report": "sql", "sql": "select 1 as `=1+1`, 'a,b' as `@x`"}
    answer = ask(project, "text/csv", query)
    assert answer.body == b"'=1+1,'@x\r\n1,\"a,b\"\r\n"


def test_arrow_holds_the_rows_and_says_how_they_came_to_be(project: Project) -> None:
    table = pa.ipc.open_stream(ask(project, "application/vnd.apache.arrow.stream").body).read_all()
    assert table.to_pylist() == ask(project, "application/json").json()["rows"]
    assert b'"report":"trends"' in table.schema.metadata[b"footfall"]


def test_a_chart_stands_alone(project: Project) -> None:
    spec = ask(project, "application/vnd.vegalite+json").json()
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert "@series" not in str(spec)
    assert spec["width"] > 0


def test_pictures(project: Project) -> None:
    ElementTree.fromstring(ask(project, "image/svg+xml").body)
    assert ask(project, "image/png").body.startswith(b"\x89PNG")


def test_a_picture_of_nothing_can_be_drawn(project: Project) -> None:
    empty = {"report": "events_table", "from": "2020-01-01", "to": "2020-01-02"}
    for form in ("image/svg+xml", "text/csv", "application/vnd.apache.arrow.stream"):
        assert ask(project, form, empty).status == 200


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("image/*;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0.1, image/png;q=0.2", "image/png"),
        ("text/html, */*;q=0.1", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("image/svg+xml;q=0, image/*", "image/png"),
    ],
)
def test_the_best_liked_form_is_given(project: Project, accept: str, given: str) -> None:
    assert ask(project, accept).headers["content-type"].partition(";")[0] == given


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/png;q=banana", "x"])
def test_a_form_that_there_is_not(project: Project, accept: str) -> None:
    answer = ask(project, accept)
    assert (answer.status, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")
    assert "text/csv" in answer.json()["message"]
