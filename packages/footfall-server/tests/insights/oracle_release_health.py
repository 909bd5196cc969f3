"""Release health in plain Python, from the definitions: slow, and without the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
from packaging.version import InvalidVersion, Version

from .oracle import (
    Event,
    counted,
    first_day,
    is_number,
    label,
    labels,
    measured,
    once,
    percentile,
    read,
    segments,
    span,
    start_of,
    text,
)

VERSIONED = {"library_version", "python_version"}
Rows = list[dict[str, Any]]


def order(value: str) -> tuple[Any, ...]:
    """`$none`, then what is no version, then versions."""
    if value == "$none":
        return (0, "")
    try:
        return (2, Version(value), value)
    except InvalidVersion:
        return (1, value)


def is_version(value: str) -> bool:
    return order(value)[0] == 2


def fold(value: str, granularity: str) -> str:
    if granularity == "full" or not is_version(value):
        return value
    keep = {"patch": 3, "minor": 2, "major": 1}[granularity]
    epoch, _, release = Version(value).base_version.rpartition("!")
    return f"{epoch}!" * bool(epoch) + ".".join(release.split(".")[:keep])


def fed(events: Iterable[Event], query: dict[str, Any], event: str | None = None) -> list[Event]:
    """Events that the query is about, at any time, in time and in the client's order."""
    chosen = [one for one in once(events) if counted(one, query, {"event": event})]
    return sorted(chosen, key=lambda one: (one.time, one.order))


def within(events: list[Event], start: datetime, end: datetime) -> list[Event]:
    return [one for one in events if start <= one.time < end]


def by_install(events: list[Event]) -> list[list[Event]]:
    found: dict[str, list[Event]] = {}
    for one in events:
        found.setdefault(one.install, []).append(one)
    return list(found.values())


def values_in_order(one: Event, name: str) -> list[str]:
    """A list's elements in their order, once for each place that they have."""
    value = read(one, name)
    if isinstance(value, list) and value:
        return [text(each) for each in value]
    return segments(one, name)


def stands_for(used: list[Event], name: str) -> str:
    """One value for an install: the newest version that it used, or what it used last."""
    if name in VERSIONED:
        return max((each for one in used for each in segments(one, name)), key=order)
    return values_in_order(used[-1], name)[-1]


def wilson(count: int, of: int) -> tuple[float | None, float | None]:
    """The two solutions p of |p̂ − p| = z √(p (1 − p) / n)."""
    if of == 0:
        return None, None
    z, share = 1.959963984540054, count / of
    a, b, c = 1 + z * z / of, -(2 * share + z * z / of), share * share
    root = sqrt(max(0.0, b * b - 4 * a * c))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def sorted_values(counts: dict[str, float], name: str) -> list[str]:
    if name in VERSIONED:
        return sorted(counts, key=order)
    return sorted(counts, key=lambda value: (-round(counts[value], 6), value))


def adoption(events: list[Event], query: dict[str, Any]) -> Rows:
    start, end, zone = span(query)
    name, granularity = query["by"], query["granularity"]
    inside = within(fed(events, query), start, end)
    cells: dict[tuple[str, str], int] = {}
    total: dict[str, float] = {}
    buckets = labels(start, end, query["interval"], zone)
    for bucket in buckets:
        active = [one for one in inside if label(one.time, query["interval"], zone) == bucket]
        for used in by_install(active):
            value = stands_for(used, name)
            if name in VERSIONED:
                value = fold(value, granularity)
            cells[bucket, value] = cells.get((bucket, value), 0) + 1
            total[value] = total.get(value, 0) + 1
    rows = []
    for bucket in buckets:
        of = sum(count for (one, _), count in cells.items() if one == bucket)
        for value in sorted_values(total, name):
            count = cells.get((bucket, value), 0)
            share = count / of if of else None
            rows.append({"bucket": bucket, "value": value, "installs": count, "share": share})
    return rows


def failed(one: Event) -> bool:
    return one.properties.get("exception_occurred") is True


