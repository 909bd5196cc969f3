"""Result → a Vega-Lite specification: the same for page, notebook, PNG and SVG.

Colours are token names (`"@series-1"`), there is no theme in it: whoever draws it applies both. At
most 400 points a line and six named segments. An unfinished bucket is dashed, the compared period
grey and dotted, and where there is no value the line has a gap. What a chart looks like stands in
`plot`; here, a result becomes its data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Literal

import altair as alt

from footfall_server.insights import charts_activity, charts_sql, charts_values, charts_walks, plot
from footfall_server.insights import charts_release_health as release_health
from footfall_server.insights.plot import Datum, Spec, Unit
from footfall_server.insights.result import Result, Row
from footfall_server.insights.versions import version

MAX_POINTS = 400
MAX_SEGMENTS = 6
COMPARED = {"previous_period": "Previous period", "previous_year": "A year before"}
_COUNTED = frozenset({"total", "unique", "distinct", "dau", "wau", "mau"})
_WORDS = {"$none": "Not sent", "$other": "Other"}
_DRAWN = {**charts_activity.DRAWN, **charts_walks.DRAWN, **release_health.DRAWN}
_Line = tuple[str, list[Row]]

Form = Literal["lines", "shares", "histogram"]
Label = Callable[[str], str]


def label_of(value: str) -> str:
    """What a segment is called: `$none` and `$other` in words, else the value itself."""
    return _WORDS.get(value, value)


def vegalite(
    result: Result,
    *,
    form: Form = "lines",
    height: int = 284,
    label: Label = label_of,
    ordered: bool | None = None,
) -> Spec:
    """The chart of a result, `height` pixels high and as wide as its container.

    `form="shares"` stacks segments to 100 %, `"histogram"` draws trends of one series by equal
    ranges, folded. `ordered` draws segments as versions, the newest
    strongest and on top; by default it holds for shares and for `library_version` and
    `python_version`. `label` names
    segments.
    """
    if result.report == "events_table":
        return _bars(result, height)
    if form == "histogram":
        return charts_values.histogram(result, height)
    if result.report == "sql":
        return charts_sql.drawn(result, height)
    if result.report == "funnel" and result.query.get("interval"):
        result = charts_walks.conversion(result)
    if (drawn := _DRAWN.get(result.report)) is not None:
        return drawn(result, height, label)
    if result.report == "adoption":
        form, ordered = "shares", bool(result.meta.get("versioned"))
        result = release_health.adoption(result)
    if ordered is None:
        versioned = result.query.get("breakdown") in (["library_version"], ["python_version"])
        ordered = form == "shares" or versioned
    lines = named_lines((row for row in result.rows if not row["compare"]), label)
    palette = colours([name for name, _ in lines], ordered=ordered)
    interval = str(result.query.get("interval", "day"))
    if form == "shares":
        spec = plot.stack(_wide(lines, palette, stacked=True), interval, height, palette)
    elif len(lines) == 1 and not result.query.get("breakdown"):
        before = {row["bucket"]: row["value"] for row in result.rows if row["compare"]}
        titles = [lines[0][0], COMPARED.get(result.query.get("compare") or "", "Before")]
        data = _course(_thinned(lines[0][1]), before)
        spec = plot.course(data, interval, height, titles, _unit(result))
    else:
        spec = plot.lines(_wide(lines, palette), interval, height, palette, _unit(result))
    return spec | _omitted(result)


def colours(names: Sequence[str], *, ordered: bool) -> dict[str, str]:
    """A token for each name, in the order in which they are drawn and listed; the rest is grey."""
    if ordered:
        names = newest_first(names)
    palette, slots = ("seq" if ordered else "series"), iter(range(1, MAX_SEGMENTS + 1))
    return {
        name: "@series-other"
        if name.endswith(_WORDS["$other"]) or (slot := next(slots, None)) is None
        else f"@{palette}-{slot}"
        for name in names
    }


def newest_first(names: Iterable[str]) -> list[str]:
    """Versions from the newest to the oldest, then what isn't one; Other comes last."""

    def key(name: str) -> tuple[int, Any]:
        found = version(name)
        if found is not None:
            return (3, found)
        return ({"Other": 0, "Not sent": 1}.get(name, 2), name)

    return sorted(names, key=key, reverse=True)


