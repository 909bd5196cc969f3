"""Worked cases: numbers that anyone can check by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from footfall_server.model.errors import Unprocessable

from . import oracle

_orders = iter(range(1, 10**9))


def event(at: str, install: str = "i1", event: str = "fit", **properties: Any) -> Any:
    order = next(_orders)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return oracle.Event(event, install, f"m{order}", moment, order, properties=properties)


def values(rows: list[dict[str, Any]], series: str = "A") -> dict[Any, Any]:
    """Bucket (and segment, when there is one) → value, of what isn't compared."""
    return {
        (row["bucket"], *row["segment"]) if row["segment"] else row["bucket"]: row["value"]
        for row in rows
        if row["series"] == series and not row["compare"]
    }


JANUARY: dict[str, Any] = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-31"}
MEASURES = [{"measure": "total"}, {"measure": "unique"}, {"measure": "per_install"}]


def test_weekly_uniques_count_an_install_once_a_week_so_their_sum_exceeds_the_whole(
    library: Any,
) -> None:
    library.add([event("2026-01-05"), event("2026-01-06"), event("2026-01-12")])
    rows = library.ask(
        report="trends", from_="2026-01-05", to="2026-01-18", interval="week", fold=True,
        series=[{"measure": "unique"}, {"measure": "total"}],
    ).rows  # fmt: skip
    assert values(rows) == {"2026-01-05": 1, "2026-01-12": 1, None: 1}
    assert values(rows, "B") == {"2026-01-05": 2, "2026-01-12": 1, None: 3}


def test_weeks_start_on_monday_and_a_partial_one_is_incomplete(library: Any) -> None:
    library.add([event("2026-01-04"), event("2026-01-05")])
    rows = library.ask(report="trends", from_="2026-01-03", to="2026-01-13", interval="week").rows
    assert [(row["bucket"], row["value"], row["incomplete"]) for row in rows] == [
        ("2025-12-29", 1, True),
        ("2026-01-05", 1, False),
        ("2026-01-12", 0, True),
    ]


def test_a_bucket_that_now_lies_in_is_incomplete(library: Any) -> None:
    library.add([event("2026-01-02T01:00")])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-03",
        now=datetime(2026, 1, 2, 12, tzinfo=UTC),
    ).rows  # fmt: skip
    assert [row["incomplete"] for row in rows] == [False, True, True]


def test_empty_buckets_are_zero_or_null(library: Any) -> None:
    library.add([event("2026-01-01", run_time=2)])
    measures = ["total", "unique", "sum", "distinct", "dau", "wau", "mau", "avg", "min", "max",
                "p50", "p90", "p95", "p99", "per_install", "error_rate"]  # fmt: skip
    needs = {"sum", "distinct", "avg", "min", "max", "p50", "p90", "p95", "p99"}
    rows = library.ask(
        report="trends", from_="2027-03-01", to="2027-03-01",
        series=[
            {"name": one, "measure": one} | ({"property": "run_time"} if one in needs else {})
            for one in measures
        ],
    ).rows  # fmt: skip
    empty = {row["series"]: row["value"] for row in rows}
    assert empty == {one: 0 if place < 7 else None for place, one in enumerate(measures)}


def test_december_mau_is_december_2_to_31(library: Any) -> None:
    library.add(
        [event("2025-12-01T23:59", "outside"), event("2025-12-02", "first"),
         event("2025-12-31T23:59:59", "last"), event("2026-01-01", "after")]
    )  # fmt: skip
    rows = library.ask(
        report="trends", from_="2025-12-01", to="2025-12-31", interval="month",
        series=[{"measure": "mau"}, {"measure": "wau"}, {"measure": "dau"}],
    ).rows  # fmt: skip
    assert [row["value"] for row in rows] == [2, 1, 1]


def test_rolling_numbers_look_back_before_the_range(library: Any) -> None:
    library.add([event("2025-12-20", "before"), event("2026-01-02", "inside")])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-20", series=[{"measure": "mau"}]
    ).rows
    found = values(rows)
    assert found["2026-01-01"] == 1
    assert found["2026-01-02"] == 2
    assert found["2026-01-18"] == 2
    assert found["2026-01-19"] == 1


def test_rolling_numbers_in_a_bucket_cut_by_to_end_on_to(library: Any) -> None:
    library.add([event("2026-01-08", "i1"), event("2026-01-09", "i2")])
    [row] = library.ask(
        report="trends", from_="2026-01-05", to="2026-01-08", interval="week",
        series=[{"measure": "dau"}],
    ).rows  # fmt: skip
    assert (row["value"], row["incomplete"]) == (1, True)


