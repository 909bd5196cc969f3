"""Random events and queries of retention, lifecycle and stickiness against the definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from . import oracle_retention as oracle
from .generate import FILTERS, PARTS, VISITS, examples, known, same

RANGES = st.sampled_from(
    [("2026-03-28", "2026-03-31"), ("2026-03-23", "2026-04-12"), ("2026-03-30", "2026-05-03"),
     ("2026-02-20", "2026-06-03"), ("2026-10-20", "2026-11-03"), ("2026-04-01", "2026-04-01")]
)  # fmt: skip
# Most filters leave nothing to come back.
SOME = st.one_of(st.just([]), st.just([]), st.just([]), FILTERS)
ACTION = st.fixed_dictionaries(
    {"event": st.sampled_from([None, None, "fit", "run", ["fit", "plot"]]), "filters": SOME}
)


@st.composite
def _common(draw: st.DrawFn) -> dict[str, Any]:
    first, last = draw(RANGES)
    return {
        "from": first,
        "to": last,
        "timezone": draw(st.sampled_from(["UTC", "Europe/Brussels", "America/New_York"])),
        "installs": draw(st.sampled_from(["all", "all", "all", "persistent", "human"])),
        "filters": draw(SOME),
    }


@st.composite
def _retention(draw: st.DrawFn) -> dict[str, Any]:
    query = draw(_common())
    birth = draw(ACTION)
    query |= {
        "birth": birth,
        "return": draw(st.one_of(st.just(birth), ACTION)),
        "unit": draw(st.sampled_from(["day", "week", "month"])),
        "brackets": draw(st.sampled_from([1, 2, 3, 5, 9])),
        "mode": draw(st.sampled_from(["calendar", "rolling"])),
        "kind": draw(st.sampled_from(["on", "on_or_after", "streak"])),
        "cohort": draw(st.sampled_from(["first_ever", "first_in_range", "recurring"])),
        "average": draw(st.sampled_from(["pooled", "mean"])),
    }
    if draw(st.booleans()):
        query["breakdown"] = draw(st.lists(PARTS, min_size=1, max_size=2))
        query["limit"] = draw(st.sampled_from([1, 2, 10]))
    return query


NOWS = st.sampled_from(
    [datetime(2026, 4, 2, 12, tzinfo=UTC), datetime(2026, 4, 12, 22, tzinfo=UTC),
     datetime(2026, 3, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)]
)  # fmt: skip


def _by(rows: list[dict[str, Any]], *keys: str) -> dict[Any, dict[str, Any]]:
    found = {tuple(tuple(row[k]) if k == "segment" else row[k] for k in keys): row for row in rows}
    assert len(found) == len(rows)
    return found


def _assert_same(rows: list[dict[str, Any]], expected: list[dict[str, Any]], *keys: str) -> None:
    found, wanted = _by(rows, *keys), _by(expected, *keys)
    assert set(found) == set(wanted)
    different = {
        key: (row, wanted[key])
        for key, row in found.items()
        if not all(
            same(value, wanted[key][name])
            if name in ("rate", "count")
            else value == wanted[key][name]
            for name, value in row.items()
        )
    }
    assert different == {}


def _filled(new_library: Callable[[], Any], events: list[Any]) -> Any:
    library = new_library()
    library.add_in_halves(events)
    return library


def _with_known(events: list[Any]) -> list[Any]:
    return [*events, replace(known(events), install="known")]


@examples(20)
@given(events=VISITS, queries=st.lists(_retention(), min_size=8, max_size=12), now=NOWS)
def test_retention_is_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    queries: list[dict[str, Any]],
    now: datetime,
) -> None:
    events = _with_known(events)
    library = _filled(new_library, events)
    for query in queries:
        result = library.ask(report="retention", now=now, **query)
        rows, average = oracle.retention(events, query, now)
        _assert_same(result.rows, rows, "cohort", "segment", "bracket")
        _assert_same(result.meta["average"], average, "segment", "bracket")
        compared("retention")


@st.composite
def _lifecycle(draw: st.DrawFn) -> dict[str, Any]:
    query = draw(_common())
    intervals = ["day", "week", "month", "quarter"]
    if query["from"][:7] == query["to"][:7]:
        intervals.append("hour")
    return query | {"interval": draw(st.sampled_from(intervals))}


@examples(15)
@given(
    events=VISITS,
    lifecycles=st.lists(_lifecycle(), min_size=6, max_size=10),
    stickinesses=st.lists(_common(), min_size=4, max_size=8),
)
def test_lifecycle_and_stickiness_are_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    events: list[Any],
    lifecycles: list[dict[str, Any]],
    stickinesses: list[dict[str, Any]],
) -> None:
    events = _with_known(events)
    library = _filled(new_library, events)
    for query in lifecycles:
        assert library.ask(report="lifecycle", **query).rows == oracle.lifecycle(events, query)
        compared("lifecycle")
    for query in stickinesses:
        assert library.ask(report="stickiness", **query).rows == oracle.stickiness(events, query)
        compared("stickiness")
