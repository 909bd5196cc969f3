"""Charts of funnels, flows and paths: how many get how far, and where they go.

A funnel is a bar a step, beside each other for segments; with an interval it is the rate of
conversion over time. Flows are a stack a step: what the walks come to there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import altair as alt

from footfall_server.insights import plot
from footfall_server.insights.plot import Spec
from footfall_server.insights.result import Result, Row

MOST_SEGMENTS, MOST_EVENTS, MOST_PATHS = 6, 6, 20
Label = Callable[[str], str]
_ENDS = {"$end": "End", "$start": "Start"}
_GREY = "@series-other"


def conversion(result: Result) -> Result:
    """A funnel by bucket as a trend of the share that converts."""
    last = len(result.query["steps"])
    unfinished = frozenset(result.meta.get("incomplete", ()))
    rows: list[Row] = [
        {
            "bucket": row["bucket"],
            "series": "Conversion",
            "segment": row["segment"],
            "value": row["rate_from_start"],
            "incomplete": row["bucket"] in unfinished,
            "compare": False,
        }
        for row in result.rows
        if row["step"] == last
    ]
    kept = {name: result.query[name] for name in ("interval", "breakdown")}
    return Result("trends", {"report": "trends", "unit": "rate", **kept}, rows, result.meta)


def funnel(result: Result, height: int, label: Label) -> Spec:
    """A bar for each step; with a breakdown, one for each of the largest segments."""
    names = list(dict.fromkeys(_segment(row, label) for row in result.rows))[:MOST_SEGMENTS]
    steps = {row["step"]: f"{row['step']} {_event(row['event'])}".strip() for row in result.rows}
    values = [
        {
            "k": steps[row["step"]],
            "s": _segment(row, label),
            "v": row["count"],
            "r": row["rate_from_start"],
            "p": row["rate_from_previous"],
        }
        for row in result.rows
        if _segment(row, label) in names
    ]
    tooltip = [
        alt.Tooltip("k:N", title="Step"),
        *([alt.Tooltip("s:N", title="Segment")] if len(names) > 1 else []),
        alt.Tooltip("v:Q", title="Entries", format=","),
        alt.Tooltip("r:Q", title="Of the first step", format=".2%"),
        alt.Tooltip("p:Q", title="Of the step before", format=".2%"),
    ]
    beside = {"xOffset": alt.XOffset("s:N", sort=names)} if len(names) > 1 else {}
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar()
        .encode(
            x=alt.X("k:N", sort=list(steps.values()), axis=alt.Axis(title=None, labelAngle=0)),
            y=alt.Y("v:Q", axis=plot.amounts()),
            fill=alt.Fill("s:N", scale=_scale(_colours(names)), legend=None),
            tooltip=tooltip,
            **beside,
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def flows(result: Result, height: int, label: Label) -> Spec:
    """For each step away from the anchor, a stack of what the walks come to."""
    arrived: Counter[tuple[int, str]] = Counter()
    for row in result.rows:
        arrived[row["step"] + 1, _ENDS.get(row["to"]) or label(row["to"])] += row["count"]
    whole: Counter[str] = Counter()
    for (_, name), count in arrived.items():
        whole[name] += count
    special = (label("$other"), *_ENDS.values())
    ranked = sorted(whole, key=lambda name: (name in special, -whole[name], name))
    named = [name for name in ranked if name not in special][:MOST_EVENTS]
    values = [
        {"k": step, "s": name, "v": count, "o": ranked.index(name)}
        for (step, name), count in sorted(arrived.items())
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(stroke="@surface", strokeWidth=0.75)
        .encode(
            x=alt.X("k:O", axis=alt.Axis(title=None, labelAngle=0)),
            y=alt.Y("v:Q", axis=plot.amounts()),
            fill=alt.Fill("s:N", scale=_scale(_colours(ranked, named)), legend=None),
            order=alt.Order("o:Q", sort="descending"),
            tooltip=[
                alt.Tooltip("k:O", title="Step"),
                alt.Tooltip("s:N", title="Event"),
                alt.Tooltip("v:Q", title="Walks", format=","),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def paths(result: Result, height: int, label: Label) -> Spec:
    """The most frequent walks."""
    values = [
        {"k": " → ".join(map(label, row["path"])), "v": row["count"], "n": row["installs"]}
        for row in result.rows[:MOST_PATHS]
    ]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(fill="@series-1")
        .encode(
            y=alt.Y("k:N", sort=None, title=None),
            x=alt.X("v:Q", axis=plot.amounts()),
            tooltip=[
                alt.Tooltip("k:N", title="Path"),
                alt.Tooltip("v:Q", title="Walks", format=","),
                alt.Tooltip("n:Q", title="Installs", format=","),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def _segment(row: Row, label: Label) -> str:
    return " · ".join(dict.fromkeys(map(label, row["segment"])))


def _event(event: str | list[str] | None) -> str:
    return event if isinstance(event, str) else ", ".join(event or ())


def _colours(names: list[str], coloured: list[str] | None = None) -> dict[str, str]:
    """A token for each name; grey for what has none of its own."""
    own = {
        name: f"@series-{place}"
        for place, name in enumerate(names if coloured is None else coloured, 1)
    }
    return {name: own.get(name, _GREY) for name in names}


def _scale(colours: Mapping[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(colours), range=list(colours.values()))


DRAWN: Mapping[str, Callable[[Result, int, Label], Spec]] = {
    "funnel": funnel,
    "flows": flows,
    "paths": paths,
}
