"""The public page over the real store: off until switched on, made once, telling of nobody."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.insights import Insights
from footfall_server.store import Store
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL
from .conftest import event as an_event
from .test_pages import HOSTILE
from .test_with_store import lines

SAME = {"sec-fetch-site": "same-origin"}
AWAY: Any = {"base_url": "https://usage.example", "client": ("203.0.113.5", 50_000)}
OCTOBER = datetime(2026, 10, 15, 12, tzinfo=UTC)
numbers = itertools.count(900_000)


@pytest.fixture
def project(services: Any, new_services: Callable[[], Any], store: Store) -> Any:
    """A server with the real store, and a way to put events of October into it."""
    server = new_services()
    server.insights = Insights(store)
    server.project = server.add_project("lib", next(numbers))
    blocks = itertools.count()

    def add(installs: int, name: str = "fit", start: int = 0, **properties: Any) -> None:
        events = [
            an_event(name, 0, f"install-{start + number}", OCTOBER, **properties)
            for number in range(installs)
        ]
        block = next(blocks)
        raw = lines(server.project, events).replace(
            b'"message_id": "m', f'"message_id": "b{block}-m'.encode()
        )
        store.insert("events", raw, f"public-{server.project.id}-{block}")

    server.put = add
    return server


@pytest.fixture
def outside(project: Any) -> Iterator[TestClient]:
    with TestClient(pages(project), follow_redirects=False, **AWAY) as made:
        yield made


def switch(project: Any, on: bool = True, **fields: Any) -> None:
    body = {"on": on, "k": 10, "contact": "", **fields}
    project.documents.put_only(project.project, "public", body)


def test_it_is_off_until_an_owner_switches_it_on(project: Any, outside: TestClient) -> None:
    for path in ("", "/figures.json", "/badge.svg", "/installs.svg"):
        assert outside.get(f"/public/lib{path}").status_code == 404
        missing = outside.get(f"/public/nothing{path}")
        assert missing.status_code == 404
    with TestClient(pages(project), follow_redirects=False, **LOCAL) as owner:
        small = owner.post("/p/lib/public", data={"on": "1", "k": "3"}, headers=SAME)
        assert small.status_code == 422
        fields = {"on": "1", "k": "10", "contact": "data@example.org"}
        assert owner.post("/p/lib/public", data=fields, headers=SAME).status_code == 303
        assert "It is public" in owner.get("/p/lib/public").text
    page = outside.get("/public/lib")
    assert page.status_code == 200
    assert "data@example.org" in page.text
    assert "The first figures come on" in page.text


def test_the_figures_are_those_of_settled_months_and_hide_small_groups(
    project: Any, outside: TestClient
) -> None:
    project.put(57, library_version="2.0", python_version="3.12.1")
    project.put(4, start=57, library_version="1.9", python_version="3.12.1")
    project.put(3, "rare")
    switch(project)
    body = outside.get("/public/lib/figures.json").json()
    month = body["months"][-1]
    assert (month["month"], month["installs"], month["k"]) == ("2026-10", 60, 10)
    assert month["by"]["version"] == {"rows": [], "hidden": True}
    assert month["by"]["python_version"]["rows"] == [
        {"value": "3.12", "installs": 60, "share": 1.0}
    ]
    assert [row["event"] for row in month["events"]] == ["fit"]
    text = outside.get("/public/lib").text
    assert "Hidden: groups of fewer than 10 installs" in text
    assert "rare" not in text
    assert "1.9" not in text
    assert ">60+ a month<" in outside.get("/public/lib/badge.svg").text
    picture = outside.get("/public/lib/installs.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.headers["cross-origin-resource-policy"] == "cross-origin"


def test_there_are_figures_without_the_projects_own_version(
    project: Any, outside: TestClient
) -> None:
    project.project = project.add_project("other", next(numbers), version_property="lib_version")
    project.put(20)
    switch(project)
    month = outside.get("/public/other/figures.json").json()["months"][-1]
    assert month["installs"] == 20
    assert month["by"]["version"]["rows"] == [{"value": "$none", "installs": 20, "share": 1.0}]
    assert "Not sent" in outside.get("/public/other").text


def test_a_month_is_told_once_whatever_comes_later(project: Any, outside: TestClient) -> None:
    project.put(59)
    switch(project)
    before = outside.get("/public/lib/figures.json").json()["months"]
    for extra in range(3):  # somebody adds installs of their own, to see a figure tip
        project.put(1, start=1_000 + extra)
        assert outside.get("/public/lib/figures.json").json()["months"] == before
    switch(project, k=20)
    assert outside.get("/public/lib/figures.json").json()["months"] == before
    for query in ("?from=2026-10-01", "?filter=os%3DLinux", "?range=7d"):
        assert outside.get(f"/public/lib/figures.json{query}").json()["months"] == before


def test_the_month_that_is_running_is_not_told(project: Any, outside: TestClient) -> None:
    project.put(40)
    switch(project)
    project.now = datetime(2026, 11, 1, 12, tzinfo=UTC)  # not settled yet
    assert outside.get("/public/lib/figures.json").json()["months"] == []
    project.now += timedelta(days=2)
    assert len(outside.get("/public/lib/figures.json").json()["months"]) == 1


def test_what_is_collected_comes_from_the_manifest_and_is_text(
    project: Any, outside: TestClient
) -> None:
    manifest = {
        "manifest": 1,
        "library": "lib",
        "opt_out_env": "LIB_OFF",
        "common": {"python_version": {"type": "string", "why": "what to support"}},
        "events": {HOSTILE: {"why": HOSTILE, "properties": {"kind": {"why": "which plot"}}}},
    }
    project.documents.put_only(
        project.project, "manifest", {"mode": "observe", "manifest": manifest}
    )
    switch(project)
    text = outside.get("/public/lib").text
    assert "what to support" in text
    assert "which plot" in text
    assert "LIB_OFF=1" in text
    assert "footfall erase lib" in text
    assert "<img src=x" not in text
    assert outside.get("/public/lib/figures.json").json()["collected"] == json.loads(
        json.dumps(manifest)
    )
