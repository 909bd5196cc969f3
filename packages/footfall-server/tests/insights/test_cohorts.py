"""Cohorts: installs by what they did, in filters, breakdowns and previews."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from footfall_server.insights import Insights, cohorts, parse
from footfall_server.model.errors import Unprocessable
from footfall_server.store import Store

from . import oracle

_orders = iter(range(1, 10**9))


def event(at: str, install: str = "i1", event: str = "fit", **properties: Any) -> Any:
    order = next(_orders)
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    return oracle.Event(event, install, f"m{order}", moment, order, properties=properties)


POWER = {"name": "power users", "all": [{"event": "fit", "at_least": 3, "days": 28}]}
PLOTTERS = {"name": 'those who "plot"', "any": [{"event": ["plot", "draw"], "days": 7}]}
IN_POWER = {"property": "cohort", "op": "in", "values": ["power users"]}
JANUARY: dict[str, Any] = {"from_": "2026-01-01", "to": "2026-01-31"}
JANUARY_QUERY = {"report": "trends", "from": "2026-01-01", "to": "2026-01-31"}


@pytest.fixture
def january(library: Any) -> Any:
    library.add(
        [event(f"2026-01-{day:02}", "often") for day in (4, 20, 31)]
        + [event(f"2026-01-{day:02}", "before the window") for day in (3, 20, 31)]
        + [event("2026-01-10", "plots"), event("2026-01-25T00:00", "plots", "plot")]
        + [event("2026-01-24T23:59", "plotted once", "plot")]
        + [event("2026-01-30", "often", "draw")]
    )  # fmt: skip
    return library


def total(rows: list[dict[str, Any]]) -> dict[Any, Any]:
    return {tuple(row["segment"]): row["value"] for row in rows if row["bucket"] is None}


def ask(library: Any, **query: Any) -> Any:
    defaults = {"report": "trends", **JANUARY, "fold": True, "cohorts": [POWER, PLOTTERS]}
    return library.ask(**(defaults | query))


def test_a_filter_keeps_installs_that_did_it_often_enough_in_the_days_that_end_at_to(
    january: Any,
) -> None:
    assert total(ask(january, filters=[IN_POWER]).rows) == {(): 4}
    assert total(ask(january, filters=[{**IN_POWER, "op": "not_in"}]).rows) == {(): 6}
    # A day earlier the third time hasn't come yet.
    assert total(ask(january, filters=[IN_POWER], to="2026-01-30").rows) == {(): 0}


def test_an_install_counts_in_each_of_its_cohorts_and_those_in_none_are_none(
    january: Any,
) -> None:
    rows = ask(january, breakdown=["cohort"], series=[{"measure": "unique"}]).rows
    assert total(rows) == {("power users",): 1, ('those who "plot"',): 2, ("$none",): 2}


def test_several_behaviours_are_anded_or_ored(january: Any) -> None:
    both = [{"event": "fit", "at_least": 3}, {"event": "draw"}]
    either = {"property": "cohort", "op": "in", "values": ["x"]}
    for kind, expected in (("all", 1), ("any", 1)):
        rows = ask(
            january, filters=[either], series=[{"measure": "unique"}],
            cohorts=[{"name": "x", kind: both}],
        ).rows  # fmt: skip
        assert total(rows) == {(): expected}
    fits = [{"event": "fit", "at_least": 1}, {"event": "plot"}]
    rows = ask(
        january, filters=[either], series=[{"measure": "unique"}],
        cohorts=[{"name": "x", "any": fits}],
    ).rows  # fmt: skip
    assert total(rows) == {(): 4}


def test_a_cohort_does_not_depend_on_the_querys_own_filters(january: Any) -> None:
    january.add([event("2026-01-31", "often", "save", ci=True)])
    rows = ask(january, filters=[IN_POWER], series=[{"event": "save"}], installs="ci").rows
    assert total(rows) == {(): 1}


def test_compared_periods_look_at_the_same_installs(january: Any) -> None:
    january.add([event("2025-12-10", "often")])
    rows = ask(january, filters=[IN_POWER], compare="previous_period").rows
    assert [row["value"] for row in rows if row["bucket"] is None] == [4, 1]


def test_behaviours_have_filters_of_their_own(library: Any) -> None:
    library.add(
        [event("2026-01-30", "new", library_version="1.10"), event("2026-01-30", "new"),
         event("2026-01-30", "old", library_version="1.9")]
    )  # fmt: skip
    newer = {"property": "library_version", "op": "version_gte", "values": ["1.10"]}
    tried = {"name": "tried 1.10", "all": [{"filters": [newer]}]}
    rows = ask(library, breakdown=["cohort"], cohorts=[tried]).rows
    assert total(rows) == {("tried 1.10",): 2, ("$none",): 1}


@pytest.mark.parametrize(
    "query",
    [
        {"report": "retention", "unit": "week"},
        {"report": "retention", "breakdown": ["cohort"]},
        {
            "report": "funnel",
            "steps": [{"event": "fit", "filters": [IN_POWER]}, {"event": "fit"}],
            "breakdown": ["cohort"],
            "breakdown_step": 2,
        },
        {
            "report": "funnel",
            "steps": [{"event": "fit"}, {"event": None}],
            "hold": ["cohort"],
            "count": "total",
        },
        {"report": "flows", "anchor": "fit"},
        {"report": "paths"},
        {"report": "events_table"},
        {"report": "lifecycle"},
        {"report": "stickiness"},
        {"report": "adoption", "by": "cohort"},
        {"report": "errors", "by": "cohort"},
        {"report": "run_time", "by": "cohort"},
        {"report": "support_matrix", "rows": "cohort", "columns": "os_type"},
    ],
)
def test_every_report_takes_cohorts(january: Any, query: dict[str, Any]) -> None:
    with_filter = {**query, "filters": [IN_POWER], **JANUARY, "cohorts": [POWER]}
    assert january.ask(**with_filter).rows
    assert january.ask(**{**with_filter, "filters": []}).rows


def test_an_install_is_born_in_a_cohort_of_retention(january: Any) -> None:
    rows = january.ask(
        report="retention", unit="month", brackets=1, breakdown=["cohort"],
        cohorts=[POWER, PLOTTERS], **JANUARY,
    ).rows  # fmt: skip
    assert {row["segment"][0]: row["size"] for row in rows} == {
        "power users": 1, 'those who "plot"': 2, "$none": 2,
    }  # fmt: skip


def test_a_projects_saved_cohorts_are_known_by_name(january: Any, store: Store) -> None:
    saved = {"power users": {"all": POWER["all"], "description": "What they like"}}
    insights = Insights(store, cohorts=lambda project: saved)
    query = {"report": "events_table", "from": "2026-01-01", "to": "2026-01-31"}
    now = datetime(2027, 1, 1, tzinfo=UTC)

    def run(**more: Any) -> Any:
        return asyncio.run(insights.run(january.project, {**query, **more}, now))

    result = run(filters=[IN_POWER])
    assert {row["event"]: row["total"] for row in result.rows} == {"fit": 3, "draw": 1}
    assert result.query["cohorts"] == [POWER | {"all": [{"event": "fit", "at_least": 3, "days": 28,
                                                         "filters": []}]}]  # fmt: skip
    # The query's own definition comes first.
    mine = {"name": "power users", "all": [{"event": "plot"}]}
    rows = run(filters=[IN_POWER], cohorts=[mine]).rows
    assert {row["event"]: row["total"] for row in rows} == {"plot": 2, "fit": 1}
    assert "cohorts" not in run().query


def test_the_size_of_a_cohort_before_it_is_saved(january: Any, store: Store) -> None:
    insights = Insights(store)

    def size(now: str, **definition: Any) -> int:
        at = datetime.fromisoformat(now).replace(tzinfo=UTC)
        return asyncio.run(insights.cohort_size(january.project, definition, at))

    assert size("2026-02-01", all=POWER["all"]) == 1
    assert size("2026-01-31T00:00", all=POWER["all"]) == 0
    assert size("2026-02-01", any=[{"event": "fit", "days": 1}]) == 2
    with pytest.raises(Unprocessable) as caught:
        size("2026-02-01", all=[{"filters": [{"property": "nowhere", "op": "is_set"}]}])
    assert (caught.value.code, caught.value.path) == ("UNKNOWN_PROPERTY", "/all/0/filters/0")


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"filters": [{**IN_POWER, "values": ["power users", "nobody"]}]}, "UNKNOWN_COHORT",
     "/filters/0/values/1"),
    ({"filters": [{"any": [{"not": {**IN_POWER, "values": [7]}}]}]}, "UNKNOWN_COHORT",
     "/filters/0/any/0/not/values/0"),
    ({"series": [{"filters": [{**IN_POWER, "op": "contains"}]}]}, "NOT_OFFERED",
     "/series/0/filters/0/op"),
    ({"cohorts": [POWER, POWER]}, "DUPLICATE_NAME", "/cohorts/1/name"),
    ({"cohorts": [{"name": "x"}]}, "INVALID_QUERY", "/cohorts/0"),
    ({"cohorts": [{"name": "x", "all": []}]}, "INVALID_QUERY", "/cohorts/0/all"),
    ({"cohorts": [{"name": "x", "all": [{"at_least": 0}]}]}, "INVALID_QUERY",
     "/cohorts/0/all/0/at_least"),
    ({"cohorts": [{"name": "x", "all": [{"dayz": 3}]}]}, "UNKNOWN_FIELD",
     "/cohorts/0/all/0/dayz"),
    ({"cohorts": [{"name": "x", "all": [{"filters": [{"not": IN_POWER}]}]}]}, "INVALID_QUERY",
     "/cohorts/0/all/0/filters/0/not"),
    ({"breakdown": ["cohort"],
      "cohorts": [{"name": "x", "all": [{"filters": [{"property": "q", "op": "is_set"}]}]}]},
     "UNKNOWN_PROPERTY", "/cohorts/0/all/0/filters/0"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "code", "path"), BAD)
def test_what_is_wrong_is_named(january: Any, query: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        ask(january, **query)
    assert (caught.value.code, caught.value.path) == (code, path)


def test_names_are_values_not_sql(january: Any, new_library: Callable[[], Any]) -> None:
    name = "'; DROP TABLE events; -- `\\ \" é"
    rows = ask(january, breakdown=["cohort"], cohorts=[{**POWER, "name": name}]).rows
    assert total(rows)[(name,)] == 4


def test_many_cohorts_are_told_apart(january: Any) -> None:
    fits = [{"name": f"{n:02}", "all": [{"event": "fit", "at_least": n}]} for n in range(1, 9)]
    plots = [{"name": f"plot {n}", "all": [{"event": "plot", "at_least": n}]} for n in range(1, 9)]
    query = {"breakdown": ["cohort"], "series": [{"measure": "unique"}], "limit": 50}
    assert total(ask(january, **query, cohorts=[*fits, *plots]).rows) == {
        ("01",): 3, ("02",): 2, ("03",): 1, ("plot 1",): 2,
    }  # fmt: skip
    many = [{**POWER, "name": str(n)} for n in range(50)]
    saved = {"one more": {"all": POWER["all"]}}
    with pytest.raises(Unprocessable) as caught:
        cohorts.defined(parse({**JANUARY_QUERY, "cohorts": many, "breakdown": ["cohort"]}), saved)
    assert (caught.value.code, caught.value.path) == ("TOO_MANY_COHORTS", "/breakdown/0")


@pytest.mark.parametrize(
    ("own", "saved", "path"),
    [
        (["b", "a"], [], "/cohorts/1/any/0/filters/0"),
        (["a", "b"], [], "/cohorts/0/any/0/filters/0"),
        (["b"], ["a"], "/breakdown/0"),
    ],
)
def test_a_mistake_in_a_cohort_is_pointed_at_where_it_was_asked(
    store: Store, january: Any, own: list[str], saved: list[str], path: str
) -> None:
    """Wherever the cohort then stands among all; in a saved one, where the query refers to it."""
    wrong = {"property": "nosuch", "op": "is_set", "values": []}
    bodies = {
        "a": {"any": [{"event": "fit", "days": 7, "filters": [wrong]}]},
        "b": {"any": [{"event": "fit", "days": 7}]},
    }
    insights = Insights(store, cohorts=lambda project: {name: bodies[name] for name in saved})
    query = {**JANUARY_QUERY, "breakdown": ["cohort"]}
    query |= {"cohorts": [{"name": name, **bodies[name]} for name in own]}
    with pytest.raises(Unprocessable) as caught:
        asyncio.run(insights.run(january.project, query, datetime(2027, 1, 1, tzinfo=UTC)))
    assert (caught.value.code, caught.value.path) == ("UNKNOWN_PROPERTY", path)
    assert ("The saved cohort 'a'" in caught.value.message) == (not path.startswith("/cohorts/"))