def test_rolling_numbers_are_not_offered_by_hour(library: Any) -> None:
    with pytest.raises(Unprocessable) as caught:
        library.ask(**JANUARY, interval="hour", series=[{"measure": "wau"}])
    assert (caught.value.code, caught.value.path) == ("NOT_OFFERED", "/series/0/measure")


def test_division_by_zero_is_a_gap(library: Any) -> None:
    library.add([event("2026-01-01"), event("2026-01-02"), event("2026-01-02", event="run")])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-02",
        series=[{"event": "fit"}, {"event": "run"}],
        formulas=[{"name": "rate", "expression": "A / B * 100"}],
    ).rows  # fmt: skip
    assert values(rows, "rate") == {"2026-01-01": None, "2026-01-02": 100}


def test_totals_are_weighted_and_installs_are_not(library: Any) -> None:
    library.add([event("2026-01-01", weight=2.5), event("2026-01-01", weight=1.5)])
    library.add([event("2026-01-01", "i2", weight="7"), event("2026-01-01", "i2")])
    rows = library.ask(report="trends", from_="2026-01-01", to="2026-01-01", series=MEASURES).rows
    assert [row["value"] for row in rows] == [6, 2, 3]


def test_error_rate_is_weighted(library: Any) -> None:
    library.add([event("2026-01-01", exception_occurred=True, weight=3), event("2026-01-01")])
    [row] = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01", series=[{"measure": "error_rate"}]
    ).rows
    assert row["value"] == 0.75


def test_percentiles_interpolate_while_all_weights_are_1(library: Any) -> None:
    library.add([event("2026-01-01", run_time=value) for value in (1, 2, 3, 4)])
    library.add([event("2026-01-02", run_time=1, weight=3), event("2026-01-02", run_time=9)])
    library.add([event("2026-01-02", run_time="text")])
    result = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-02",
        series=[{"measure": one, "property": "run_time"} for one in ("p50", "p90")],
    )  # fmt: skip
    assert values(result.rows) == {"2026-01-01": 2.5, "2026-01-02": 1}
    assert values(result.rows, "B") == {"2026-01-01": pytest.approx(3.7), "2026-01-02": 9}
    assert result.meta["approximate"] is False


def test_sums_and_averages_take_numbers_only(library: Any) -> None:
    library.add([event("2026-01-01", p=value) for value in (1, 2.5, "7", True, None, [9])])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01",
        series=[
            {"measure": one, "property": "p"} for one in ("sum", "avg", "min", "max", "distinct")
        ],
    ).rows  # fmt: skip
    assert [row["value"] for row in rows] == [3.5, 1.75, 1, 2.5, 5]


@pytest.mark.parametrize(
    ("zone", "first", "last", "hours", "days"),
    [
        ("Europe/Brussels", "2026-03-29", "2026-03-29", 23, 1),
        ("Europe/Brussels", "2026-10-25", "2026-10-25", 25, 1),
        ("America/New_York", "2026-03-08", "2026-03-08", 23, 1),
        ("America/New_York", "2026-11-01", "2026-11-01", 25, 1),
        ("Asia/Kolkata", "2026-03-29", "2026-03-29", 24, 1),
    ],
)
def test_days_of_23_and_25_hours(
    library: Any, zone: str, first: str, last: str, hours: int, days: int
) -> None:
    start = datetime.fromisoformat(first + "T00:00").replace(tzinfo=ZoneInfo(zone))
    begin = start.astimezone(UTC)
    library.add(
        event((begin + timedelta(minutes=30 + 60 * hour)).replace(tzinfo=None).isoformat())
        for hour in range(-1, hours + 1)
    )
    query = {"report": "trends", "from_": first, "to": last, "timezone": zone}
    by_hour = library.ask(**query, interval="hour").rows
    assert [row["value"] for row in by_hour] == [1] * hours
    assert len({row["bucket"] for row in by_hour}) == hours
    [day] = library.ask(**query, interval="day").rows
    assert (day["bucket"], day["value"], day["incomplete"]) == (first, hours, False)


def test_the_hour_that_comes_twice_is_two_buckets(brussels: Any) -> None:
    brussels.add([event("2026-10-25T00:30"), event("2026-10-25T01:30"), event("2026-10-25T01:31")])
    rows = brussels.ask(report="trends", from_="2026-10-25", to="2026-10-25", interval="hour").rows
    found = values(rows)
    assert found["2026-10-25T02:00:00+02:00"] == 1
    assert found["2026-10-25T02:00:00+01:00"] == 2


