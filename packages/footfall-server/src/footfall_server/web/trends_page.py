"""`/p/{project}/trends`: numbers over time, as many as one likes, and what is made of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from footfall_server.insights import Result
from footfall_server.insights.queries import OF_PROPERTY
from footfall_server.web import ask, charts
from footfall_server.web.insight import Asked, Figure, Insight, Query, event_names, selection
from footfall_server.web.overview import period
from footfall_server.web.site import address
from footfall_server.web.view import DEFAULT_COMPARE, inline

MEASURES = {
    "total": "Calls",
    "unique": "Installs",
    "per_install": "Calls per install",
    "error_rate": "Error rate",
    "dau": "Active installs, 1 day",
    "wau": "Active installs, 7 days",
    "mau": "Active installs, 30 days",
    "sum": "Sum of",
    "avg": "Average of",
    "min": "Least",
    "max": "Greatest",
    "p50": "Median of",
    "p90": "90th percentile of",
    "p95": "95th percentile of",
    "p99": "99th percentile of",
    "distinct": "Distinct values of",
}
MOST_SERIES = 6
NO_PROPERTIES = frozenset({"event", "install", "cohort"})
"""What can be broken down by without being a property that events bring along."""


class TrendsPage(Insight):
    """`m`, `e`, `p` (measure, event, property) come once a series, in order; `f` is a formula."""

    page = "trends"
    report = "trends"
    heading = "Trends"
    about = "How often, how many, how fast, how well: over time."
    template = "trends.html"
    fragment = "figures/chart.html"
    timed = True
    own = frozenset({"m", "e", "p", "f"})

    def question(self, asked: Asked) -> Query:
        formula = asked.view.first("f").strip()
        return selection(asked) | {
            "report": "trends",
            "series": self.series(asked),
            "interval": asked.interval,
            "breakdown": [ask.property_of(asked.project, asked.view.breakdown)]
            if asked.view.breakdown
            else [],
            "limit": ask.SEGMENTS,
            "compare": ask.COMPARE[asked.view.compare] if not asked.view.breakdown else None,
            "formulas": [{"name": formula[:60], "expression": formula}] if formula else [],
        }

    def series(self, asked: Asked) -> list[dict[str, Any]]:
        """The asked series, named by what they are; without any, installs by day."""
        rows = self.rows(asked)
        named: list[dict[str, Any]] = []
        letters = bool(asked.view.first("f").strip())
        for place, (measure, event, name) in enumerate(rows or [("unique", "", "")]):
            words = (
                f"{MEASURES[measure]} {name}".strip()
                if measure in OF_PROPERTY
                else (MEASURES[measure])
            )
            title = f"{words}, {event}" if event else words
            if letters or any(one["name"] == title for one in named):
                title = chr(ord("A") + place)
            one: dict[str, Any] = {"name": title, "event": event or None, "measure": measure}
            if measure in OF_PROPERTY:
                one["property"] = name or "run_time"
            named.append(one)
        return named

    def rows(self, asked: Asked) -> list[tuple[str, str, str]]:
        """Measure, event ('' is any) and property of each series in the address."""
        measures, events, names = (asked.view.every(key) for key in ("m", "e", "p"))
        found = []
        for place, measure in enumerate(measures[:MOST_SERIES]):
            if measure in MEASURES:
                event = events[place] if place < len(events) else ""
                name = names[place] if place < len(names) else ""
                found.append((measure, event, name))
        return found

    def title(self, asked: Asked) -> str:
        names = [str(one["name"]) for one in self.series(asked)]
        return asked.view.first("f").strip() or ", ".join(names[:3])

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        subtitle = f"Per {asked.interval}"
        if asked.view.breakdown:
            subtitle += f", by {inline(asked.view.breakdown)}"
        days = period(asked.view, asked.days)
        chart = charts.trend(result, self.title(asked), subtitle, asked.interval, days)
        return Figure(self.title(asked), query, result, chart, {"chart": chart})

    async def builder(self, asked: Asked) -> dict[str, Any]:
        rows = self.rows(asked) or [("unique", "", "")]
        return {
            "rows": rows,
            "more": len(rows) < MOST_SERIES,
            "measures": MEASURES,
            "of_property": OF_PROPERTY,
            "events": await event_names(self, asked),
            "formula": asked.view.first("f"),
            "property_link": self.property_link(asked),
        }

    def property_link(self, asked: Asked) -> str:
        """The page of the property that the view is broken down by, for the same days and calls."""
        if asked.view.breakdown is None or asked.view.breakdown in NO_PROPERTIES:
            return ""
        name = ask.property_of(asked.project, asked.view.breakdown)
        kept = asked.view.url(breakdown=None, own=(), compare=DEFAULT_COMPARE, interval=None)
        return address(asked.project, f"properties/{quote(name)}{kept}")
