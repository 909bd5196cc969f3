"""Funnels, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.model.errors import Unprocessable

from .funnel_keys import AGAIN, LONG, SHORT, keys_of
from .oracle import Event

HOUR = 3_600
WEEK = 7 * 24 * HOUR


def does(*times: str, install: str = "i1", **properties: Any) -> list[Event]:
    """Events like "A1:30" (A at half past one on 5 January) or "A2.5:00" (2 days on), in order."""
    found = []
    for place, one in enumerate(times):
        at = _at(one[1:])
        found.append(
            Event(one[0], install, f"{install}-{place}-{one}", at, place + 1, properties=properties)
        )
    return found


def _at(text: str) -> datetime:
    hours, _, rest = text.partition(":")
    minutes, _, seconds = rest.partition(":")
    passed = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return datetime(2026, 1, 5, tzinfo=UTC) + passed


def steps(names: str) -> list[dict[str, Any]]:
    return [{"event": name} for name in names]


def funnel(library: Any, names: str = "AB", window: int = WEEK, **query: Any) -> Any:
    ranged = {"from_": "2026-01-05", "to": "2026-01-11"} | query
    return library.ask(report="funnel", steps=steps(names), window_seconds=window, **ranged)


def counts(result: Any) -> list[int]:
    return [row["count"] for row in result.rows]


@pytest.mark.parametrize(
    ("name", "events", "names", "window", "query", "expected"),
    [
        ("the entry begins at the first A and is never reset",
         ["A1:00", "A1:30", "B1:45", "C2:15"], "ABC", HOUR, {}, [1, 1, 0]),
        ("one entry in all",
         ["A1:00", "A1:30", "B1:45", "C2:15"], "ABC", HOUR, {"count": "total"}, [1, 1, 0]),
        ("the event that excludes is used up",
         ["A1", "A2", "A3", "B4"], "AB", WEEK,
         {"count": "total", "exclusions": [{"event": "A", "from_step": 1, "to_step": 2}]}, [2, 1]),
        ("same time, A sent first", ["A1:00", "B1:00"], "AB", HOUR, {}, [1, 1]),
        ("same time, B sent first", ["B1:00", "A1:00"], "AB", HOUR, {}, [1, 0]),
        ("two steps of one event need two events", ["A1", "A2"], "AA", WEEK, {}, [1, 1]),
        ("one event does one step", ["A1"], "AA", WEEK, {}, [1, 0]),
        ("the end of the window is inside", ["A1:00", "B2:00:00.000"], "AB", HOUR, {}, [1, 1]),
        ("after the end of the window", ["A1:00", "B2:00:00.001"], "AB", HOUR, {}, [1, 0]),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_worked_case(
    library: Any,
    name: str,
    events: list[str],
    names: str,
    window: int,
    query: dict[str, Any],
    expected: list[int],
) -> None:
    library.add(does(*events))
    assert counts(funnel(library, names, window, **query)) == expected, name


EXCLUDES = {"exclusions": [{"event": "C"}]}
TOTAL, DAILY, LONG_AGO = {"count": "total"}, {"interval": "day"}, {"from_": "2024-01-05"}
HELD, BY_V = {"hold": ["v"]}, {"breakdown": ["v"]}


@pytest.mark.parametrize(
    ("name", "events", "names", "query", "keys"),
    [
        ("no two at once", ["A1", "B1:00:00.000001"], "AB", {}, SHORT),
        ("two steps at once", ["A1", "B1"], "AB", {}, AGAIN),
        ("two steps at once, not the first", ["A1", "C2", "B2"], "ABC", {}, AGAIN),
        ("before the entry", ["B0", "C0", "A1", "B2"], "ABC", {}, SHORT),
        ("after the window", ["A1", "B2", "B200", "C200"], "ABC", {}, SHORT),
        ("of another bucket's entry", ["A1", "B2", "B200", "C200"], "ABC", DAILY, AGAIN),
        ("excluded as it begins", ["A1", "C1", "B2"], "AB", EXCLUDES, AGAIN),
        ("excluded just before it begins", ["C1", "A1", "B2"], "AB", EXCLUDES, AGAIN),
        ("the same twice", ["A1", "A1", "B2", "B2"], "AB", {}, SHORT),
        ("the same twice, and both are steps", ["A1", "A1"], "AA", {}, SHORT),
        ("the same twice, each an entry", ["A1", "A1", "A1", "A1"], "AA", TOTAL, AGAIN),
        ("the same twice, of the same value", ["A1", "A1", "B2"], "AB", BY_V, SHORT),
        ("in any order", ["A1", "B1"], "AB", {"order": "any"}, AGAIN),
        ("held, one entry", ["A1", "B2"], "AB", HELD, SHORT),
        ("held, many entries", ["A1", "B2"], "AB", HELD | TOTAL, LONG),
        ("more steps than fit", ["A1", "B1"], "ABCDEFGHIJKLMNOPQRST", LONG_AGO, LONG),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_the_order_of_acknowledgement_is_read_where_it_matters(
    library: Any, name: str, events: list[str], names: str, query: dict[str, Any], keys: str
) -> None:
    """The answer is compared with that of long keys each time: see `funnel_keys`."""
    library.add(does(*events, v="1"))
    assert keys_of(funnel(library, names, **query)) == keys, name


@pytest.mark.parametrize("query", [BY_V, HELD])
def test_the_same_event_at_once_with_another_value(library: Any, query: dict[str, Any]) -> None:
    library.add([*does("A1", v="1"), *does("B0", "A1", "B2", v="2")])
    assert keys_of(funnel(library, **query)) == AGAIN


def test_short_keys_are_not_tried_again_where_they_did_not_do(library: Any) -> None:
    library.add(does("A1", "B1"))
    asked = [funnel(library, names, **query) for names, query in (
        ("AB", {}), ("AB", {"interval": "day"}), ("BA", {}), ("BA", {}),
    )]  # fmt: skip
    assert [keys_of(one) for one in asked] == [AGAIN, LONG, AGAIN, AGAIN]
    assert "cached" in asked[3].meta


def test_steps_after_the_range_count_within_the_window(library: Any) -> None:
    library.add(does("A1", "B60"))
    assert counts(funnel(library, from_="2026-01-05", to="2026-01-05")) == [1, 1]
    library.add(does("A1", "B60", install="i2"))
    assert counts(funnel(library, from_="2026-01-06", to="2026-01-11")) == [0, 0]


def test_with_an_interval_each_bucket_is_a_funnel_of_its_own_first_entries(library: Any) -> None:
    library.add(does("A1", "A3", "A30", "B31"))
    daily = funnel(library, interval="day", to="2026-01-07")
    assert [(row["bucket"], row["step"], row["count"]) for row in daily.rows] == [
        ("2026-01-05", 1, 1), ("2026-01-05", 2, 1),
        ("2026-01-06", 1, 1), ("2026-01-06", 2, 1),
        ("2026-01-07", 1, 0), ("2026-01-07", 2, 0),
    ]  # fmt: skip
    assert daily.rows[5]["rate_from_start"] is None
    assert daily.meta["incomplete"] == []
    total = funnel(library, window=HOUR, interval="day", to="2026-01-06", count="total")
    assert counts(total) == [2, 0, 1, 1]


def test_a_bucket_that_is_cut_is_named_as_incomplete(library: Any) -> None:
    library.add(does("A1"))
    result = funnel(library, interval="week", from_="2026-01-06", to="2026-01-18")
    assert result.meta["incomplete"] == ["2026-01-05"]


def test_held_properties_keep_the_value_that_they_had_at_the_first_step(library: Any) -> None:
    library.add(
        [
            *does("A1", v="1"),
            *does("B2", v="2"),
            *does("B3", v="1"),
            *does("A1", "B2", install="i2"),
        ]
    )
    assert counts(funnel(library, hold=["v"])) == [2, 2]
    library.add([*does("A1", install="i3", v=7), *does("B2", install="i3", v="7")])
    assert counts(funnel(library, hold=["v"])) == [3, 2]
    assert counts(funnel(library, hold=["v"], count="total")) == [3, 2]


def test_what_excludes_does_so_whatever_is_held_and_before_it_is_a_step(library: Any) -> None:
    library.add([*does("A1", v="1"), *does("X2", v="2"), *does("B3", v="1")])
    excluded = [{"event": "X", "from_step": 1, "to_step": 2}]
    for count in ("unique", "total"):
        ended = funnel(library, hold=["v"], exclusions=excluded, count=count)
        assert counts(ended) == [1, 0]
        both = funnel(library, exclusions=[{"event": "B"}], count=count)
        assert counts(both) == [1, 0]


def test_an_exclusion_holds_between_its_steps_only(library: Any) -> None:
    library.add(does("A1", "X2", "B3", "X4", "C5"))
    after = [{"event": "X", "from_step": 2, "to_step": 3}]
    before = [{"event": "X", "from_step": 1, "to_step": 2}]
    assert counts(funnel(library, "ABC", exclusions=after)) == [1, 1, 0]
    assert counts(funnel(library, "ABC", exclusions=before)) == [1, 0, 0]
    assert counts(funnel(library, "ABC")) == [1, 1, 1]


def test_in_any_order_a_row_counts_entries_with_as_many_distinct_steps(library: Any) -> None:
    library.add([*does("B1", "A2", "C4"), *does("C1", "C2", install="i2")])
    result = funnel(library, "ABC", 2 * HOUR, order="any")
    assert counts(result) == [2, 1, 0]
    assert [row["event"] for row in result.rows] == [None] * 3
    assert counts(funnel(library, "ABC", 2 * HOUR, order="any", count="total")) == [3, 1, 0]


def test_in_any_order_events_are_given_to_steps_so_that_most_are_done(library: Any) -> None:
    library.add([*does("A1", v="1"), *does("A2", v="2")])
    one = {"event": "A", "filters": [{"property": "v", "op": "in", "values": ["1"]}]}
    for asked in ([{"event": "A"}, one], [one, {"event": "A"}]):
        result = library.ask(
            report="funnel", from_="2026-01-05", to="2026-01-11", steps=asked, order="any"
        )
        assert counts(result) == [1, 1]


def test_a_breakdown_takes_the_value_at_its_step(library: Any) -> None:
    library.add([*does("A1", v="1"), *does("B2", v=["2", "3"]), *does("A1", install="i2", v="1")])
    at = {"breakdown": ["v"]}
    found = {
        step: {
            row["segment"][0]: row["count"]
            for row in funnel(library, breakdown_step=step, **at).rows
            if row["step"] == step
        }
        for step in (1, 2)
    }
    assert found == {1: {"1": 2}, 2: {"$none": 0, "2": 1, "3": 1}}
    largest = funnel(library, breakdown_step=2, limit=1, **at).rows
    assert [(row["segment"], row["step"], row["count"]) for row in largest] == [
        (["$none"], 1, 1), (["$none"], 2, 0), (["$other"], 1, 1), (["$other"], 2, 1),
    ]  # fmt: skip


def test_time_to_convert_is_from_the_first_step_to_the_last(library: Any) -> None:
    library.add(
        [
            *does("A1:00:00", "B1:00:10"),
            *does("A1:00", "B1:30", install="i2"),
            *does("A1:00", "B3:00", install="i3"),
            *does("A1:00", install="i4"),
        ]
    )
    result = funnel(library)
    convert = result.meta["time_to_convert"]
    assert convert["p50"] == 1800
    assert convert["p90"] == pytest.approx(1800 + 0.8 * 5400)
    assert [bar for bar in convert["histogram"] if bar[1]] == [[10, 1], [1800, 1], [7200, 1]]
    assert result.rows[1]["median_seconds_from_previous"] == 1800
    assert result.rows[1]["rate_from_start"] == 0.75


def test_nobody_enters(library: Any) -> None:
    library.add(does("B1"))
    result = funnel(library)
    assert counts(result) == [0, 0]
    assert [row["rate_from_start"] for row in result.rows] == [None, None]
    assert result.meta["time_to_convert"] == {"p50": None, "p90": None, "histogram": []}
    assert funnel(library, breakdown=["library_version"]).rows == []


def test_a_repeat_does_no_second_step(library: Any) -> None:
    library.add(does("A1"))
    library.add(does("A1"))
    assert counts(funnel(library, "AA")) == [1, 0]


def test_twenty_steps(library: Any) -> None:
    library.add(does(*[f"A{hour}" for hour in range(20)]))
    for query in ({}, {"count": "total"}, {"order": "any"}):
        assert counts(funnel(library, "A" * 20, **query)) == [1] * 20


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ({"steps": steps("A")}, "INVALID_QUERY", "/steps"),
        ({"steps": steps("A" * 21)}, "INVALID_QUERY", "/steps"),
        ({"steps": [{"filters": []}, {"event": "A"}]}, "MISSING_FIELD", "/steps/0/event"),
        ({"window_seconds": 0}, "INVALID_QUERY", "/window_seconds"),
        ({"window_seconds": 366 * 86_400 + 1}, "INVALID_QUERY", "/window_seconds"),
        ({"count": "both"}, "INVALID_QUERY", "/count"),
        ({"order": "any", "hold": ["v"]}, "INVALID_QUERY", ""),
        ({"order": "any", "exclusions": [{"event": "C"}]}, "INVALID_QUERY", ""),
        ({"exclusions": [{"event": "C", "from_step": 2, "to_step": 2}]}, "INVALID_QUERY",
         "/exclusions/0"),
        ({"exclusions": [{"event": "C", "from_step": 1, "to_step": 3}]}, "INVALID_QUERY", ""),
        ({"exclusions": [{"event": None}]}, "INVALID_QUERY", "/exclusions/0/event"),
        ({"breakdown": ["v"], "breakdown_step": 3}, "INVALID_QUERY", ""),
        ({"breakdown": ["nothing"]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
        ({"hold": ["nothing"]}, "UNKNOWN_PROPERTY", "/hold/0"),
        ({"interval": "hour"}, "INVALID_QUERY", "/interval"),
        ({"interval": "day", "from_": "1980-01-01"}, "TOO_MANY_BUCKETS", "/interval"),
        ({"interval": "day", "from_": "2020-01-01", "breakdown": ["v"], "limit": 1000},
         "TOO_MANY_ROWS", "/limit"),
        ({"steps": [{"event": "A", "filters": [{"property": "v", "op": "in", "values": [v]}]}
                    for v in range(7)], "order": "any"}, "TOO_MANY_OVERLAPPING", "/steps"),
        ({"colour": "red"}, "UNKNOWN_FIELD", "/colour"),
    ],
)  # fmt: skip
def test_what_means_nothing_is_refused(
    library: Any, query: dict[str, Any], code: str, path: str
) -> None:
    library.add(does("A1", v="1"))
    asked = {"from_": "2026-01-05", "to": "2026-01-11", "steps": steps("AB")} | query
    with pytest.raises(Unprocessable) as caught:
        library.ask(report="funnel", **asked)
    assert (caught.value.code, caught.value.path or "") == (code, path)
