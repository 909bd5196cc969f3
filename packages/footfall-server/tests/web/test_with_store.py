"""The pages over the real store and insights: they show what the naive ones show."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from footfall_server.insights import Insights
from footfall_server.model.project import Project
from footfall_server.store import Store
from footfall_server.web import pages
from starlette.testclient import TestClient

from .conftest import LOCAL

numbers = itertools.count(700_000)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lines(project: Project, events: list[Any]) -> bytes:
    """The tests' events as the lines that the store takes."""
    return b"\n".join(
        json.dumps(
            {
                "project": project.id,
                "kind": "track",
                "event": event.name,
                "install": event.install,
                "message_id": f"m{place}",
                "client_time": stamp(event.time),
                "time": stamp(event.time),
                "received_at": stamp(event.time),
                "time_source": "client",
                "order": place + 1,
                "properties": event.properties,
                "raw": "",
            }
        ).encode()
        for place, event in enumerate(events)
    )


@pytest.fixture
def real(services: Any, new_services: Callable[[], Any], store: Store) -> Callable[[], TestClient]:
    """The same project in the real store, with the events so far."""

    def make() -> TestClient:
        other = new_services()
        project = other.add_project("nannyml", next(numbers))
        events = services.insights.events
        if events:
            store.insert("events", lines(project, events), f"web-{project.id}")
        other.insights = Insights(store)
        return TestClient(pages(other), follow_redirects=False, **LOCAL)

    return make


QUERIES = [
    "",
    "?range=7d",
    "?range=90d",
    "?interval=week&range=28d",
    "?breakdown=runtime",
    "?breakdown=version&compare=none",
    "?filter=os=Linux&filter=runtime!=ci",
    "?filter=",
    "?event=plot",
    "?filter=version=$none",
    "?range=2026-10-20..2026-11-24",
    "?range=2026-11-24..2026-11-24",
    "?range=2020-01-01..2020-02-01",
]


@pytest.fixture
def use(happened: Callable[..., None]) -> None:
    """Sixty days of use that differ in every dimension, with gaps and errors."""
    for day in range(60):
        for number in range(7):
            if (day + number) % 5 == 0:
                continue
            happened(
                ("fit", "plot", "run")[(day + number) % 3],
                day + 0.05 * number,
                f"i{number}",
                library_version=f"1.{9 - day // 8}.0" if number else "1.10.0",
                python_version=f"3.{9 + number}.1",
                os_type=("Linux", "Darwin", "Windows")[number % 3],
                runtime_environment=("notebook", "script")[day % 2],
                run_time=0.1 * (number + 1) + day / 1000,
                exception_occurred=(day + number) % 7 == 0,
                **({"ci": True} if number == 6 else {}),
            )


@pytest.mark.usefixtures("use")
def test_pages_show_what_the_definitions_say(
    client: TestClient, real: Callable[[], TestClient]
) -> None:
    true = real()
    for query in QUERIES:
        path = f"/p/nannyml/overview{query}"
        assert true.get(path).text == client.get(path).text, query
    assert true.get("/").text == client.get("/").text


def test_the_first_event_ends_the_wait(
    real: Callable[[], TestClient], happened: Callable[..., None]
) -> None:
    assert real().get("/p/nannyml/overview").headers["location"] == "/p/nannyml/setup"
    assert real().get("/p/nannyml/setup/status").status_code == 204
    happened(days=0.1)
    page = real().get("/p/nannyml/overview")
    assert "Active installs, today so far" in page.text
    assert real().get("/p/nannyml/setup/status").headers["hx-redirect"] == "/p/nannyml/overview"
