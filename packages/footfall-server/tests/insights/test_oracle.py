"""Random events and random queries: the engine's rows are those of the definitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from . import oracle
from .generate import CUTS, EVENTS, FILTERS, PARTS, examples, known, same


@st.composite
def _series(draw: st.DrawFn, interval: str) -> dict[str, Any]:
    measures = ["total", "unique", "per_install", "sum", "avg", "min", "max", "p50", "p90", "p95",
                "p99", "distinct", "error_rate"]  # fmt: skip
    if interval != "hour":
        measures += ["dau", "wau", "mau"]
    measure = draw(st.sampled_from(measures))
    series: dict[str, Any] = {"measure": measure, "filters": draw(FILTERS)}
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
        "filters": draw(FILTERS),
        "series": series,
        "fold": draw(st.booleans()),
    }
    if draw(st.booleans()):
        query["breakdown"] = draw(st.lists(st.one_of(PARTS, CUTS), min_size=1, max_size=3))
        query["limit"] = draw(st.sampled_from([1, 2, 10]))
    if len(series) > 1:
        query["formulas"] = [{"name": "rate", "expression": "A / B * 100 - -1"}]
    return query


@examples(60)
@given(
    events=EVENTS,
    queries=st.lists(_query(), min_size=3, max_size=6),
)
def test_trends_are_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    queries: list[dict[str, Any]],
) -> None:
    library = new_library()
    events = [*events, known(events)]
    library.add_in_halves(events)
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
            if not same(value, expected[key])
        }
        assert different == {}
        compared("trends")


@examples(30)
@given(
    events=EVENTS,
    filters=FILTERS,
    installs=st.sampled_from(["all", "human", "persistent"]),
    timezone=st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"]),
)
def test_the_events_table_is_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    filters: list[dict[str, Any]],
    installs: str,
    timezone: str,
) -> None:
    library = new_library()
    events = [*events, known(events)]
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
                assert value == other[name] if name == "event" else same(value, other[name])
        compared("events_table")
