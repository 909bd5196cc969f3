"""Random events and filters, on every edge that there is, for the comparison with the oracle."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from . import oracle

# No shrinking: against an engine it takes minutes, and the failing case is small already.
PHASES = [Phase.explicit, Phase.generate]


def examples(count: int) -> settings:
    """How the comparisons run: the same cases every time; FOOTFALL_ORACLE times as many."""
    return settings(
        max_examples=max(1, round(count * float(os.environ.get("FOOTFALL_ORACLE", "1")))),
        deadline=None,
        derandomize=True,
        phases=PHASES,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )


# Edges: midnight and both clock changes of Brussels and New York, month, quarter, year, leap day.
MOMENTS = [
    datetime(2026, 3, 28, 23, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 31, 22, 0, tzinfo=UTC),
    datetime(2026, 3, 8, 6, 59, 59, tzinfo=UTC),
    datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
    datetime(2026, 3, 15, 12, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 22, 0, tzinfo=UTC),
    datetime(2026, 4, 1, 3, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
]
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, "", "a", "b", "7", "true", "roc/auc", 7, 7.0, 2.5, -1, 0, True, False,
        [], ["a"], ["a", "b", "a"], ["b", 7], [7, 2.5], [True, "a"], {}, {"x": 1}, {"x": "a"},
    ]
)  # fmt: skip
VERSIONS = st.sampled_from(
    ["0.9", "0.10.0", "0.10.0rc1", "1.0", "dev", "", None, 2, ["0.9", "1.0"]]
)


@st.composite
def properties(draw: st.DrawFn) -> dict[str, Any]:
    choices: dict[str, st.SearchStrategy[Any]] = {
        "library_version": VERSIONS,
        "ci": st.sampled_from([True, False, None, "true"]),
        "ephemeral": st.booleans(),
        "exception_occurred": st.booleans(),
        "run_time": st.sampled_from([0, 0.05, 0.1, 1, 1.5, 20, "1", None]),
        "weight": st.sampled_from([1, 1, 1, 2, 1.05, 3.5]),
        "kind": st.sampled_from(["performance", "shift"]),
        "p": VALUES,
        "a.b": VALUES,
        "a": st.sampled_from([{"b": 1}, {"b": "a"}, {"b": {"c": 2}}, 5, {"z": 1}]),
    }
    names = draw(st.sets(st.sampled_from(sorted(choices)), max_size=6))
    return {name: draw(choices[name]) for name in sorted(names)}


@st.composite
def event(draw: st.DrawFn) -> Any:
    at = draw(st.sampled_from(MOMENTS)) + timedelta(
        microseconds=draw(st.sampled_from([0, 0, 0, 1, -1, 3_600_000_000, 86_400_000_000]))
    )
    late = draw(st.sampled_from([0, 0, 0, 40]))
    return oracle.Event(
        event=draw(st.sampled_from(["fit", "run", "plot"])),
        install=draw(st.sampled_from(["i1", "i2", "i3"])),
        message_id=draw(st.sampled_from([f"m{place}" for place in range(12)])),
        time=at,
        client_time=at - timedelta(days=late),
        order=draw(st.integers(1, 10**15)),
        kind=draw(st.sampled_from(["track"] * 9 + ["identify"])),
        properties=draw(properties()),
    )


@st.composite
def visit(draw: st.DrawFn) -> Any:
    """An event days, weeks or months, to the microsecond, from where others are."""
    one = draw(event())
    days = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 6, 7, 8, 14, 28, 30, 31, 60]))
    edge = draw(st.sampled_from([0, 0, 0, 1, -1, 3_600_000_000]))
    at = MOMENTS[draw(st.sampled_from([0, 1, 2, 3, 9]))]
    moved = at + timedelta(days=days, microseconds=edge)
    return replace(one, time=moved, client_time=moved)


# The order of acknowledgement is never the same twice.
EVENTS = st.lists(event(), min_size=1, max_size=30, unique_by=lambda one: one.order)

VISITS = st.lists(visit(), min_size=1, max_size=40, unique_by=lambda one: one.order)

# From one event of a burst to the next, in seconds: what lies in a window, on its end or beyond it,
# and what cuts sessions (30 minutes exactly don't).
GAPS = [0, 0, 0, 1, 1.000001, 10, 60, 300, 600, 1_200, 1_800, 1_800.000001, 3_600, 86_400]


@st.composite
def bursts(draw: st.DrawFn) -> list[Any]:
    """Events of few installs close in time, so that funnels complete and walks are long."""
    found: list[Any] = []
    for install in draw(st.lists(st.sampled_from(["i1", "i2", "i3"]), min_size=1, max_size=5)):
        at = draw(st.sampled_from(MOMENTS)) - timedelta(
            seconds=draw(st.sampled_from([0, 60, 7200]))
        )
        for place in range(draw(st.integers(1, 10))):
            at += timedelta(seconds=draw(st.sampled_from(GAPS)))
            order = draw(st.integers(1, 10**9)) * 1_000 + len(found)
            found.append(
                oracle.Event(
                    event=draw(st.sampled_from(["fit", "run", "plot"])),
                    install=install,
                    message_id=draw(st.sampled_from([f"m{place}", "m"])),
                    time=at,
                    client_time=at - timedelta(days=draw(st.sampled_from([0, 0, 0, 40]))),
                    order=order,
                    kind=draw(st.sampled_from(["track"] * 14 + ["identify"])),
                    properties=draw(
                        st.one_of(st.just({}), st.just({"kind": "shift"}), properties())
                    ),
                )
            )
    return found


BURSTS = bursts()

# Days around the moments above: within a month, within days, a single one, most of a year.
RANGES = [
    ("2026-03-01", "2026-04-02"),
    ("2026-03-28", "2026-03-30"),
    ("2026-03-29", "2026-03-29"),
    ("2026-10-20", "2026-11-03"),
    ("2026-02-20", "2026-11-02"),
]

NAMES = st.sampled_from(
    ["event", "install", "library_version", "ci", "ephemeral", "run_time", "weight", "p", "a.b",
     "a", "properties.kind", "a.b.c", "exception_occurred"]
)  # fmt: skip
TEXT = st.sampled_from(["", "a", "b", "7", "true", "fit", "i1", "0.9", "r", "roc/auc"])
NUMBER = st.sampled_from([7, 2.5, 0, 1, -1, 0.05])


@st.composite
def condition(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(NAMES)
    op = draw(
        st.sampled_from(
            ["in", "not_in", "contains", "not_contains", "starts_with", "gt", "gte", "lt", "lte",
             "between", "is_set", "is_not_set", "version_gte", "version_lt"]
        )
    )  # fmt: skip
    if op in ("is_set", "is_not_set"):
        return {"property": name, "op": op}
    if op.startswith("version"):
        values: list[Any] = [draw(st.sampled_from(["0.10", "1.0", "0.9"]))]
        name = draw(st.sampled_from(["library_version", "p"]))
    elif op in ("in", "not_in"):
        values = draw(st.lists(st.one_of(TEXT, NUMBER, st.booleans()), min_size=1, max_size=3))
    elif op == "between":
        kind = draw(st.sampled_from([TEXT, NUMBER]))
        values = [draw(kind), draw(kind)]
    elif op in ("gt", "gte", "lt", "lte"):
        values = [draw(st.one_of(TEXT, NUMBER))]
    else:
        values = draw(st.lists(TEXT, min_size=1, max_size=2))
    return {"property": name, "op": op, "values": values}


KIND = st.just({"property": "kind", "op": "in", "values": ["track", "identify"]})
FILTER: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(condition(), condition(), condition(), KIND),
    lambda inside: st.one_of(
        st.builds(lambda each: {"any": each}, st.lists(inside, max_size=2)),
        st.builds(lambda each: {"all": each}, st.lists(inside, max_size=2)),
        st.builds(lambda each: {"not": each}, inside),
    ),
    max_leaves=3,
)
FILTERS = st.lists(FILTER, max_size=2)
PARTS = st.one_of(
    NAMES, st.just({"property": "run_time", "edges": [0.1, 1]}), st.just("properties.p")
)

CUTS = st.sampled_from(
    [
        {"property": "run_time", "edges": [0.1, 1], "labels": ["fast", "fine", "< 0.1"]},
        {"property": "run_time", "equal": 3},
        {"property": "p", "equal": 2, "labels": ["low", "high"]},
        {"property": "weight", "equal": 5},
    ]
)


def same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def known(events: list[Any]) -> Any:
    """An event outside every range that has each property once, so that none is unknown."""
    properties = {
        "p": 1, "a.b": 1, "a": {"b": {"c": 1}}, "kind": "x", "run_time": 1, "ci": True,
        "library_version": "1", "exception_occurred": True, "ephemeral": True,
    }  # fmt: skip
    at = datetime(2020, 1, 1, tzinfo=UTC)
    return oracle.Event("fit", "i1", "known", at, 0, properties=properties)
