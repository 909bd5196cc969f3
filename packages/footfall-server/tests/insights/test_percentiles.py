"""Percentiles: every way of computing them gives what the definition says, weights and all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.insights import reader
from footfall_server.insights.sql.measures import (
    FEW_VALUES,
    MOST_VALUES,
    Percentiles,
    rounded,
)
from footfall_server.store import Statement, Store
from hypothesis import given
from hypothesis import strategies as st

from . import oracle
from .conftest import Library
from .generate import examples, same

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
LEVELS = (0.5, 0.9, 0.95, 0.99)
VALUES = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))
WEIGHTS = st.one_of(st.just(1.0), st.sampled_from([0.0, 0.1, 0.5, 2.5, 400.0, 1e7]))
PAIRS = st.lists(st.tuples(VALUES, WEIGHTS), max_size=40)


@pytest.mark.parametrize("keep", [FEW_VALUES, MOST_VALUES])
@examples(40)
@given(groups=st.lists(PAIRS, min_size=1, max_size=25))
def test_percentiles_are_what_the_definition_says(
    store: Store, keep: int, groups: list[list[tuple[float, float]]]
) -> None:
    plain = [[value for value, weight in pairs if weight == 1] for pairs in groups]
    weighted = [[pair for pair in pairs if pair[1] != 1] for pairs in groups]
    source = (
        "SELECT each.1 AS plain, each.2 AS weighted, length(plain) + length(weighted) AS count, "
        "arrayJoin(arrayZip({plain:Array(Array(Float64))}, "
        "{weighted:Array(Array(Tuple(Float64, Float64)))})) AS each"
    )
    text = f"SELECT levels FROM ({Percentiles(LEVELS, keep).stepped(source)})"
    found = store.query(Statement(text, {"plain": plain, "weighted": weighted})).to_pylist()
    for pairs, row in zip(groups, found, strict=True):
        expected: list[Any] = [None] * len(LEVELS)
        if pairs:
            expected = [oracle.percentile(level, sorted(pairs)) for level in LEVELS]
        for one, other in zip(row["levels"], expected, strict=True):
            assert same(one, other)


@examples(20)
@given(
    values=st.lists(
        st.one_of(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-1024, 1024).map(float),
            st.sampled_from([0.0, 5e-324, 1.7976931348623157e308, -1.7976931348623157e308]),
        ),
        min_size=1,
    )
)
def test_a_rounded_value_is_a_thousandth_off_at_most(store: Store, values: list[float]) -> None:
    each = "SELECT arrayJoin({all:Array(Float64)}) AS value"
    text = f"SELECT {rounded('value')} AS value FROM ({each})"
    found = store.query(Statement(text, {"all": values})).column("value").to_pylist()
    for value, other in zip(values, found, strict=True):
        normal = abs(value) >= 2.3e-308  # below, a number has fewer digits
        assert abs(other - value) <= (abs(value) / 1000 if normal else 2.3e-308)
        if value == int(value) and abs(value) <= 1024:
            assert other == value


@pytest.mark.parametrize("report", ["trends", "events_table", "run_time"])
def test_beyond_what_is_kept_a_percentile_is_of_rounded_values(
    library: Library, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(
        oracle.Event(name, "i1", f"{name}{n}", AT, n, properties={"run_time": float(n)})
        for name, count in (("fit", 2001), ("plot", 3))
        for n in range(count)
    )
    query: dict[str, Any] = {"report": report, "from_": "2026-03-01", "to": "2026-03-01"}
    if report == "trends":
        series = {"measure": "p50", "property": "run_time"}
        query |= {"series": [series], "breakdown": ["event"], "fold": True}
    exact = library.ask(**query).rows
    monkeypatch.setattr(reader, "FEW_VALUES", -1)
    monkeypatch.setattr(reader, "MOST_VALUES", -1)
    monkeypatch.setattr(reader, "EXACT_VALUES", 1000)
    library.add(
        [oracle.Event("fit", "i1", "later", AT + timedelta(days=9), 1)]
    )  # not from the cache
    rounded = library.ask(**query).rows
    name = "value" if report == "trends" else "p50"
    assert len(rounded) == len(exact)
    for one, other in zip(rounded, exact, strict=True):
        assert one[name] == pytest.approx(other[name], rel=0.001)
        assert {**one, name: 0, "p90": 0, "p99": 0} == {**other, name: 0, "p90": 0, "p99": 0}
