"""Retention: cases worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.model.errors import Unprocessable

from . import oracle

_orders = iter(range(1, 10**9))


def event(
    at: str, install: str = "i1", event: str = "fit", order: int | None = None, **properties: Any
) -> Any:
    order = order or next(_orders)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    message = f"m{next(_orders)}"
    return oracle.Event(event, install, message, moment, order, properties=properties)


WEEK: dict[str, Any] = {"report": "retention", "from_": "2026-01-05", "to": "2026-01-11"}
RUN: dict[str, Any] = {"birth": {"event": "fit"}, "return_": {"event": "run"}}


def counts(rows: list[dict[str, Any]], cohort: str = "2026-01-05") -> list[int | None]:
    """By bracket, of a cohort without a breakdown."""
    return [row["count"] for row in rows if row["cohort"] == cohort]


def rates(result: Any) -> list[float | None]:
    return [row["rate"] for row in result.meta["average"]]


def test_born_monday_20_00_and_back_tuesday_06_00_is_day_1(library: Any) -> None:
    library.add([event("2026-01-05T20:00"), event("2026-01-06T06:00")])
    query = {**WEEK, "unit": "day", "brackets": 3}
    assert counts(library.ask(**query).rows) == [1, 1, 0]
    # Ten hours later is still the first of 24 hours.
    assert counts(library.ask(**query, mode="rolling").rows) == [1, 0, 0]


def test_rolling_day_1_is_24_to_48_hours_after_the_birth(library: Any) -> None:
    born = "2026-01-05T20:00"
    library.add(
        [event(born, name) for name in ("23:59", "24:00", "47:59", "48:00")]
        + [event("2026-01-06T19:59:59.999999", "23:59"), event("2026-01-06T20:00", "24:00"),
           event("2026-01-07T19:59:59.999999", "47:59"), event("2026-01-07T20:00", "48:00")]
    )  # fmt: skip
    result = library.ask(**WEEK, mode="rolling", brackets=3)
    assert counts(result.rows) == [4, 2, 1]


def test_days_are_those_of_the_timezone(library: Any) -> None:
    library.add([event("2026-01-05T22:30"), event("2026-01-05T23:30")])
    assert counts(library.ask(**WEEK, brackets=2).rows) == [1, 0]
    rows = library.ask(**WEEK, brackets=2, timezone="Europe/Brussels").rows
    assert counts(rows) == [1, 1]


def test_months_are_calendar_months_or_30_days(library: Any) -> None:
    library.add([event("2026-01-31"), event("2026-02-01")])
    query = {"report": "retention", "from_": "2026-01-01", "to": "2026-01-31", "unit": "month"}
    assert counts(library.ask(**query, brackets=2).rows, "2026-01-01") == [1, 1]
    rolling = library.ask(**query, brackets=2, mode="rolling").rows
    assert counts(rolling, "2026-01-01") == [1, 0]


def _two_cohorts(library: Any) -> None:
    """Ten installs born in one week, of whom five come back the week after, then five and four."""
    events = []
    for first, born, back in ((5, 10, 5), (12, 5, 4)):
        for place in range(born):
            name = f"{first}-{place}"
            events.append(event(f"2026-01-{first:02}", name))
            if place < back:
                events.append(event(f"2026-01-{first + 7:02}", name))
    library.add(events)


def test_the_average_is_pooled_60_percent_or_of_cohorts_65_percent(library: Any) -> None:
    _two_cohorts(library)
    query = {"report": "retention", "from_": "2026-01-05", "to": "2026-01-18", "unit": "week"}
    pooled = library.ask(**query, brackets=2)
    assert counts(pooled.rows, "2026-01-05") == [10, 5]
    assert counts(pooled.rows, "2026-01-12") == [5, 4]
    assert rates(pooled) == [1, 0.6]
    assert pooled.meta["average_kind"] == "pooled"
    mean = library.ask(**query, brackets=2, average="mean")
    assert rates(mean) == [1, pytest.approx(0.65)]
    assert mean.meta["average_kind"] == "mean of cohorts"


def test_a_bracket_that_has_not_wholly_passed_is_null_and_stays_out_of_averages(
    library: Any,
) -> None:
    _two_cohorts(library)
    query = {"report": "retention", "from_": "2026-01-05", "to": "2026-01-18", "unit": "week"}
    now = datetime(2026, 1, 25, 23, 59, tzinfo=UTC)
    result = library.ask(now=now, **query, brackets=3)
    assert counts(result.rows, "2026-01-05") == [10, 5, None]
    assert counts(result.rows, "2026-01-12") == [5, None, None]
    assert [row["rate"] for row in result.rows] == [1, 0.5, None, 1, None, None]
    assert rates(result) == [1, 0.5, None]
    later = library.ask(now=datetime(2026, 1, 26, tzinfo=UTC), **query, brackets=2)
    assert counts(later.rows, "2026-01-12") == [5, 4]


def test_a_rolling_bracket_is_null_until_the_last_born_have_lived_it(library: Any) -> None:
    library.add([event("2026-01-05"), event("2026-01-06T12:00")])
    query = {**WEEK, "to": "2026-01-05", "mode": "rolling", "brackets": 2}
    just_before = datetime(2026, 1, 7, 23, 59, 59, tzinfo=UTC)
    assert counts(library.ask(now=just_before, **query).rows) == [1, None]
    assert counts(library.ask(now=datetime(2026, 1, 8, tzinfo=UTC), **query).rows) == [1, 1]


def test_an_empty_cohort_has_size_0_count_0_and_no_rate(library: Any) -> None:
    library.add([event("2026-01-05")])
    rows = library.ask(**WEEK, brackets=1).rows
    assert rows[1] == {
        "cohort": "2026-01-06", "segment": [], "size": 0, "bracket": 0, "count": 0, "rate": None,
    }  # fmt: skip
    assert len(rows) == 7


def test_on_on_or_after_and_streak(library: Any) -> None:
    library.add(
        [event("2026-01-05"), event("2026-01-06"), event("2026-01-08"), event("2026-03-01")]
    )
    asked = {**WEEK, "brackets": 5}
    assert counts(library.ask(**asked).rows) == [1, 1, 0, 1, 0]
    assert counts(library.ask(**asked, kind="on_or_after").rows) == [1, 1, 1, 1, 1]
    assert counts(library.ask(**asked, kind="streak").rows) == [1, 1, 0, 0, 0]


def test_first_ever_first_in_range_and_recurring(library: Any) -> None:
    library.add(
        [event("2025-06-01", "old"), event("2026-01-06", "old"), event("2026-01-08", "old"),
         event("2026-01-06", "new")]
    )  # fmt: skip
    for cohort, sizes in (
        ("first_ever", {"2026-01-06": 1}),
        ("first_in_range", {"2026-01-06": 2}),
        ("recurring", {"2026-01-06": 2, "2026-01-08": 1}),
    ):
        rows = library.ask(**WEEK, brackets=1, cohort=cohort).rows
        assert {row["cohort"]: row["size"] for row in rows if row["size"]} == sizes


def test_a_range_of_instants_is_exact_to_the_microsecond(library: Any) -> None:
    library.add(
        [event("2026-01-05T00:00:00.5", "inside"), event("2026-01-05T00:00:00.499999", "before")]
    )
    instants = {"from_": "2026-01-05T00:00:00.5Z", "to": "2026-01-06T00:00:00Z"}
    for cohort in ("first_ever", "first_in_range", "recurring"):
        [row] = library.ask(**{**WEEK, **instants}, brackets=1, cohort=cohort).rows
        assert row["size"] == 1


def test_first_ever_is_after_the_filters_of_birth_and_query(library: Any) -> None:
    library.add([event("2025-06-01", ci=True), event("2026-01-06", kind="x")])
    assert sum(row["size"] for row in library.ask(**WEEK, brackets=1).rows) == 0
    assert sum(row["size"] for row in library.ask(**WEEK, brackets=1, installs="human").rows) == 1
    birth = {"filters": [{"property": "properties.kind", "op": "is_set"}]}
    assert sum(row["size"] for row in library.ask(**WEEK, brackets=1, birth=birth).rows) == 1


def test_returns_after_to_count(library: Any) -> None:
    library.add([event("2026-01-11"), event("2026-01-12", event="run")])
    assert counts(library.ask(**WEEK, **RUN, brackets=2).rows, "2026-01-11") == [0, 1]


def test_a_return_before_the_birth_on_the_same_day_does_not_count(library: Any) -> None:
    library.add(
        [event("2026-01-05T08:00", "before", "run"), event("2026-01-05T09:00", "before"),
         event("2026-01-05T09:00", "after"), event("2026-01-05T10:00", "after", "run")]
    )  # fmt: skip
    for cohort in ("first_ever", "recurring"):
        assert counts(library.ask(**WEEK, **RUN, brackets=1, cohort=cohort).rows) == [1]


def test_at_one_instant_the_clients_own_order_tells_which_came_first(library: Any) -> None:
    at = "2026-01-05T09:00"
    library.add(
        [event(at, "run first", "run", order=10), event(at, "run first", order=11),
         event(at, "fit first", order=20), event(at, "fit first", "run", order=21)]
    )  # fmt: skip
    assert counts(library.ask(**WEEK, **RUN, brackets=1).rows) == [1]


def test_one_event_may_be_birth_and_return(library: Any) -> None:
    library.add([event("2026-01-05", "i1"), event("2026-01-05", "i2", "run")])
    rows = library.ask(**WEEK, brackets=1, return_={"event": "run"}).rows
    assert (rows[0]["size"], rows[0]["count"]) == (2, 1)


def test_a_breakdown_takes_the_value_at_the_birth(library: Any) -> None:
    library.add(
        [event("2026-01-05", "i1", p="a"), event("2026-01-06", "i1", p="b"),
         event("2026-01-05", "i2", p=["a", "c"]), event("2026-01-05", "i3")]
    )  # fmt: skip
    query = {**WEEK, "to": "2026-01-05", "brackets": 2, "breakdown": ["p"]}
    rows = library.ask(**query).rows
    found = {row["segment"][0]: (row["size"], row["count"]) for row in rows if row["bracket"]}
    assert found == {"a": (2, 1), "c": (1, 0), "$none": (1, 0)}
    folded = library.ask(**query, limit=1).rows
    found = {row["segment"][0]: row["size"] for row in folded if row["bracket"]}
    assert found == {"a": 2, "$other": 2}


def test_weeks_of_a_partial_range_hold_births_inside_it_only(library: Any) -> None:
    library.add([event("2026-01-06", "before"), event("2026-01-08", "inside")])
    rows = library.ask(**{**WEEK, "from_": "2026-01-07"}, unit="week", brackets=1).rows
    assert [(row["cohort"], row["size"]) for row in rows] == [("2026-01-05", 1)]


@pytest.mark.parametrize(
    ("fields", "code", "path"),
    [
        ({"unit": "hour"}, "INVALID_QUERY", "/unit"),
        ({"brackets": 0}, "INVALID_QUERY", "/brackets"),
        ({"brackets": 501}, "INVALID_QUERY", "/brackets"),
        ({"mode": "sliding"}, "INVALID_QUERY", "/mode"),
        ({"kind": "in"}, "INVALID_QUERY", "/kind"),
        ({"cohort": "last"}, "INVALID_QUERY", "/cohort"),
        ({"average": "median"}, "INVALID_QUERY", "/average"),
        ({"birth": {"events": "fit"}}, "UNKNOWN_FIELD", "/birth/events"),
        ({"return": {"event": []}}, "INVALID_QUERY", "/return/event"),
        ({"return": {"filters": [{"property": "q", "op": "is_set"}]}}, "UNKNOWN_PROPERTY",
         "/return/filters/0"),
        ({"breakdown": ["q"]}, "UNKNOWN_PROPERTY", "/breakdown/0"),
        ({"from": "2027-01-01"}, "INVALID_RANGE", "/from"),
        ({"from": "1990-01-01"}, "TOO_MANY_BUCKETS", "/unit"),
        ({"from": "2016-01-01", "brackets": 60}, "TOO_MANY_ROWS", "/brackets"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(library: Any, fields: dict[str, Any], code: str, path: str) -> None:
    library.add([event("2026-01-05")])
    asked = {"report": "retention", "from": "2026-01-05", "to": "2026-01-11", **fields}
    with pytest.raises(Unprocessable) as caught:
        library.ask(**asked)
    assert (caught.value.code, caught.value.path) == (code, path)
