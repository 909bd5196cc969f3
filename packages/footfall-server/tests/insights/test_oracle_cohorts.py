"""Random cohorts in filters and breakdowns, of trends and of retention."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from . import oracle, oracle_retention
from .generate import FILTERS, PARTS, VISITS, examples, known, same
from .oracle_cohorts import with_cohorts

BEHAVIOUR = st.fixed_dictionaries(
    {
        "event": st.sampled_from([None, "fit", "run", ["fit", "plot"]]),
        "at_least": st.sampled_from([1, 1, 2, 3]),
        "days": st.sampled_from([1, 2, 7, 28, 90]),
        "filters": st.one_of(st.just([]), st.just([]), FILTERS),
    }
)
NAMES = ["a", 'b "c"', "$none"]


@st.composite
def _cohorts(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            draw(st.sampled_from(["all", "any"])): draw(
                st.lists(BEHAVIOUR, min_size=1, max_size=2)
            ),
        }
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    ]


@st.composite
def _query(draw: st.DrawFn) -> dict[str, Any]:
    cohorts = draw(_cohorts())
    names = st.lists(st.sampled_from([one["name"] for one in cohorts]), min_size=1, max_size=2)
    condition = st.builds(
        lambda op, values: {"property": "cohort", "op": op, "values": values},
        st.sampled_from(["in", "not_in"]),
        names,
    )
    filters = st.one_of(
        condition,
        st.builds(lambda one: {"not": one}, condition),
        st.builds(lambda one, other: {"any": [one, *other]}, condition, FILTERS),
    )
    first, last = draw(
        st.sampled_from(
            [("2026-03-23", "2026-04-02"), ("2026-03-28", "2026-03-29"),
             ("2026-03-01", "2026-05-03"), ("2026-10-20", "2026-10-25")]
        )
    )  # fmt: skip
    query: dict[str, Any] = {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "installs": draw(st.sampled_from(["all", "all", "human"])),
        "filters": draw(st.lists(filters, max_size=1)),
        "cohorts": cohorts,
    }
    if not query["filters"] or draw(st.booleans()):
        parts = draw(st.lists(PARTS, max_size=1))
        query["breakdown"] = draw(st.permutations(["cohort", *parts]))
        query["limit"] = draw(st.sampled_from([1, 10]))
    return query


def _library(new_library: Callable[[], Any], events: list[Any]) -> tuple[Any, list[Any]]:
    events = [*events, replace(known(events), install="known")]
    library = new_library()
    library.add_in_halves(events)
    return library, events


@examples(15)
@given(events=VISITS, queries=st.lists(_query(), min_size=5, max_size=8))
def test_trends_with_cohorts_are_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    queries: list[dict[str, Any]],
) -> None:
    library, events = _library(new_library, events)
    for query in queries:
        query |= {"interval": "week", "fold": True}
        query["series"] = [{"measure": "total"}, {"measure": "unique"}]
        expected = {
            (row["bucket"], row["series"], tuple(row["segment"])): row["value"]
            for row in oracle.trends(with_cohorts(events, query), query)
        }
        rows = library.ask(report="trends", **query).rows
        found = {
            (row["bucket"], row["series"], tuple(row["segment"])): row["value"] for row in rows
        }
        assert set(found) == set(expected)
        assert {k: v for k, v in found.items() if not same(v, expected[k])} == {}
        compared("trends by cohorts")


@examples(10)
@given(
    events=VISITS,
    queries=st.lists(_query(), min_size=4, max_size=6),
    kind=st.sampled_from(["first_ever", "recurring"]),
)
def test_retention_with_cohorts_is_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    queries: list[dict[str, Any]],
    kind: str,
) -> None:
    library, events = _library(new_library, events)
    now = datetime(2027, 1, 1, tzinfo=UTC)
    for query in queries:
        query |= {"unit": "week", "brackets": 3, "mode": "calendar", "kind": "on"}
        query |= {"cohort": kind, "average": "pooled", "birth": {}, "return": {"event": "fit"}}
        told = with_cohorts(events, query)
        expected, _ = oracle_retention.retention(told, query, now)
        rows = library.ask(report="retention", now=now, **query).rows
        key = ("cohort", "bracket", "segment", "size", "count")
        assert sorted([row[k] for k in key] for row in rows) == sorted(
            [row[k] for k in key] for row in expected
        )
        compared("retention by cohorts")