def test_instants_exclude_their_end_and_days_are_cut(library: Any) -> None:
    library.add([event("2026-01-01T11:59:59.999999"), event("2026-01-01T12:00")])
    library.add([event("2026-01-02T11:59:59.999999"), event("2026-01-02T12:00")])
    rows = library.ask(
        report="trends", from_="2026-01-01T12:00:00Z", to="2026-01-02T12:00:00Z"
    ).rows
    assert [(row["value"], row["incomplete"]) for row in rows] == [(1, True), (1, True)]


def test_the_top_segments_are_ranked_by_weight_with_ties_by_name(library: Any) -> None:
    library.add([event("2026-01-01", p="b"), event("2026-01-01", p="a")])
    library.add([event("2026-01-02", p="c", weight=5), event("2026-01-02")])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-02", breakdown=["p"], limit=3
    ).rows
    order = list(dict.fromkeys(row["segment"][0] for row in rows))
    assert order == ["c", "$none", "a", "$other"]
    assert values(rows)["2026-01-01", "$other"] == 1


def test_a_version_called_other_counts_with_the_others(library: Any) -> None:
    versions = ["$other"] * 3 + ["7"] * 2 + [7, None, "$none", "1"]
    events = []
    for place, version in enumerate(versions):
        properties = {} if version is None else {"library_version": version}
        events.append(event("2026-01-01", f"i{place}", **properties))
    library.add(events)
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01",
        series=[{"measure": "unique"}], breakdown=["library_version"], limit=3, fold=True,
    ).rows  # fmt: skip
    found = {(row["bucket"], row["segment"][0]): row["value"] for row in rows}
    assert len(found) == len(rows)
    each = {"$other": 4, "7": 3, "$none": 2}
    for bucket in ("2026-01-01", None):
        assert {name: found[bucket, name] for name in each} == each


def test_a_list_counts_once_in_each_of_its_segments_and_once_in_other(library: Any) -> None:
    library.add([event("2026-01-01", p=["a", "b", "a"]), event("2026-01-01", p=["c", "d"])])
    library.add([event("2026-01-01", p="a"), event("2026-01-01", p=[])])
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-01", "breakdown": ["p"]}
    rows = library.ask(**query).rows
    assert {row["segment"][0]: row["value"] for row in rows} == {
        "a": 2, "$none": 1, "b": 1, "c": 1, "d": 1,
    }  # fmt: skip
    few = library.ask(**query, limit=1).rows
    assert {row["segment"][0]: row["value"] for row in few} == {"a": 2, "$other": 3}


def test_segments_are_texts_and_a_missing_flag_is_false(library: Any) -> None:
    library.add(
        event("2026-01-01", p=value, ci=flag)
        for value, flag in ((7, True), ("7", None), (True, False), ({"x": 1}, None), ("", None))
    )
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-01"}
    rows = library.ask(**query, breakdown=["p"]).rows
    assert {row["segment"][0]: row["value"] for row in rows} == {
        "7": 2, "true": 1, '{"x":1}': 1, "": 1,
    }  # fmt: skip
    flags = library.ask(**query, breakdown=["ci"]).rows
    assert {row["segment"][0]: row["value"] for row in flags} == {"true": 1, "false": 4}


@pytest.mark.parametrize(
    "number", [0, 1, -7, 2**53 + 1, 2**63 - 1, 0.1, 1e-7, 1e21, -1.5e300, 5e-324]
)
def test_a_number_equals_itself_however_it_is_written(library: Any, number: float) -> None:
    at = iter(f"2026-01-01T00:00:0{second}" for second in range(9))
    library.add(event(next(at), p=value) for value in (number, [number], 12, str(number), True))
    assert folded(library, "in", number) == 2
    assert folded(library, "not_in", number) == 3


def test_numbers_at_the_ends_of_what_there_is(library: Any) -> None:
    library.add([event("2026-01-01T00:00:00", p=-0.0), event("2026-01-01T00:00:01", p=1e308)])
    assert folded(library, "in", 0) == folded(library, "in", -0.0) == 1
    assert folded(library, "in", 10**400) == folded(library, "gt", 10**400) == 0
    assert folded(library, "gt", -(10**400)) == folded(library, "lt", 10**400) == 2


def folded(library: Any, op: str, *values: Any) -> Any:
    """How many events have a `p` that satisfies a filter."""
    filters = [{"property": "p", "op": op, "values": [*values]}]
    rows = library.ask(**JANUARY, fold=True, filters=filters).rows
    return next(row["value"] for row in rows if row["bucket"] is None)


