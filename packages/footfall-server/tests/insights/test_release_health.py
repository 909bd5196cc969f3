"""Release health on cases that are worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from footfall_server.insights.intervals import slope, wilson
from footfall_server.insights.versions import folded, is_within
from footfall_server.model.errors import Unprocessable

from .oracle import Event

AT = datetime(2026, 6, 15, 8, tzinfo=UTC)  # a Monday
WEEK = {"from": "2026-06-15", "to": "2026-06-21"}
_places = iter(range(1, 10**9))


def used(install: str, version: Any = None, days: float = 0, **properties: Any) -> Event:
    place = next(_places)
    if version is not None:
        properties["library_version"] = version
    at = AT + timedelta(days=days)
    return Event("fit", install, f"m{place}", at, place, properties=properties)


def failing(count: int, of: int, version: str, prefix: str = "i") -> list[Event]:
    return [
        used(f"{prefix}{place}", version, exception_occurred=place < count) for place in range(of)
    ]


def by(rows: list[dict[str, Any]], *names: str) -> dict[Any, Any]:
    """Rows by the first names, the last one's value."""
    *keys, value = names
    return {
        tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row[value]
        for row in rows
    }


def test_an_install_counts_once_for_the_newest_version_that_it_used(library: Any) -> None:
    library.add([used("i1", "1.9"), used("i1", "1.10", 1), used("i1", "1.9", 2), used("i2", "1.9")])
    rows = library.ask(report="adoption", interval="week", **WEEK).rows
    assert rows == [
        {"bucket": "2026-06-15", "value": "1.9", "installs": 1, "share": 0.5},
        {"bucket": "2026-06-15", "value": "1.10", "installs": 1, "share": 0.5},
    ]


def test_versions_are_in_their_order_unreadable_before_and_missing_first(library: Any) -> None:
    versions = ["1.10", "1.9", "1.10rc1", "nightly", "0.2", "1.9.post1"]
    library.add([used(f"i{place}", version) for place, version in enumerate(versions)])
    library.add([used("i9")])
    expected = ["$none", "nightly", "0.2", "1.9", "1.9.post1", "1.10rc1", "1.10"]
    for report, name in (("adoption", "value"), ("errors", "value"), ("run_time", "value")):
        rows = library.ask(report=report, **WEEK).rows
        assert list(dict.fromkeys(row[name] for row in rows)) == expected
    cells = library.ask(report="support_matrix", **WEEK)
    assert cells.meta["columns"] == expected


def test_granularity_folds_pre_releases_and_keeps_what_is_no_version(library: Any) -> None:
    versions = ["1.2.3", "1.2.4rc1", "1.3.0", "2.0.1.5", "nightly"]
    library.add([used(f"i{place}", version) for place, version in enumerate(versions)])
    library.add([used("i9")])

    def installs(granularity: str) -> dict[str, int]:
        rows = library.ask(report="adoption", interval="week", granularity=granularity, **WEEK).rows
        return by(rows, "value", "installs")

    rest = {"$none": 1, "nightly": 1}
    assert installs("major") == {**rest, "1": 3, "2": 1}
    assert installs("minor") == {**rest, "1.2": 2, "1.3": 1, "2.0": 1}
    assert installs("patch") == {**rest, "1.2.3": 1, "1.2.4": 1, "1.3.0": 1, "2.0.1": 1}


def test_adoption_of_something_else_takes_the_last_value(library: Any) -> None:
    first, last = used("i1", os_type="Windows"), used("i1", os_type="Linux")
    library.add([last, replace(first, time=last.time, client_time=last.time)])
    rows = library.ask(report="adoption", by="os_type", interval="week", **WEEK).rows
    assert by(rows, "value", "installs") == {"Linux": 1}  # at the same time: the client's order


def test_a_day_without_installs_has_no_share_and_is_there(library: Any) -> None:
    library.add([used("i1", "1.0"), used("i1", "1.0", 2)])
    answer = library.ask(report="adoption", **{**WEEK, "to": "2026-06-17"})
    assert by(answer.rows, "bucket", "installs", "share")[("2026-06-16", 0)] is None
    assert answer.meta["incomplete"] == []
    week = library.ask(report="adoption", interval="week", **{**WEEK, "to": "2026-06-17"})
    assert week.meta["incomplete"] == ["2026-06-15"]


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(0, 10, 0, 0.2775), (10, 10, 0.7225, 1), (5, 10, 0.2366, 0.7634), (1, 100, 0.0018, 0.0545)],
)
def test_the_interval_is_wilsons(count: int, of: int, low: float, high: float) -> None:
    assert wilson(count, of) == pytest.approx((low, high), abs=5e-5)


