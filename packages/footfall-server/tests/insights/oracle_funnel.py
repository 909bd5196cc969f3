"""Funnels again, in plain Python: every install's events are walked through one by one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from . import oracle
from .oracle import Event


@dataclass
class Entry:
    """One way into the funnel: the events that did its steps, in time."""

    done: list[Event]
    held: list[str]
    excluded: bool = False
    events: list[Event] = field(default_factory=list)

    @property
    def first(self) -> Event:
        return self.done[0]


def does(one: Event, query: dict[str, Any], step: dict[str, Any]) -> bool:
    return oracle.counted(
        one, query, {"event": step.get("event"), "filters": step.get("filters", [])}
    )


def excludes(one: Event, query: dict[str, Any], reached: int) -> bool:
    return any(
        oracle.counted(one, query, {"event": each["event"]})
        and each["from_step"] <= reached < each["to_step"]
        for each in query.get("exclusions", [])
    )


def held(one: Event, query: dict[str, Any]) -> list[str]:
    """What is held constant, types apart: "7" isn't 7."""
    found = []
    for name in query.get("hold", []):
        value = oracle.read(one, name)
        if value is oracle.MISSING and name in oracle.FLAGS:
            value = False
        found.append(
            json.dumps([value is oracle.MISSING, oracle.type_of(value), oracle.text(value)])
        )
    return found


def walk(events: list[Event], query: dict[str, Any], begins: Any, again: bool) -> list[Entry]:
    """The entries of one install's events (in order); with `again`, another after each."""
    steps, window = query["steps"], timedelta(seconds=query["window_seconds"])
    entries: list[Entry] = []
    current: Entry | None = None
    for one in events:
        if current is not None and one.time - current.first.time > window:
            current = None
        if current is None:
            if begins(one) and (again or not entries):
                current = Entry([one], held(one, query), events=[one])
                entries.append(current)
            continue
        if query.get("order") == "any":
            current.events.append(one)
            if distinct_steps(current.events, query) > len(current.done):
                current.done.append(one)
        elif excludes(one, query, len(current.done)):
            current.excluded = True
        elif does(one, query, steps[len(current.done)]) and held(one, query) == current.held:
            current.done.append(one)
        if current.excluded or len(current.done) == len(steps):
            current = None
    return entries


def distinct_steps(events: list[Event], query: dict[str, Any]) -> int:
    """The most steps that these events do, each event one of them: every assignment is tried."""
    able = [
        [place for place, step in enumerate(query["steps"]) if does(one, query, step)]
        for one in events
    ]
    reached: set[frozenset[int]] = {frozenset()}
    for choices in able:
        reached |= {done | {one} for done in reached for one in choices}
    return max(len(done) for done in reached)


def entries_of(events: list[Event], query: dict[str, Any]) -> list[tuple[str | None, Entry]]:
    """Every entry with its bucket."""
    start, end, zone = oracle.span(query)
    interval = query.get("interval")
    found: list[tuple[str | None, Entry]] = []
    once = sorted(oracle.once(events), key=lambda one: (one.time, one.order))

    def first_step(one: Event) -> bool:
        steps = query["steps"] if query.get("order") == "any" else query["steps"][:1]
        return start <= one.time < end and any(does(one, query, step) for step in steps)

    def bucket(one: Event) -> str | None:
        return oracle.label(one.time, interval, zone) if interval else None

    for install in {one.install for one in once}:
        own = [one for one in once if one.install == install]
        if query.get("count", "unique") == "total":
            again = walk(own, query, first_step, again=True)
            found += [(bucket(entry.first), entry) for entry in again]
            continue
        for name in {bucket(one) for one in own if first_step(one)}:
            begins = lambda one, name=name: first_step(one) and bucket(one) == name  # noqa: E731
            found += [(name, entry) for entry in walk(own, query, begins, again=False)]
    return found


def combinations(entry: Entry, query: dict[str, Any]) -> set[tuple[str, ...]]:
    parts = query.get("breakdown", [])
    place = 1 if query.get("order") == "any" else query.get("breakdown_step", 1)
    if len(entry.done) < place:
        return {("$none",) * len(parts)}
    return set(oracle.combinations(entry.done[place - 1], parts))


def funnel(
    events: list[Event], query: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows in any order, and the time to convert."""
    start, end, zone = oracle.span(query)
    parts, limit = query.get("breakdown", []), query.get("limit", 10)
    found = [
        (bucket, entry, combinations(entry, query)) for bucket, entry in entries_of(events, query)
    ]
    counts: dict[tuple[str, ...], int] = {}
    for _, _, own in found:
        for each in own:
            counts[each] = counts.get(each, 0) + 1
    ranked = sorted(counts, key=lambda each: (-counts[each], each))
    top, other = ranked[:limit], ("$other",) * len(parts)
    shown = [*top, *([other] if len(ranked) > limit else [])] if parts else [()]
    interval = query.get("interval")
    buckets: list[str | None] = [*oracle.labels(start, end, interval, zone)] if interval else [None]
    rows = []
    for bucket in buckets:
        for segment in shown:
            chosen = [
                entry
                for at, entry, own in found
                if at == bucket and segment in {each if each in top else other for each in own}
            ]
            rows += _rows(chosen, query, bucket, segment)
    seconds = sorted(
        passed(entry.done[0].time, entry.done[-1].time)
        for _, entry, _ in found
        if len(entry.done) == len(query["steps"])
    )
    return rows, {
        "p50": _percentile(0.5, seconds),
        "p90": _percentile(0.9, seconds),
        "seconds": seconds,
    }


def _rows(
    entries: list[Entry], query: dict[str, Any], bucket: str | None, segment: tuple[str, ...]
) -> list[dict[str, Any]]:
    rows = []
    before = None
    for place, step in enumerate(query["steps"], 1):
        reached = [entry for entry in entries if len(entry.done) >= place]
        last_two = [one.done[max(place - 2, 0) : place] for one in reached]
        gaps = sorted(passed(pair[0].time, pair[-1].time) for pair in last_two)
        rows.append(
            {
                "step": place,
                "event": None if query.get("order") == "any" else step.get("event"),
                "segment": list(segment),
                "bucket": bucket,
                "count": len(reached),
                "rate_from_start": len(reached) / len(entries) if entries else None,
                "rate_from_previous": len(reached) / before if before else None,
                "median_seconds_from_previous": _percentile(0.5, gaps) if place > 1 else None,
            }
        )
        before = len(reached)
    return rows


def passed(first: datetime, last: datetime) -> float:
    return (last - first) / timedelta(seconds=1)


def _percentile(at: float, values: list[float]) -> float | None:
    return oracle.percentile(at, [(value, 1) for value in values]) if values else None
