"""A chart of whatever SQL gave: its first number, by its first column that isn't one."""

from __future__ import annotations

import altair as alt

from footfall_server.insights import plot
from footfall_server.insights.plot import Spec
from footfall_server.insights.result import Result

MOST_POINTS, MOST_BARS = 1_000, 30


def drawn(result: Result, height: int) -> Spec:
    """A line over instants and days, bars over anything else; nothing without a number."""
    number, by = None, None
    for column in result.meta.get("columns", ()):
        numeric = any(kind in column["type"] for kind in ("Int", "Float", "Decimal"))
        if numeric and number is None:
            number = column
        elif not numeric and by is None:
            by = column
    if number is None:
        values: list[dict[str, object]] = []
        number, by = {"name": ""}, {"name": "", "type": ""}
    elif by is None:
        by = {"name": "row", "type": ""}
        values = [{"k": place + 1, "v": row[number["name"]]} for place, row in _rows(result)]
    else:
        values = [{"k": row[by["name"]], "v": row[number["name"]]} for _, row in _rows(result)]
    axis = plot.amounts()
    by_name, number_name = plot.quoted(by["name"]), plot.quoted(number["name"])
    told = alt.Tooltip("v:Q", title=number_name)
    if "Date" in by["type"]:
        chart = alt.Chart(alt.InlineData(values=values[:MOST_POINTS])).mark_line(stroke="@series-1")
        encoded = chart.encode(
            x=alt.X("k:T", title=None),
            y=alt.Y("v:Q", axis=axis),
            tooltip=[alt.Tooltip("k:T", title=by_name), told],
        )
    else:
        bars = alt.Chart(alt.InlineData(values=values[:MOST_BARS])).mark_bar(fill="@series-1")
        encoded = bars.encode(
            y=alt.Y("k:N", sort=None, title=None),
            x=alt.X("v:Q", axis=axis),
            tooltip=[alt.Tooltip("k:N", title=by_name), told],
        )
    return plot.plain(encoded.properties(height=height))


def _rows(result: Result) -> list[tuple[int, dict[str, object]]]:
    return list(enumerate(result.rows[:MOST_POINTS]))