def test_rates_are_of_weighted_events_and_of_installs(library: Any) -> None:
    library.add([used("i1", "1.0", exception_occurred=True, weight=3), used("i2", "1.0")])
    [row] = library.ask(report="errors", **WEEK).rows
    assert (row["events"], row["errors"], row["rate"]) == (4, 3, 0.75)
    assert (row["installs"], row["installs_with_error"], row["install_rate"]) == (2, 1, 0.5)
    assert row["event"] is None


def test_a_version_regresses_against_the_three_before_it(library: Any) -> None:
    events = [*failing(30, 40, "1.0"), *failing(0, 40, "1.1", "a"), *failing(1, 40, "1.2", "b")]
    events += [*failing(1, 40, "1.3", "c"), *failing(20, 40, "1.10", "d"), *failing(9, 9, "dev")]
    library.add(events)
    rows = library.ask(report="errors", **WEEK).rows
    baselines = by(rows, "value", "baseline_rate")
    assert baselines == {
        "dev": None, "1.0": None, "1.1": 30 / 40, "1.2": 30 / 80, "1.3": 31 / 120, "1.10": 2 / 120,
    }  # fmt: skip
    assert [row["value"] for row in rows if row["regressed"]] == ["1.10"]


def test_thirty_installs_are_needed_on_either_side(library: Any) -> None:
    library.add(
        [*failing(0, 29, "1.0"), *failing(29, 29, "1.1", "a"), *failing(29, 29, "1.2", "b")]
    )
    rows = library.ask(report="errors", **WEEK).rows
    assert by(rows, "value", "baseline_rate") == {"1.0": None, "1.1": None, "1.2": 0.5}
    assert not any(row["regressed"] for row in rows)


def test_a_repeat_that_names_another_version_is_no_version_before(library: Any) -> None:
    first = used("i0", "1.0")
    library.add([*failing(0, 30, "1.0", "a"), first, *failing(0, 30, "1.4", "b")])
    later = replace(first, order=next(_places), properties={"library_version": "1.3"})
    library.add([later, *failing(0, 1, "1.1"), *failing(0, 1, "1.2")])
    rows = library.ask(report="errors", **WEEK).rows
    assert by(rows, "value", "baseline_rate")["1.4"] == 0  # 1.0 is the third one before


def test_errors_of_one_event(library: Any) -> None:
    library.add([used("i1", "1.0", exception_occurred=True)])
    library.add([replace(used("i1", "1.0"), event="run")])
    [row] = library.ask(report="errors", event="run", **WEEK).rows
    assert (row["event"], row["events"], row["errors"]) == ("run", 1, 0)


def test_exceptions_name_their_versions(library: Any) -> None:
    def failed(install: str, version: str, kind: str, days: float) -> Event:
        return used(install, version, days, exception_occurred=True, exception_type=kind)

    library.add([failed("i1", "1.9", "KeyError", 1), failed("i2", "1.10", "KeyError", 0)])
    library.add([failed("i1", "1.2", "ValueError", 0), used("i1", "1.0", exception_type="Silent")])
    rows = library.ask(report="exceptions", **WEEK).rows
    assert rows == [
        {
            "exception_type": "KeyError", "events": 2, "installs": 2,
            "first_version": "1.9", "last_version": "1.10",
            "first_seen": "2026-06-15T08:00:00Z", "last_seen": "2026-06-16T08:00:00Z",
        },
        {
            "exception_type": "ValueError", "events": 1, "installs": 1,
            "first_version": "1.2", "last_version": "1.2",
            "first_seen": "2026-06-15T08:00:00Z", "last_seen": "2026-06-15T08:00:00Z",
        },
    ]  # fmt: skip


def test_run_times_interpolate_and_are_weighted(library: Any) -> None:
    library.add([used("i1", "1.0", run_time=value) for value in (1, 2, 3, 4)])
    library.add([used("i1", "1.1", run_time=value, weight=value) for value in (1, 2, 3)])
    library.add([used("i1", "1.2", run_time="3")])
    even, weighted, none = library.ask(report="run_time", **WEEK).rows
    assert [even[name] for name in ("p50", "p90", "p99")] == pytest.approx([2.5, 3.7, 3.97])
    assert [weighted[name] for name in ("events", "p50", "p90")] == [6, 2, 3]
    assert none == {
        "value": "1.2", "event": "fit", "events": 1, "p50": None, "p90": None, "p99": None,
        "approximate": False,
    }  # fmt: skip


