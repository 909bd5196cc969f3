"""Random funnels: the engine's rows are those of the definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from . import oracle_funnel
from .conftest import SHARDS
from .funnel_keys import AGAIN, LONG, SHORT, BothKeys
from .generate import BURSTS, FILTERS, PARTS, RANGES, examples, known, same

WINDOWS = [1, 60, 600, 3_600, 86_400, 7 * 86_400, 366 * 86_400]
ONE_FILTER = [{"property": "properties.kind", "op": "in", "values": ["shift"]},
              {"property": "run_time", "op": "gt", "values": [0.1]}]  # fmt: skip


@st.composite
def _step(draw: st.DrawFn) -> dict[str, Any]:
    event = draw(st.sampled_from(["fit", "run", "plot", "fit", "run", ["fit", "plot"], None]))
    none, one = st.just([]), st.sampled_from(ONE_FILTER).map(lambda each: [each])
    filters = draw(st.one_of(none, none, one, FILTERS))
    return {"event": event, "filters": filters}


@st.composite
def _exclusion(draw: st.DrawFn, last: int) -> dict[str, Any]:
    first = draw(st.integers(1, last - 1))
    event = draw(st.sampled_from(["fit", "plot", "run", ["run", "plot"]]))
    return {"event": event, "from_step": first, "to_step": draw(st.integers(first + 1, last))}


@st.composite
def _query(draw: st.DrawFn) -> dict[str, Any]:
    first, last = draw(st.sampled_from(RANGES))
    steps = draw(st.lists(_step(), min_size=2, max_size=4))
    query: dict[str, Any] = {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "installs": draw(st.sampled_from(["all", "all", "all", "persistent", "human"])),
        "filters": draw(st.one_of(st.just([]), st.just([]), FILTERS)),
        "steps": steps,
        "window_seconds": draw(st.sampled_from(WINDOWS)),
        "count": draw(st.sampled_from(["unique", "total"])),
        "order": draw(st.sampled_from(["strict", "strict", "any"])),
        "interval": draw(st.sampled_from([None, None, "day", "week", "month"])),
    }
    if query["order"] == "strict":
        query["exclusions"] = draw(
            st.one_of(st.just([]), st.lists(_exclusion(len(steps)), max_size=2))
        )
        held = st.sampled_from(["kind", "library_version", "ci", "p", "event", "run_time"])
        query["hold"] = draw(
            st.one_of(st.just([]), st.just([]), st.lists(held, max_size=2, unique=True))
        )
    if draw(st.booleans()):
        query["breakdown"] = draw(st.lists(PARTS, min_size=1, max_size=3))
        query["breakdown_step"] = draw(st.integers(1, len(steps)))
        query["limit"] = draw(st.sampled_from([1, 2, 10]))
    return query


def test_funnels_are_what_the_definitions_say(
    new_library: Callable[[], Any], compared: Callable[[str], None]
) -> None:
    before = BothKeys.asked.copy()

    @examples(5)
    @given(events=BURSTS, queries=st.lists(_query(), min_size=8, max_size=16))
    def ask(events: list[Any], queries: list[dict[str, Any]]) -> None:
        library = new_library()
        events = [*events, known(events)]
        library.add_in_halves(events)
        for query in queries:
            assert_same(library.ask(report="funnel", **query), events, query)
            compared("funnel")

    ask()
    if SHARDS is None:  # over shards there are too few queries to be sure
        assert (BothKeys.asked - before).keys() >= {SHORT, AGAIN, LONG}


def assert_same(result: Any, events: list[Any], query: dict[str, Any]) -> None:
    expected, convert = oracle_funnel.funnel(events, query)
    assert [different(row, other) for row, other in zip(
        _sorted(result.rows), _sorted(expected), strict=True
    )] == [{}] * len(expected)  # fmt: skip
    found = result.meta["time_to_convert"]
    assert same(found["p50"], convert["p50"])
    assert same(found["p90"], convert["p90"])
    assert_bars(found["histogram"], convert["seconds"])


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["bucket"] or "", row["segment"], row["step"]))


def different(row: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ: found, expected."""
    assert row.keys() == other.keys()
    return {
        name: (value, other[name])
        for name, value in row.items()
        if not (same(value, other[name]) if isinstance(value, float) else value == other[name])
    }


def assert_bars(bars: list[list[int]], seconds: list[float]) -> None:
    """Each bar holds what is above the bar before and not above its own end."""
    low = -1.0
    for upper, count in bars:
        if low >= 0:
            assert count == sum(low < one <= upper for one in seconds)
        low = upper
    assert sum(count for _, count in bars) == len(seconds)
