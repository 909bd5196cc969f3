"""Funnels, worked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

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
