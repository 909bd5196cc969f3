"""A view as a file."""

from __future__ import annotations

import csv
import io
import json
import sys
import types
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient


@pytest.fixture(autouse=True)
def month(happened: Callable[..., None]) -> None:
    for day in range(1, 29):
        happened(days=day, library_version="=1+1" if day % 2 else "1.0")


def test_csv_holds_every_bucket(client: TestClient) -> None:
    answer = client.get("/p/nannyml/overview?format=csv&range=7d")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    name = "nannyml-installs-2026-11-17-2026-11-23.csv"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    installs = [
        row for row in rows if row["series"] == "Active installs" and row["compare"] == "False"
    ]
    assert [row["bucket"] for row in installs if row["bucket"]] == [
        f"2026-11-{day}" for day in range(17, 24)
    ]


def test_csv_text_is_never_a_formula(client: TestClient) -> None:
    answer = client.get("/p/nannyml/overview?format=csv&breakdown=version")
    segments = {row["segment"] for row in csv.DictReader(io.StringIO(answer.text))}
    assert segments == {"'=1+1", "1.0"}


def test_json_is_the_result_with_its_query(client: TestClient) -> None:
    found: dict[str, Any] = json.loads(client.get("/p/nannyml/overview?format=json").text)
    assert found["query"]["report"] == "trends"
    assert found["rows"]


def test_pictures_are_drawn_without_a_browser_and_with_colours(client: TestClient) -> None:
    svg = client.get("/p/nannyml/overview?format=svg")
    assert svg.headers["content-type"] == "image/svg+xml"
    ElementTree.fromstring(svg.text)
    assert "#0b7a69" in svg.text
    assert "Active installs" in svg.text
    assert "@" not in svg.text
    png = client.get("/p/nannyml/overview?format=png&breakdown=version")
    assert png.content.startswith(b"\x89PNG")


def test_the_script_asks_the_api_the_same_query(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, services: Any
) -> None:
    text = client.get("/p/nannyml/overview?format=py&range=7d").text
    asked: list[Any] = []

    def answer(request: Any) -> io.BytesIO:
        asked.append(request)
        return io.BytesIO(b'{"rows": []}')

    monkeypatch.setenv("FOOTFALL_TOKEN", "secret")
    monkeypatch.setitem(sys.modules, "pandas", types.SimpleNamespace(DataFrame=list))
    monkeypatch.setattr("urllib.request.urlopen", answer)
    exec(text, {})
    (request,) = asked
    assert request.full_url == "https://usage.example.org/api/v1/projects/nannyml/query"
    assert request.get_header("Authorization") == "Bearer secret"
    assert json.loads(request.data) == services.insights.asked[0]
