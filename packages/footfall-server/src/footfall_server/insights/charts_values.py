"""A chart of a number's values: how often it lies in each of some ranges of equal width."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import altair as alt
import msgspec

from footfall_server.insights import plot
from footfall_server.insights.plot import Spec
from footfall_server.insights.queries import Cut
from footfall_server.insights.result import Result
from footfall_server.insights.sql.column import range_names


class Bin(NamedTuple):
    """A range, from `low` on and below `high` (the last one with it), and how much is in it."""

    low: float
    high: float
    value: float


def bins(result: Result) -> list[Bin]:
    """The ranges of trends with a fold that are broken down by equal ranges alone, lowest first.

    Their number is three at least: two have one edge, which doesn't say how wide they are.
    """
    (asked,) = result.query["breakdown"]
    cut = msgspec.convert({**asked, "edges": result.meta["cuts"][0]["edges"], "equal": None}, Cut)
    folded = {row["segment"][0]: row["value"] or 0 for row in result.rows if row["bucket"] is None}
    edges = list(cut.edges)
    width = edges[-1] / (len(edges) - 1) - edges[0] / (len(edges) - 1)
    least, greatest = edges[0] - width, edges[-1] + width
    if abs(least) < width * 1e-9:  # what is left of a zero
        least = 0.0
    ends = [least, *edges, greatest]
    return [
        Bin(low, high, folded.get(name, 0))
        for low, high, name in zip(ends, ends[1:], range_names(cut), strict=False)
    ]


def histogram(result: Result, height: int) -> Spec:
    """A bar a range, as wide as the range is."""
    (series,) = result.query["series"]
    data = [{"low": one.low, "high": one.high, "v": one.value} for one in bins(result)]
    return plot.filled(_bars(series["name"]), data, height)


@lru_cache(maxsize=32)
def _bars(title: str) -> Spec:
    chart = (
        alt.Chart(alt.NamedData("course"))
        .transform_filter("datum.v > 0")
        # No bars of `bin="binned"`: their width is none by the interpreter of expressions, which
        # pages draw with.
        .mark_rect(fill="@series-1", stroke="@surface", strokeWidth=1)
        .encode(
            x=alt.X("low:Q", axis=plot.amounts(), scale=alt.Scale(zero=False, nice=False)),
            x2="high:Q",
            y=plot.value_axis("v", plot.COUNTS),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("low:Q", title="From", format=",.4~f"),
                alt.Tooltip("high:Q", title="To", format=",.4~f"),
                plot.amount("v", title, plot.COUNTS),
            ],
        )
    )
    return plot.plain(chart)