def test_beyond_100_000_values_a_run_time_is_approximate(library: Any, store: Any) -> None:
    library.add([used("i1", "1.0", run_time=1.0)])
    store._engine.execute(
        "INSERT INTO events (project, kind, event, install, message_id, client_time, properties) "
        f"SELECT {library.project.id}, 'track', 'fit', 'i2', toString(number), "
        "toDateTime64('2026-06-15 08:00:00', 6), "
        'CAST(concat(\'{"library_version":"2.0","run_time":\', toString(number), \'}\') AS JSON) '
        "FROM numbers(100001) SETTINGS insert_deduplication_token = 'many'"
    )
    answer = library.ask(report="run_time", **WEEK)
    assert [row["approximate"] for row in answer.rows] == [False, True]
    assert answer.meta["approximate"] is True
    assert answer.rows[1]["p50"] == pytest.approx(50_000, rel=0.01)


def test_an_install_is_in_the_cell_of_its_last_event(library: Any) -> None:
    library.add([used("i1", "1.9", python_version="3.8.1")])
    library.add(
        [used("i1", "1.8", 1, python_version="3.10.2"), used("i2", "1.8", python_version="3.8")]
    )
    answer = library.ask(report="support_matrix", granularity="minor", **WEEK)
    assert by(answer.rows, "row", "column", "installs") == {("3.8", "1.8"): 1, ("3.10", "1.8"): 1}
    assert [row["row"] for row in answer.rows] == ["3.8", "3.10"]
    assert [row["share"] for row in answer.rows] == [0.5, 0.5]
    assert answer.rows[0]["low"] == pytest.approx(wilson(1, 2)[0])


def test_3_8_is_3_8_x_and_no_other() -> None:
    assert all(is_within(one, "3.8") for one in ("3.8", "3.8.19", "3.8.0rc1"))
    assert not any(is_within(one, "3.8") for one in ("3.18", "3.80", "3", "dev"))
    assert not is_within("3.10.1", "3.1")
    assert is_within("3", "3.0")
    assert is_within("dev", "dev")
    assert [is_within(one, "3.8.0rc1") for one in ("3.8.0rc1", "3.8.0")] == [True, False]
    assert folded("1!2.3.4", "minor") == "1!2.3"


def test_dropping_costs_whoever_has_nothing_newer(library: Any) -> None:
    def on(install: str, python: str, days: float, **properties: Any) -> Event:
        return used(install, "1.0", days, python_version=python, **properties)

    library.add([on("i1", "3.8.1", 6), on("i1", "3.9", 0), on("i2", "3.8.2", -21.3)])
    library.add([on("i3", "3.8", 0, ephemeral=True), on("i4", "3.12", 1), on("i5", "3.8", -22)])
    answer = library.ask(report="drop_cost", values=["3.8", "3.7"], **WEEK)
    assert by(answer.rows, "value", "installs") == {"3.8": 1, "3.7": 0}  # i5: 29 days before
    assert answer.meta["installs"] == 3
    assert answer.rows[0]["share"] == pytest.approx(1 / 3)
    assert answer.rows[1]["share"] == 0


def test_the_trend_is_the_slope_of_twelve_weeks(library: Any) -> None:
    events = []
    for week in range(12):
        for place in range(12):
            python = "3.8" if place < week else "3.9"
            events.append(used(f"i{place}", "1.0", -7 * week, python_version=python))
    library.add(events)
    [row] = library.ask(report="drop_cost", values=["3.8"], **WEEK).rows
    assert row["trend_per_week"] == pytest.approx(-1 / 12)
    assert slope([(0.0, 1.0)]) is None


def test_traction_says_how_it_was_counted(library: Any) -> None:
    events = [used(f"i{place}", "1.0", 0) for place in range(4)]
    events += [used(f"i{place}", "1.1.2", 28) for place in range(2, 5)]
    library.add([*events, used("i9", "1.0", -7), used("i9", "1.0", 0)])
    now = datetime(2026, 7, 22, tzinfo=UTC)
    found = library.ask(report="traction", now=now, **{"from": "2026-06-10", "to": "2026-07-22"})
    values = {(one["metric"], one["bucket"], one["segment"]): one["value"] for one in found.rows}
    assert values["weekly_active_installs", "2026-06-15", None] == 5
    assert values["weekly_active_installs", "2026-06-22", None] == 0
    assert values["growth", "2026-07-13", None] == (3 - 5) / 5
    assert values["growth", "2026-06-15", None] is None
    assert values["new_installs", "2026-06-15", None] == 4  # i9 was there before
    assert values["retention", "2026-06-15", None] == 0.5
    assert values["retention", "2026-06-22", None] is None
    assert values["weekly_active_installs_by_version", "2026-07-13", "1.1"] == 3
    assert {one["bucket"] for one in found.rows} == {
        "2026-06-15", "2026-06-22", "2026-06-29", "2026-07-06", "2026-07-13",
    }  # fmt: skip
    assert all(row["counted"] and "opted out" in row["excluded"] for row in found.rows)


