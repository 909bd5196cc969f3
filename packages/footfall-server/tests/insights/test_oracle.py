"""Random events and random queries: the engine's rows are those of the definitions."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st


def _beside(name: str) -> ModuleType:
    """Tests are imported by path, so a module beside them is as well."""
    full = f"footfall_tests_insights_{name}"
    if full not in sys.modules:
        spec = spec_from_file_location(full, Path(__file__).with_name(f"{name}.py"))
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[full] = module
        spec.loader.exec_module(module)
    return sys.modules[full]


oracle = _beside("oracle")

# No shrinking: against an engine it takes minutes, and the failing case is small already.
_PHASES = [Phase.explicit, Phase.generate]

# Edges: midnight and both clock changes of Brussels and New York, month, quarter, year, leap day.
_MOMENTS = [
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
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None, "", "a", "b", "7", "true", "roc/auc", 7, 7.0, 2.5, -1, 0, True, False,
        [], ["a"], ["a", "b", "a"], ["b", 7], [7, 2.5], [True, "a"], {}, {"x": 1}, {"x": "a"},
    ]
)  # fmt: skip
_VERSIONS = st.sampled_from(
    ["0.9", "0.10.0", "0.10.0rc1", "1.0", "dev", "", None, 2, ["0.9", "1.0"]]
)


@st.composite
def _properties(draw: st.DrawFn) -> dict[str, Any]:
    choices: dict[str, st.SearchStrategy[Any]] = {
        "library_version": _VERSIONS,
        "ci": st.sampled_from([True, False, None, "true"]),
        "ephemeral": st.booleans(),
        "exception_occurred": st.booleans(),
        "run_time": st.sampled_from([0, 0.05, 0.1, 1, 1.5, 20, "1", None]),
        "weight": st.sampled_from([1, 1, 1, 2, 1.05, 3.5]),
        "kind": st.sampled_from(["performance", "shift"]),
        "p": _VALUES,
        "a.b": _VALUES,
        "a": st.sampled_from([{"b": 1}, {"b": "a"}, {"b": {"c": 2}}, 5, {"z": 1}]),
    }
    names = draw(st.sets(st.sampled_from(sorted(choices)), max_size=6))
    return {name: draw(choices[name]) for name in sorted(names)}


@st.composite
def _event(draw: st.DrawFn) -> Any:
    at = draw(st.sampled_from(_MOMENTS)) + timedelta(
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
        properties=draw(_properties()),
    )


# The order of acknowledgement is never the same twice.
_EVENTS = st.lists(_event(), min_size=1, max_size=30, unique_by=lambda one: one.order)

_NAMES = st.sampled_from(
    ["event", "install", "library_version", "ci", "ephemeral", "run_time", "weight", "p", "a.b",
     "a", "properties.kind", "a.b.c", "exception_occurred"]
)  # fmt: skip
_TEXT = st.sampled_from(["", "a", "b", "7", "true", "fit", "i1", "0.9", "r", "roc/auc"])
_NUMBER = st.sampled_from([7, 2.5, 0, 1, -1, 0.05])


@st.composite
def _condition(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(_NAMES)
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
        values = draw(st.lists(st.one_of(_TEXT, _NUMBER, st.booleans()), min_size=1, max_size=3))
    elif op == "between":
        kind = draw(st.sampled_from([_TEXT, _NUMBER]))
        values = [draw(kind), draw(kind)]
    elif op in ("gt", "gte", "lt", "lte"):
        values = [draw(st.one_of(_TEXT, _NUMBER))]
    else:
        values = draw(st.lists(_TEXT, min_size=1, max_size=2))
    return {"property": name, "op": op, "values": values}


_KIND = st.just({"property": "kind", "op": "in", "values": ["track", "identify"]})
_FILTER: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(_condition(), _condition(), _condition(), _KIND),
    lambda inside: st.one_of(
        st.builds(lambda each: {"any": each}, st.lists(inside, max_size=2)),
        st.builds(lambda each: {"all": each}, st.lists(inside, max_size=2)),
        st.builds(lambda each: {"not": each}, inside),
    ),
    max_leaves=3,
)
_FILTERS = st.lists(_FILTER, max_size=2)
_PART = st.one_of(
    _NAMES, st.just({"property": "run_time", "edges": [0.1, 1]}), st.just("properties.p")
)


@st.composite
def _series(draw: st.DrawFn, interval: str) -> dict[str, Any]:
    measures = ["total", "unique", "per_install", "sum", "avg", "min", "max", "p50", "p90", "p95",
                "p99", "distinct", "error_rate"]  # fmt: skip
    if interval != "hour":
        measures += ["dau", "wau", "mau"]
    measure = draw(st.sampled_from(measures))
    series: dict[str, Any] = {"measure": measure, "filters": draw(_FILTERS)}
    series["event"] = draw(st.sampled_from([None, None, "fit", ["fit", "run"]]))
    if measure in ("sum", "avg", "min", "max", "p50", "p90", "p95", "p99", "distinct"):
        series["property"] = draw(st.sampled_from(["run_time", "p", "a.b", "weight"]))
    return series


@st.composite
def _query(draw: st.DrawFn) -> dict[str, Any]:
    first, last = draw(
        st.sampled_from(
            [("2026-03-01", "2026-04-02"), ("2026-03-28", "2026-03-30"),
             ("2026-10-20", "2026-11-03"), ("2026-03-08", "2026-03-08"),
             ("2026-02-20", "2026-11-02")]
        )
    )  # fmt: skip
    short = first[:7] == last[:7]
    interval = draw(st.sampled_from(["day", "week", "month", "quarter", *(["hour"] * short)]))
    series = draw(st.lists(_series(interval), min_size=1, max_size=3))
    query: dict[str, Any] = {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "interval": interval,
        "installs": draw(st.sampled_from(["all", "all", "persistent", "ephemeral", "ci", "human"])),
        "filters": draw(_FILTERS),
        "series": series,
        "fold": draw(st.booleans()),
    }
    if draw(st.booleans()):
        query["breakdown"] = draw(st.lists(_PART, min_size=1, max_size=3))
        query["limit"] = draw(st.sampled_from([1, 2, 10]))
    if len(series) > 1:
        query["formulas"] = [{"name": "rate", "expression": "A / B * 100 - -1"}]
    return query


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def _known(events: list[Any]) -> Any:
    """An event outside every range that has each property once, so that none is unknown."""
    properties = {
        "p": 1, "a.b": 1, "a": {"b": {"c": 1}}, "kind": "x", "run_time": 1, "ci": True,
        "library_version": "1", "exception_occurred": True, "ephemeral": True,
    }  # fmt: skip
    at = datetime(2020, 1, 1, tzinfo=UTC)
    return oracle.Event("fit", "i1", "known", at, 0, properties=properties)


@pytest.fixture(scope="module")
def compared() -> Iterator[dict[str, int]]:
    count = {"queries": 0, "rows": 0}
    yield count
    print(f"\ncompared with the oracle: {count['queries']} queries, {count['rows']} rows")


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow,
                           HealthCheck.data_too_large],
)  # fmt: skip
@given(
    events=_EVENTS,
    queries=st.lists(_query(), min_size=3, max_size=6),
)
def test_trends_are_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: dict[str, int],
    events: list[Any],
    queries: list[dict[str, Any]],
) -> None:
    library = new_library()
    events = [*events, _known(events)]
    half = len(events) // 2
    for block in (events[half:], events[:half]):
        library.add(block)
    for query in queries:
        expected = {
            (row["bucket"], row["series"], tuple(row["segment"])): row["value"]
            for row in oracle.trends(events, query)
        }
        rows = library.ask(report="trends", **query).rows
        found = {
            (row["bucket"], row["series"], tuple(row["segment"])): row["value"] for row in rows
        }
        assert len(found) == len(rows)
        assert set(found) == set(expected)
        different = {
            key: (value, expected[key])
            for key, value in found.items()
            if not _same(value, expected[key])
        }
        assert different == {}
        compared["queries"] += 1
        compared["rows"] += len(rows)


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=_PHASES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    events=_EVENTS,
    filters=_FILTERS,
    installs=st.sampled_from(["all", "human", "persistent"]),
    timezone=st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"]),
)
def test_the_events_table_is_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: dict[str, int],
    events: list[Any],
    filters: list[dict[str, Any]],
    installs: str,
    timezone: str,
) -> None:
    library = new_library()
    events = [*events, _known(events)]
    library.add(events)
    for first, last in (("2026-03-15", "2026-04-02"), ("2026-03-29", "2026-03-29")):
        query = {"from": first, "to": last, "timezone": timezone, "installs": installs}
        query |= {"filters": filters}
        rows = library.ask(report="events_table", **query).rows
        expected = oracle.events_table(events, query)
        assert [row["event"] for row in rows] == [row["event"] for row in expected]
        for row, other in zip(rows, expected, strict=True):
            for seen in ("first_seen", "last_seen"):
                assert datetime.fromisoformat(row.pop(seen)) == other.pop(seen)
            for name, value in row.items():
                assert value == other[name] if name == "event" else _same(value, other[name])
        compared["queries"] += 1
        compared["rows"] += len(rows)
