"""Flows and paths, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from footfall_server.model.errors import Unprocessable

from .test_funnel import does

RANGE = {"from_": "2026-01-05", "to": "2026-01-11"}


def flows(library: Any, **query: Any) -> list[tuple[int, str, str, int]]:
    rows = library.ask(report="flows", **{**RANGE, "anchor": "A", **query}).rows
    return [(row["step"], row["from"], row["to"], row["count"]) for row in rows]


def paths(library: Any, **query: Any) -> list[tuple[str, int, int]]:
    rows = library.ask(report="paths", **{**RANGE, **query}).rows
    return [("".join(row["path"]), row["count"], row["installs"]) for row in rows]


def test_a_walk_goes_from_the_first_anchor_of_a_session_to_its_end(library: Any) -> None:
    library.add(does("X1:00", "A1:01", "B1:02", "A1:03", "C1:04"))
    assert flows(library) == [
        (0, "A", "B", 1), (1, "B", "A", 1), (2, "A", "C", 1), (3, "C", "$end", 1),
    ]  # fmt: skip
    assert flows(library, depth=2) == [(0, "A", "B", 1), (1, "B", "A", 1)]
    assert flows(library, direction="before") == [(0, "A", "X", 1), (1, "X", "$start", 1)]


def test_thirty_minutes_exactly_do_not_cut_a_session(library: Any) -> None:
    library.add(does("A1:00", "B1:30", "C2:00:00.000001"))
    assert flows(library) == [(0, "A", "B", 1), (1, "B", "$end", 1)]
    assert paths(library) == [("AB", 1, 1), ("C", 1, 1)]
    assert paths(library, session_minutes=31) == [("ABC", 1, 1)]


def test_each_session_starts_a_walk(library: Any) -> None:
    library.add(does("A1:00", "B1:01", "A3:00", "B3:01"))
    assert paths(library, anchor="A") == [("AB", 2, 1)]


def test_repeats_in_a_row_are_folded_or_not(library: Any) -> None:
    library.add(does("A1:00", "A1:01", "B1:02", "B1:03", "A1:04"))
    assert paths(library) == [("ABA", 1, 1)]
    assert paths(library, fold_repeats=False) == [("AABBA", 1, 1)]
    assert flows(library, depth=1, fold_repeats=False) == [(0, "A", "A", 1)]


def test_the_top_events_of_a_step_are_named_and_the_rest_is_other_so_that_walks_are_conserved(
    library: Any,
) -> None:
    walks = ["ABD", "ABE", "ACD", "AD", "AE"]
    for place, walk in enumerate(walks):
        times = [f"{name}1:0{minute}" for minute, name in enumerate(walk)]
        library.add(does(*times, install=f"i{place}"))
    found = flows(library, top=2)
    assert found == [
        (0, "A", "B", 2), (0, "A", "C", 1), (0, "A", "$other", 2),
        (1, "B", "D", 1), (1, "B", "E", 1), (1, "C", "D", 1), (1, "$other", "$end", 2),
        (2, "D", "$end", 2), (2, "E", "$end", 1),
    ]  # fmt: skip
    for step in (1, 2):
        arrived = sum(count for at, _, to, count in found if at == step - 1 and to != "$end")
        left = sum(count for at, _, _, count in found if at == step)
        assert arrived == left


def test_sessions_are_made_of_events_in_the_range(library: Any) -> None:
    library.add(does("A23:55", "B24:05", "C24:10"))
    assert paths(library, to="2026-01-05") == [("A", 1, 1)]
    assert paths(library, from_="2026-01-06") == [("BC", 1, 1)]


def test_paths_go_by_count_then_by_name(library: Any) -> None:
    for install, walk in (("i1", "AB"), ("i2", "AC"), ("i3", "AB"), ("i4", "AA")):
        library.add(does(f"{walk[0]}1:00", f"{walk[1]}1:01", install=install))
    assert paths(library) == [("AB", 2, 2), ("A", 1, 1), ("AC", 1, 1)]
    assert paths(library, top=1) == [("AB", 2, 2)]


def test_equal_times_go_by_the_order_in_which_they_were_sent(library: Any) -> None:
    library.add(does("B1:00", "A1:00", "C1:00"))
    assert paths(library) == [("BAC", 1, 1)]


def test_an_anchor_that_nobody_used_gives_no_rows(library: Any) -> None:
    library.add(does("B1"))
    assert flows(library) == []
    assert paths(library, anchor="A") == []


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ({"report": "flows"}, "MISSING_FIELD", "/anchor"),
        ({"report": "flows", "anchor": "A", "depth": 0}, "INVALID_QUERY", "/depth"),
        ({"report": "flows", "anchor": "A", "depth": 21}, "INVALID_QUERY", "/depth"),
        ({"report": "flows", "anchor": "A", "top": 0}, "INVALID_QUERY", "/top"),
        ({"report": "flows", "anchor": "A", "direction": "up"}, "INVALID_QUERY", "/direction"),
        ({"report": "flows", "anchor": "A", "session_minutes": 0}, "INVALID_QUERY",
         "/session_minutes"),
        ({"report": "paths", "direction": "before"}, "INVALID_QUERY", ""),
        ({"report": "paths", "breakdown": ["v"]}, "UNKNOWN_FIELD", "/breakdown"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(
    library: Any, query: dict[str, Any], code: str, path: str
) -> None:
    with pytest.raises(Unprocessable) as caught:
        library.ask(**RANGE, **query)
    assert (caught.value.code, caught.value.path or "") == (code, path)
