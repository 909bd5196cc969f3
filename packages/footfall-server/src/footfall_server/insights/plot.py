"""Specifications of charts over time, by Altair. Colours are token names: "@series-1".

A specification is made once for charts that differ in their data alone, and the data put in:
making one takes some 30 ms, which is longer than most queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import altair as alt

Spec = dict[str, Any]
Datum = Mapping[str, Any]
Colors = tuple[tuple[str, str], ...]  # label, token

MOST_LABELS = 4
LABEL_WIDTH = 90  # CSS pixels for a name at the end of a line
ZERO_LABEL = "datum.value == 0 ? '0' : datum.label"
# Each label by itself, not all in thousands because the greatest is. What is below one is written
# out, where SI would say 200m of a fifth; and SI's giga is a billion here.
AMOUNT_LABEL = (
    "datum.value == 0 ? '0' : abs(datum.value) < 1 ? format(datum.value, '~g')"
    " : replace(format(datum.value, '~s'), 'G', 'B')"
)


class Unit(NamedTuple):
    """How values are written: on the axis, in a tooltip; `whole` where fractions mean nothing."""

    axis: str
    label: str
    tooltip: str
    whole: bool


COUNTS = Unit("~s", AMOUNT_LABEL, ",", True)
NUMBERS = Unit("~s", AMOUNT_LABEL, ",.4~f", False)
RATES = Unit(".2%", ZERO_LABEL, ".2%", False)


def course(
    data: Sequence[Datum], interval: str, height: int, titles: Sequence[str], unit: Unit = COUNTS
) -> Spec:
    """One measure over time: area and line, unfinished ends dashed, the compared period dotted.

    `data` rows: t (time), v (value), p (compared value or None), o (complete: 1, else missing)
    and, where the line is dashed, d (the value once more).
    """
    compared = any(row["p"] is not None for row in data)
    titles = tuple(titles) if compared else (titles[0],)
    dashed = any("d" in row for row in data)
    made = course_of(interval, weeks(data, interval), titles, dashed, unit)
    return filled(made, data, height)


def lines(
    data: Sequence[Datum],
    interval: str,
    height: int,
    colors: Mapping[str, str],
    unit: Unit = COUNTS,
) -> Spec:
    """One line a segment, unfinished ends dashed.

    `data` rows: t (time), s0, s1, … (the value of each segment, in the order of `colors`), o
    (complete: 1, else missing), e (1 where lines are dashed). Up to MOST_LABELS lines carry their
    names at their ends, so that colour isn't all that tells.
    """
    dashed = any("e" in row for row in data)
    labels = ends(data, list(colors)) if len(colors) <= MOST_LABELS else []
    made = lines_of(
        interval, weeks(data, interval), tuple(colors.items()), dashed, bool(labels), unit
    )
    spec = filled(made, data, height)
    if labels:
        spec["datasets"]["ends"] = labels
    return spec


def ends(data: Sequence[Datum], names: Sequence[str]) -> list[Datum]:
    """Where the names at the lines' ends stand, pushed apart where they would overlap."""
    columns = [f"s{place}" for place in range(len(names))]
    values = [float(row[c]) for row in data for c in columns if row.get(c) is not None]
    if not values:
        return []
    last, gap = data[-1], 0.065 * max(values)
    found = [(float(last[c]), n) for c, n in zip(columns, names, strict=True) if last.get(c)]
    labels: list[Datum] = []
    for value, name in sorted(found):
        lowest = labels[-1]["y"] + gap if labels else 0
        labels.append({"t": last["t"], "y": max(value, lowest), "n": name})
    return labels


def stack(data: Sequence[Datum], interval: str, height: int, colors: Mapping[str, str]) -> Spec:
    """Shares of a whole, stacked, the first segment on top; `data` as for `lines`.

    The stretch from the last complete bucket on (e) is drawn paler.
    """
    unfinished = any("e" in row for row in data)
    made = stack_of(interval, weeks(data, interval), tuple(colors.items()), unfinished)
    return filled(made, data, height)


def filled(made: Spec, data: Sequence[Datum], height: int) -> Spec:
    return made | {"height": height, "datasets": {"course": list(data)}}


