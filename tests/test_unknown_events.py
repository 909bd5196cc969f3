"""An event that a project never had: said over HTTP, with its place and the nearest name."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Answer, Project, Server
from .test_thin_slice import event

RANGE = {"from": "2026-01-01", "to": "2026-12-31"}
NAMED: list[tuple[dict[str, Any], str]] = [
    ({"report": "trends", "series": [{"event": "fit"}, {"event": "fitt"}]}, "/series/1/event"),
    ({"report": "trends", "series": [{"event": ["fitt", "no"]}]}, "/series/0/event"),
    ({"report": "funnel", "steps": [{"event": "fit"}, {"event": "fitt"}]}, "/steps/1/event"),
    ({"report": "retention", "birth": {"event": "fitt"}}, "/birth/event"),
    ({"report": "retention", "return": {"event": "fitt"}}, "/return/event"),
    ({"report": "flows", "anchor": "fitt"}, "/anchor"),
    ({"report": "paths", "anchor": "fitt"}, "/anchor"),
    ({"report": "errors", "event": "fitt"}, "/event"),
]
# Where nobody's doing it may be what is asked.
MEANT: list[dict[str, Any]] = [
    {"report": "trends", "series": [{"event": ["fit", "fitt"]}]},
    {"report": "funnel", "steps": [{"event": "fit"}, {"event": "fit"}],
     "exclusions": [{"event": "fitt"}]},
    {"report": "events_table", "filters": [{"property": "event", "op": "not_in",
                                            "values": ["fitt"]}]},
]  # fmt: skip


@pytest.fixture(scope="module")
def used(server: Server) -> Project:
    project = server.create_project("unknown-events")
    [(query, _), *_] = NAMED
    assert ask(project, query).status == 200  # nothing was sent yet: nothing is a mistake
    assert project.send([event("fit")]).status == 200
    return project


def ask(project: Project, query: dict[str, Any]) -> Answer:
    return project.query({**RANGE, **query})


@pytest.mark.parametrize(("query", "path"), NAMED)
def test_it_is_named_with_its_place(used: Project, query: dict[str, Any], path: str) -> None:
    answer = ask(used, query)
    problem = answer.json()
    assert (answer.status, problem["code"], problem["path"]) == (422, "UNKNOWN_EVENT", path)
    assert "did you mean 'fit'?" in problem["message"]


@pytest.mark.parametrize("query", MEANT)
def test_it_may_be_meant(used: Project, query: dict[str, Any]) -> None:
    assert ask(used, query).status == 200
