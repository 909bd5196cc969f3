"""Lifecycle and stickiness: cases worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.model.errors import Unprocessable

from . import oracle

_orders = iter(range(1, 10**9))


def event(at: str, install: str = "i1", **properties: Any) -> Any:
    order = next(_orders)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return oracle.Event("fit", install, f"m{order}", moment, order, properties=properties)


def states(result: Any) -> dict[str, tuple[int, ...]]:
    """Bucket → new, returning, resurrected, dormant."""
    found: dict[str, tuple[int, ...]] = {}
    for row in result.rows:
        found[row["bucket"]] = (*found.get(row["bucket"], ()), row["count"])
    return found


THREE: dict[str, Any] = {"report": "lifecycle", "from_": "2026-01-05", "to": "2026-01-08"}


def test_new_returning_resurrected_and_dormant(library: Any) -> None:
    library.add([event("2026-01-05"), event("2026-01-06"), event("2026-01-08")])
    result = library.ask(**THREE)
    assert [row["state"] for row in result.rows[:4]] == [
        "new", "returning", "resurrected", "dormant",
    ]  # fmt: skip
    assert states(result) == {
        "2026-01-05": (1, 0, 0, 0),
        "2026-01-06": (0, 1, 0, 0),
        "2026-01-07": (0, 0, 0, -1),
        "2026-01-08": (0, 0, 1, 0),
    }


def test_new_returning_and_resurrected_are_all_that_are_active(library: Any) -> None:
    days = {"a": (1, 5, 6), "b": (4, 5, 8), "c": (6, 8), "d": (5, 7, 8)}
    library.add([event(f"2026-01-{day:02}", name) for name, each in days.items() for day in each])
    trend = library.ask(**{**THREE, "report": "trends"}, series=[{"measure": "unique"}])
    unique = {row["bucket"]: row["value"] for row in trend.rows}
    found = states(library.ask(**THREE))
    assert {bucket: sum(counts[:3]) for bucket, counts in found.items()} == unique


def test_the_bucket_before_the_range_is_looked_at(library: Any) -> None:
    library.add([event("2026-01-04", "returns"), event("2026-01-05", "returns"),
                 event("2026-01-04", "goes"), event("2026-01-02", "resurrects"),
                 event("2026-01-05", "resurrects")])  # fmt: skip
    assert states(library.ask(**THREE))["2026-01-05"] == (0, 1, 1, -1)


def test_in_a_week_cut_by_from_who_was_first_seen_before_it_is_still_new(library: Any) -> None:
    library.add([event("2026-01-05"), event("2026-01-08")])
    result = library.ask(report="lifecycle", from_="2026-01-07", to="2026-01-11", interval="week")
    assert states(result) == {"2026-01-05": (1, 0, 0, 0)}
    assert result.meta["incomplete"] == ["2026-01-05"]


def test_first_ever_is_after_the_filters(library: Any) -> None:
    library.add([event("2026-01-01", ci=True), event("2026-01-05")])
    assert states(library.ask(**THREE))["2026-01-05"] == (0, 0, 1, 0)
    assert states(library.ask(**THREE, installs="human"))["2026-01-05"] == (1, 0, 0, 0)


def test_a_bucket_that_now_lies_in_is_incomplete(library: Any) -> None:
    library.add([event("2026-01-05")])
    result = library.ask(**THREE, now=datetime(2026, 1, 7, 12, tzinfo=UTC))
    assert result.meta["incomplete"] == ["2026-01-07", "2026-01-08"]


def test_stickiness_counts_installs_by_distinct_active_days(library: Any) -> None:
    library.add(
        [event("2026-01-05T01:00", "once"), event("2026-01-05T23:00", "once"),
         event("2026-01-05", "twice"), event("2026-01-07", "twice"),
         event("2026-01-05", "too"), event("2026-01-06", "too"), event("2026-01-09", "too")]
    )  # fmt: skip
    rows = library.ask(**{**THREE, "report": "stickiness"}).rows
    assert rows == [
        {"days": 1, "installs": 1},
        {"days": 2, "installs": 2},
        {"days": 3, "installs": 0},
        {"days": 4, "installs": 0},
    ]


def test_days_are_those_of_the_timezone(brussels: Any) -> None:
    brussels.add([event("2026-01-05T22:30"), event("2026-01-05T23:30")])
    rows = brussels.ask(**{**THREE, "report": "stickiness"}).rows
    assert [row["installs"] for row in rows] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"report": "lifecycle", "interval": "year"}, "INVALID_QUERY", "/interval"),
        ({"report": "lifecycle", "series": []}, "UNKNOWN_FIELD", "/series"),
        ({"report": "lifecycle", "interval": "hour", "from": "2020-01-01"}, "TOO_MANY_BUCKETS",
         "/interval"),
        ({"report": "stickiness", "from": "1990-01-01"}, "TOO_MANY_BUCKETS", "/from"),
        ({"report": "stickiness", "interval": "day"}, "UNKNOWN_FIELD", "/interval"),
        ({"report": "stickiness", "from": "2026-02-01"}, "INVALID_RANGE", "/from"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(library: Any, fields: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        library.ask(**{"from": "2026-01-05", "to": "2026-01-08", **fields})
    assert (caught.value.code, caught.value.path) == (code, path)
