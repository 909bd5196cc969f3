"""The main chart, and the stat row above it: one answer, read by bucket and as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from footfall_server.insights.result import Row
from footfall_server.web import formats
from footfall_server.web.ask import CALLS, ERRORS, INSTALLS, RUN_TIME
from footfall_server.web.formats import Figure
from footfall_server.web.spark import Point, Spark, spark


@dataclass(frozen=True, slots=True)
class Stat:
    """One key figure. `tone` is "good", "bad" or "" and only adds to what the sign says."""

    label: str
    figure: Figure
    delta: str | None
    tone: str
    spark: Spark | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One row of the main chart's table."""

    key: str
    value: float | None
    before: float | None
    incomplete: bool


def merge(rows: Sequence[Row], tail: Sequence[Row]) -> list[Row]:
    """The rows with the running bucket put in, in place of what they know of that bucket."""
    fresh = {row["bucket"] for row in tail}
    kept = [row for row in rows if row["compare"] or row["bucket"] not in fresh]
    return [*kept, *tail]


def started(rows: Sequence[Row], now: str) -> list[Row]:
    """Without the hours of today that have not begun."""
    return [row for row in rows if row["bucket"] is None or row["bucket"] <= now]


def whole(rows: Sequence[Row], series: str, *, compare: bool = False) -> float | None:
    """A measure over the whole range: the folded row's value."""
    for row in rows:
        if row["bucket"] is None and row["series"] == series and bool(row["compare"]) is compare:
            return None if row["value"] is None else float(row["value"])
    return None


def points(rows: Sequence[Row], series: str) -> list[Point]:
    """A measure by bucket, oldest first."""
    mine = [r for r in rows if r["series"] == series and r["bucket"] and not r["compare"]]
    mine.sort(key=lambda row: str(row["bucket"]))
    return [Point(row["value"], row["incomplete"]) for row in mine]


def buckets(rows: Sequence[Row], series: str) -> list[Bucket]:
    """A measure by bucket beside the compared one, oldest first."""
    mine = [row for row in rows if row["series"] == series and row["bucket"]]
    before = {row["bucket"]: row["value"] for row in mine if row["compare"]}
    found = [
        Bucket(row["bucket"], row["value"], before.get(row["bucket"]), row["incomplete"])
        for row in mine
        if not row["compare"]
    ]
    return sorted(found, key=lambda bucket: bucket.key)


def ratio(value: float | None, base: float | None) -> float | None:
    return value / base if value is not None and base else None


def stats(rows: Sequence[Row], period: str) -> list[Stat]:
    """The five key figures of `rows` (see `ask.pulse`), each with its change and its course."""
    now = {name: whole(rows, name) for name in (INSTALLS, CALLS, ERRORS, RUN_TIME)}
    was = {name: whole(rows, name, compare=True) for name in now}
    course = {name: points(rows, name) for name in now}
    each, each_before = (ratio(at[CALLS], at[INSTALLS]) for at in (now, was))
    errors = formats.points(now[ERRORS], was[ERRORS])
    return [
        Stat(
            f"Active installs, {period}",
            formats.short(now[INSTALLS]),
            formats.change(now[INSTALLS], was[INSTALLS]),
            rising(formats.change(now[INSTALLS], was[INSTALLS])),
            spark(course[INSTALLS]),
        ),
        Stat(
            "Calls",
            formats.short(now[CALLS]),
            formats.change(now[CALLS], was[CALLS]),
            rising(formats.change(now[CALLS], was[CALLS])),
            spark(course[CALLS]),
        ),
        Stat(
            "Error rate, per call",
            formats.rate(now[ERRORS]),
            errors,
            falling(errors),
            spark(course[ERRORS]),
        ),
        Stat(
            "Median run time",
            formats.duration(now[RUN_TIME]),
            formats.change(now[RUN_TIME], was[RUN_TIME]),
            "",
            spark(course[RUN_TIME]),
        ),
        Stat(
            "Calls per install",
            Figure(formats.NOTHING if each is None else formats.significant(each)),
            formats.change(each, each_before),
            "",
            spark(
                [
                    Point(ratio(calls.value, installs.value), calls.incomplete)
                    for calls, installs in zip(course[CALLS], course[INSTALLS], strict=True)
                ]
            ),
        ),
    ]


def rising(delta: str | None) -> str:
    """More use is good news; less use is not an alarm."""
    return "good" if delta and delta.startswith("+") else ""


def falling(delta: str | None) -> str:
    """Fewer errors are good news, more are bad."""
    if not delta:
        return ""
    return "bad" if delta.startswith("+") else "good" if delta.startswith(formats.MINUS) else ""