def weeks(data: Sequence[Datum], interval: str) -> tuple[str, ...]:
    """First days of weeks to label, at most six: the engine's own ticks would miss them."""
    if interval != "week":
        return ()
    days = sorted({str(row["t"]) for row in data})
    return tuple(days[:: max(1, -(-len(days) // 6))])


def time_axis(interval: str, labelled: Sequence[str]) -> alt.X:
    """Wall-clock time on the x axis: the data says it as UTC, so no browser shifts it."""
    labels = {"hour": "%H:%M", "month": "%b %Y"}.get(interval, "%-d %b")
    axis = alt.Axis(format=labels, tickCount=6, title=None)
    if labelled:
        days = [date.fromisoformat(text) for text in labelled]
        axis.values = [
            alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True) for day in days
        ]
    return alt.X("t:T", scale=alt.Scale(type="utc"), axis=axis)


def amounts(unit: Unit = COUNTS) -> alt.Axis:
    """An axis of amounts of any size: 0.2, 40, 12.5k, 1.92M, 3B; or of rates."""
    return alt.Axis(format=unit.axis, labelExpr=unit.label, title=None)


def value_axis(field: str, unit: Unit) -> alt.Y:
    axis = amounts(unit)
    if unit.whole:
        axis.tickMinStep = 1
    return alt.Y(f"{field}:Q", axis=axis, scale=alt.Scale(zero=True))


def amount(field: str, title: str, unit: Unit) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", title=quoted(title), format=unit.tooltip)


def quoted(title: str) -> str:
    """A title as Vega-Lite may put it between quotes in an expression.

    It escapes quotes there and nothing else, so a name that a client sent could otherwise end the
    string and go on as code.
    """
    plain = "".join(c if c.isprintable() else " " for c in title)
    return plain.replace("\\", "\\\\")


def when(interval: str) -> alt.Tooltip:
    """A tooltip's first line. (Text fields come out empty in tooltips of the nearest mark.)"""
    form = {"hour": "%H:%M, %-d %b %Y", "month": "%B %Y"}.get(interval, "%a %-d %b %Y")
    title = {"week": "Week of", "month": "Month"}.get(interval, "Time")
    return alt.Tooltip("t:T", timeUnit="utcyearmonthdatehours", format=form, title=title)


def nearest() -> alt.Parameter:
    """A selection of what is nearest to the pointer in time."""
    return alt.selection_point(
        name="hover", on="pointerover", nearest=True, encodings=["x"], clear="pointerout"
    )


def shown(hover: alt.Parameter) -> Any:
    """Opaque under the pointer, else not to be seen."""
    return alt.condition(hover, alt.value(1), alt.value(0), empty=False)


def ruler(base: alt.Chart, x: alt.X, interval: str, colors: Colors, unit: Unit) -> alt.Chart:
    """A hairline under the pointer, whose tooltip tells every segment's value at that time."""
    hover = nearest()
    names = [name for name, _ in colors]
    tooltip = [when(interval), *(amount(f"s{i}", name, unit) for i, name in enumerate(names))]
    line = base.properties(name="ruler").mark_rule(stroke="@line-strong")
    drawn: alt.Chart = line.encode(x, opacity=shown(hover), tooltip=tooltip)
    return drawn.add_params(hover)


def long(base: alt.Chart, colors: Colors) -> tuple[alt.Chart, alt.Scale]:
    """One row a time and segment: k (s0, s1, …), v and, where a line is dashed, d; its colours."""
    columns: list[str | alt.FieldName] = [f"s{place}" for place in range(len(colors))]
    scale = alt.Scale(domain=columns, range=[token for _, token in colors])
    folded = base.transform_fold(columns, as_=["k", "v"])
    return folded.transform_calculate(d="datum.e ? datum.v : null"), scale


@lru_cache(maxsize=128)
def course_of(
    interval: str,
    labelled: tuple[str, ...],
    titles: tuple[str, ...],
    dashed: bool,
    unit: Unit,
) -> Spec:
    x = time_axis(interval, labelled)
    base = alt.Chart(alt.NamedData("course"))
    complete = base.transform_filter("datum.o")
    layers: list[alt.Chart] = []
    if len(titles) > 1:
        dotted = base.mark_line(strokeWidth=1.25, stroke="@series-other", strokeDash=[1, 3])
        layers.append(dotted.encode(x, value_axis("p", unit)))
    area = complete.mark_area(fill="@series-1", opacity=0.1)
    layers.append(area.encode(x, value_axis("v", unit)))
    if dashed:
        dashes = base.mark_line(stroke="@series-1", strokeDash=[3, 4])
        layers.append(dashes.encode(x, value_axis("d", unit)))
    hover = nearest()
    told = [when(interval)]
    told += [amount(field, title, unit) for field, title in zip("vp", titles, strict=False)]
    point = base.properties(name="points").mark_point(
        size=38, filled=True, fill="@series-1", stroke="@surface", strokeWidth=1.5
    )
    layers += [
        complete.mark_line(stroke="@series-1").encode(x, value_axis("v", unit)),
        point.encode(x, value_axis("v", unit), opacity=shown(hover), tooltip=told).add_params(
            hover
        ),
    ]
    return plain(alt.layer(*layers))


@lru_cache(maxsize=128)
def lines_of(
    interval: str,
    labelled: tuple[str, ...],
    colors: Colors,
    dashed: bool,
    labelled_ends: bool,
    unit: Unit,
) -> Spec:
    x = time_axis(interval, labelled)
    base = alt.Chart(alt.NamedData("course"))
    every, scale = long(base, colors)
    color = alt.Color("k:N", scale=scale, legend=None)
    layers: list[alt.Chart] = []
    if dashed:
        dashes = every.mark_line(strokeDash=[3, 4])
        layers.append(dashes.encode(x, value_axis("d", unit), color))
    complete = every.transform_filter("datum.o")
    layers.append(complete.mark_line().encode(x, value_axis("v", unit), color))
    layers.append(ruler(base, x, interval, colors, unit))
    if labelled_ends:
        names = alt.Chart(alt.NamedData("ends")).mark_text(
            align="left", dx=7, limit=LABEL_WIDTH, color="@text-2"
        )
        layers.append(names.encode(x, value_axis("y", unit), alt.Text("n:N")))
    return plain(alt.layer(*layers))


@lru_cache(maxsize=128)
def stack_of(interval: str, labelled: tuple[str, ...], colors: Colors, unfinished: bool) -> Spec:
    x = time_axis(interval, labelled)
    base = alt.Chart(alt.NamedData("course"))
    every, scale = long(base, colors)
    encoded = (
        x,
        alt.Y("v:Q", stack="normalize", axis=alt.Axis(format="%", values=[0, 0.5, 1], title=None)),
        alt.Fill("k:N", scale=scale, legend=None),
        alt.Order("k:N", sort="descending"),
    )
    complete = every.transform_filter("datum.o")
    layers = [complete.mark_area(stroke="@surface", strokeWidth=0.75).encode(*encoded)]
    if unfinished:
        rest = every.transform_filter("datum.e")
        paler = rest.mark_area(stroke="@surface", strokeWidth=0.75, opacity=0.45)
        layers.append(paler.encode(*encoded))
    layers.append(ruler(base, x, interval, colors, COUNTS))
    return plain(alt.layer(*layers))


def ruled(spec: Spec, rules: Sequence[tuple[str, str]]) -> Spec:
    """A chart over time with dotted rules: (day, name) each, '' for no name.

    Names stand above the plot, where no line crosses them.
    """
    if not rules or "layer" not in spec:
        return spec
    layers = spec["layer"]
    filled = [place for place, one in enumerate(layers) if one["mark"]["type"] == "area"]
    stacked = any(one["encoding"].get("y", {}).get("stack") for one in layers)
    under = filled[-1] + 1 if filled else 0  # what is filled would hide them
    data = [{"t": day, "n": name} for day, name in rules]
    return {
        **spec,
        "layer": [*layers[:under], *rules_of(stacked), *layers[under:]],
        "datasets": {**spec.get("datasets", {}), "rules": data},
    }


@lru_cache(maxsize=2)
def rules_of(stacked: bool) -> list[Spec]:
    x = alt.X("t:T", scale=alt.Scale(type="utc"))
    base = alt.Chart(alt.NamedData("rules"))
    stroke = "@surface" if stacked else "@line-strong"
    line = base.mark_rule(stroke=stroke, strokeDash=[1, 3]).encode(x)
    name = base.mark_text(baseline="bottom", dy=-3, color="@text-3", limit=LABEL_WIDTH)
    return [plain(line), plain(name.encode(x, alt.Text("n:N"), y=alt.value(0)))]


def plain(chart: alt.Chart | alt.LayerChart | alt.FacetChart) -> Spec:
    """Without what the page's or the export's theme adds where the chart is drawn."""
    spec: Spec = chart.to_dict()
    return {key: value for key, value in spec.items() if key not in ("$schema", "config")}
