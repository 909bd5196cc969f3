"""The page's charts: a specification from a result, a legend, a label, and every value as a table.

The drawing itself is `plot`'s; here stands what a page puts around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from footfall_server.web import formats, plot
from footfall_server.web.ask import INSTALLS
from footfall_server.web.breakdown import OTHER, label, largest_first, newest_first, segment
from footfall_server.web.trend import Bucket, buckets
from footfall_server.web.view import DIMENSIONS

Row = Mapping[str, Any]

PER = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
LY = {"hour": "Hourly", "day": "Daily", "week": "Weekly", "month": "Monthly"}
TALL, SHORT = 284, 262  # plot heights in CSS pixels
FEWEST = 3  # buckets that make a course
COMPARED = {"previous": "Previous period", "year": "A year before"}


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend: `color` is a token's name, `style` "line", "dash" or ""."""

    label: str
    color: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a data table, newest first."""

    label: str
    cells: Sequence[str]
    incomplete: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure: title, one line that says what is measured, the drawing and all of its values."""

    title: str
    subtitle: str
    spec: Mapping[str, Any]
    height: int
    label: str
    legend: Sequence[Key]
    head: Sequence[str]
    lines: Sequence[Line]


def installs(rows: Sequence[Row], interval: str, period: str, compare: str) -> Chart:
    """Active installs by bucket, beside the compared period's."""
    course = buckets(rows, INSTALLS)
    compared = any(bucket.before is not None for bucket in course)
    beside = COMPARED.get(compare, "") if compared else ""
    dashes = dashed([bucket.incomplete for bucket in course])
    data = [
        {
            "t": wall(bucket.key),
            "v": bucket.value,
            "p": bucket.before,
            "o": not bucket.incomplete,
        }
        | ({"d": bucket.value} if dash else {})
        for bucket, dash in zip(course, dashes, strict=True)
    ]
    legend = [Key("This period", "series-1", "line"), Key(beside, "series-other", "dash")]
    return Chart(
        title="Active installs",
        subtitle=f"Installs with at least one call, per {PER[interval]}",
        spec=plot.course(data, interval, TALL, ["Active installs", beside]),
        height=TALL,
        label=f"{LY[interval]} active installs, {period}. {finding(course)}",
        legend=legend if compared else [],
        head=[interval.capitalize(), "Active installs", *([beside] if compared else [])],
        lines=[
            Line(
                formats.bucket(bucket.key, interval),
                [formats.count(bucket.value), *([formats.count(bucket.before)] * compared)],
                bucket.incomplete,
            )
            for bucket in reversed(course)
        ],
    )


def finding(course: Sequence[Bucket]) -> str:
    """What a chart of one measure shows, in a sentence, for those who don't see it."""
    whole = [
        bucket.value for bucket in course if not bucket.incomplete and bucket.value is not None
    ]
    if not whole:
        return "No bucket is complete yet."
    low, high = formats.count(min(whole)), formats.count(max(whole))
    spread = f"Always {high}" if low == high else f"Between {low} and {high}"
    unfinished = "; the last one is incomplete" if course[-1].incomplete else ""
    return f"{spread}, {formats.count(whole[-1])} in the last complete one{unfinished}."


def segments(rows: Sequence[Row], dimension: str, interval: str, period: str) -> Chart:
    """Active installs by bucket, one line for each of the largest segments."""
    ordered = dimension == "version"
    names = newest_first(found(rows)) if ordered else largest_first(rows)
    table = pivot(rows)
    palette = colors(names, "seq" if ordered else "series")
    dashes = dashed([incomplete(cells) for cells in table.values()])
    data = [
        {
            "t": wall(key),
            "s": label(name),
            "v": cells[name]["value"],
            "o": not cells[name]["incomplete"],
        }
        | ({"d": cells[name]["value"]} if dash else {})
        for (key, cells), dash in zip(table.items(), dashes, strict=True)
        for name in names
        if name in cells
    ]
    return Chart(
        title="Active installs",
        subtitle=f"Installs with at least one call, per {PER[interval]},"
        f" by {DIMENSIONS[dimension].lower()}",
        spec=plot.lines(data, interval, TALL, palette),
        height=TALL,
        label=f"{LY[interval]} active installs by {DIMENSIONS[dimension].lower()}, {period}:"
        f" {', '.join(label(name) for name in names)}.",
        legend=[Key(name, color, "line") for name, color in palette.items()],
        head=[interval.capitalize(), *(label(name) for name in names)],
        lines=segment_lines(table, names, interval),
    )


def adoption(rows: Sequence[Row], interval: str) -> Chart | None:
    """Shares of installs by version, stacked; None with too few buckets to show a course."""
    table = pivot(rows)
    names = newest_first(found(rows))
    if len(table) < FEWEST or not names:
        return None
    complete = [key for key, cells in table.items() if not incomplete(cells)]
    edge = complete[-1] if complete else ""
    palette = colors(names, "seq")
    data = [
        {
            "t": wall(key),
            "s": label(name),
            "v": cells.get(name, {}).get("value") or 0,
            "i": place,
            "o": not incomplete(cells),
            "e": key >= edge,
        }
        for key, cells in table.items()
        for place, name in enumerate(names)
    ]
    return Chart(
        title="Versions",
        subtitle=f"Share of active installs, per {PER[interval]}",
        spec=plot.stack(data, interval, SHORT, palette),
        height=SHORT,
        label=f"Share of active installs by library version, per {PER[interval]}."
        f" Newest first: {', '.join(label(name) for name in names)}.",
        legend=[Key(name, color) for name, color in palette.items()],
        head=[interval.capitalize(), *(label(name) for name in names)],
        lines=segment_lines(table, names, interval),
    )


def dashed(unfinished: Sequence[bool]) -> list[bool]:
    """Which points a dashed line joins: the unfinished ones and their neighbours."""
    around = [False, *unfinished, False]
    return [any(around[i : i + 3]) for i in range(len(unfinished))]


def wall(key: str) -> str:
    """A bucket's wall-clock time, written as if it were UTC, so that it is drawn as it reads."""
    return f"{key[:19]}Z" if "T" in key else key


def pivot(rows: Sequence[Row]) -> dict[str, dict[str, Row]]:
    """Rows by bucket, oldest first, then by segment."""
    table: dict[str, dict[str, Row]] = {}
    for row in sorted((r for r in rows if r["bucket"]), key=lambda r: str(r["bucket"])):
        table.setdefault(row["bucket"], {})[segment(row)] = row
    return table


def found(rows: Sequence[Row]) -> list[str]:
    return sorted({segment(row) for row in rows if row["segment"]})


def incomplete(cells: Mapping[str, Row]) -> bool:
    return any(row["incomplete"] for row in cells.values())


def colors(names: Sequence[str], palette: str) -> dict[str, str]:
    """A token for each segment by its label, in the order given; the rest is grey."""
    chosen = {}
    for place, name in enumerate(names):
        token = f"{palette}-{place + 1}" if place < 6 and name != OTHER else "series-other"
        chosen[label(name)] = f"@{token}"
    return chosen


def segment_lines(
    table: Mapping[str, Mapping[str, Row]], names: Sequence[str], interval: str
) -> list[Line]:
    return [
        Line(
            formats.bucket(key, interval),
            [formats.count(cells[name]["value"] if name in cells else 0) for name in names],
            incomplete(cells),
        )
        for key, cells in reversed(list(table.items()))
    ]
