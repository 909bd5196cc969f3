"""Result → a Vega-Lite specification: the same for page, notebook, PNG and SVG.

Colours are token names (`"@series-1"`), there is no theme in it: whoever draws it applies both. At
most 400 points a line and six named segments. An unfinished bucket is dashed, the compared period
grey and dotted, and where there is no value the line has a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, pairwise
from typing import Any, Literal

import altair as alt

from footfall_server.insights.result import Result, Row
from footfall_server.insights.versions import version

MAX_POINTS = 400
MAX_SEGMENTS = 6
_OTHER = "@series-other"
_LABEL = "datum.value==0?'0':datum.label"
_Line = tuple[str, list[Row]]

Form = Literal["lines", "shares"]


def vegalite(result: Result, *, form: Form = "lines", height: int = 284) -> dict[str, Any]:
    """The chart of a result, `height` pixels high and as wide as its container.

    `form="shares"` stacks segments to 100 %, newest version first and strongest.
    """
    if result.report == "events_table":
        return _spec(_bars(result), height, result)
    lines = _lines(row for row in result.rows if not row["compare"])
    if form == "shares":
        return _spec(_shares(lines, result), height, result)
    before = _lines(row for row in result.rows if row["compare"])
    return _spec(_trend(lines, before if len(lines) == 1 else [], result), height, result)


def _spec(chart: alt.Chart | alt.LayerChart, height: int, result: Result) -> dict[str, Any]:
    spec: dict[str, Any] = chart.properties(height=height).to_dict()
    spec.pop("config", None)
    named = {tuple(row["segment"]) for row in result.rows if row.get("segment")}
    omitted = len([one for one in named if one[0] != "$other"]) - MAX_SEGMENTS
    if omitted > 0:
        spec["usermeta"] = {"omitted_segments": omitted}
    return spec


def _lines(rows: Iterable[Row]) -> list[_Line]:
    """Named rows in time, without the fold; of each series six named segments and other."""
    found: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        if row["bucket"] is not None:
            found.setdefault((row["series"], tuple(row["segment"])), []).append(row)
    several = len({series for series, _ in found}) > 1
    lines: list[_Line] = []
    for _, of_series in groupby(found, key=lambda key: key[0]):
        keys = list(of_series)
        named = [key for key in keys if "$other" not in key[1]][:MAX_SEGMENTS]
        others = [key for key in keys if "$other" in key[1]]
        lines += [(_name(key, several), _thinned(found[key])) for key in (*named, *others)]
    return lines


def _name(key: tuple[str, tuple[str, ...]], several: bool) -> str:
    series, segment = key
    words = {"$none": "None", "$other": "Other"}
    parts = dict.fromkeys(words.get(part, part) for part in segment)
    return " · ".join(([series] if several or not segment else []) + list(parts))


def _thinned(rows: list[Row]) -> list[Row]:
    """Long lines keep the least and the greatest value of each stretch, so no peak is lost."""
    if len(rows) <= MAX_POINTS:
        return rows
    size = -(-2 * len(rows) // MAX_POINTS)
    kept: list[Row] = []
    for start in range(0, len(rows), size):
        stretch = sorted(enumerate(rows[start : start + size]), key=_height)
        ends = sorted({stretch[0][0], stretch[-1][0]})
        kept += [rows[start + place] for place in ends]
    return kept


def _height(row: tuple[int, Row]) -> float:
    value = row[1]["value"]
    return float("-inf") if value is None else float(value)


def _trend(lines: list[_Line], before: list[_Line], result: Result) -> alt.LayerChart:
    values = [point for name, rows in lines for point in _points(name, rows)]
    base = alt.Chart(alt.InlineData(values=values))
    x, y, colour = _time(result), _number("v", result), _colours([name for name, _ in lines])
    layers: list[alt.Chart] = []
    if before:
        layers.append(_before(before[0][1], result))
    if len(lines) == 1:
        layers.append(base.mark_area(fill="@series-1", opacity=0.1).encode(x=x, y=y))
    layers.append(base.mark_line().encode(x=x, y=y, color=colour))
    if any("w" in point for point in values):
        dashed = base.mark_line(strokeDash=[3, 4])
        layers.append(dashed.encode(x=x, y=_number("w", result), color=colour))
    layers.append(_hover(base, lines, result, bool(before)))
    return alt.LayerChart(layer=layers)


def _points(name: str, rows: list[Row]) -> list[dict[str, Any]]:
    """`v` is the solid line, `w` the dashed one with the point that it starts from; `a` any."""
    points = [
        {"d": _moment(row), "k": name, "a": row["value"]}
        | ({} if row["incomplete"] else {"v": row["value"]})
        for row in rows
    ]
    for (one, row), (other, following) in pairwise(zip(points, rows, strict=True)):
        if row["incomplete"] or following["incomplete"]:
            one["w"], other["w"] = row["value"], following["value"]
    if len(rows) == 1 and rows[0]["incomplete"]:
        points[0]["w"] = rows[0]["value"]
    return points


def _before(rows: list[Row], result: Result) -> alt.Chart:
    values = [{"d": _moment(row), "p": row["value"]} for row in rows]
    mark = alt.Chart(alt.InlineData(values=values)).mark_line(
        strokeWidth=1.25, stroke=_OTHER, strokeDash=[1, 3]
    )
    chart: alt.Chart = mark.encode(x=_time(result), y=_number("p", result))
    return chart


def _hover(base: alt.Chart, lines: list[_Line], result: Result, compared: bool) -> alt.Chart:
    """A point under the pointer, with its values."""
    pointer = alt.selection_point(
        name="hover", on="pointerover", nearest=True, encodings=["x"], clear="pointerout"
    )
    tooltip = [
        alt.Tooltip("d:T", timeUnit=_unit(result), title="Time", format=_long_format(result)),
        alt.Tooltip("k:N", title="Series"),
        alt.Tooltip("a:Q", title="Value", format=_value_format(result, tooltip=True)),
    ]
    points = base.properties(name="points").mark_point(
        size=38, filled=True, stroke="@surface", strokeWidth=1.5
    )
    chart: alt.Chart = points.encode(
        x=_time(result),
        y=_number("a", result),
        color=_colours([name for name, _ in lines]),
        opacity=alt.condition(pointer, alt.value(1), alt.value(0), empty=False),
        tooltip=tooltip,
    ).add_params(pointer)
    return chart


def _shares(lines: list[_Line], result: Result) -> alt.Chart:
    names = _newest_first([name for name, _ in lines])
    place = {name: order for order, name in enumerate(names)}
    totals: dict[str, float] = {}
    for _, rows in lines:
        for row in rows:
            totals[row["bucket"]] = totals.get(row["bucket"], 0) + (row["value"] or 0)
    values = [
        {
            "d": _moment(row),
            "k": name,
            "s": round((row["value"] or 0) / totals[row["bucket"]], 4),
            "o": place[name],
        }
        for name, rows in lines
        for row in rows
        if totals[row["bucket"]]
    ]
    colours = [_OTHER if name == "Other" else f"@seq-{place[name] + 1}" for name in names]
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    share = alt.Y("s:Q", stack="zero", axis=axis, scale=alt.Scale(domain=[0, 1]))
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_area(stroke="@surface", strokeWidth=0.75)
        .encode(
            x=_time(result),
            y=share,
            color=alt.Color("k:N", scale=alt.Scale(domain=names, range=colours), legend=None),
            order=alt.Order("o:Q"),
            tooltip=[
                alt.Tooltip(
                    "d:T", timeUnit=_unit(result), title="Time", format=_long_format(result)
                ),
                alt.Tooltip("k:N", title="Segment"),
                alt.Tooltip("s:Q", title="Share", format=".1%"),
            ],
        )
    )
    return chart


def _newest_first(names: list[str]) -> list[str]:
    """Versions in order, newest first; what is none after them, other last."""

    def key(name: str) -> tuple[int, Any]:
        found = version(name)
        return (2, found) if found is not None else (0 if name == "Other" else 1, name)

    return sorted(names, key=key, reverse=True)


def _bars(result: Result) -> alt.Chart:
    values = [{"k": row["event"], "v": row["total"]} for row in result.rows[:20]]
    chart: alt.Chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(fill="@series-1")
        .encode(
            y=alt.Y("k:N", sort=None),
            x=alt.X("v:Q", axis=alt.Axis(format="~s", labelExpr=_LABEL)),
            tooltip=[
                alt.Tooltip("k:N", title="Event"),
                alt.Tooltip("v:Q", title="Events", format=","),
            ],
        )
    )
    return chart


def _colours(names: list[str]) -> alt.Color:
    """A slot each, in order; what is left over, and other, grey."""
    slots = iter(range(1, MAX_SEGMENTS + 1))
    colours = [
        _OTHER
        if name.endswith("Other") or (slot := next(slots, None)) is None
        else f"@series-{slot}"
        for name in names
    ]
    return alt.Color("k:N", scale=alt.Scale(domain=names, range=colours), legend=None)


def _hours(result: Result) -> bool:
    return result.query.get("interval") == "hour"


def _unit(result: Result) -> Any:
    """Read as UTC, so that a date is the same day in whatever zone it is looked at."""
    return "utcyearmonthdatehours" if _hours(result) else "utcyearmonthdate"


def _moment(row: Row) -> str:
    """A bucket as local wall time: an hour's offset is left out."""
    bucket = str(row["bucket"])
    return bucket[:19] + "Z" if "T" in bucket else bucket


def _time(result: Result) -> alt.X:
    axis = alt.Axis(format="%-d %b %H:%M" if _hours(result) else "%-d %b", tickCount=6)
    return alt.X("d:T", timeUnit=_unit(result), axis=axis)


def _number(field: str, result: Result) -> alt.Y:
    form = _value_format(result)
    return alt.Y(f"{field}:Q", axis=alt.Axis(format=form, labelExpr=_LABEL))


def _long_format(result: Result) -> str:
    return "%a %-d %b %Y %H:%M" if _hours(result) else "%a %-d %b %Y"


def _value_format(result: Result, *, tooltip: bool = False) -> str:
    measures = {series["measure"] for series in result.query.get("series", ())}
    if measures == {"error_rate"} and not result.query.get("formulas"):
        return ".2%"
    return ",.4~f" if tooltip else "~s"