def _omitted(result: Result) -> Spec:
    named = {tuple(row["segment"]) for row in result.rows if row.get("segment")}
    omitted = len([one for one in named if one[0] != "$other"]) - MAX_SEGMENTS
    return {"usermeta": {"omitted_segments": omitted}} if omitted > 0 else {}


def named_lines(
    rows: Iterable[Row], label: Label = label_of, most: int = MAX_SEGMENTS
) -> list[tuple[str, list[Row]]]:
    """Rows of trends by the name of their line, in time, without the fold.

    Of each series `most` named segments and other.
    """
    found: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        if row["bucket"] is not None:
            found.setdefault((row["series"], tuple(row["segment"])), []).append(row)
    several = len({series for series, _ in found}) > 1
    lines: list[_Line] = []
    for _, of_series in groupby(found, key=lambda key: key[0]):
        keys = list(of_series)
        named = [key for key in keys if "$other" not in key[1]][:most]
        others = [key for key in keys if "$other" in key[1]]
        for key in (*named, *others):
            in_time = sorted(found[key], key=lambda row: str(row["bucket"]))
            lines.append((_name(key, several, label), in_time))
    return lines


def _name(key: tuple[str, tuple[str, ...]], several: bool, label: Label) -> str:
    series, segment = key
    parts = dict.fromkeys(map(label, segment))
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


def _course(rows: Sequence[Row], before: Mapping[str, float | None]) -> list[Datum]:
    return [
        {"t": _moment(row), "v": row["value"], "p": before.get(row["bucket"])}
        | ({} if row["incomplete"] else {"o": 1})
        | ({"d": row["value"]} if dash else {})
        for row, dash in zip(rows, _dashed(rows), strict=True)
    ]


def _dashed(rows: Sequence[Row]) -> list[bool]:
    """Which points a dashed line joins: unfinished ones and their neighbours."""
    around = [False, *(bool(row["incomplete"]) for row in rows), False]
    return [any(around[place : place + 3]) for place in range(len(rows))]


def _wide(lines: Sequence[_Line], order: Iterable[str], *, stacked: bool = False) -> list[Datum]:
    """One row a time with every segment's value: names stand in the specification, once.

    Long lines are thinned alike, by the first one's peaks. A stack holds 0 where nothing is.
    """
    column = {name: f"s{place}" for place, name in enumerate(order)}
    kept = _thinned(lines[0][1]) if lines else []
    data: dict[str, dict[str, Any]] = {
        row["bucket"]: {"t": _moment(row)}
        | ({} if row["incomplete"] else {"o": 1})
        | ({"e": 1} if dash else {})
        for row, dash in zip(kept, _dashed(kept), strict=True)
    }
    for name, rows in lines:
        for row in rows:
            if row["bucket"] in data:
                value = row["value"] or 0 if stacked else row["value"]
                data[row["bucket"]][column[name]] = value
    return list(data.values())


def _bars(result: Result, height: int) -> Spec:
    """The twenty most used events."""
    values = [{"k": row["event"], "v": row["total"]} for row in result.rows[:20]]
    axis = plot.amounts()
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(fill="@series-1")
        .encode(
            y=alt.Y("k:N", sort=None, title=None),
            x=alt.X("v:Q", axis=axis),
            tooltip=[
                alt.Tooltip("k:N", title="Event"),
                alt.Tooltip("v:Q", title="Events", format=","),
            ],
        )
        .properties(height=height)
    )
    return plot.plain(chart)


def _unit(result: Result) -> Unit:
    drawn = {row["series"] for row in result.rows}
    asked = result.query.get("series", ())
    measures = {series["measure"] for series in asked if series["name"] in drawn}
    if result.query.get("unit") == "rate":
        return plot.RATES
    if result.query.get("formulas"):
        return plot.NUMBERS
    if measures == {"error_rate"}:
        return plot.RATES
    return plot.COUNTS if measures <= _COUNTED else plot.NUMBERS


def _moment(row: Row) -> str:
    """A bucket as local wall time, written as UTC so that no zone shifts it when it is drawn."""
    bucket = str(row["bucket"])
    return bucket[:19] + "Z" if "T" in bucket else bucket
