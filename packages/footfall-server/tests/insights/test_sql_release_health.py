"""The SQL of release health and of the schema, to be looked at when it changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from footfall_server.insights import plan, references
from footfall_server.insights.answer import Asked
from footfall_server.insights.parse import parse
from footfall_server.insights.reader import Reader
from footfall_server.insights.sql import (
    adoption,
    errors,
    places,
    run_time,
    schema,
    support,
    traction,
)
from footfall_server.insights.values import Scale, scale
from footfall_server.model.project import Project
from footfall_server.store import Statement

from .snapshots_of_sql import compare

PROJECT = Project(7, "mylib", "Europe/Brussels")
OWN = Project(7, "nannyml", "UTC", "nannyml_version")
NOW = datetime(2026, 2, 1, tzinfo=UTC)
HOSTILE = "'; DROP TABLE events; --"


def asked(project: Project = PROJECT, **query: Any) -> Asked[Any]:
    body = {"from": "2026-01-01", "to": "2026-01-31", **query}
    resolved = references.meant(plan.resolved(parse(body), project), project)
    return Asked(project, resolved, plan.within(resolved), {}, NOW, cast(Reader, None))


def versions(name: str, *codes: str) -> Scale:
    return scale(codes, name, "", versioned=True)


LIBRARY = versions("library_version", "s1.0", "s0.9", "", 'j["0.9","1.0"]')
PYTHON = versions("python_version", "s3.10.1", "s3.9.2", f"s{HOSTILE}")
SYSTEM = scale(["sLinux", "sDarwin"], "os_type", "", versioned=False)


def _adoption() -> list[Statement]:
    newest = asked(report="adoption", interval="week")
    own = asked(OWN, report="adoption")
    last = asked(report="adoption", by="os_type")
    return [
        places.codes(newest, "library_version"),
        adoption.adoption(newest, "library_version", "week", LIBRARY),
        adoption.adoption(own, own.query.by, "day", LIBRARY),
        adoption.adoption(last, "os_type", "day", SYSTEM),
    ]


def _errors() -> list[Statement]:
    return [
        errors.errors(asked(report="errors", event=HOSTILE), ["0.9", "1.0", HOSTILE]),
        errors.errors(asked(report="errors", by="os_type"), []),
        errors.exceptions(asked(report="exceptions"), "library_version"),
    ]


def _run_time() -> list[Statement]:
    query = asked(report="run_time")
    return [
        run_time.exact(query, 100_000),
        run_time.approximated(query, [("fit", "s1.0"), (HOSTILE, "")]),
    ]


def _support() -> list[Statement]:
    dropped = asked(report="drop_cost", values=["3.8"], installs="human")
    systems = asked(report="drop_cost", property="os_type", values=["Linux"])
    return [
        support.matrix(asked(report="support_matrix"), PYTHON, LIBRARY),
        support.drop_cost(dropped, PYTHON),
        support.drop_cost(systems, SYSTEM),
    ]


def _traction() -> list[Statement]:
    query = asked(report="traction")
    return [traction.weeks(query, query.within, "library_version", LIBRARY)]


def _schema() -> list[Statement]:
    within = asked(report="traction").within
    return [
        schema.events(7, within),
        schema.properties(7, within, {"fit": 1, HOSTILE: 3}),
        schema.reused(7, within),
        schema.reuse(7, within, [1, 2]),
    ]


MADE = {
    "adoption": _adoption,
    "errors": _errors,
    "run_time": _run_time,
    "support": _support,
    "traction": _traction,
    "schema": _schema,
}


@pytest.mark.parametrize("name", MADE)
def test_statements(name: str) -> None:
    statements = MADE[name]()
    assert not any("DROP" in statement.text for statement in statements)
    compare(name, statements)
