"""Numbers cut into ranges: by edges, into equal ones, with names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.insights.cuts import edges
from footfall_server.model.errors import Unprocessable

from . import oracle
from .conftest import Library

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def events(*times: Any) -> list[Any]:
    return [
        oracle.Event("fit", f"i{place}", f"m{place}", AT, place + 1, properties={"run_time": time})
        for place, time in enumerate(times)
    ]


def ask(library: Library, cut: dict[str, Any], **more: Any) -> dict[str, float]:
    result = library.ask(
        report="trends", from_="2026-03-01", to="2026-03-01", fold=True, breakdown=[cut], **more
    )
    return {row["segment"][0]: row["value"] for row in result.rows if row["bucket"] is None}


def test_equal_ranges_lie_between_the_ends_of_the_data(library: Library) -> None:
    library.add(events(0, 2.4, 2.5, 9, 10, "fast", None))
    found = ask(library, {"property": "run_time", "equal": 4})
    assert found == {"< 2.5": 2, "2.5 – 5": 1, "≥ 7.5": 2, "$none": 2}


def test_equal_ranges_are_of_what_the_filters_leave(library: Library) -> None:
    library.add(events(0, 5, 10, 1000))
    below = [{"property": "run_time", "op": "lte", "values": [10]}]
    assert ask(library, {"property": "run_time", "equal": 2}, filters=below) == {"< 5": 1, "≥ 5": 2}


def test_ranges_have_the_names_that_they_were_given(library: Library) -> None:
    library.add(events(0.05, 0.1, 1, 5))
    named = {"property": "run_time", "edges": [0.1, 1], "labels": ["fast", "fine", "slow"]}
    assert ask(library, named) == {"fast": 1, "fine": 1, "slow": 2}
    halves = {"property": "run_time", "equal": 2, "labels": ["lower", "upper"]}
    assert ask(library, halves) == {"lower": 3, "upper": 1}


def test_the_answer_says_where_it_cut(library: Library) -> None:
    library.add(events(0, 10))
    cut = {"property": "run_time", "equal": 2}
    result = library.ask(report="trends", from_="2026-03-01", to="2026-03-01", breakdown=[cut])
    assert result.meta["cuts"] == [{"property": "run_time", "edges": [5.0]}]
    assert result.query["breakdown"] == [cut]


@pytest.mark.parametrize(
    ("ranges", "ends", "expected"),
    [
        (2, (0.0, 1.0), (0.5,)),
        (4, (7.0, 7.0), (6.75, 7.0, 7.25)),
        (2, (None, None), (0.5,)),
        (2, (-1.7e308, 1.7e308), (0.0,)),
    ],
)
def test_edges(ranges: int, ends: tuple[Any, Any], expected: tuple[float, ...]) -> None:
    assert edges(ranges, *ends) == expected


def test_edges_rise_where_numbers_have_nothing_between_them() -> None:
    found = edges(5, 1e300, 1e300)
    assert sorted(set(found)) == list(found)
    assert len(found) == 4


@pytest.mark.parametrize(
    "cut",
    [
        {}, {"edges": []}, {"edges": [1], "equal": 2}, {"equal": 1}, {"equal": 52},
        {"edges": [1], "labels": ["a"]}, {"edges": [1], "labels": ["a", "a"]},
        {"equal": 2, "labels": ["a", "$none"]}, {"equal": 2, "labels": ["a", ""]},
        {"equal": 2, "labels": ["a", "b\0"]}, {"edges": list(range(51))}, {"edges": [1, "2"]},
    ],
)  # fmt: skip
def test_a_cut_that_means_nothing(library: Library, cut: dict[str, Any]) -> None:
    with pytest.raises(Unprocessable) as raised:
        ask(library, {"property": "run_time", **cut})
    assert raised.value.code == "INVALID_QUERY"
    assert raised.value.path is not None
    assert raised.value.path.startswith("/breakdown/0")


def test_retention_can_be_cut_too(library: Library) -> None:
    library.add(events(0, 10, 10))
    result = library.ask(
        report="retention", from_="2026-03-01", to="2026-03-01", birth={"event": "fit"},
        **{"return": {"event": "fit"}}, unit="day", brackets=1,
        breakdown=[{"property": "run_time", "equal": 2, "labels": ["low", "high"]}],
    )  # fmt: skip
    sizes = {tuple(row["segment"]): row["size"] for row in result.rows}
    assert sizes[("high",)] == 2
    assert sizes[("low",)] == 1


@pytest.mark.parametrize("name", ["event", "install", "received_at", "cohort"])
def test_what_is_never_a_number_has_no_ranges_and_no_percentiles(
    library: Library, name: str
) -> None:
    library.add(events(1))
    regulars = {"name": "Regulars", "all": [{"event": "fit"}]}
    assert ask(library, {"property": name, "equal": 2}, cohorts=[regulars]) == {"$none": 1}
    result = library.ask(
        report="trends", from_="2026-03-01", to="2026-03-01", cohorts=[regulars],
        series=[{"measure": each, "property": name} for each in ("p50", "max", "sum")],
    )  # fmt: skip
    assert [row["value"] for row in result.rows] == [None, None, 0]
