"""The page's charts: a specification from a result, a legend, a label, and every value as a table.

The drawing itself is `insights.chart`'s, the same for pages, notebooks and pictures; here stands
what a page puts around it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from footfall_server.insights import Result, charts_values, plot
from footfall_server.insights.chart import colours, named_lines, vegalite
from footfall_server.insights.result import Row
from footfall_server.web import formats
from footfall_server.web.ask import INSTALLS
from footfall_server.web.breakdown import label, segment
from footfall_server.web.trend import Bucket, buckets
from footfall_server.web.view import inline

LY = {"hour": "Hourly", "day": "Daily", "week": "Weekly", "month": "Monthly"}
TALL, SHORT = 284, 262  # plot heights in CSS pixels
NARROWEST, LETTER = 270, 6  # a plot at 390 pixels, a letter of its labels
FEWEST = 3  # buckets that make a course
COMPARED_WORDS = {"previous_period": "Previous period", "previous_year": "A year before"}
COUNTED = {"total", "unique", "distinct", "dau", "wau", "mau"}
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


def installs(
    source: Result, rows: Sequence[Row], interval: str, period: str, compare: str
) -> Chart:
    """Active installs by bucket, beside the compared period's."""
    mine = [row for row in rows if row["series"] == INSTALLS]
    course = buckets(mine, INSTALLS)
    compared = any(bucket.before is not None for bucket in course)
    beside = COMPARED.get(compare, "") if compared else ""
    legend = [Key("This period", "series-1", "line"), Key(beside, "series-other", "dash")]
    return Chart(
        title=INSTALLS,
        subtitle=f"Installs with at least one call, per {interval}",
        spec=vegalite(replace(source, rows=mine), height=TALL),
        height=TALL,
        label=f"{LY[interval]} active installs, {period}. {finding(course)}",
        legend=legend if compared else [],
        head=[interval.capitalize(), INSTALLS, *([beside] if compared else [])],
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


def segments(source: Result, rows: list[Row], dimension: str, interval: str, period: str) -> Chart:
    """Active installs by bucket, one line for each of the largest segments."""
    ordered = dimension == "version"
    words = inline(dimension)
    table = Table(rows, ordered=ordered)
    return Chart(
        title=INSTALLS,
        subtitle=f"Installs with at least one call, per {interval}, by {words}",
        spec=vegalite(replace(source, rows=rows), height=TALL, label=label, ordered=ordered),
        height=TALL,
        label=f"{LY[interval]} active installs by {words}, {period}: {', '.join(table.names)}.",
        legend=table.legend("line"),
        head=[interval.capitalize(), *table.names],
        lines=table.lines(interval),
    )


def adoption(source: Result | None, rows: list[Row], interval: str) -> Chart | None:
    """Shares of installs by version, stacked; None with too few buckets to show a course."""
    table = Table(rows, ordered=True)
    if source is None or len(table.buckets) < FEWEST or not table.names:
        return None
    return Chart(
        title="Versions",
        subtitle=f"Share of active installs, per {interval}",
        spec=vegalite(
            replace(source, rows=rows), form="shares", height=SHORT, label=label, ordered=True
        ),
        height=SHORT,
        label=f"Share of active installs by library version, per {interval}."
        f" Newest first: {', '.join(table.names)}.",
        legend=table.legend(),
        head=[interval.capitalize(), *table.names],
        lines=table.lines(interval),
    )


def trend(source: Result, title: str, subtitle: str, interval: str, period: str) -> Chart:
    """Any answer of trends: every line of it drawn, and in the table beside the compared one's."""
    written = writer(source)
    now = [row for row in source.rows if not row["compare"]]
    lines = named_lines(now, label, most=len(now))
    before = dict(named_lines([r for r in source.rows if r["compare"]], label, most=len(now)))
    names = [name for name, _ in lines]
    breakdown = source.query.get("breakdown") or []
    ordered = breakdown == ["library_version"]
    palette = colours(names, ordered=ordered)
    cells: dict[str, list[str]] = {}
    incomplete: dict[str, bool] = {}
    for name, rows in lines:
        past = {row["bucket"]: row["value"] for row in before.get(name, [])}
        for row in rows:
            cells.setdefault(row["bucket"], []).append(written(row["value"]))
            if before:
                cells[row["bucket"]].append(written(past.get(row["bucket"])))
            incomplete[row["bucket"]] = bool(row["incomplete"])
    beside = COMPARED_WORDS.get(source.query.get("compare") or "", "Before")
    head = [
        each
        for name in names
        for each in ([name, f"{name}, {beside.lower()}"] if before else [name])
    ]
    return Chart(
        title=title,
        subtitle=subtitle,
        spec=vegalite(source, height=TALL, label=label),
        height=TALL,
        label=f"{title}, {period}: {', '.join(names)}."
        if names
        else f"{title}, {period}: no data.",
        legend=legend(palette, compared=bool(before), breakdown=bool(breakdown), beside=beside),
        head=[interval.capitalize(), *head],
        lines=[
            Line(formats.bucket(key, interval), cells[key], incomplete[key])
            for key in sorted(cells, reverse=True)
        ],
    )


def histogram(source: Result, title: str, subtitle: str) -> Chart:
    """How many calls have a number in each of the ranges."""
    ranges = charts_values.bins(source)
    names = [f"{formats.number(one.low)} to {formats.number(one.high)}" for one in ranges]
    whole = sum(one.value for one in ranges)
    most = max(range(len(ranges)), key=lambda place: ranges[place].value)
    share = [formats.share(one.value / whole if whole else None) for one in ranges]
    return Chart(
        title=title,
        subtitle=subtitle,
        spec=vegalite(source, form="histogram", height=SHORT),
        height=SHORT,
        label=f"{title}, in {len(ranges)} ranges from {formats.number(ranges[0].low)} to"
        f" {formats.number(ranges[-1].high)}. Most often {names[most]}: {share[most]} of calls.",
        legend=[],
        head=["From, and below", "Calls", "Share of calls"],
        lines=[
            Line(name, [formats.count(one.value), of_all], False)
            for name, one, of_all in zip(names, ranges, share, strict=True)
        ]
        if whole
        else [],
    )


def legend(
    palette: Mapping[str, str], *, compared: bool, breakdown: bool, beside: str
) -> list[Key]:
    """Nothing for a single line; else each line's colour, and what is dotted."""
    single = len(palette) == 1 and not breakdown
    keys = [Key(name, token.removeprefix("@"), "line") for name, token in palette.items()]
    if single:
        return [*keys, Key(beside, "series-other", "dash")] if compared else []
    return keys


def writer(source: Result) -> Callable[[float | None], str]:
    """How the values of an answer are written: rates in percent, times in seconds, else numbers."""
    series = source.query.get("series") or []
    measures = {one["measure"] for one in series}
    times = {one.get("property") for one in series} <= {"run_time", "process_run_time"}
    if source.query.get("formulas"):
        return formats.number
    if measures == {"error_rate"}:
        return lambda value: str(formats.rate(value))
    if times and measures <= {"avg", "min", "max", "p50", "p90", "p95", "p99"}:
        return lambda value: str(formats.duration(value))
    return formats.count if measures <= COUNTED else formats.number


def marked(chart: Chart, days: Sequence[tuple[date, str]], start: date, end: date) -> Chart:
    """The chart with what happened in its days as rules; of close ones the newest keeps its name.

    Names are measured on the narrowest screen, in days.
    """
    rules: list[tuple[str, str]] = []
    free = date.max  # up to where there is room for a name
    for day, name in sorted((pair for pair in days if start <= pair[0] <= end), reverse=True):
        pixels = min(plot.LABEL_WIDTH, LETTER * (len(name) + 1))
        half = timedelta(days=(end - start).days * pixels / NARROWEST / 2)
        fits = free - half >= day
        rules.append((day.isoformat(), name if fits else ""))
        free = day - half if fits else free
    return replace(chart, spec=plot.ruled(dict(chart.spec), rules)) if rules else chart


class Table:
    """A broken-down measure by bucket, oldest first, its columns in the chart's order."""

    def __init__(self, rows: Sequence[Row], *, ordered: bool) -> None:
        named = [(str(row["bucket"]), label(segment(row)), row) for row in rows if row["bucket"]]
        self.buckets: dict[str, dict[str, Row]] = {}
        for bucket, name, row in sorted(named, key=lambda one: one[0]):
            self.buckets.setdefault(bucket, {})[name] = row
        found = dict.fromkeys(name for _, name, _ in named)
        self.colors = colours(list(found), ordered=ordered)

    @property
    def names(self) -> list[str]:
        return list(self.colors)

    def legend(self, style: str = "") -> list[Key]:
        return [Key(name, token.removeprefix("@"), style) for name, token in self.colors.items()]

    def lines(self, interval: str) -> list[Line]:
        """Newest first; a segment that a bucket lacks is 0."""
        return [
            Line(
                formats.bucket(key, interval),
                [
                    formats.count(cells[name]["value"] if name in cells else 0)
                    for name in self.names
                ],
                any(row["incomplete"] for row in cells.values()),
            )
            for key, cells in reversed(list(self.buckets.items()))
        ]