def test_a_project_may_name_its_version_otherwise(new_library: Callable[[], Any]) -> None:
    library = new_library()
    library.project = replace(library.project, version_property="nannyml_version")
    library.add([used("i1", nannyml_version="0.9", exception_occurred=True)])
    library.add([used("i2", nannyml_version="0.13.1")])
    rows = library.ask(report="adoption", interval="week", **WEEK).rows
    assert by(rows, "value", "installs") == {"0.9": 1, "0.13.1": 1}
    assert [row["value"] for row in library.ask(report="errors", **WEEK).rows] == ["0.9", "0.13.1"]
    [exception] = library.ask(report="exceptions", **WEEK).rows
    assert exception["first_version"] == "0.9"
    older = {"property": "library_version", "op": "version_lt", "values": ["0.10"]}
    asked = {"breakdown": ["library_version"], "filters": [older], "interval": "week"}
    trend = library.ask(report="trends", **asked, **WEEK)
    assert [(row["segment"], row["value"]) for row in trend.rows] == [(["0.9"], 1)]
    assert trend.query["breakdown"] == ["library_version"]


@pytest.mark.parametrize(
    ("query", "code", "path"),
    [
        ({"report": "adoption", "granularity": "fine"}, "INVALID_QUERY", "/granularity"),
        ({"report": "adoption", "by": "never_sent"}, "UNKNOWN_PROPERTY", "/by"),
        ({"report": "traction", "from": "1970-01-01", "to": "2099-12-31"}, "TOO_MANY_BUCKETS",
         "/from"),
        ({"report": "traction", "filters": [{"any": [
            {"property": "run_time", "op": "is_set"}, {"property": "never_sent", "op": "is_set"},
        ]}]}, "UNKNOWN_PROPERTY", "/filters/0/any/1"),
        ({"report": "adoption", "interval": "hour", "from": "1990-01-01"}, "TOO_MANY_BUCKETS",
         "/interval"),
        ({"report": "errors", "events": "fit"}, "UNKNOWN_FIELD", "/events"),
        ({"report": "run_time", "by": 7}, "INVALID_QUERY", "/by"),
        ({"report": "support_matrix", "rows": "a..b"}, "UNKNOWN_PROPERTY", "/rows"),
        ({"report": "drop_cost"}, "MISSING_FIELD", "/values"),
        ({"report": "drop_cost", "values": []}, "INVALID_QUERY", "/values"),
        ({"report": "drop_cost", "values": [3.8]}, "INVALID_QUERY", "/values/0"),
        ({"report": "drop_cost", "values": ["3.8"], "installs": "ephemeral"}, "NOT_OFFERED",
         "/installs"),
        ({"report": "traction", "to": "2020-01-01"}, "INVALID_RANGE", "/from"),
    ],
)  # fmt: skip
def test_bad_input_is_named(library: Any, query: dict[str, Any], code: str, path: str) -> None:
    library.add([used("i1", "1.0")])
    with pytest.raises(Unprocessable) as caught:
        library.ask(**{**WEEK, **query})
    assert (caught.value.code, caught.value.path) == (code, path)


def test_a_property_with_too_many_values_can_not_be_adopted(
    library: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall_server.insights.values.MAX_VALUES", 2)
    library.add([used(f"i{place}", f"1.{place}") for place in range(3)])
    for report, path in (("adoption", "/by"), ("support_matrix", "/columns")):
        with pytest.raises(Unprocessable) as caught:
            library.ask(report=report, **WEEK)
        assert (caught.value.code, caught.value.path) == ("TOO_MANY_ROWS", path)


@pytest.mark.parametrize("report", ["adoption", "errors", "exceptions", "run_time",
                                    "support_matrix", "traction"])  # fmt: skip
def test_without_events_there_are_no_rows(library: Any, report: str) -> None:
    assert [row for row in library.ask(report=report, **WEEK).rows if row.get("segment")] == []
    [dropped] = library.ask(report="drop_cost", values=["3.8"], **WEEK).rows
    assert (dropped["installs"], dropped["share"], dropped["trend_per_week"]) == (0, None, None)