def test_numeric_cuts_have_their_lower_end_inside(library: Any) -> None:
    library.add(event("2026-01-01", run_time=one) for one in (0, 0.1, 0.5, 1, 3, "1", None))
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01",
        breakdown=[{"property": "run_time", "edges": [0.1, 1]}],
    ).rows  # fmt: skip
    assert {row["segment"][0]: row["value"] for row in rows} == {
        "$none": 2, "0.1 – 1": 2, "≥ 1": 2, "< 0.1": 1,
    }  # fmt: skip


def test_two_properties_fold_into_two_others(library: Any) -> None:
    library.add([event("2026-01-01", p="a", q=1)] + [event("2026-01-01", p="a", q=2)] * 1)
    library.add([event("2026-01-01", p="a", q=2), event("2026-01-01", p="b")])
    rows = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01", breakdown=["p", "q"], limit=1
    ).rows
    assert {tuple(row["segment"]): row["value"] for row in rows} == {
        ("a", "2"): 2,
        ("$other", "$other"): 2,
    }


def test_only_track_counts_unless_the_kind_is_asked_for(library: Any) -> None:
    order = next(_orders)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    library.add([event("2026-01-01", kind="performance"), event("2026-01-01", kind="shift")])
    library.add([oracle.Event("", "i9", f"m{order}", at, order, kind="identify")])
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-01"}

    def total(*filters: dict[str, Any]) -> Any:
        return library.ask(**query, filters=list(filters)).rows[0]["value"]

    assert total() == 2
    assert total({"property": "kind", "op": "in", "values": ["identify"]}) == 1
    assert total({"property": "kind", "op": "in", "values": ["identify", "track"]}) == 3
    assert total({"property": "kind", "op": "in", "values": ["shift"]}) == 1
    assert total({"property": "properties.kind", "op": "in", "values": ["shift"]}) == 1


def test_a_property_with_a_built_in_name_and_keys_with_dots_are_reached(library: Any) -> None:
    at, properties = datetime(2026, 1, 1, tzinfo=UTC), {"a.b": 1, "a": {"b": 2, "c.d": 3}}
    properties["install"] = "docker"
    library.add([oracle.Event("fit", "i1", "m1", at, 1, properties=properties)])
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-01"}
    for name, value in (("properties.install", "docker"), ("a.c.d", 3), ("install", "i1")):
        rows = library.ask(
            **query, filters=[{"property": name, "op": "in", "values": [value]}]
        ).rows
        assert rows[0]["value"] == 1, name


def test_an_unknown_property_is_named_unless_there_are_no_events(library: Any) -> None:
    query = {"report": "trends", "from_": "2026-01-01", "to": "2026-01-01", "breakdown": ["nosuch"]}
    assert library.ask(**query).rows == []
    library.add([event("2026-01-01", p=1)])
    with pytest.raises(Unprocessable) as caught:
        library.ask(**query)
    assert (caught.value.code, caught.value.path) == ("UNKNOWN_PROPERTY", "/breakdown/0")
    library.add([event("2026-01-01", nosuch=None)])
    assert library.ask(**query).rows[0]["segment"] == ["$none"]


def test_above_100_000_values_a_percentile_is_approximate_and_says_so(library: Any) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    library.add(
        oracle.Event("fit", "i1", f"m{n}", at, n, properties={"run_time": n / 1000})
        for n in range(100_001)
    )
    result = library.ask(
        report="trends", from_="2026-01-01", to="2026-01-01",
        series=[{"measure": "p50", "property": "run_time"}],
    )  # fmt: skip
    assert result.meta["approximate"] is True
    assert result.rows[0]["value"] == pytest.approx(50, rel=0.01)
    assert result.meta["rows_read"] >= 100_001


def test_the_result_says_what_was_asked_and_how_it_was_answered(brussels: Any) -> None:
    brussels.add([event("2026-01-01")])
    result = brussels.ask(**JANUARY, interval="month", filters=[{"not": {"any": []}}])
    assert result.query == {
        "report": "trends", "from": "2026-01-01", "to": "2026-01-31",
        "timezone": "Europe/Brussels", "installs": "all", "filters": [{"not": {"any": []}}],
        "series": [
            {"name": "A", "event": None, "measure": "total", "property": None, "filters": []}
        ],
        "interval": "month", "breakdown": [], "limit": 10, "formulas": [], "compare": None,
        "fold": False,
    }  # fmt: skip
    assert set(result.meta) == {"rows_read", "elapsed_ms", "approximate", "as_of"}
    assert b'"rows":[{"bucket":"2026-01-01","series":"A","segment":[],"value":1' in result.to_json()
