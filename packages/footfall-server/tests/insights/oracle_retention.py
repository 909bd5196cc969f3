"""Retention again, in plain Python: install by install, cohort by cohort, bracket by bracket."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from . import oracle
from .oracle import Event

Row = dict[str, Any]
HOURS = {"day": 24, "week": 7 * 24, "month": 30 * 24}


def days_of(first: date, unit: str) -> list[date]:
    """The local days of the calendar unit that begins on a day."""
    found, day = [], first
    while oracle.first_day(day, unit) == first:
        found.append(day)
        day += timedelta(days=1)
    return found


def units_from(first: date, unit: str, number: int) -> list[date]:
    """First days of consecutive units."""
    found = [first]
    while len(found) < number:
        found.append(days_of(found[-1], unit)[-1] + timedelta(days=1))
    return found


def place(one: Event) -> tuple[datetime, int]:
    return (one.time, one.order)


class Question:
    def __init__(self, events: list[Event], query: Row, now: datetime) -> None:
        self.query, self.now = query, now
        self.start, self.end, self.zone = oracle.span(query)
        self.unit, self.number = query["unit"], query["brackets"]
        every = oracle.once(events)
        self.births = sorted((e for e in every if self.is_("birth", e)), key=place)
        self.returns = sorted((e for e in every if self.is_("return", e)), key=place)

    def is_(self, which: str, one: Event) -> bool:
        return oracle.counted(one, self.query, self.query.get(which, {}))

    def local(self, one: Event) -> date:
        return one.time.astimezone(self.zone).date()

    def in_range(self, one: Event) -> bool:
        return self.start <= one.time < self.end

    def first_days(self) -> list[date]:
        """Of every cohort."""
        found: list[date] = []
        day = self.start.astimezone(self.zone).date()
        while oracle.start_of(day, self.zone) < self.end:
            if oracle.first_day(day, self.unit) not in found:
                found.append(oracle.first_day(day, self.unit))
            day += timedelta(days=1)
        return found

    def members(self, first: date) -> list[Event]:
        """The births of a cohort's installs, one each."""
        found = []
        for install in sorted({one.install for one in self.births}):
            own = [one for one in self.births if one.install == install]
            inside = [one for one in own if self.in_range(one)]
            if self.query["cohort"] == "first_ever":
                candidates = [one for one in own[:1] if self.in_range(one)]
            elif self.query["cohort"] == "first_in_range":
                candidates = inside[:1]
            else:
                candidates = inside
            days = days_of(first, self.unit)
            found += [one for one in candidates if self.local(one) in days][:1]
        return found

    def bracket(self, birth: Event, one: Event) -> int:
        """How many units after the birth an event is."""
        if self.query["mode"] == "rolling":
            return int((one.time - birth.time) / timedelta(hours=HOURS[self.unit]))
        at, count = oracle.first_day(self.local(birth), self.unit), 0
        while self.local(one) not in days_of(at, self.unit):
            at, count = days_of(at, self.unit)[-1] + timedelta(days=1), count + 1
        return count

    def came_back(self, birth: Event) -> list[bool]:
        after = [
            self.bracket(birth, one)
            for one in self.returns
            if one.install == birth.install and place(one) >= place(birth)
        ]
        kind, every = self.query["kind"], range(self.number)
        if kind == "on":
            return [k in after for k in every]
        if kind == "on_or_after":
            return [any(b >= k for b in after) for k in every]
        return [all(j in after for j in range(k + 1)) for k in every]

    def has_passed(self, first: date, bracket: int) -> bool:
        if self.query["mode"] == "rolling":
            ends = oracle.start_of(units_from(first, self.unit, 2)[1], self.zone)
            return ends + (bracket + 1) * timedelta(hours=HOURS[self.unit]) <= self.now
        after = units_from(first, self.unit, bracket + 2)[-1]
        return oracle.start_of(after, self.zone) <= self.now