def errors(events: list[Event], query: dict[str, Any]) -> Rows:
    start, end, _ = span(query)
    name = query["by"]
    inside = within(fed(events, query, query.get("event")), start, end)
    by_value: dict[str, list[Event]] = {}
    for one in inside:
        for value in segments(one, name):
            by_value.setdefault(value, []).append(one)
    counts = {value: sum(one.weight for one in own) for value, own in by_value.items()}
    versions = [each for each in sorted(by_value, key=order) if is_version(each)]
    rows = []
    for value in sorted_values(counts, name):
        own = by_value[value]
        installs = {one.install for one in own}
        failing = {one.install for one in own if failed(one)}
        low, high = wilson(len(failing), len(installs))
        baseline = None
        if name in VERSIONED and value in versions:
            place = versions.index(value)
            before = [one for each in versions[max(0, place - 3) : place] for one in by_value[each]]
            pool = {one.install for one in before}
            if len(pool) >= 30:
                baseline = len({one.install for one in before if failed(one)}) / len(pool)
        wrong = sum(one.weight for one in own if failed(one))
        rows.append(
            {
                "value": value,
                "event": query.get("event"),
                "events": counts[value],
                "errors": wrong,
                "rate": wrong / counts[value],
                "installs": len(installs),
                "installs_with_error": len(failing),
                "install_rate": len(failing) / len(installs),
                "low": low,
                "high": high,
                "baseline_rate": baseline,
                "regressed": baseline is not None
                and len(installs) >= 30
                and low is not None
                and low > baseline,
            }
        )
    return rows


def exceptions(events: list[Event], query: dict[str, Any]) -> Rows:
    start, end, _ = span(query)
    by_type: dict[str, list[Event]] = {}
    for one in within(fed(events, query), start, end):
        for kind in segments(one, "exception_type") if failed(one) else ():
            by_type.setdefault(kind, []).append(one)
    counts = {kind: sum(one.weight for one in own) for kind, own in by_type.items()}
    rows = []
    for kind in sorted_values(counts, "exception_type"):
        own = by_type[kind]
        versions = sorted((v for one in own for v in segments(one, "library_version")), key=order)
        rows.append(
            {
                "exception_type": kind,
                "events": counts[kind],
                "installs": len({one.install for one in own}),
                "first_version": versions[0],
                "last_version": versions[-1],
                "first_seen": min(one.time for one in own),
                "last_seen": max(one.time for one in own),
            }
        )
    return rows


def run_time(events: list[Event], query: dict[str, Any]) -> Rows:
    start, end, _ = span(query)
    name = query["by"]
    cells: dict[tuple[str, str], list[Event]] = {}
    counts: dict[str, float] = {}
    for one in within(fed(events, query), start, end):
        for value in segments(one, name):
            cells.setdefault((value, one.event), []).append(one)
            counts[value] = counts.get(value, 0) + one.weight
    rows = []
    for value in sorted_values(counts, name):
        for event in sorted(each for found, each in cells if found == value):
            own = cells[value, event]
            times = [(read(one, "run_time"), one.weight) for one in own]
            pairs = sorted((at, weight) for at, weight in times if is_number(at))
            row: dict[str, Any] = {"value": value, "event": event, "approximate": False}
            row["events"] = measured(own, {})
            for level in (50, 90, 99):
                row[f"p{level}"] = percentile(level / 100, pairs) if pairs else None
            rows.append(row)
    return rows


def share_of(count: int, of: int) -> dict[str, Any]:
    low, high = wilson(count, of)
    return {"installs": count, "share": count / of if of else None, "low": low, "high": high}


def support_matrix(events: list[Event], query: dict[str, Any]) -> Rows:
    start, end, _ = span(query)
    cells: dict[tuple[str, str], int] = {}
    installs = by_install(within(fed(events, query), start, end))
    names = (query["rows"], query["columns"])
    for used in installs:
        both = []
        for name in names:
            value = stands_for(used[-1:], name)
            both.append(fold(value, query["granularity"]) if name in VERSIONED else value)
        cells[both[0], both[1]] = cells.get((both[0], both[1]), 0) + 1
    totals: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for cell, count in cells.items():
        for side, value in zip(totals, cell, strict=True):
            side[value] = side.get(value, 0) + count
    return [
        {"row": row, "column": column, **share_of(cells[row, column], len(installs))}
        for row in sorted_values(totals[0], names[0])
        for column in sorted_values(totals[1], names[1])
        if (row, column) in cells
    ]


