"""Specifications of the overview's charts, by Altair. Colours are token names: "@series-1"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import altair as alt

Spec = dict[str, Any]
Datum = Mapping[str, Any]

COUNT_LABEL = "datum.value == 0 ? '0' : datum.label"


def time_axis(interval: str, data: Sequence[Datum]) -> alt.X:
    """Wall-clock time on the x axis: the data says it as UTC, so no browser shifts it.

    Weeks are labelled at their first days, which the engine's own choice of ticks would miss.
    """
    labels = {"hour": "%H:%M", "month": "%b %Y"}.get(interval, "%-d %b")
    axis = alt.Axis(format=labels, tickCount=6, title=None)
    if interval == "week":
        days = [date.fromisoformat(text) for text in sorted({row["t"] for row in data})]
        every = -(-len(days) // 6)
        axis.values = [
            alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True)
            for day in days[::every]
        ]
    return alt.X("t:T", scale=alt.Scale(type="utc"), axis=axis)


def counts_axis(field: str) -> alt.Y:
    axis = alt.Axis(format="~s", labelExpr=COUNT_LABEL, tickMinStep=1, title=None)
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(zero=True))


def amount(field: str, title: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=title, format=",")


def course(data: Sequence[Datum], interval: str, height: int, titles: Sequence[str]) -> Spec:
    """One measure over time: area and line, unfinished ends dashed, the compared period dotted.

    `data` rows: t (time), v (value), p (compared value or None), o (complete), l (label), and
    where the line is dashed, d (the value once more).
    """
    x = time_axis(interval, data)
    base = alt.Chart(alt.NamedData("course"))
    complete = base.transform_filter("datum.o")
    hover = alt.selection_point(
        name="hover", on="pointerover", nearest=True, encodings=["x"], clear="pointerout"
    )
    tooltip = [alt.Tooltip("l:N", title="When"), amount("v", titles[0])]
    layers: list[alt.Chart] = []
    if any(row["p"] is not None for row in data):
        tooltip.append(amount("p", titles[1]))
        dotted = base.mark_line(strokeWidth=1.25, stroke="@series-other", strokeDash=[1, 3])
        layers.append(dotted.encode(x, counts_axis("p")))
    layers += [
        complete.mark_area(fill="@series-1", opacity=0.1).encode(x, counts_axis("v")),
        complete.mark_line(stroke="@series-1").encode(x, counts_axis("v")),
        base.mark_point(size=38, filled=True, fill="@series-1", stroke="@surface", strokeWidth=1.5)
        .encode(
            x,
            counts_axis("v"),
            opacity=alt.condition(hover, alt.value(1), alt.value(0), empty=False),
            tooltip=tooltip,
        )
        .add_params(hover),
    ]
    if any("d" in row for row in data):
        dashes = base.mark_line(stroke="@series-1", strokeDash=[3, 4])
        layers.insert(0, dashes.encode(x, counts_axis("d")))
    return finish(alt.layer(*layers), data, height)


def lines(data: Sequence[Datum], interval: str, height: int, colors: Mapping[str, str]) -> Spec:
    """One line a segment, unfinished ends dashed. `data` rows: t, s (segment), v, o, l, d."""
    x = time_axis(interval, data)
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    color = alt.Color("s:N", scale=scale, legend=None)
    base = alt.Chart(alt.NamedData("course"))
    complete = base.transform_filter("datum.o")
    hover = alt.selection_point(name="hover", on="pointerover", nearest=True, clear="pointerout")
    layers = [
        complete.mark_line().encode(x, counts_axis("v"), color),
        base.mark_point(size=38, filled=True, stroke="@surface", strokeWidth=1.5)
        .encode(
            x,
            counts_axis("v"),
            alt.Fill("s:N", scale=scale, legend=None),
            opacity=alt.condition(hover, alt.value(1), alt.value(0), empty=False),
            tooltip=[
                alt.Tooltip("l:N", title="When"),
                alt.Tooltip("s:N", title="Segment"),
                amount("v", "Installs"),
            ],
        )
        .add_params(hover),
    ]
    if any("d" in row for row in data):
        dashes = base.mark_line(strokeDash=[3, 4])
        layers.insert(0, dashes.encode(x, counts_axis("d"), color))
    return finish(alt.layer(*layers), data, height)


def stack(data: Sequence[Datum], interval: str, height: int, colors: Mapping[str, str]) -> Spec:
    """Shares of a whole, stacked. `data` rows: t, s, v, i (place in the stack, 0 on top), o, e.

    `e` marks the last complete bucket and those after it: that stretch is drawn paler.
    """
    x = time_axis(interval, data)
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    y = alt.Y("v:Q", stack="normalize", axis=alt.Axis(format="%", values=[0, 0.5, 1], title=None))
    base = alt.Chart(alt.NamedData("course"))
    encoded = (
        x,
        y,
        alt.Fill("s:N", scale=scale, legend=None),
        alt.Order("i:Q", sort="descending"),
    )
    layers = [
        base.transform_filter("datum.o")
        .mark_area(stroke="@surface", strokeWidth=0.75)
        .encode(*encoded),
        base.transform_filter("datum.e")
        .mark_area(stroke="@surface", strokeWidth=0.75, opacity=0.45)
        .encode(*encoded),
    ]
    return finish(alt.layer(*layers), data, height)


def finish(chart: alt.LayerChart | alt.FacetChart, data: Sequence[Datum], height: int) -> Spec:
    """The plain specification; the page's or the export's theme is added where it is drawn."""
    spec: Spec = chart.to_dict(validate=True)
    for added in ("$schema", "config", "usermeta"):
        spec.pop(added, None)
    return spec | {"height": height, "datasets": {"course": list(data)}}
