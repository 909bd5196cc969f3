"""A result in the form that the client asked for: JSON, CSV, Arrow, a chart or a picture of it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from footfall_server.api.negotiation import NotAcceptable
from footfall_server.insights import Result
from footfall_server.insights.chart import vegalite
from footfall_server.insights.picture import draw, standalone
from footfall_server.insights.table import to_arrow, to_csv

JSON = "application/json"
CSV = "text/csv"
ARROW = "application/vnd.apache.arrow.stream"
VEGALITE = "application/vnd.vegalite+json"
SVG = "image/svg+xml"
PNG = "image/png"


def _chart(result: Result) -> dict[str, object]:
    try:
        return standalone(vegalite(result))
    except NotImplementedError:
        raise NotAcceptable(
            "NOT_DRAWABLE",
            f"There is no chart of {result.report}: ask for {JSON}, {CSV} or {ARROW}.",
        ) from None


FORMS: dict[str, Callable[[Result], bytes]] = {
    JSON: Result.to_json,
    CSV: lambda result: to_csv(result.rows),
    ARROW: to_arrow,
    VEGALITE: lambda result: msgspec.json.encode(_chart(result)),
    SVG: lambda result: draw(_chart(result), "svg"),
    PNG: lambda result: draw(_chart(result), "png"),
}
"""By media type; the first is what a client without a wish gets."""
