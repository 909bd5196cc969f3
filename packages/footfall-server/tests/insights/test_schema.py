"""The schema: what was sent, as it was sent, at a cost that is bounded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.insights import schema
from footfall_server.model.errors import Unprocessable
from footfall_server.model.project import Project

from .oracle import Event

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
AT = datetime(2026, 6, 20, 8, tzinfo=UTC)
PROJECT = Project(1, "nannyml", "Europe/Brussels")


def event(message_id: str, order: int = 1, **fields: Any) -> Event:
    names = {"event", "install", "time", "kind"}
    given = {name: fields.pop(name) for name in names & set(fields)}
    return replace(Event("fit", "i1", message_id, AT, order, properties=fields), **given)


def ask(library: Any, **parameters: str) -> dict[str, Any]:
    within = schema.parse(library.project, parameters, NOW)
    return asyncio.run(schema.schema(library._store, library.project, within))


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [found] = [row for row in rows if row["name"] == name]
    return found


def test_events_have_volumes_and_times(library: Any) -> None:
    library.add(
        [
            event("m1", weight=2.5),
            event("m2", install="i2", time=AT + timedelta(days=1)),
            event("m2", 2, install="i2", time=AT + timedelta(days=1)),  # a repeat
            event("m3", event="run"),
            event("m4", kind="identify", event="who"),
            event("m5", time=AT - timedelta(days=40)),
        ]
    )
    found = ask(library)
    fit, run = found["events"]
    assert (fit["event"], fit["total"], fit["installs"]) == ("fit", 3.5, 2)
    assert fit["first_seen"] == "2026-06-20T08:00:00Z"
    assert fit["last_seen"] == "2026-06-21T08:00:00Z"
    assert (run["event"], run["total"]) == ("run", 1)
    assert found["meta"]["events"] == found["meta"]["looked_into"] == 3
    assert found["manifest"] is None


def test_properties_keep_their_types_and_lose_nothing(library: Any) -> None:
    library.add(
        [
            event("m1", a=1, b="2026-01-01", c=True, d=["x", 1], e={"f": {}}, g=None),
            event("m2", a="1", b="é\"'", c=None, **{"h.i": 1}, p=0.5),
        ]
    )
    [fit] = ask(library)["events"]
    types = {one["name"]: one["types"] for one in fit["properties"]}
    assert types == {
        "a": {"number": 1, "text": 1},
        "b": {"text": 2},
        "c": {"boolean": 1},
        "d": {"list": 1},
        "e": {"object": 1},
        "h.i": {"number": 1},
        "p": {"number": 1},
    }
    assert named(fit["properties"], "a")["examples"] == ["1", 1]
    assert named(fit["properties"], "b")["examples"] == ["2026-01-01", "é\"'"]
    assert named(fit["properties"], "c")["share"] == 0.5


def test_examples_are_shown_of_few_values_only(library: Any) -> None:
    library.add(event(f"m{n}", few=n % 20, many=n % 21, event=f"e{n % 2}") for n in range(100))
    found = ask(library)
    assert named(found["properties"], "few")["examples"] == sorted(range(20), key=str)
    assert named(found["properties"], "many")["values"] == 21
    assert named(found["properties"], "many")["examples"] is None
    assert named(found["events"][0]["properties"], "few")["values"] == 10


def test_a_reused_message_id_is_told(library: Any) -> None:
    library.add(
        [
            event("same"),
            event("same", 2, event="run"),
            event("same", 3, install="i2"),
            event("other"),
            event("other", 2),
        ]
    )
    assert ask(library)["reused_message_ids"] == {
        "count": 1,
        "examples": [
            {
                "message_id": "same",
                "times": 3,
                "events": ["fit", "run"],
                "installs": 2,
                "client_times": 1,
            }
        ],
    }


def test_only_a_fair_share_is_looked_into(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "LOOKED_INTO", 200)
    library.add(event(f"m{n}", event="rare" if n < 10 else "often", p=1) for n in range(3_000))
    often, rare = ask(library)["events"]
    assert (often["total"], rare["total"]) == (2_990, 10)
    [property_] = often["properties"]
    assert 30 < property_["types"]["number"] < 300
    assert rare["properties"][0]["types"] == {"number": 10}


def test_a_manifest_marks_what_is_declared(library: Any) -> None:
    library.add([event("m1", p=1, q=1), event("m2", event="run", p=1)])
    manifest = {"fit": {"p"}, "plot": {"p"}}
    found = schema.marked(
        ask(library),
        lambda event, name: event in manifest and (name is None or name in manifest[event]),
        list(manifest),
    )
    declared = {
        (one["event"], each["name"]): each["declared"]
        for one in found["events"]
        for each in one["properties"]
    }
    assert declared == {("fit", "p"): True, ("fit", "q"): False, ("run", "p"): False}
    assert [one["declared"] for one in found["events"]] == [True, False]
    assert found["manifest"] == {"unseen": ["plot"]}


def test_a_project_without_events_has_an_empty_schema(library: Any) -> None:
    found = ask(library)
    assert (found["events"], found["properties"]) == ([], [])
    assert found["reused_message_ids"] == {"count": 0, "examples": []}


def test_the_range_is_28_days_unless_asked() -> None:
    within = schema.parse(PROJECT, {}, NOW)
    assert within.end == NOW
    assert within.end - within.start == timedelta(days=28)
    days = schema.parse(PROJECT, {"from": "2026-06-01", "to": "2026-06-02"}, NOW)
    assert days.start == datetime(2026, 5, 31, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("parameters", "code", "path"),
    [
        ({"until": "x"}, "UNKNOWN_FIELD", "/until"),
        ({"from": "yesterday"}, "INVALID_RANGE", "/from"),
        ({"to": "2026-13-01"}, "INVALID_RANGE", "/to"),
        ({"from": "2026-07-02", "to": "2026-07-01"}, "INVALID_RANGE", "/from"),
        ({"from": "2026-01-01", "to": "2026-06-01"}, "RANGE_TOO_LONG", "/from"),
    ],
)
def test_bad_parameters_are_named(parameters: dict[str, str], code: str, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        schema.parse(PROJECT, parameters, NOW)
    assert (caught.value.code, caught.value.path) == (code, path)
