"""Charts of release health: shares with their intervals, run times, the support matrix.

Rows are drawn in the order of the result, so versions stand in the order of versions, the newest
on top or rightmost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from footfall_server.insights import plot
from footfall_server.insights.plot import Spec
from footfall_server.insights.result import Result, Row

MOST_BARS, MOST_ACROSS, MOST_SEGMENTS = 20, 30, 6
Label = Callable[[str], str]


def adoption(result: Result) -> Result:
    """Adoption as trends of the most used values, for a chart of shares."""
    total: Counter[str] = Counter()
    for row in result.rows:
        total[row["value"]] += row["installs"]
    named = {value for value, _ in total.most_common(MOST_SEGMENTS)}
    unfinished = frozenset(result.meta.get("incomplete", ()))
    cells: dict[tuple[str, str], int] = {}
    for row in result.rows:
        key = (row["bucket"], row["value"] if row["value"] in named else "$other")
        cells[key] = cells.get(key, 0) + row["installs"]
    rows: list[Row] = [
        {
            "bucket": bucket,
            "series": "Installs",
            "segment": [value],
            "value": installs,
            "incomplete": bucket in unfinished,
            "compare": False,
        }
        for (bucket, value), installs in cells.items()
    ]
    query = {"interval": result.query.get("interval", "day"), "breakdown": [result.query["by"]]}
    return Result("trends", {"report": "trends", **query}, rows, result.meta)


def errors(result: Result, height: int, label: Label) -> Spec:
    """The share of installs that fail, with its interval; a regression is red."""
    values = [
        {
            "k": label(row["value"]),
            "v": row["install_rate"],
            "low": row["low"],
            "high": row["high"],
            "b": row["baseline_rate"],
            "r": "Regressed" if row["regressed"] else "",
            "n": row["installs"],
        }
        for row in _from_top(result.rows, bool(result.meta.get("versioned")))
    ]
    colour = alt.condition("datum.r", alt.value("@bad"), alt.value("@series-1"))
    more = [
        alt.Tooltip("b:Q", title="Versions before", format=".2%"),
        alt.Tooltip("r:N", title="Note"),
    ]
    return _intervals(values, height, colour, "Installs with an error", more)


def drop_cost(result: Result, height: int, label: Label) -> Spec:
    """The share of installs that would be hit, with its interval."""
    values = [
        {
            "k": label(row["value"]),
            "v": row["share"],
            "low": row["low"],
            "high": row["high"],
            "n": row["installs"],
        }
        for row in result.rows[:MOST_BARS]
    ]
    return _intervals(values, height, alt.value("@series-1"), "Share", [])


def _intervals(
    values: list[dict[str, Any]], height: int, colour: Any, title: str, more: list[alt.Tooltip]
) -> Spec:
    """A point for each share on the line of its interval."""
    base = alt.Chart(alt.InlineData(values=values))
    across = alt.Axis(format=".0%", title=None)
    names = alt.Y("k:N", sort=None, title=None)
    tooltip = [
        alt.Tooltip("k:N", title="Value"),
        alt.Tooltip("v:Q", title=title, format=".2%"),
        alt.Tooltip("low:Q", title="At least", format=".2%"),
        alt.Tooltip("high:Q", title="At most", format=".2%"),
        alt.Tooltip("n:Q", title="Installs", format=","),
        *more,
    ]
    rule = base.mark_rule(strokeWidth=2, opacity=0.5).encode(
        names, x=alt.X("low:Q", axis=across), x2="high:Q", stroke=colour
    )
    point = base.mark_point(size=48, filled=True, opacity=1).encode(
        names, x=alt.X("v:Q", axis=across), fill=colour, tooltip=tooltip
    )
    return plot.plain(alt.layer(rule, point).properties(height=height))


def exceptions(result: Result, height: int, label: Label) -> Spec:
    """The twenty most frequent types."""
    values = [
        {"k": label(row["exception_type"]), "v": row["events"], "n": row["installs"]}
        for row in result.rows[:MOST_BARS]
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(fill="@series-1")
        .encode(
            y=alt.Y("k:N", sort=None, title=None),
            x=alt.X("v:Q", axis=plot.amounts()),
            tooltip=[
                alt.Tooltip("k:N", title="Exception"),
                alt.Tooltip("v:Q", title="Events", format=","),
                alt.Tooltip("n:Q", title="Installs", format=","),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def run_time(result: Result, height: int, label: Label) -> Spec:
    """Median to 99th percentile of the most frequent event by value, on a logarithmic scale."""
    often: Counter[str] = Counter()
    for row in result.rows:
        often[row["event"]] += row["events"]
    event = often.most_common(1)[0][0] if often else ""
    of_event = [row for row in result.rows if row["event"] == event and row["p50"] is not None]
    # A logarithm has no zero: what took less than a microsecond is drawn there.
    values = [
        {
            "k": label(row["value"]),
            "n": row["events"],
            **{name: max(row[name], 1e-6) for name in ("p50", "p90", "p99")},
        }
        for row in _from_top(of_event, bool(result.meta.get("versioned")))
    ]
    base = alt.Chart(alt.InlineData(values=values))
    scale, axis = alt.Scale(type="log"), alt.Axis(format="~g", title=None)
    names = alt.Y("k:N", sort=None, title=None)
    tooltip = [
        alt.Tooltip("k:N", title=plot.quoted(event)),
        *(alt.Tooltip(f"{p}:Q", title=f"{p}, s", format=".4~g") for p in ("p50", "p90", "p99")),
        alt.Tooltip("n:Q", title="Events", format=","),
    ]
    layers: list[alt.Chart] = [
        base.mark_rule(stroke="@line-strong", strokeWidth=2).encode(
            names, x=alt.X("p50:Q", scale=scale, axis=axis), x2="p99:Q"
        )
    ]
    for name, colour in (("p99", "@seq-4"), ("p90", "@seq-3"), ("p50", "@seq-1")):
        point = base.mark_point(size=48, filled=True, opacity=1, fill=colour)
        across = alt.X(f"{name}:Q", scale=scale, axis=axis)
        layers.append(point.encode(names, x=across, tooltip=tooltip))
    return plot.plain(alt.layer(*layers).properties(height=height))


def support_matrix(result: Result, height: int, label: Label) -> Spec:
    """Shares as a heat map of at most twenty rows and thirty columns."""
    versioned = result.meta.get("versioned") or (False, False)
    rows = _from_top(list(dict.fromkeys(row["row"] for row in result.rows)), versioned[0])
    # The answer's order: no row need have all columns.
    order = result.meta.get("columns") or [row["column"] for row in result.rows]
    columns = _from_top(list(dict.fromkeys(order)), versioned[1], MOST_ACROSS)
    if versioned[1]:
        columns.reverse()
    values = [
        {
            "r": label(row["row"]),
            "c": label(row["column"]),
            "v": row["share"],
            "n": row["installs"],
        }
        for row in result.rows
        if row["row"] in rows and row["column"] in columns
    ]
    heat = alt.Scale(range=[f"@heat-{step}" for step in range(1, 9)], type="quantize")
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_rect(stroke="@surface")
        .encode(
            x=alt.X("c:N", sort=[label(one) for one in columns], title=None),
            y=alt.Y("r:N", sort=[label(one) for one in rows], title=None),
            fill=alt.Fill("v:Q", scale=heat, legend=None),
            tooltip=[
                alt.Tooltip("r:N", title="Row"),
                alt.Tooltip("c:N", title="Column"),
                alt.Tooltip("n:Q", title="Installs", format=","),
                alt.Tooltip("v:Q", title="Share", format=".2%"),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def traction(result: Result, height: int, label: Label) -> Spec:
    """Weekly active installs."""
    data = [
        {"t": row["bucket"], "v": row["value"], "p": None, "o": 1}
        for row in result.rows
        if row["metric"] == "weekly_active_installs"
    ]
    return plot.course(data, "week", height, [label("Weekly active installs")])


def _from_top(rows: Sequence[Any], versioned: bool, most: int = MOST_BARS) -> list[Any]:
    """The newest versions, newest first; of other values the first."""
    return list(reversed(rows[-most:])) if versioned else list(rows[:most])


DRAWN: Mapping[str, Callable[[Result, int, Label], Spec]] = {
    "drop_cost": drop_cost,
    "errors": errors,
    "exceptions": exceptions,
    "run_time": run_time,
    "support_matrix": support_matrix,
    "traction": traction,
}
