"""`/p/{project}/properties/{name}`: one property, who sends it, its values, and when they came."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from footfall_server.declared import beside_manifest
from footfall_server.insights import Result
from footfall_server.insights.result import Row
from footfall_server.model.errors import NotFound
from footfall_server.model.visitor import Role
from footfall_server.privacy.review import review
from footfall_server.web import ask, charts, formats, view
from footfall_server.web.breakdown import OTHER, label, segment
from footfall_server.web.gate import visitor
from footfall_server.web.insight import Asked, Figure, Insight, Query, pinned, selection
from footfall_server.web.render import Templates
from footfall_server.web.services import Services
from footfall_server.web.site import Served, address
from footfall_server.web.trends_page import TrendsPage
from footfall_server.web.view import Filter, View

MOST_VALUES, NEWEST = 25, 1_000
FEWEST_RANGES, MOST_RANGES = 3, 20
NUMBERS = frozenset({"integer", "number", "float", "double", "Int64", "UInt64", "Float64"})
QUANTILES = {
    "Least": "min", "Median": "p50", "90%": "p90", "99%": "p99", "Greatest": "max",
}  # fmt: skip
REVIEWER: Role = "owner"


class OfProperty(Insight):
    """The base: a question about the property that the view is broken down by, of whole ranges."""

    page = report = "trends"

    def of(self, asked: Asked) -> str:
        return ask.property_of(asked.project, str(asked.view.breakdown))

    def folded(self, asked: Asked, series: list[Query], **more: Any) -> Query:
        query = {"report": "trends", "series": series, "interval": "month", "fold": True}
        return selection(asked) | query | more


class Values(OfProperty):
    """The values that most installs send, with those events that send none."""

    heading = "Values"
    about = "The most frequent ones; an install counts for each value that it sends."
    template, fragment = "insight.html", "figures/values.html"

    def question(self, asked: Asked) -> Query:
        series: list[Query] = [
            {"name": name, "event": None, "measure": measure}
            for name, measure in (("calls", "total"), ("installs", "unique"))
        ]
        return self.folded(asked, series, breakdown=[self.of(asked)], limit=MOST_VALUES)

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        whole = [row for row in result.rows if row["bucket"] is None and row["segment"]]
        calls, installs = (
            {segment(row): row["value"] or 0 for row in whole if row["series"] == name}
            for name in ("calls", "installs")
        )
        most = max(calls.values(), default=0)
        rows = [
            {
                "name": label(value),
                "calls": count,
                "installs": installs.get(value, 0),
                "share": count / sum(calls.values()),
                "width": 100 * count / most,
                "link": None
                if value == OTHER
                else address(asked.project, f"trends{self._narrowed(asked, value)}"),
            }
            for value, count in sorted(
                calls.items(), key=lambda one: (one[0] == OTHER, -one[1], one[0])
            )
            if count
        ]
        return Figure(self.heading, query, result, None, {"rows": rows})

    def _narrowed(self, asked: Asked, value: str) -> str:
        name = str(asked.view.breakdown)
        narrowed = asked.view.narrowed(name, value) if "=" not in name and value else asked.view
        return narrowed.url(breakdown=None)


class Range(OfProperty):
    """Of numbers: where they lie."""

    heading = "As numbers"
    about = "Half of the values are below the median, nine in ten below 90%."
    template, fragment = "insight.html", "figures/numbers.html"

    def question(self, asked: Asked) -> Query:
        name = self.of(asked)
        series: list[Query] = [
            {"name": words, "event": None, "measure": measure, "property": name}
            for words, measure in QUANTILES.items()
        ]
        return self.folded(asked, series)

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        found = {row["series"]: row["value"] for row in result.rows if row["bucket"] is None}
        numbers = {words: formats.number(found.get(words)) for words in QUANTILES}
        return Figure(self.heading, query, result, None, {"numbers": numbers})


class Spread(OfProperty):
    """Of numbers: how often they lie in each of some ranges of one width.

    There are no more ranges than the property is known to have values.
    """

    heading = "How the numbers are spread"
    about = "Calls by value, in ranges of equal width between the least and the greatest."
    template, fragment = "insight.html", "figures/spread.html"

    def __init__(self, services: Services, templates: Templates, distinct: int) -> None:
        super().__init__(services, templates)
        self._ranges = max(FEWEST_RANGES, min(MOST_RANGES, distinct))

    def question(self, asked: Asked) -> Query:
        series: list[Query] = [{"name": ask.CALLS, "event": None, "measure": "total"}]
        cut = {"property": self.of(asked), "equal": self._ranges}
        return self.folded(asked, series, breakdown=[cut], limit=self._ranges + 1)

    def figure(self, asked: Asked, query: Query, result: Result) -> Figure:
        chart = charts.histogram(result, f"{self.of(asked)} in ranges", self.about)
        without = sum(
            row["value"] or 0
            for row in result.rows
            if row["bucket"] is None and segment(row) == "$none"
        )
        values = {"chart": chart, "without": without, "running": asked.days.running is not None}
        return Figure(self.heading, query, result, chart, values)


class OverTime(TrendsPage):
    heading = about = "Active installs, by value"

    def title(self, asked: Asked) -> str:
        return "Over time"


class MedianOverTime(TrendsPage):
    """Of numbers with so many values that no single one tells much."""

    heading = about = "The median of all calls that send a number"

    def title(self, asked: Asked) -> str:
        return "Over time"


class ByVersion(OverTime):
    """Since which version it is sent."""

    heading = about = "Active installs that send it, by library version"

    def title(self, asked: Asked) -> str:
        return "By version"


class PropertyPage(Insight):
    """A property that no event ever had is a page that says so, with status 404."""

    page, heading = "schema", "Property"
    report = "trends"
    about = "One property of the events."
    template = "property.html"
    fragment = "figures/values.html"
    bar = frozenset({"interval"})

    def routes(self) -> list[Served]:
        return [("/p/{project}/properties/{name:path}", self.show, ("GET",))]

    async def show(self, request: Request) -> Response:
        if "from" in request.query_params or "to" in request.query_params:
            return pinned(request, frozenset())
        project, name = await self.project(request), request.path_params["name"]
        try:
            dimension = view.read_dimension(name)
        except ValueError:
            raise _unknown() from None
        asked = self.asked(project, request.query_params.multi_items())
        asked = replace(asked, view=replace(asked.view, breakdown=None, format=None))
        schema = await self.services.insights.schema(project, self.services.clock())
        schema = await run_in_threadpool(beside_manifest, schema, self.services.documents, project)
        own = ask.property_of(project, dimension)
        known = next((one for one in schema["properties"] if one["name"] == own), None)
        cards = await self._cards(asked, dimension, known)
        if known is None and any("has a property" in card["figure"].problem for card in cards):
            raise _unknown()
        values = await self.frame(request, project, self.page)
        values |= self.around_view(request, asked)
        values |= {
            "heading": own,
            "here": "",
            "exports": False,  # there are several figures, each of which has a page of its own
            "cards": cards,
            "known": known,
            "seen": known
            and formats.seen(known["last_seen"], self.services.clock(), project.timezone),
            "senders": _senders(schema, own),
            "reasons": await self._reasons(request, asked, schema, own),
        }
        return self.templates.page(self.template, values)

    async def _cards(
        self, asked: Asked, dimension: str, known: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        """Each with the view that its title leads to."""
        broken = replace(asked, view=replace(asked.view, breakdown=dimension))
        sent = Filter(dimension, "$none", negated=True)
        filters = tuple(sorted({*asked.view.filters, sent}))
        versions = replace(asked, view=replace(asked.view, breakdown="version", filters=filters))
        around = (self.services, self.templates)
        numbers = known is not None and NUMBERS.intersection(known["types"])
        distinct = known["values"] if known is not None else 0
        median = (("e", ""), ("m", "p50"), ("p", ask.property_of(asked.project, dimension)))
        of_all = replace(asked, view=replace(asked.view, own=median, compare="none"))
        parts: list[tuple[Insight, Asked, View]] = []
        if numbers:
            parts.append((Range(*around), broken, of_all.view))
            if distinct > 1:
                parts.append((Spread(*around, distinct), broken, of_all.view))
        if numbers and distinct > MOST_VALUES:
            parts.append((MedianOverTime(*around), of_all, of_all.view))
        else:
            parts.append((Values(*around), broken, broken.view))
            parts.append((OverTime(*around), broken, broken.view))
        parts.append((ByVersion(*around), versions, versions.view))
        figures = await asyncio.gather(*(page.answer(each) for page, each, _ in parts))
        return [
            {"page": page, "figure": figure, "view": shown}
            for (page, _, shown), figure in zip(parts, figures, strict=True)
        ]

    async def _reasons(
        self, request: Request, asked: Asked, schema: Mapping[str, Any], name: str
    ) -> tuple[str, ...] | None:
        """What the privacy review says of it, to who may see the review; None to others."""
        if not visitor(request).may(asked.project.id, REVIEWER):
            return None
        page = await self.services.insights.events(asked.project, {"limit": str(NEWEST)})
        sent = [row["properties"] for row in page["rows"]]
        found = review(schema, [{name: one[name]} for one in sent if name in one])
        return next((one.reasons for one in found if one.name == name), ())


def _senders(schema: Mapping[str, Any], name: str) -> list[Row]:
    """The events that send it, most used first."""
    return [
        {"event": event["event"], "total": event["total"], **one}
        for event in schema["events"]
        for one in event["properties"]
        if one["name"] == name
    ]


def _unknown() -> NotFound:
    return NotFound("NO_SUCH_PROPERTY", "No event has such a property: the schema lists them all.")