def matches(value: str, wanted: str, name: str) -> bool:
    if name not in VERSIONED or not is_version(wanted) or not is_version(value):
        return value == wanted
    return f"{Version(value).base_version}.0.0.0.".startswith(f"{wanted}.")


def drop_cost(events: list[Event], query: dict[str, Any]) -> Rows:
    _, until, zone = span(query)
    name, wall = query["property"], until.astimezone(zone).replace(tzinfo=None)
    persistent = [one for one in fed(events, query) if one.properties.get("ephemeral") is not True]

    def ending(days_before: int, length: int) -> list[str]:
        """What each install stands for in `length` days on the wall clock that end so many before
        the range does."""
        end = wall - timedelta(days=days_before)
        start = end - timedelta(days=length)
        inside = within(persistent, *(one.replace(tzinfo=zone) for one in (start, end)))
        return [stands_for(used, name) for used in by_install(inside)]

    rows = []
    month, weeks = ending(0, 28), [ending(7 * back, 7) for back in range(12)]
    for wanted in query["values"]:
        dropped = sum(matches(value, wanted, name) for value in month)
        points = [
            (-back, sum(matches(value, wanted, name) for value in week) / len(week))
            for back, week in enumerate(weeks)
            if week
        ]
        trend = float(np.polyfit(*zip(*points, strict=True), 1)[0]) if len(points) > 1 else None
        rows.append({"value": wanted, **share_of(dropped, len(month)), "trend_per_week": trend})
    return rows


def traction(events: list[Event], query: dict[str, Any], now: datetime) -> Rows:
    start, end, zone = span(query)
    every = [one for one in fed(events, query) if one.time <= now]
    used: dict[date, dict[str, list[Event]]] = {}
    first: dict[str, date] = {}
    for one in every:
        monday = first_day(one.time.astimezone(zone).date(), "week")
        used.setdefault(monday, {}).setdefault(one.install, []).append(one)
        first.setdefault(one.install, monday)
    week = timedelta(days=7)
    mondays = [date.fromisoformat(each) for each in labels(start, end, "week", zone)]
    whole = [
        monday
        for monday in mondays
        if start <= start_of(monday, zone) and start_of(monday + week, zone) <= min(end, now)
    ]

    def active(monday: date) -> int:
        return len(used.get(monday, {}))

    def new(monday: date) -> set[str]:
        return {install for install, began in first.items() if began == monday}

    def growth(monday: date) -> float | None:
        before = active(monday - 4 * week)
        return (active(monday) - before) / before if before else None

    def retention(monday: date) -> float | None:
        cohort = new(monday)
        if not cohort or start_of(monday + 5 * week, zone) > now:
            return None
        return len(cohort & used.get(monday + 4 * week, {}).keys()) / len(cohort)

    metrics: dict[str, Callable[[date], float | None]] = {
        "weekly_active_installs": active,
        "growth": growth,
        "new_installs": lambda monday: len(new(monday)),
        "retention": retention,
    }
    rows: Rows = [
        {"metric": metric, "bucket": monday.isoformat(), "segment": None, "value": of(monday)}
        for metric, of in metrics.items()
        for monday in whole
    ]
    for monday in whole:
        counts: dict[str, int] = {}
        for own in used.get(monday, {}).values():
            value = fold(stands_for(own, "library_version"), "minor")
            counts[value] = counts.get(value, 0) + 1
        rows += [
            {
                "metric": "weekly_active_installs_by_version",
                "bucket": monday.isoformat(),
                "segment": value,
                "value": counts[value],
            }
            for value in sorted(counts, key=order)
        ]
    return rows
