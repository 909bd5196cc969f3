"""Random flows and paths: the engine's rows are those of the definitions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from . import oracle_flows
from .generate import BURSTS, FILTERS, RANGES, examples, known


@st.composite
def _query(draw: st.DrawFn) -> dict[str, Any]:
    first, last = draw(st.sampled_from(RANGES))
    anchor = draw(st.sampled_from(["fit", "run", "plot", None]))
    return {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "installs": draw(st.sampled_from(["all", "all", "all", "persistent", "human"])),
        "filters": draw(st.one_of(st.just([]), st.just([]), FILTERS)),
        "anchor": anchor,
        "direction": draw(st.sampled_from(["after", "before"])) if anchor else "after",
        "depth": draw(st.integers(1, 6)),
        "top": draw(st.sampled_from([1, 2, 5])),
        "fold_repeats": draw(st.booleans()),
        "session_minutes": draw(st.sampled_from([1, 5, 30, 30, 60, 1440])),
    }


@examples(7)
@given(events=BURSTS, queries=st.lists(_query(), min_size=8, max_size=16))
def test_flows_and_paths_are_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    queries: list[dict[str, Any]],
) -> None:
    library = new_library()
    events = [*events, known(events)]
    library.add_in_halves(events)
    for query in queries:
        assert library.ask(report="paths", **query).rows == oracle_flows.paths(events, query)
        compared("paths")
        if query["anchor"] is not None:
            found = library.ask(report="flows", **query).rows
            expected = oracle_flows.flows(events, query)
            assert sorted(found, key=repr) == sorted(expected, key=repr)
            compared("flows")
