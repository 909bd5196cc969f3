"""Release health on random events: the engine's rows are those of the definitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from . import oracle_release_health as oracle
from .generate import examples, same
from .generate_release_health import BY, EVENTS, GRANULARITY, common

NOW = datetime(2026, 4, 21, 12, tzinfo=UTC)
EXTRA: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "adoption": st.fixed_dictionaries(
        {
            "by": BY,
            "granularity": GRANULARITY,
            "interval": st.sampled_from(["day", "week", "month"]),
        }
    ),
    "errors": st.fixed_dictionaries({"by": BY, "event": st.sampled_from([None, None, "fit"])}),
    "exceptions": st.just({}),
    "run_time": st.fixed_dictionaries({"by": BY}),
    "support_matrix": st.fixed_dictionaries(
        {"rows": BY, "columns": BY, "granularity": GRANULARITY}
    ),
    "drop_cost": st.one_of(
        st.just({"property": "python_version", "values": ["3.8", "3", "3.1", "3.11", "$none"]}),
        st.just({"property": "library_version", "values": ["1", "0.10", "dev", "1.0.0"]}),
        st.just({"property": "os_type", "values": ["Linux", "Beos"]}),
        st.just({"property": "p", "values": ["a", "7", "$none"]}),
    ),
    "traction": st.just({}),
}


def _answer(report: str, events: list[Any], query: dict[str, Any]) -> list[dict[str, Any]]:
    if report == "traction":
        return oracle.traction(events, query, NOW)
    found: list[dict[str, Any]] = getattr(oracle, report)(events, query)
    return found


def _equal(name: str, value: Any, other: Any) -> bool:
    if name in ("first_seen", "last_seen"):
        return bool(datetime.fromisoformat(value) == other)
    if isinstance(value, int | float) and not isinstance(value, bool) and other is not None:
        return same(value, other)
    return bool(value == other and type(value) is type(other))


@pytest.mark.parametrize("report", EXTRA)
@examples(8)
@given(events=EVENTS, data=st.data())
def test_release_health_is_what_the_definitions_say(
    new_library: Callable[[], Any],
    compared: Callable[[str], None],
    report: str,
    events: list[Any],
    data: st.DataObject,
) -> None:
    queries = st.lists(st.tuples(common(), EXTRA[report]), min_size=4, max_size=4)
    library = new_library()
    asked_for = [one | more for one, more in data.draw(queries)]
    for block in (events[1::2], events[::2]):
        library.add(block)
    for asked in asked_for:
        rows = library.ask(report=report, now=NOW, **asked).rows
        expected = _answer(report, events, asked)
        if report == "traction":
            assert all(row["counted"] and row["excluded"] for row in rows)
            words = {"counted", "excluded"}
            rows = [{name: row[name] for name in row.keys() - words} for row in rows]
        assert len(rows) == len(expected), (report, asked, rows, expected)
        for row, other in zip(rows, expected, strict=True):
            assert set(row) == set(other)
            different = {
                name: (value, other[name])
                for name, value in row.items()
                if not _equal(name, value, other[name])
            }
            assert different == {}, (report, asked, row, other)
        compared(report)