def retention(events: list[Event], query: Row, now: datetime) -> tuple[list[Row], list[Row]]:
    """Rows, and the average's rows, in any order."""
    asked = Question(events, query, now)
    parts = query.get("breakdown", [])
    feeds = [asked.births]
    every = oracle.ranking(feeds, parts, asked.start, asked.end)
    top = every[: query.get("limit", 10)]
    other = [("$other",) * len(parts)] if len(every) > len(top) else []
    rows: list[Row] = []
    for first in asked.first_days():
        births = asked.members(first)
        back = [asked.came_back(one) for one in births]
        named = [oracle.named_segments(one, parts, top) for one in births]
        for segment in [*top, *other]:
            own = [flags for flags, names in zip(back, named, strict=True) if segment in names]
            for bracket in range(query["brackets"]):
                known = asked.has_passed(first, bracket)
                count = sum(flags[bracket] for flags in own) if known else None
                rows.append(
                    {
                        "cohort": first.isoformat(),
                        "segment": list(segment),
                        "size": len(own),
                        "bracket": bracket,
                        "count": count,
                        "rate": count / len(own) if own and count is not None else None,
                    }
                )
    return rows, averages(rows, query["average"])


def averages(rows: list[Row], kind: str) -> list[Row]:
    found = []
    for segment, bracket in sorted({(tuple(row["segment"]), row["bracket"]) for row in rows}):
        own = [r for r in rows if (tuple(r["segment"]), r["bracket"]) == (segment, bracket)]
        rated = [row for row in own if row["rate"] is not None]
        rate = None
        if rated and kind == "pooled":
            rate = sum(row["count"] for row in rated) / sum(row["size"] for row in rated)
        elif rated:
            rate = sum(row["rate"] for row in rated) / len(rated)
        found.append({"segment": list(segment), "bracket": bracket, "rate": rate})
    return found


def lifecycle(events: list[Event], query: Row) -> list[Row]:
    """Rows in time, each bucket's in the order of the states."""
    start, end, zone = oracle.span(query)
    interval = query["interval"]
    counted = [one for one in oracle.once(events) if oracle.counted(one, query, {})]
    counted = [one for one in counted if one.time < end]
    labels = oracle.labels(start, end, interval, zone)
    previous = before(labels[0], start, interval, zone)
    rows = []
    for last, label in zip([previous, *labels], labels, strict=False):
        now = {one.install for one in inside(counted, label, start, interval, zone)}
        # Before the first bucket there is no range: all of the bucket before counts.
        since = start if last != previous else start - timedelta(days=400)
        active_before = {one.install for one in inside(counted, last, since, interval, zone)}
        first = {install: first_label(counted, install, interval, zone) for install in now}
        new = {install for install in now if first[install] == label}
        returning = (now - new) & active_before
        counts = {
            "new": len(new),
            "returning": len(returning),
            "resurrected": len(now - new - returning),
            "dormant": -len(active_before - now),
        }
        rows += [{"bucket": label, "state": k, "count": v} for k, v in counts.items()]
    return rows


def before(label: str, start: datetime, interval: str, zone: ZoneInfo) -> str:
    """The bucket before one, found by walking back in half hours."""
    at = start
    while oracle.label(at, interval, zone) == label:
        at -= timedelta(minutes=30)
    return oracle.label(at, interval, zone)


def inside(
    counted: list[Event], label: str, since: datetime, interval: str, zone: ZoneInfo
) -> list[Event]:
    return [
        one
        for one in counted
        if one.time >= since and oracle.label(one.time, interval, zone) == label
    ]


def first_label(counted: list[Event], install: str, interval: str, zone: ZoneInfo) -> str:
    first = min(one.time for one in counted if one.install == install)
    return oracle.label(first, interval, zone)


def stickiness(events: list[Event], query: Row) -> list[Row]:
    start, end, zone = oracle.span(query)
    days: dict[str, set[date]] = {}
    for one in oracle.once(events):
        if oracle.counted(one, query, {}) and start <= one.time < end:
            days.setdefault(one.install, set()).add(one.time.astimezone(zone).date())
    number = len(oracle.labels(start, end, "day", zone))
    return [
        {"days": n, "installs": sum(len(each) == n for each in days.values())}
        for n in range(1, number + 1)
    ]
