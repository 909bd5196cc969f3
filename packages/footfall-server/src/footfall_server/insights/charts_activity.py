"""Charts of who is active: retention curves, the lifecycle's bars, days of use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import altair as alt

from footfall_server.insights import plot
from footfall_server.insights.plot import Spec
from footfall_server.insights.result import Result

MOST_SEGMENTS, MOST_BUCKETS = 6, 400
STATES = {
    "new": ("New", "@series-1"),
    "returning": ("Returning", "@series-2"),
    "resurrected": ("Resurrected", "@series-3"),
    "dormant": ("Dormant", "@series-other"),
}
Label = Callable[[str], str]


def retention(result: Result, height: int, label: Label) -> Spec:
    """The average over cohorts by bracket, a line a segment; unknown brackets end the line."""
    unit = str(result.query.get("unit", "day")).capitalize()
    average = result.meta.get("average", ())
    named = list(dict.fromkeys(tuple(row["segment"]) for row in average))
    others = [one for one in named if "$other" in one]
    drawn = [one for one in named if one not in others][:MOST_SEGMENTS] + others
    title = f"All cohorts, {result.meta.get('average_kind', 'pooled')}"
    names = {one: " · ".join(map(label, one)) or title for one in drawn}
    tokens = {
        one: "@series-other" if one in others else f"@series-{place + 1}"
        for place, one in enumerate(drawn)
    }
    values = [
        {"b": row["bracket"], "v": row["rate"], "k": names[tuple(row["segment"])]}
        for row in average
        if tuple(row["segment"]) in names and row["rate"] is not None
    ]
    scale = alt.Scale(domain=list(names.values()), range=list(tokens.values()))
    last = max((row["b"] for row in values), default=0)
    ticks = list(range(0, last + 1, last // 12 + 1))
    axis = alt.Axis(title=f"{unit}s since the first", values=ticks, format="d")
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=alt.OverlayMarkDef(size=30))
        .encode(
            x=alt.X("b:Q", axis=axis),
            y=alt.Y("v:Q", axis=alt.Axis(format=".0%", title=None), scale=alt.Scale(domain=[0, 1])),
            color=alt.Color("k:N", scale=scale, legend=alt.Legend(title=None, orient="top"))
            if len(names) > 1
            else alt.value("@series-1"),
            tooltip=[
                alt.Tooltip("k:N", title="Segment" if result.query.get("breakdown") else "Average"),
                alt.Tooltip("b:Q", title=unit),
                alt.Tooltip("v:Q", title="Came back", format=".1%"),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def lifecycle(result: Result, height: int, label: Label) -> Spec:
    """Bars above zero of who is active and below it of who went; unfinished ones are paler."""
    interval = str(result.query.get("interval", "day"))
    unfinished = frozenset(result.meta.get("incomplete", ()))
    shown = list(dict.fromkeys(row["bucket"] for row in result.rows))[-MOST_BUCKETS:]
    kept = frozenset(shown)
    values = [
        {
            "t": row["bucket"][:19] + ("Z" if "T" in row["bucket"] else ""),
            "k": STATES[row["state"]][0],
            "v": row["count"],
            "i": int(row["bucket"] in unfinished),
        }
        for row in result.rows
        if row["bucket"] in kept
    ]
    made = _lifecycle(interval, plot.weeks(values, interval), len(shown))
    return plot.filled(made, values, height)


@lru_cache(maxsize=128)
def _lifecycle(interval: str, labelled: tuple[str, ...], bars: int) -> Spec:
    names, tokens = zip(*STATES.values(), strict=True)
    scale = alt.Scale(domain=list(names), range=list(tokens))
    chart = (
        alt.Chart(alt.NamedData("course"))
        .mark_bar(**_width(interval, bars))
        .encode(
            x=_banded(plot.time_axis(interval, labelled), interval),
            y=plot.value_axis("v", plot.COUNTS),
            fill=alt.Fill("k:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
            opacity=alt.condition("datum.i", alt.value(0.45), alt.value(1)),
            tooltip=[
                plot.when(interval),
                alt.Tooltip("k:N", title="Installs"),
                plot.amount("v", "Count", plot.COUNTS),
            ],
        )
    )
    return plot.plain(chart)


def _width(interval: str, bars: int) -> dict[str, Any]:
    """Weeks have no unit of their own that begins on Monday, so their bars' width is said."""
    return {"width": max(2, min(24, 480 // max(1, bars)))} if interval == "week" else {}


def _banded(time: alt.X, interval: str) -> alt.X:
    """The time axis with room for a bar a bucket."""
    unit: Any = {
        "hour": "utcyearmonthdatehours", "month": "utcyearmonth", "quarter": "utcyearquarter",
    }.get(interval, "utcyearmonthdate")  # fmt: skip
    banded: alt.X = time.timeUnit(unit)
    return banded


def stickiness(result: Result, height: int, label: Label) -> Spec:
    """Installs by days, up to the greatest number of days that some install has."""
    most = max((row["days"] for row in result.rows if row["installs"]), default=0)
    values = [
        {"d": row["days"], "n": row["installs"]} for row in result.rows if row["days"] <= most
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(fill="@series-1")
        .encode(
            x=alt.X("d:O", axis=alt.Axis(title="Active days", labelAngle=0, labelOverlap=True)),
            y=plot.value_axis("n", plot.COUNTS),
            tooltip=[
                alt.Tooltip("d:O", title="Active days"),
                plot.amount("n", "Installs", plot.COUNTS),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


DRAWN: Mapping[str, Callable[[Result, int, Label], Spec]] = {
    "lifecycle": lifecycle,
    "retention": retention,
    "stickiness": stickiness,
}
